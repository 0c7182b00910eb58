from datetime import UTC, date, datetime, timedelta

import pytest

from guibin.points.models import AccountState
from guibin.rights.life import COUNTED, is_legal_path, is_legal_step
from guibin.rights.models import Period, RedemptionState
from guibin.rights.offer import (
    Limit,
    Price,
    Quota,
    Terms,
    TierLevel,
    Usage,
    Wish,
    is_on_sale,
    limit_left,
    period_start,
    price_of,
    quota_left,
    quota_of,
)
from guibin.rights.parts import Part, part_of
from guibin.rights.patterns import normal_form
from guibin.rights.rules import Decision, Offered, Reason, ReasonCode, Standing, assess

NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
T1, T2, T3 = TierLevel("T1", 1), TierLevel("T2", 2), TierLevel("T3", 3)
EVERYBODY_100 = Terms(prices=(Price(None, 100),))


def decide(
    terms: Terms = EVERYBODY_100,
    *,
    tier: TierLevel | None = T2,
    available: int = 1_000,
    account: AccountState = AccountState.OPEN,
    usage: Usage | None = None,
    offered: Offered | None = None,
    quantity: int = 1,
    expected_points: int | None = None,
) -> Decision:
    return assess(
        terms,
        Standing(tier, available, account, usage or Usage()),
        offered or Offered(),
        Wish(quantity=quantity, expected_points=expected_points),
        now=NOW,
    )


def codes(decision: Decision) -> list[str]:
    return [reason.code.value for reason in decision.reasons]


@pytest.mark.parametrize(
    ("tier", "points"),
    [(T3, 50), (T2, 80), (T1, 100), (None, 100)],
    ids=["own line first", "own line second", "no line of its own", "no tier"],
)
def test_the_first_price_that_fits_the_tier_counts(tier: TierLevel | None, points: int) -> None:
    prices = (Price("T3", 50), Price("T2", 80), Price(None, 100), Price("T1", 1))
    found = price_of(prices, tier, wish=Wish(1), now=NOW)
    assert (found and found.points) == points


def test_a_price_of_a_lower_tier_does_not_fit_a_higher_one() -> None:
    assert price_of((Price("T2", 80),), T3, wish=Wish(1), now=NOW) is None


def test_a_quota_is_for_exactly_its_tier() -> None:
    quotas = (Quota("T2", Period.MONTH, 2), Quota("T3", Period.YEAR, 6))
    assert quota_of(quotas, T3) == quotas[1]
    assert quota_of(quotas, T1) is None
    assert quota_of(quotas, None) is None


def test_what_is_left_of_a_quota_counts_its_own_period_only() -> None:
    usage = Usage(free_units={Period.DAY: 0, Period.MONTH: 1, Period.YEAR: 5, Period.LIFETIME: 9})
    assert quota_left(Quota("T2", Period.MONTH, 3), usage.free_units) == 2
    assert quota_left(Quota("T2", Period.YEAR, 3), usage.free_units) == 0
    assert quota_left(None, usage.free_units) == 0


def test_what_is_left_of_a_limit_is_never_negative() -> None:
    usage = Usage(units={Period.DAY: 2, Period.YEAR: 5})
    assert limit_left(Limit(3, Period.DAY), usage) == 1
    assert limit_left(Limit(3, Period.YEAR), usage) == 0
    assert limit_left(Limit(3, Period.LIFETIME), usage) == 3


@pytest.mark.parametrize(
    ("period", "start"),
    [
        (Period.DAY, date(2028, 2, 29)),
        (Period.MONTH, date(2028, 2, 1)),
        (Period.YEAR, date(2028, 1, 1)),
        (Period.LIFETIME, None),
    ],
)
def test_a_period_begins_on_its_first_calendar_day(period: Period, start: date | None) -> None:
    assert period_start(period, date(2028, 2, 29)) == start


