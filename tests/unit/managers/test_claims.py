"""When a manager may claim a customer, and when a claim can be disputed."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from guibin.managers.claims.rules import (
    Disputed,
    Indisputable,
    Standing,
    Unclaimable,
    indisputable,
    unclaimable,
)

DAY = date(2026, 11, 27)
TOMORROW = DAY + timedelta(days=1)
MINE, YOURS, OTHER = (UUID(int=one) for one in (1, 2, 3))
FREE = Standing(is_here=True, is_served=False, works=True, reaches=True)
STANDING = Disputed(YOURS, DAY, DAY + timedelta(days=90), None, None, is_disputed=False)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, None),
        ({"is_here": False}, Unclaimable.GONE),
        ({"is_served": True}, Unclaimable.SERVED),
        ({"works": False}, Unclaimable.INACTIVE),
        ({"reaches": False}, Unclaimable.OTHER_BRANCH),
        ({"blocked_until": TOMORROW, "claimed_by": YOURS}, Unclaimable.COOLING_DOWN),
        ({"blocked_until": DAY}, None),
        ({"claimed_by": YOURS}, Unclaimable.CLAIMED),
    ],
)
def test_what_stands_first_against_a_claim_is_the_reason(facts: dict[str, Any], expected: Unclaimable | None) -> None:
    assert unclaimable(replace(FREE, **facts), day=DAY) is expected


@pytest.mark.parametrize(
    ("claim", "standing", "expected"),
    [
        ({}, {"claimed_by": YOURS}, None),
        ({}, {}, None),
        ({"claimant_id": MINE}, {}, Indisputable.OWN_CLAIM),
        ({"valid_to": DAY}, {}, Indisputable.CLAIM_OVER),
        ({"end_reason": "moved"}, {}, Indisputable.CLAIM_OVER),
        ({"served_by": OTHER}, {}, Indisputable.CLAIM_OVER),
        ({"end_reason": "placed", "valid_to": DAY, "served_by": OTHER}, {}, Indisputable.CLAIM_OVER),
        ({"end_reason": "placed", "valid_to": DAY, "served_by": YOURS}, {"is_served": True}, None),
        ({"claimed_on": DAY - timedelta(days=14)}, {}, Indisputable.TOO_LATE),
        ({"claimed_on": DAY - timedelta(days=13)}, {}, None),
        ({"is_disputed": True}, {}, Indisputable.DISPUTED),
        ({}, {"is_here": False}, Indisputable.CLAIM_OVER),
        ({}, {"works": False}, Indisputable.INACTIVE),
        ({}, {"reaches": False}, Indisputable.OTHER_BRANCH),
        ({}, {"blocked_until": TOMORROW}, Indisputable.COOLING_DOWN),
    ],
)
def test_what_stands_first_against_a_dispute_is_the_reason(
    claim: dict[str, Any], standing: dict[str, Any], expected: Indisputable | None
) -> None:
    found = indisputable(replace(STANDING, **claim), MINE, replace(FREE, **standing), day=DAY, dispute_days=14)
    assert found is expected
