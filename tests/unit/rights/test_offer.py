"""Prices by condition, guests, who sees and who may have a right: the arithmetic of an offer."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from guibin.rights.models import Period
from guibin.rights.offer import (
    Audience,
    Companions,
    Hours,
    Limit,
    Price,
    Quota,
    Terms,
    TierLevel,
    Usage,
    Wish,
    guests_of,
    is_visible,
    lacking,
    last_day_of_codes,
    period_start,
    price_of,
)
from guibin.rights.rules import BudgetLeft, Decision, Offered, SpendCap, Standing, assess

NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
"""Wednesday noon in Shanghai."""
T2, T3 = TierLevel("T2", 2, date(2026, 11, 10)), TierLevel("T3", 3)
LOUNGE = Terms(
    prices=(Price(None, 100),),
    quotas=(Quota("T3", Period.YEAR, 2),),
    companions=Companions(most={"T3": 2, "T2": 1}, points=60, quotas=(Quota("T3", Period.YEAR, 1),)),
)


def price(*prices: Price, tags: frozenset[str] = frozenset(), at: datetime = NOW, **wish: Any) -> int | None:
    found = price_of(prices, T2, tags=tags, wish=Wish(1, **wish), now=at)
    return None if found is None else found.points


def decide(
    terms: Terms, *, tier: TierLevel | None = T3, available: int = 10_000, offered: Offered | None = None, **asked: Any
) -> Decision:
    standing = {name: asked.pop(name) for name in ("usage", "tags", "spent", "stopped", "branches") if name in asked}
    return assess(terms, Standing(tier, available, **standing), offered or Offered(), Wish(**asked), now=NOW)


def codes(decision: Decision) -> list[str]:
    return [reason.code.value for reason in decision.reasons]


def test_each_class_of_service_has_its_price_and_an_unknown_one_has_none() -> None:
    lines = (Price(None, 150, class_of_service="A"), Price(None, 100, class_of_service="B"), Price(None, 90))
    assert [price(*lines, class_of_service=name) for name in ("A", "B", None, "C")] == [150, 100, 90, None]


def test_a_price_for_a_tag_is_for_those_who_have_it() -> None:
    lines = (Price(None, 10, tag="payroll"), Price(None, 100))
    assert (price(*lines, tags=frozenset({"payroll"})), price(*lines)) == (10, 100)


def test_a_price_of_another_wallet_counts_for_that_wallet_only() -> None:
    lines = (Price(None, 500, wallet="reward"), Price(None, 50))
    assert [price(*lines, wallet=wallet) for wallet in ("reward", None, "growth")] == [500, 50, None]


@pytest.mark.parametrize(
    ("line", "at", "fits"),
    [
        (Price(None, 1, hours=Hours(time(12), time(14))), NOW, True),
        (Price(None, 1, hours=Hours(time(10), time(12))), NOW, False),
        (Price(None, 1, hours=Hours(time(22), time(2))), datetime(2026, 11, 24, 17, 59, 59, tzinfo=UTC), True),
        (Price(None, 1, hours=Hours(time(22), time(2))), datetime(2026, 11, 24, 18, 0, tzinfo=UTC), False),
        (Price(None, 1, weekdays=frozenset({3})), NOW, True),
        (Price(None, 1, weekdays=frozenset({2})), datetime(2026, 11, 24, 16, 0, tzinfo=UTC), False),
        (Price(None, 1, first_day=date(2026, 11, 25), last_day=date(2026, 11, 25)), NOW, True),
        (Price(None, 1, last_day=date(2026, 11, 24)), datetime(2026, 11, 24, 15, 59, tzinfo=UTC), True),
        (Price(None, 1, last_day=date(2026, 11, 24)), datetime(2026, 11, 24, 16, 0, tzinfo=UTC), False),
    ],
    ids=["begun", "ended", "over midnight", "after midnight", "its day", "the day before", "one day", "last", "over"],
)
def test_happy_hours_are_hours_and_days_of_shanghai(line: Price, at: datetime, fits: bool) -> None:
    assert (price(line, at=at) is not None) is fits


def test_guests_take_their_own_quota_first_and_then_points() -> None:
    decision = decide(LOUNGE, quantity=1, companions=2)
    assert (decision.quota_used, decision.guest_quota_used, decision.points) == (1, 1, 60)
    assert (decision.guests_allowed, decision.guest_price, decision.guest_quota_left) == (2, 60, 1)
    assert decision.eligible


def test_guests_never_take_the_quota_of_the_customer_nor_the_customer_theirs() -> None:
    used = Usage(free_units={Period.YEAR: 2}, free_guests={Period.YEAR: 0})
    assert decide(LOUNGE, quantity=1, companions=1, usage=used).points == 100
    used = Usage(free_units={Period.YEAR: 0}, free_guests={Period.YEAR: 1})
    assert decide(LOUNGE, quantity=1, companions=1, usage=used).points == 60


def test_a_guest_without_a_price_of_its_own_costs_what_the_unit_costs() -> None:
    terms = Terms(prices=(Price(None, 100),), companions=Companions(most={"T3": 2}))
    assert decide(terms, quantity=1, companions=2).points == 300


def test_every_unit_brings_its_guests_and_one_more_is_refused_with_the_number_that_may_come() -> None:
    assert codes(decide(LOUNGE, quantity=2, companions=4)) == []
    refused = decide(LOUNGE, quantity=2, companions=5)
    assert [(reason.code.value, reason.facts) for reason in refused.reasons] == [("too_many_companions", {"most": 4})]
    assert codes(decide(LOUNGE, tier=None, quantity=1, companions=1)) == ["too_many_companions"]
    assert guests_of(LOUNGE.companions, None) == 0


def test_the_expected_points_are_those_of_units_and_guests_together() -> None:
    assert codes(decide(LOUNGE, quantity=3, companions=2, expected_points=160)) == []
    assert codes(decide(LOUNGE, quantity=3, companions=2, expected_points=100)) == ["price_changed"]


def test_an_unknown_class_is_refused_even_where_the_quota_would_do() -> None:
    assert codes(decide(LOUNGE, quantity=1, class_of_service="Z")) == ["no_matching_price"]


def test_a_quota_since_the_tier_began_and_a_limit_of_the_tier_count_from_its_first_day() -> None:
    assert period_start(Period.TIER, date(2026, 11, 25), T2.since) == date(2026, 11, 10)
    assert period_start(Period.TIER, date(2026, 11, 25)) is None
    terms = Terms(prices=(Price(None, 100),), limit=Limit(3, Period.TIER), quotas=(Quota("T2", Period.TIER, 2),))
    used = Usage(units={Period.TIER: 2}, free_units={Period.TIER: 1})
    decision = decide(terms, tier=T2, quantity=2, usage=used)
    assert (decision.quota_used, decision.points, codes(decision)) == (1, 100, ["limit_reached"])


def test_who_sees_a_right_is_another_question_than_who_may_have_it() -> None:
    terms = Terms(
        prices=(Price(None, 1),),
        visibility=Audience(tiers=frozenset({"T2", "T3"})),
        eligibility=Audience(tiers=frozenset({"T3"}), tags=frozenset({"secret"}), start=NOW),
    )
    nothing: frozenset[str] = frozenset()
    assert is_visible(terms, T2, nothing, nothing, NOW)
    assert not is_visible(terms, None, nothing, nothing, NOW)
    (reason,) = decide(terms, tier=T2, quantity=1).reasons
    assert (reason.code.value, reason.facts) == ("not_eligible", {"missing": ["tier", "tag"], "tiers": ["T3"]})
    assert decide(terms, quantity=1, tags=frozenset({"secret"})).eligible


@pytest.mark.parametrize(
    ("audience", "missing"),
    [
        (Audience(), ()),
        (Audience(start=NOW, end=None), ()),
        (Audience(end=NOW), ("time",)),
        (Audience(branches=frozenset({"310"})), ()),
        (Audience(branches=frozenset({"999"})), ("branch",)),
        (Audience(tags=frozenset({"b", "a"})), ()),
        (Audience(tags=frozenset({"b"})), ("tag",)),
    ],
)
def test_of_tags_and_branches_one_has_to_fit(audience: Audience, missing: tuple[str, ...]) -> None:
    assert lacking(audience, T2, frozenset({"a"}), frozenset({"310", "1"}), NOW) == missing


def test_a_right_of_a_branch_is_seen_by_the_customers_below_it() -> None:
    terms, nothing = Terms(prices=(), owner_branch="310"), frozenset[str]()
    assert is_visible(terms, None, nothing, frozenset({"3101", "310", "1"}), NOW)
    assert not is_visible(terms, None, nothing, frozenset({"320", "1"}), NOW)


def test_caps_of_the_wallet_bound_one_redemption_and_a_period() -> None:
    caps = Offered(caps=(SpendCap("transaction", 300), SpendCap("month", 500)))
    terms = Terms(prices=(Price(None, 100),))
    assert codes(decide(terms, quantity=3, offered=caps, spent={"month": 200})) == []
    refused = decide(terms, quantity=4, offered=caps, spent={"month": 200})
    assert [dict(reason.facts) for reason in refused.reasons] == [
        {"points": 300, "period": "transaction", "left": 300},
        {"points": 500, "period": "month", "left": 300},
    ]


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (Offered(stopped=True), "stopped"),
        (Offered(spendable=False, category="shopping"), "category_not_spendable"),
        (Offered(total_left=1), "limit_reached"),
        (Offered(budget=BudgetLeft(199, None)), "budget_exhausted"),
        (Offered(budget=BudgetLeft(None, 1_999), point_fen=10), "budget_exhausted"),
        (Offered(budget=BudgetLeft(200, 2_000), point_fen=10, total_left=2), None),
    ],
    ids=["stopped", "category", "total", "points", "money", "all is enough"],
)
def test_the_sides_of_the_bank_each_have_a_reason(known: Offered, reason: str | None) -> None:
    decision = decide(Terms(prices=(Price(None, 100),), total_limit=9), quantity=2, offered=known)
    assert codes(decision) == ([reason] if reason else [])


def test_the_budget_pays_a_cost_for_each_head_or_the_worth_of_the_points() -> None:
    assert decide(LOUNGE, quantity=1, companions=2, offered=Offered(point_fen=10)).cost_fen == 600
    fixed = Terms(prices=(Price(None, 0),), companions=LOUNGE.companions, unit_cost_fen=80_00)
    assert decide(fixed, quantity=1, companions=2, offered=Offered(point_fen=10)).cost_fen == 240_00


def test_a_step_up_is_asked_for_from_its_threshold_on() -> None:
    terms = Terms(prices=(Price(None, 100),), step_up_points=200)
    assert [decide(terms, quantity=units).step_up for units in (1, 2)] == [False, True]


@pytest.mark.parametrize(
    ("days", "fixed", "last"),
    [
        (None, None, None),
        (0, None, date(2026, 11, 25)),
        (10, None, date(2026, 12, 5)),
        (10, date(2026, 12, 1), date(2026, 12, 1)),
        (None, date(2026, 12, 31), date(2026, 12, 31)),
    ],
)
def test_codes_end_after_their_days_and_not_after_the_fixed_day(
    days: int | None, fixed: date | None, last: date | None
) -> None:
    terms = Terms(prices=(), code_days=days, code_last_day=fixed)
    assert last_day_of_codes(terms, date(2026, 11, 25)) == last


def test_money_is_asked_for_what_costs_points_and_for_nothing_that_is_free() -> None:
    terms = Terms(
        prices=(Price(None, 100, money_fen=50_00),),
        quotas=(Quota("T3", Period.YEAR, 1),),
        companions=Companions(most={"T3": 3}),
    )
    paid_by_points = replace(terms, companions=Companions(most={"T3": 3}, points=60))
    assert (decide(terms, quantity=3).points, decide(terms, quantity=3).money_fen) == (200, 100_00)
    assert decide(terms, quantity=1).money_fen == 0
    assert decide(terms, quantity=1, companions=2).money_fen == 100_00
    assert decide(paid_by_points, quantity=1, companions=2).money_fen == 0
    assert decide(terms, quantity=2, package=True).money_fen == 0
    assert codes(decide(terms, quantity=3, at_most=100)) == ["no_matching_price"]
