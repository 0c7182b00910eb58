"""From which day on spending counts towards a cap."""

from datetime import date

import pytest

from guibin.points.rules import spending_since

DAY, SINCE = date(2026, 11, 25), date(2026, 3, 9)


@pytest.mark.parametrize(
    ("period", "first"),
    [
        ("day", DAY),
        ("month", date(2026, 11, 1)),
        ("year", date(2026, 1, 1)),
        ("tier", SINCE),
        ("lifetime", None),
        ("transaction", None),
    ],
)
def test_spending_counts_from_the_beginning_of_the_period(period: str, first: date | None) -> None:
    assert spending_since(period, DAY, SINCE) == first
