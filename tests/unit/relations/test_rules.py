"""Decisions on relations, over plain values."""

from datetime import date

import pytest

from guibin.customers.models import PartyType
from guibin.relations.models import LinkKind
from guibin.relations.rules import can_be_linked, overlap

PERSON, COMPANY = PartyType.PERSON, PartyType.COMPANY
JANUARY, MARCH, MAY, JULY = (date(2026, month, 1) for month in (1, 3, 5, 7))


def test_companies_alone_have_owners_and_staff_and_anybody_guarantees() -> None:
    pairs = [(holder, other) for holder in PartyType for other in PartyType]
    possible = {kind: [pair for pair in pairs if can_be_linked(kind, *pair)] for kind in LinkKind}
    assert possible == {
        LinkKind.OWNER: [(PERSON, COMPANY), (COMPANY, COMPANY)],
        LinkKind.LEGAL_REPRESENTATIVE: [(PERSON, COMPANY)],
        LinkKind.FINANCE_HEAD: [(PERSON, COMPANY)],
        LinkKind.EMPLOYEE: [(PERSON, COMPANY)],
        LinkKind.GUARANTOR: pairs,
    }


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ((JANUARY, MARCH), (MARCH, MAY), False),
        ((JANUARY, MAY), (MARCH, JULY), True),
        ((JANUARY, None), (JULY, None), True),
        ((JULY, None), (JANUARY, JULY), False),
        ((MARCH, MARCH), (JANUARY, None), True),
    ],
)
def test_periods_share_a_day_until_the_day_before_their_ends(
    one: tuple[date, date | None], other: tuple[date, date | None], shared: bool
) -> None:
    assert overlap(one, other) is shared
    assert overlap(other, one) is shared