@pytest.mark.parametrize(
    ("begins", "ends", "on_sale"),
    [
        (None, None, True),
        (NOW, NOW + timedelta(seconds=1), True),
        (NOW + timedelta(microseconds=1), None, False),
        (None, NOW, False),
    ],
    ids=["always", "just begun", "not begun", "just ended"],
)
def test_the_time_of_sale_includes_its_begin_and_excludes_its_end(
    begins: datetime | None, ends: datetime | None, on_sale: bool
) -> None:
    assert is_on_sale(Terms(prices=(), on_sale_from=begins, on_sale_to=ends), NOW) is on_sale


def test_the_quota_goes_before_the_points() -> None:
    terms = Terms(prices=(Price(None, 100),), quotas=(Quota("T2", Period.MONTH, 2),))
    decision = decide(terms, quantity=3)
    assert (decision.quota_used, decision.points) == (2, 100)
    assert decision.eligible


def test_a_quota_serves_a_customer_without_points_and_without_a_price() -> None:
    terms = Terms(prices=(), quotas=(Quota("T2", Period.MONTH, 1),))
    decision = decide(terms, available=0)
    assert decision == Decision(price=None, quota_left=1, quota_used=1, points=0, reasons=())


def test_a_quota_that_is_used_up_leaves_the_price() -> None:
    terms = Terms(prices=(Price(None, 100),), quotas=(Quota("T2", Period.MONTH, 1),))
    decision = decide(terms, usage=Usage(free_units={Period.MONTH: 1}))
    assert (decision.quota_left, decision.quota_used, decision.points) == (0, 0, 100)


def test_more_units_than_the_quota_without_a_price_are_refused() -> None:
    terms = Terms(prices=(), quotas=(Quota("T2", Period.MONTH, 1),))
    assert codes(decide(terms, quantity=2)) == ["no_matching_price"]


def test_points_that_are_just_enough_are_enough() -> None:
    assert decide(available=100).eligible


def test_missing_points_are_told() -> None:
    decision = decide(available=99)
    facts = {"required": 100, "available": 99, "missing": 1}
    assert decision.reasons == (Reason(ReasonCode.INSUFFICIENT_POINTS, facts),)
    assert not decision.eligible
    assert not decision.affordable


def test_what_is_affordable_may_still_be_refused() -> None:
    decision = decide(offered=Offered(in_stock=False))
    assert decision.affordable
    assert not decision.eligible


def test_a_right_without_a_price_is_not_affordable() -> None:
    assert not decide(Terms(prices=(Price("T3", 1),))).affordable


@pytest.mark.parametrize(("tier", "current"), [(T1, "T1"), (None, None)])
def test_a_higher_tier_is_required_by_name(tier: TierLevel | None, current: str | None) -> None:
    decision = decide(Terms(prices=(Price(None, 1),), minimum_tier=T2), tier=tier)
    assert decision.reasons == (Reason(ReasonCode.TIER_REQUIRED, {"required": "T2", "current": current}),)


@pytest.mark.parametrize("tier", [T2, T3])
def test_the_minimum_tier_and_those_above_are_welcome(tier: TierLevel) -> None:
    assert decide(Terms(prices=(Price(None, 1),), minimum_tier=T2), tier=tier).eligible


def test_a_quantity_beyond_the_limit_is_refused_as_a_whole() -> None:
    terms = Terms(prices=(Price(None, 1),), limit=Limit(3, Period.MONTH))
    usage = Usage(units={Period.MONTH: 1})
    assert decide(terms, usage=usage, quantity=2).eligible
    refused = decide(terms, usage=usage, quantity=3)
    assert refused.reasons == (Reason(ReasonCode.LIMIT_REACHED, {"times": 3, "period": "month", "left": 2}),)


@pytest.mark.parametrize("expected", [None, 200])
def test_the_expected_price_of_the_whole_quantity_fits(expected: int | None) -> None:
    assert decide(quantity=2, expected_points=expected).eligible


@pytest.mark.parametrize("expected", [0, 100, 201])
def test_another_expected_price_is_refused_with_the_price(expected: int) -> None:
    decision = decide(quantity=2, expected_points=expected)
    assert decision.reasons == (Reason(ReasonCode.PRICE_CHANGED, {"points": 200}),)


def test_an_expected_price_where_there_is_no_price_tells_only_that() -> None:
    assert codes(decide(Terms(prices=()), expected_points=5)) == ["no_matching_price"]


