"""When points expire and which events are taken, over plain values."""

from datetime import UTC, date, datetime, timedelta

import pytest

from guibin.points import rules
from guibin.points.earning import settlement
from guibin.points.earning.terms import EarningKind, Gift
from guibin.points.models import Expiry, Rounding, Wallet


@pytest.mark.parametrize(
    ("earned_on", "years", "last_day"),
    [
        (date(2026, 1, 1), 2, date(2028, 12, 31)),
        (date(2026, 12, 31), 2, date(2028, 12, 31)),
        (date(2028, 2, 29), 1, date(2029, 12, 31)),
        (date(2026, 6, 1), 0, date(2026, 12, 31)),
        (date(2026, 6, 1), None, None),
    ],
)
def test_points_can_be_spent_until_the_end_of_a_calendar_year(
    earned_on: date, years: int | None, last_day: date | None
) -> None:
    wallet = Wallet(
        code="reward", cost_fen=10, expiry=Expiry.NEVER if years is None else Expiry.CALENDAR, expiry_years=years
    )
    assert rules.expiry_of(earned_on, wallet) == last_day


@pytest.mark.parametrize(
    ("earned_on", "months", "rounding", "last_day"),
    [
        (date(2026, 1, 31), 1, Rounding.NONE, date(2026, 2, 28)),
        (date(2027, 8, 31), 6, Rounding.NONE, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, Rounding.NONE, date(2029, 2, 28)),
        (date(2026, 12, 1), 1, Rounding.MONTH, date(2027, 1, 31)),
        (date(2026, 4, 1), 0, Rounding.QUARTER, date(2026, 6, 30)),
        (date(2026, 6, 30), 3, Rounding.QUARTER, date(2026, 9, 30)),
        (date(2026, 7, 1), 12, Rounding.HALF_YEAR, date(2027, 12, 31)),
        (date(2026, 12, 31), 24, Rounding.YEAR, date(2028, 12, 31)),
    ],
)
def test_points_can_be_spent_for_months_rounded_to_an_end(
    earned_on: date, months: int, rounding: Rounding, last_day: date
) -> None:
    wallet = Wallet(code="reward", cost_fen=10, expiry=Expiry.ROLLING, expiry_months=months, expiry_rounding=rounding)
    assert rules.expiry_of(earned_on, wallet) == last_day


def test_points_that_end_by_inactivity_have_no_day_of_their_own() -> None:
    wallet = Wallet(code="reward", cost_fen=10, expiry=Expiry.INACTIVITY, expiry_months=12)
    assert rules.expiry_of(date(2026, 6, 1), wallet) is None


NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("occurred_at", "accepted"),
    [
        (NOW + timedelta(minutes=5), True),
        (NOW + timedelta(minutes=5, seconds=1), False),
        (NOW - timedelta(days=400), True),
        (NOW - timedelta(days=400, seconds=1), False),
    ],
)
def test_events_of_the_last_400_days_are_accepted(occurred_at: datetime, *, accepted: bool) -> None:
    assert rules.is_event_date_accepted(occurred_at, NOW) is accepted


@pytest.mark.parametrize("points", [60_000, -60_000])
def test_points_cost_the_same_whichever_way_they_move(points: int) -> None:
    assert rules.cost_of(points, 10) == 6_000_00


def wallets(**rolls: str | None) -> dict[str, Wallet]:
    """Make wallets by the code of the one into which each rolls over."""
    found = {code: Wallet(code=code, cost_fen=1, rolls_over_to=into) for code, into in rolls.items()}
    for one in found.values():
        one.growth, one.active = one.code.startswith("growth"), not one.code.endswith("closed")
    return found


def test_points_go_on_as_long_as_their_wallets_say_so() -> None:
    known = wallets(a="b", b="c", c=None, d="b", e="f", f="e")

    assert [[one.code for one in rules.reached(code, known)] for code in ("a", "c", "e", "x")] == [
        ["a", "b", "c"],
        ["c"],
        ["e", "f"],
        [],
    ]
    assert [rules.feeders(code, known) for code in ("b", "c", "a")] == [{"a", "b", "d"}, {"a", "b", "c", "d"}, {"a"}]


def test_a_wallet_rolls_over_into_one_in_use_of_its_own_nature_and_in_no_circle() -> None:
    known = wallets(a="b", b=None, x="gone", y="closed", closed=None, z="growth", growth=None, p="q", q="r", r="p")

    faults = [rules.roll_over_fault(code, known) for code in ("a", "b", "x", "y", "z", "p")]

    assert faults == [None, None, "unknown", "closed", "growth", "circle"]


@pytest.mark.parametrize(("points", "share", "goes"), [(10, 100, 10), (31, 30, 9), (1, 99, 0), (0, 50, 0)])
def test_a_share_of_points_is_rounded_down(points: int, share: int, goes: int) -> None:
    assert rules.lapsing(points, share) == goes


def test_the_parts_of_a_return_give_back_all_points_however_small_they_are() -> None:
    whole, points = 10_000, 33
    parts = [rules.ReturnedPart(done, min(done + 7, whole), whole) for done in range(0, whole, 7)]
    shares = [part.share_of(points) for part in parts]
    assert (sum(shares), min(shares), max(shares)) == (33, 0, 1)
    left = points - sum(shares[:500])
    for part in parts[500:]:
        left -= part.share_of_rest(left)
        assert 0 <= left <= points
    assert left == 0
    assert [part.is_last for part in parts].count(True) == 1


@pytest.mark.parametrize(
    ("expires_on", "released", "is_over"),
    [
        (None, date(2026, 12, 5), False),
        (date(2026, 12, 4), None, False),
        (date(2026, 12, 4), date(2026, 12, 5), True),
        (date(2026, 12, 5), date(2026, 12, 5), False),
    ],
)
def test_points_that_end_before_they_can_be_spent_are_not_given(
    expires_on: date | None, released: date | None, *, is_over: bool
) -> None:
    gift = Gift(wallet="reward", kind=EarningKind.FIXED, points=100)
    kept = Gift(wallet="reward", kind=EarningKind.FIXED, points=100, expires_in_days=5, pending_days=6)
    assert (gift.ends_unspent, kept.ends_unspent) == (False, True)
    assert settlement.is_over(gift, expires_on, released, date(2026, 12, 1)) is is_over
