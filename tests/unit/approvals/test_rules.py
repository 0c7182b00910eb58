"""What a decision refers to, how many people it takes, and when a request lapses."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guibin.approvals.rules import approvers_needed, canonical, expiry, payload_hash
from guibin.core.clock import BUSINESS_ZONE

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(max_size=4), values, max_size=4))
def test_the_order_of_the_fields_does_not_change_the_hash(payload: dict[str, object]) -> None:
    assert payload_hash(dict(reversed(payload.items()))) == payload_hash(payload)


def test_another_value_has_another_hash() -> None:
    assert payload_hash({"points": 100}) != payload_hash({"points": 101})


def test_the_canonical_form_is_sorted_and_without_blanks() -> None:
    assert canonical({"b": [1, None], "a": "积分"}) == '{"a":"积分","b":[1,null]}'.encode()


@pytest.mark.parametrize(("cost_fen", "people"), [(None, 1), (0, 1), (50_000_00, 1), (50_000_01, 2)])
def test_above_fifty_thousand_yuan_of_cost_it_takes_two(cost_fen: int | None, people: int) -> None:
    assert approvers_needed(cost_fen) == people


@pytest.mark.parametrize(
    ("created", "lapses"),
    [
        (datetime(2026, 11, 23, 2, tzinfo=UTC), datetime(2026, 11, 26, 2, tzinfo=UTC)),  # Monday to Thursday
        (datetime(2026, 11, 25, 2, tzinfo=UTC), datetime(2026, 11, 30, 2, tzinfo=UTC)),  # Wednesday to Monday
        (datetime(2026, 11, 27, 2, tzinfo=UTC), datetime(2026, 12, 2, 2, tzinfo=UTC)),  # Friday to Wednesday
        (datetime(2026, 11, 28, 2, tzinfo=UTC), datetime(2026, 12, 2, 2, tzinfo=UTC)),  # Saturday to Wednesday
        # Sunday evening in UTC is Monday morning in Shanghai
        (datetime(2026, 11, 23, 7, tzinfo=BUSINESS_ZONE), datetime(2026, 11, 25, 23, tzinfo=UTC)),
    ],
)
def test_a_request_lapses_after_three_business_days(created: datetime, lapses: datetime) -> None:
    assert expiry(created) == lapses
