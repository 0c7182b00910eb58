"""What rules give for an event, and what the past leaves of it, over plain values."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from guibin.points.earning.models import EarningPeriod
from guibin.points.earning.rules import (
    EarningOutcome,
    Occurrence,
    Rule,
    RuleBook,
    is_amount_in_range,
    is_open,
    judge,
    next_of_dates,
    period_start,
    points_for,
    read_rule,
)
from guibin.points.earning.settlement import Before, Settlement, Spent, Step, Verdict
from guibin.points.earning.terms import EarningKind, EarningTerms, Fraction, Gift, Window
from guibin.points.models import Expiry, Wallet
from guibin.programme.rules import stops_of
from guibin.tags.errors import RuleFieldUnknown
from guibin.tags.evaluation import Plain

NOON = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
"""Noon of Wednesday in Shanghai."""

DAY = date(2026, 11, 25)
ONE, TWO = UUID(int=1), UUID(int=2)
WALLETS = {
    "reward": Wallet(code="reward", cost_fen=10, expiry=Expiry.CALENDAR, expiry_years=2),
    "service": Wallet(code="service", cost_fen=100, expiry=Expiry.CALENDAR, expiry_years=2),
}


def gift(**changes: Any) -> dict[str, Any]:
    return {"wallet": "reward", "kind": "fixed", "points": 100, **changes}


def rule(code: str = "rule", version: int = 1, *, since: datetime = NOON - timedelta(days=900), **changes: Any) -> Rule:
    terms = {
        "name_zh": "刷卡消费",
        "name_en": "Card spending",
        "events": ["card_spend"],
        "cases": [{"gives": [gift()]}],
        **changes,
    }
    return read_rule(code=code, version=version, terms=EarningTerms.of(terms), in_force_from=since)


def event(
    reference: str = "T1", *, at: datetime = NOON, amount: int | None = 100_00, customer: UUID = ONE, **changes: Any
) -> Occurrence:
    day = (at + timedelta(hours=8)).date()
    return Occurrence(customer, "credit_card", reference, "card_spend", at, day, amount, **changes)


def settlement(before: Before | None = None, **changes: Any) -> Settlement:
    return Settlement(wallets=WALLETS, today=DAY, before=before or Before(), **changes)


def settle(where: Settlement, one: Occurrence, *rules: Rule, facts: dict[str, Plain] | None = None) -> list[Verdict]:
    read = (facts or {}).get
    return where.settle(one, [judge(each, one, read, branch_id=None, day=DAY) for each in rules])


def given(where: Settlement, one: Occurrence, *rules: Rule, facts: dict[str, Plain] | None = None) -> int:
    return sum(award.points for verdict in settle(where, one, *rules, facts=facts) for award in verdict.awards)


def outcome(
    where: Settlement, one: Occurrence, *rules: Rule, facts: dict[str, Plain] | None = None
) -> list[EarningOutcome]:
    return [verdict.outcome for verdict in settle(where, one, *rules, facts=facts)]


def proportional(**changes: Any) -> Gift:
    values: dict[str, Any] = {"wallet": "reward", "kind": EarningKind.PROPORTIONAL, "points": 1, "per": 20_00}
    return Gift(**values | changes)


@pytest.mark.parametrize(
    ("amount_fen", "points"),
    [(None, 0), (0, 0), (19_99, 0), (20_00, 1), (39_99, 1), (40_00, 2), (1_000_000_00, 50_000)],
)
def test_proportional_points_count_full_amounts_only(amount_fen: int | None, points: int) -> None:
    assert points_for(proportional(), amount_fen) == points


@pytest.mark.parametrize(
    ("rounding", "amount_fen", "points"),
    [
        (Fraction.DOWN, 50_00, 7),
        (Fraction.HALF_UP, 50_00, 8),
        (Fraction.UP, 50_00, 8),
        (Fraction.UP, 40_01, 7),
        (Fraction.HALF_UP, 40_01, 6),
        (Fraction.STEPS, 50_00, 6),
    ],
)
def test_a_part_is_rounded_once_and_as_stated(rounding: Fraction, amount_fen: int, points: int) -> None:
    assert points_for(proportional(points=3, rounding=rounding), amount_fen) == points


def test_a_tier_multiplies_before_the_most_of_an_event_counts() -> None:
    one = proportional(multipliers={"T5": 125}, max_points=11)
    assert [points_for(one, 160_00, tier) for tier in (None, "T1", "T5")] == [8, 8, 10]
    assert points_for(one, 1_000_00, "T5") == 11


def test_one_entry_holds_at_most_a_trillion_points() -> None:
    huge = rule(cases=[{"gives": [gift(kind="proportional", per="20.00", points=1_000)]}])
    assert points_for(proportional(points=1_000), 10**14) == 10**12
    assert not is_amount_in_range(RuleBook([huge]), event(amount=10**14))
    assert is_amount_in_range(RuleBook([huge]), event(amount=2 * 10**12))


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "proportional"},
        {"per": "20.00"},
        {"points": 0},
        {"expires_on": "2027-01-01", "expires_in_days": 3},
        {"wallet": "x" * 99},
        {"other": 1},
        {"pending_days": 3, "pending_dates": ["01-01"]},
        {"pending_dates": ["02-30"]},
        {"pending_event": "salary"},
        {"pending_event_days": 3},
    ],
)
def test_a_gift_that_says_too_much_or_too_little_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        rule(cases=[{"gives": [gift(**wrong)]}])


def test_figures_over_events_are_no_fact_of_earning() -> None:
    with pytest.raises(RuleFieldUnknown):
        rule(when={"fact": {"count": "event"}, "op": ">", "value": 1})


@pytest.mark.parametrize(
    ("window", "is_within"),
    [
        ({}, True),
        ({"starts_on": "2026-11-25", "ends_on": "2026-11-25"}, True),
        ({"starts_on": "2026-11-26"}, False),
        ({"ends_on": "2026-11-24"}, False),
        ({"weekdays": [3]}, True),
        ({"weekdays": [1, 2, 4, 5, 6, 7]}, False),
        ({"blackout": ["2026-11-25"]}, False),
        ({"opens": "12:00", "closes": "12:01"}, True),
        ({"opens": "12:01", "closes": "23:00"}, False),
        ({"opens": "09:00", "closes": "12:00"}, False),
        ({"opens": "22:00", "closes": "12:01"}, True),
        ({"opens": "22:00", "closes": "06:00"}, False),
    ],
)
def test_a_window_is_of_the_calendar_and_clock_of_shanghai(window: dict[str, Any], *, is_within: bool) -> None:
    assert is_open(Window.model_validate(window, strict=False), NOON) is is_within


def test_the_day_of_a_window_begins_at_midnight_in_shanghai() -> None:
    window = Window(starts_on=date(2026, 11, 26))
    midnight = datetime(2026, 11, 25, 16, 0, tzinfo=UTC)
    assert [is_open(window, at) for at in (midnight - timedelta(seconds=1), midnight)] == [False, True]


@pytest.mark.parametrize(
    ("period", "start"),
    [
        (EarningPeriod.DAY, DAY),
        (EarningPeriod.WEEK, date(2026, 11, 23)),
        (EarningPeriod.MONTH, date(2026, 11, 1)),
        (EarningPeriod.QUARTER, date(2026, 10, 1)),
        (EarningPeriod.YEAR, date(2026, 1, 1)),
        (EarningPeriod.LIFETIME, date.min),
    ],
)
def test_periods_begin_with_the_calendar(period: EarningPeriod, start: date) -> None:
    assert period_start(period, DAY) == start


def test_a_condition_reads_the_event_the_customer_and_tags() -> None:
    asked = rule(
        when={
            "all": [
                {"fact": "event.amount", "op": ">=", "value": "100.00"},
                {"fact": "tier", "op": "in", "value": ["T4", "T5"]},
                {"fact": "tags", "op": "has_any", "value": ["vip"]},
            ]
        }
    )
    met: dict[str, Plain] = {"tier": "T4", "tags": frozenset({"vip"})}
    assert outcome(settlement(), event(), asked, facts=met) == [EarningOutcome.HIT]
    (missed,) = settle(settlement(), event(), asked, facts={"tier": "T4"})
    assert (missed.outcome, missed.judgement.place) == (EarningOutcome.CONDITION_NOT_MET, "rule/all/2")
    assert outcome(settlement(), event(amount=99_99), asked, facts=met) == [EarningOutcome.CONDITION_NOT_MET]


def test_the_first_case_that_holds_gives_into_several_wallets() -> None:
    cases = [
        {"when": {"fact": "event.amount", "op": ">", "value": "500.00"}, "gives": [gift(points=9)]},
        {"when": {"fact": "event.amount", "op": ">", "value": "50.00"}, "gives": [gift(), gift(wallet="service")]},
        {"gives": [gift(points=1)]},
    ]
    several = rule(cases=cases)
    assert [given(settlement(), event(amount=fen), several) for fen in (500_01, 500_00, 50_00)] == [9, 200, 1]
    assert outcome(settlement(), event(amount=50_00), rule(cases=cases[:2])) == [EarningOutcome.NO_CASE]


def test_in_each_wallet_the_rule_that_gives_most_applies_and_of_equal_ones_the_first_code() -> None:
    more = rule("more", cases=[{"gives": [gift(points=101), gift(wallet="service", points=5)]}])
    service = rule("service", cases=[{"gives": [gift(wallet="service", points=5)]}])
    verdicts = settle(settlement(), event(), more, rule("some"), service)
    assert [one.outcome for one in verdicts] == [EarningOutcome.HIT, EarningOutcome.OUTDONE, EarningOutcome.OUTDONE]
    assert {award.gift.wallet: award.points for award in verdicts[0].awards} == {"reward": 101, "service": 5}


def test_an_event_earns_by_the_version_that_was_in_force_when_it_occurred() -> None:
    first = rule(version=1, since=NOON - timedelta(days=30))
    second = rule(version=2, since=NOON)
    book = RuleBook([second, first])
    at = (NOON - timedelta(days=31), NOON - timedelta(seconds=1), NOON)
    assert [[one.version for one in book.of(event(at=moment))] for moment in at] == [[], [1], [2]]


def test_a_cap_cuts_or_refuses_what_would_pass_it_by_the_day_of_the_event() -> None:
    cut = rule(caps=[{"period": "day", "points": 150}])
    where = settlement()
    late = event("T4", at=NOON - timedelta(days=1))
    assert [given(where, one, cut) for one in (event("T1"), event("T2"), event("T3"), late)] == [100, 50, 0, 100]
    refuse = rule(caps=[{"period": "day", "points": 150, "over": "refuse"}])
    where = settlement()
    assert [given(where, event(name), refuse) for name in ("T1", "T2")] == [100, 0]
    assert given(where, event("T2", customer=TWO), refuse) == 100


def test_at_most_so_many_events_earn_in_a_period() -> None:
    twice = rule(frequency=[{"period": "week", "times": 2}])
    where = settlement()
    assert [given(where, event(name), twice) for name in ("T1", "T2", "T3")] == [100, 100, 0]
    assert outcome(where, event("T4"), twice) == [EarningOutcome.FREQUENCY]
    assert given(where, event("T5", at=NOON - timedelta(days=3)), twice) == 100


def test_a_cool_down_looks_both_ways() -> None:
    once = rule(cool_down_hours=24)
    where = settlement()
    hours = (0, 23, -23, 24, -24)
    results = [outcome(where, event(f"T{h}", at=NOON + timedelta(hours=h)), once)[0] for h in hours]
    assert results == [
        EarningOutcome.HIT,
        EarningOutcome.COOL_DOWN,
        EarningOutcome.COOL_DOWN,
        EarningOutcome.HIT,
        EarningOutcome.HIT,
    ]


def test_several_gifts_of_one_event_count_as_one_and_do_not_cool_each_other_down() -> None:
    both = rule(
        cases=[{"gives": [gift(), gift(wallet="service")]}],
        cool_down_hours=1,
        frequency=[{"period": "day", "times": 1}],
    )
    assert given(settlement(), event(), both) == 200


@pytest.mark.parametrize(
    ("ceiling", "earned"),
    [
        ({"points": 250}, [100, 100, 0]),
        ({"points": 300}, [100, 100, 100]),
        ({"cost": "20.00"}, [100, 100, 0]),
        ({"cost": "19.99"}, [100, 0, 0]),
        ({"awards": 1}, [100, 0, 0]),
        ({"points": 0}, [0, 0, 0]),
    ],
)
def test_a_budget_is_a_hard_stop(ceiling: dict[str, Any], earned: list[int]) -> None:
    bounded = rule(budgets=[{"period": "month", **ceiling}])
    where = settlement()
    events = [event("T1"), event("T2", customer=TWO), event("T3")]
    assert [given(where, one, bounded) for one in events] == earned


def test_a_budget_of_each_customer_stops_one_and_not_the_other() -> None:
    own = rule(budgets=[{"period": "year", "points": 100, "per_customer": True}])
    where = settlement()
    assert [given(where, one, own) for one in (event("T1"), event("T2"), event("T3", customer=TWO))] == [100, 0, 100]
    assert outcome(where, event("T4"), own) == [EarningOutcome.BUDGET_EXHAUSTED]


def test_what_was_spent_before_counts_and_another_period_is_another_budget() -> None:
    before = Before()
    before.budgets["rule", EarningPeriod.MONTH, date(2026, 11, 1)] = Spent(points=200, cost_fen=0, awards=2)
    before.budgets["rule", EarningPeriod.MONTH, date(2026, 10, 1)] = Spent(points=999, cost_fen=0, awards=9)
    bounded = rule(budgets=[{"period": "month", "points": 300}])
    where = settlement(before)
    assert [given(where, event(name), bounded) for name in ("T1", "T2")] == [100, 0]


def test_a_rule_whose_budget_is_used_up_leaves_the_event_to_the_next() -> None:
    rich = rule("rich", cases=[{"gives": [gift(points=500)]}], budgets=[{"period": "lifetime", "awards": 1}])
    where = settlement()
    assert [given(where, event(name), rich, rule()) for name in ("T1", "T2")] == [500, 100]


def test_a_wallets_caps_cut_by_the_day_of_posting_and_its_balance_cap_cuts_too() -> None:
    capped = Wallet(**WALLETS["reward"].model_dump() | {"caps": [{"kind": "earn", "period": "month", "points": 130}]})
    before = Before()
    before.earned[ONE, "reward"] = [(date(2026, 10, 31), 500), (date(2026, 11, 1), 10)]
    where = Settlement(wallets={"reward": capped}, today=DAY, before=before)
    assert [given(where, event(name), rule()) for name in ("T1", "T2", "T3")] == [100, 20, 0]
    full = Wallet(**WALLETS["reward"].model_dump() | {"balance_cap": 1_050})
    before = Before()
    before.balances[ONE, "reward"] = 1_000
    where = Settlement(wallets={"reward": full}, today=DAY, before=before)
    assert [given(where, event(name), rule()) for name in ("T1", "T2")] == [50, 0]
    assert outcome(where, event("T3"), rule()) == [EarningOutcome.WALLET_CAPPED]


def test_a_stopped_wallet_takes_nothing() -> None:
    where = settlement(stops=stops_of([("wallet", "reward")]))
    assert outcome(where, event(), rule()) == [EarningOutcome.STOPPED]


def test_a_gift_may_end_and_wait_by_itself() -> None:
    own = rule(cases=[{"gives": [gift(expires_in_days=30, pending_days=14)]}])
    ((award,),) = [one.awards for one in settle(settlement(), event(at=NOON - timedelta(days=5)), own)]
    assert (award.expires_on, award.pending_until) == (date(2026, 12, 20), date(2026, 12, 9))
    ended = rule(cases=[{"gives": [gift(expires_on="2026-11-24")]}])
    assert outcome(settlement(), event(), ended) == [EarningOutcome.EXPIRED]


def test_a_rule_of_a_branch_serves_the_customers_of_that_branch() -> None:
    branch = UUID(int=9)
    own = read_rule(
        code="own", version=1, terms=rule().terms, in_force_from=NOON, branch="310001", branches=frozenset({branch})
    )
    found = [judge(own, event(), lambda _: None, branch_id=one, day=DAY).outcome for one in (branch, TWO, None)]
    assert found == [EarningOutcome.HIT, EarningOutcome.OTHER_BRANCH, EarningOutcome.OTHER_BRANCH]


@pytest.mark.parametrize(
    ("after", "days", "found"),
    [
        (date(2026, 11, 25), ["01-01", "07-01"], date(2027, 1, 1)),
        (date(2026, 6, 30), ["01-01", "07-01"], date(2026, 7, 1)),
        (date(2026, 7, 1), ["01-01", "07-01"], date(2027, 1, 1)),
        (date(2027, 2, 27), ["02-29"], date(2027, 2, 28)),
        (date(2027, 2, 28), ["02-29"], date(2028, 2, 29)),
    ],
)
def test_a_fixed_day_is_the_next_one_after_the_posting(after: date, days: list[str], found: date) -> None:
    assert next_of_dates(days, after) == found


def test_a_goal_of_events_gives_once_a_period_with_the_event_that_reaches_it() -> None:
    where, loyal = settlement(), rule(goal={"period": "month", "times": 3})
    told = [outcome(where, event(f"T{number}"), loyal)[0] for number in range(5)]
    later = [outcome(where, event(f"L{number}", at=NOON + timedelta(days=20)), loyal)[0] for number in range(3)]
    assert told == ["goal_open", "goal_open", "hit", "goal_reached", "goal_reached"]
    assert later == ["goal_open", "goal_open", "hit"]


def test_a_goal_of_an_amount_counts_what_meets_the_rule_of_this_customer_and_what_was_there_before() -> None:
    least = {"fact": "event.amount", "op": ">=", "value": "50.00"}
    large, before = rule(goal={"period": "year", "amount": "250.00"}, when=least), Before()
    before.steps[ONE, large.code].append(Step(DAY - timedelta(days=40), 100_00))
    where = settlement(before)
    told = [
        *outcome(where, event("small", amount=49_99), large),
        *outcome(where, event("another", amount=300_00, customer=TWO), large),
        *outcome(where, event("first", amount=149_99), large),
        *outcome(where, event("last", amount=50_00), large),
    ]
    assert told == ["condition_not_met", "hit", "goal_open", "hit"]
    for wrong in ({}, {"times": 1}, {"times": 2, "amount": "1.00"}, {"amount": "0.00"}):
        with pytest.raises(ValidationError):
            rule(goal={"period": "month"} | wrong)