@pytest.mark.parametrize(
    ("account", "code"), [(AccountState.FROZEN, "account_frozen"), (AccountState.CLOSED, "account_closed")]
)
def test_an_account_that_does_not_move_takes_nothing(account: AccountState, code: str) -> None:
    assert codes(decide(account=account)) == [code]


def test_all_reasons_are_told_at_once_the_weightiest_first() -> None:
    terms = Terms(
        prices=(Price(None, 100),), minimum_tier=T3, limit=Limit(1, Period.DAY), on_sale_to=NOW - timedelta(days=1)
    )
    decision = decide(
        terms,
        tier=T1,
        available=0,
        account=AccountState.FROZEN,
        usage=Usage(units={Period.DAY: 1}),
        offered=Offered(published=False, wallet_active=False, in_stock=False),
        expected_points=90,
    )
    assert codes(decision) == [
        "not_on_sale",
        "account_frozen",
        "wallet_closed",
        "tier_required",
        "limit_reached",
        "price_changed",
        "insufficient_points",
        "out_of_stock",
    ]


def test_a_suspended_right_is_not_on_sale() -> None:
    assert codes(decide(offered=Offered(published=False))) == ["not_on_sale"]


LEGAL = {
    ("awaiting_payment", "confirmed"),
    ("awaiting_payment", "cancelled"),
    ("awaiting_payment", "unpaid"),
    ("confirmed", "in_fulfilment"),
    ("confirmed", "fulfilled"),
    ("confirmed", "cancelled"),
    ("confirmed", "failed"),
    ("confirmed", "refunded"),
    ("in_fulfilment", "fulfilled"),
    ("in_fulfilment", "failed"),
    ("fulfilled", "refunded"),
}


@pytest.mark.parametrize("before", list(RedemptionState))
@pytest.mark.parametrize("after", list(RedemptionState))
def test_only_the_legal_steps_of_a_redemption_are_possible(before: RedemptionState, after: RedemptionState) -> None:
    assert is_legal_step(before, after) is ((before.value, after.value) in LEGAL)


@pytest.mark.parametrize(
    ("path", "legal"),
    [
        (["confirmed"], True),
        (["awaiting_payment", "confirmed", "fulfilled"], True),
        (["confirmed", "awaiting_payment"], False),
        (["confirmed", "fulfilled", "refunded"], True),
        (["confirmed", "cancelled", "fulfilled"], False),
        (["fulfilled"], False),
        ([], False),
    ],
)
def test_a_life_begins_with_its_confirmation_and_takes_legal_steps(path: list[str], legal: bool) -> None:
    assert is_legal_path([RedemptionState(state) for state in path]) is legal


def test_what_was_given_back_does_not_count() -> None:
    assert set(RedemptionState) - set(COUNTED) == {
        RedemptionState.CANCELLED,
        RedemptionState.REFUNDED,
        RedemptionState.FAILED,
        RedemptionState.UNPAID,
    }


@pytest.mark.parametrize("written", ["ab0-12cd", "AB0 12CD", "ＡＢ０－１２ＣＤ", "abO12cd", " a b o 1 2 c d "])
def test_a_code_is_the_same_however_it_is_written(written: str) -> None:
    assert normal_form(written) == "AB012CD"


@pytest.mark.parametrize(
    ("standing", "units", "part"),
    [
        (Part(3, 1, 200), 1, Part(1, 0, 100)),
        (Part(3, 1, 200), 2, Part(2, 0, 200)),
        (Part(3, 1, 200), 3, Part(3, 1, 200)),
        (Part(3, 0, 100), 1, Part(1, 0, 33)),
        (Part(2, 2, 0), 1, Part(1, 1, 0)),
    ],
)
def test_units_that_were_paid_for_go_back_before_those_that_were_free(standing: Part, units: int, part: Part) -> None:
    assert part_of(standing, units) == part


@pytest.mark.parametrize("units", [0, -1, 4])
def test_no_more_units_go_back_than_stand(units: int) -> None:
    with pytest.raises(ValueError, match="units"):
        part_of(Part(3, 0, 300), units)
