"""Figures of holdings, against a model that walks over the calendar day by day."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from math import floor
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Row, Select, insert
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.core.money import divide_half_up
from guibin.customers.models import Customer
from guibin.holdings.averages import select_metric
from guibin.holdings.figures import AVERAGES, select_figures
from guibin.holdings.models import Holding, HoldingBalance, LineDay
from guibin.holdings.months import last_complete_month
from guibin.holdings.rules import Metric, Weighting, spans_of
from guibin.organisation.models import Branch
from guibin.products.models import Product

DAY = date(2026, 11, 24)
OCTOBER = [date(2026, 10, day) for day in range(1, 32)]
PRODUCTS = {"DEP": ("deposits", "asset"), "FND": ("fund", "asset"), "LOAN": ("micro_loans", "liability")}
LINES = ("personal_finance", "e_finance")


@dataclass(frozen=True)
class Held:
    """A holding of the model: days and fen; `balances` are its rows."""

    product: str = "DEP"
    line: str = "personal_finance"
    opened_on: date | None = date(2025, 1, 1)
    closed_on: date | None = None
    status: str = "active"
    balances: dict[date, int] = field(default_factory=dict)

    @property
    def side(self) -> str:
        return PRODUCTS[self.product][1]

    def is_open(self, day: date) -> bool:
        return (self.opened_on or date.min) <= day < (self.closed_on or date.max)

    def balance(self, day: date) -> int | None:
        rows = [at for at in self.balances if at <= day]
        return self.balances[max(rows)] if rows else None


def asset(*balances: tuple[date, int], **more: Any) -> Held:
    return Held(balances=dict(balances), **more)


def aum_of(holdings: Sequence[Held], day: date) -> int | None:
    """Compute AUM on a day; None when a balance that is needed is unknown."""
    balances = [held.balance(day) for held in holdings if held.side == "asset" and held.is_open(day)]
    return None if None in balances else sum(max(balance or 0, 0) for balance in balances)


def average_of(holdings: Sequence[Held], days: Sequence[date]) -> int | None:
    values = [aum_of(holdings, day) for day in days]
    return None if None in values else divide_half_up(sum(value or 0 for value in values), len(days))


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


AUGUST, SEPTEMBER = days(date(2026, 8, 1), date(2026, 8, 31)), days(date(2026, 9, 1), date(2026, 9, 30))
DAYS_OF = {
    Metric.MONTH_DAILY: [OCTOBER],
    Metric.QUARTER_DAILY: [days(date(2026, 7, 1), date(2026, 9, 30))],
    Metric.THREE_MONTHS: [AUGUST + SEPTEMBER + OCTOBER],
    Metric.BEST_OF_THREE: [AUGUST, SEPTEMBER, OCTOBER],
    Metric.SIX_MONTHS: [days(date(2026, 5, 1), date(2026, 10, 31))],
    Metric.YEAR_DAILY: [days(date(2026, 1, 1), DAY)],
    Metric.DAY: [[DAY]],
}
"""The days of each metric on 24 November 2026, written out."""


def metric_of(holdings: Sequence[Held], metric: Metric) -> int | None:
    averages = [average_of(holdings, some) for some in DAYS_OF[metric]]
    return None if None in averages else max(average or 0 for average in averages)


def spike_of(holdings: Sequence[Held]) -> int | None:
    average, last = average_of(holdings, OCTOBER), average_of(holdings, OCTOBER[-3:])
    return None if average is None or last is None or average == 0 else min(last * 100 // average, 1_000_000)


def owed_of(holdings: Sequence[Held], day: date) -> int | None:
    held_open = [held for held in holdings if held.is_open(day)]
    debts = [held.balance(day) for held in held_open if held.side == "liability"]
    overdrafts = [max(-(held.balance(day) or 0), 0) for held in held_open if held.side == "asset"]
    return None if None in debts else sum(max(debt or 0, 0) for debt in debts) + sum(overdrafts)


async def figures(
    session: AsyncSession,
    holdings: Sequence[Held],
    *,
    day: date = DAY,
    fresh: Sequence[str] = LINES,
    of: Select[Any] | None = None,
) -> Row[Any] | None:
    """Store one customer with holdings, select the figures, leave nothing behind."""
    inner = await session.begin_nested()
    try:
        customer_id = await _store(session, holdings)
        for line in fresh:
            await session.execute(insert(LineDay).values(line=line, day=day, arrived_at=clock.now()))
        rows = (await session.execute(select_figures(day) if of is None else of)).all()
        return next((row for row in rows if row.customer_id == customer_id), None)
    finally:
        await inner.rollback()


async def _store(session: AsyncSession, holdings: Sequence[Held]) -> UUID:
    branch, customer_id = new_id(), new_id()
    await session.execute(insert(Branch).values(id=branch, code="B1", kind="branch", name_zh="一", name_en="One"))
    for code, (product_class, side) in PRODUCTS.items():
        names = {"name_zh": code, "name_en": code, "line": "personal_finance"}
        await session.execute(
            insert(Product).values(code=code, product_class=product_class, side=side, weight_percent=100, **names)
        )
    person = {"party_type": "person", "status": "active", "gender": "U", "leading_line": "personal_finance"}
    await session.execute(insert(Customer).values(id=customer_id, branch_id=branch, created_at=clock.now(), **person))
    for held in holdings:
        await _store_holding(session, customer_id, held)
    return customer_id


async def _store_holding(session: AsyncSession, customer_id: UUID, held: Held) -> None:
    holding_id = new_id()
    await session.execute(
        insert(Holding).values(
            customer_id=customer_id,
            id=holding_id,
            line=held.line,
            holding_ref=holding_id.bytes,
            last4="0000",
            record_ref=b"r",
            product_code=held.product,
            side=held.side,
            opened_on=held.opened_on,
            closed_on=held.closed_on,
            status=held.status,
            as_of=DAY,
            feed_file_id=holding_id,
        )
    )
    rows = [
        {"customer_id": customer_id, "holding_id": holding_id, "day": day, "balance_fen": fen}
        for day, fen in held.balances.items()
    ]
    if rows:
        await session.execute(insert(HoldingBalance), rows)


moments = st.dates(date(2026, 9, 25), date(2026, 11, 27)) | st.dates(date(2025, 12, 28), date(2026, 9, 25))
some_balances = st.dictionaries(moments, st.sampled_from((-50, 0, 1, 2, 33, 100, 10**12)), max_size=5)
some_holding = st.builds(
    Held,
    product=st.sampled_from(sorted(PRODUCTS)),
    line=st.sampled_from(LINES),
    opened_on=st.none() | moments | st.just(date(2025, 1, 1)),
    closed_on=st.none() | st.none() | moments,
    balances=some_balances | some_balances.map(lambda rows: {date(2025, 12, 1): 7} | rows),
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(holdings=st.lists(some_holding, min_size=1, max_size=3))
async def test_the_figures_are_those_of_the_calendar(session: AsyncSession, holdings: list[Held]) -> None:
    row = await figures(session, holdings)
    assert row is not None
    assert row.aum_fen == aum_of(holdings, DAY)
    assert row.aum_mda_fen == average_of(holdings, OCTOBER)
    assert [getattr(row, name) for name in AVERAGES.values()] == [metric_of(holdings, metric) for metric in AVERAGES]
    assert row.spike_percent == spike_of(holdings)
    assert row.liabilities_fen == owed_of(holdings, DAY)
    assert row.products == sorted({held.product for held in holdings if held.is_open(DAY)})
    assert row.lines == sorted({held.line for held in holdings if held.is_open(DAY)})
    for product_class in ("deposits", "fund"):
        members = [held for held in holdings if PRODUCTS[held.product][0] == product_class and held.is_open(DAY)]
        assert (product_class in row.assets) is bool(members)
        assert row.assets.get(product_class, 0) == aum_of(members, DAY)
        overdrawn = [held for held in members if (held.balance(DAY) or 0) < 0]
        assert row.liabilities.get(product_class, 0) == owed_of(overdrawn, DAY)


weightings = st.builds(
    Weighting,
    classes=st.dictionaries(st.sampled_from(("deposits", "fund")), st.sampled_from((0, 1, 33, 100, 150))),
    lines=st.dictionaries(st.sampled_from(LINES), st.sampled_from((0, 50, 100))),
    net=st.booleans(),
)


def weighted(holdings: Sequence[Held], metric: Metric, weighting: Weighting) -> int | None:
    """Walk over the calendar with exact fractions; rounded half up."""
    best: Fraction | None = None
    for some in DAYS_OF[metric]:
        total = Fraction(0)
        for day in some:
            worth = _worth_on(holdings, day, weighting)
            if worth is None:
                return None
            total += worth
        best = total / len(some) if best is None else max(best, total / len(some))
    return None if best is None else floor(best + Fraction(1, 2))


def _worth_on(holdings: Sequence[Held], day: date, weighting: Weighting) -> Fraction | None:
    total = Fraction(0)
    for held in (one for one in holdings if one.is_open(day)):
        weight = Fraction(1) if weighting.net else _weight_of(held, weighting)
        if weight == 0:
            continue
        balance = held.balance(day)
        if balance is None:
            return None
        owned = balance if weighting.net else max(balance, 0)
        total += weight * (owned if held.side == "asset" else -max(balance, 0))
    return total


def _weight_of(held: Held, weighting: Weighting) -> Fraction:
    by_class = weighting.classes.get(PRODUCTS[held.product][0], 100)
    return Fraction(by_class * weighting.lines.get(held.line, 100), 10_000) if held.side == "asset" else Fraction(0)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(holdings=st.lists(some_holding, min_size=1, max_size=3), metric=st.sampled_from(Metric), weighting=weightings)
async def test_a_metric_weighs_classes_and_lines_and_takes_off_what_is_owed(
    session: AsyncSession, holdings: list[Held], metric: Metric, weighting: Weighting
) -> None:
    row = await figures(session, holdings, of=select_metric(metric, DAY, weighting))
    assert row is not None
    assert row.fen == weighted(holdings, metric, weighting)


@pytest.mark.parametrize(("lines", "stale"), [({}, True), ({"personal_finance": 0}, False)])
async def test_a_metric_is_stale_only_by_lines_that_count(
    session: AsyncSession, lines: dict[str, int], stale: bool
) -> None:
    holdings = [asset(SINCE_2025), asset(SINCE_2025, line="e_finance")]
    query = select_metric(Metric.MONTH_DAILY, DAY, Weighting(lines=lines))
    row = await figures(session, holdings, fresh=["e_finance"], of=query)
    assert row is not None
    assert row.stale is stale


async def test_a_line_that_has_sent_a_later_day_is_not_stale(session: AsyncSession) -> None:
    query = select_metric(Metric.DAY, DAY - timedelta(days=1), Weighting())
    row = await figures(session, [asset(SINCE_2025)], of=query)
    assert row is not None
    assert row.stale is False


@pytest.mark.parametrize(
    ("metric", "day", "first", "last"),
    [
        (Metric.QUARTER_DAILY, date(2026, 3, 31), date(2026, 1, 1), date(2026, 3, 31)),
        (Metric.QUARTER_DAILY, date(2026, 3, 30), date(2025, 10, 1), date(2025, 12, 31)),
        (Metric.QUARTER_DAILY, date(2026, 1, 31), date(2025, 10, 1), date(2025, 12, 31)),
        (Metric.SIX_MONTHS, date(2026, 3, 31), date(2025, 10, 1), date(2026, 3, 31)),
        (Metric.YEAR_DAILY, date(2026, 1, 1), date(2026, 1, 1), date(2026, 1, 1)),
    ],
)
def test_metrics_look_back_over_whole_periods(metric: Metric, day: date, first: date, last: date) -> None:
    assert [(span.first, span.last) for span in spans_of(metric, day)] == [(first, last)]


@pytest.mark.parametrize(("after", "percent"), [(100, 100), (3_200, 800), (0, 0)])
async def test_money_parked_near_the_end_of_a_month_shows(session: AsyncSession, after: int, percent: int) -> None:
    row = await figures(session, [asset(SINCE_2025, (date(2026, 10, 29), after))])
    assert row is not None
    assert row.spike_percent == percent


SINCE_2025 = (date(2025, 1, 1), 100)


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        (date(2026, 11, 24), date(2026, 10, 1), date(2026, 10, 31)),
        (date(2026, 10, 31), date(2026, 10, 1), date(2026, 10, 31)),
        (date(2026, 10, 30), date(2026, 9, 1), date(2026, 9, 30)),
        (date(2026, 1, 1), date(2025, 12, 1), date(2025, 12, 31)),
        (date(2028, 2, 29), date(2028, 2, 1), date(2028, 2, 29)),
    ],
)
def test_a_month_is_complete_at_the_end_of_its_last_day(day: date, first: date, last: date) -> None:
    month = last_complete_month(day)
    assert (month.first, month.last) == (first, last)
    assert month.days == last.day


async def test_the_average_on_the_last_day_of_a_month_is_of_that_month(session: AsyncSession) -> None:
    row = await figures(session, [asset(SINCE_2025, (date(2026, 10, 31), 3_200))], day=date(2026, 10, 31))
    assert row is not None
    assert (row.aum_mda_month, row.aum_mda_fen) == (date(2026, 10, 1), (30 * 100 + 3_200) // 31)


@pytest.mark.parametrize(("fen", "expected"), [(15, 0), (16, 1), (46, 1), (47, 2)])
async def test_the_average_is_rounded_half_up(session: AsyncSession, fen: int, expected: int) -> None:
    one_day = asset((date(2025, 1, 1), 0), (date(2026, 10, 7), fen), (date(2026, 10, 8), 0))
    row = await figures(session, [one_day])
    assert row is not None
    assert row.aum_mda_fen == expected


async def test_an_open_asset_without_a_balance_makes_the_assets_unknown(session: AsyncSession) -> None:
    row = await figures(session, [asset(SINCE_2025), asset()])
    assert row is not None
    assert (row.aum_fen, row.aum_mda_fen, row.assets) == (None, None, {"deposits": None})


async def test_an_unknown_loan_leaves_the_assets_known(session: AsyncSession) -> None:
    row = await figures(session, [asset(SINCE_2025), Held(product="LOAN")])
    assert row is not None
    assert (row.aum_fen, row.aum_mda_fen, row.liabilities_fen, row.has_liabilities) == (100, 100, None, True)
    assert row.liabilities == {"micro_loans": None}


async def test_a_month_with_days_between_opening_and_first_balance_is_unknown(session: AsyncSession) -> None:
    late = asset((date(2026, 10, 9), 100), opened_on=date(2026, 10, 8))
    row = await figures(session, [late])
    assert row is not None
    assert (row.aum_fen, row.aum_mda_fen) == (100, None)


async def test_an_overdrawn_asset_is_owed(session: AsyncSession) -> None:
    row = await figures(session, [asset((date(2025, 1, 1), -250)), asset(SINCE_2025, product="FND")])
    assert row is not None
    assert (row.aum_fen, row.liabilities_fen, row.has_liabilities) == (100, 250, True)
    assert (row.assets, row.liabilities) == ({"deposits": 0, "fund": 100}, {"deposits": 250})


async def test_only_debts_leave_assets_of_zero(session: AsyncSession) -> None:
    row = await figures(session, [asset(SINCE_2025, product="LOAN")])
    assert row is not None
    assert (row.aum_fen, row.aum_mda_fen, row.assets) == (0, 0, {})


async def test_a_customer_without_holdings_has_no_row(session: AsyncSession) -> None:
    assert await figures(session, []) is None


async def test_a_closed_holding_without_a_day_ends_with_the_file_that_said_so(session: AsyncSession) -> None:
    row = await figures(session, [asset(SINCE_2025, status="closed")])
    assert row is not None
    assert (row.aum_fen, row.aum_mda_fen, row.products) == (0, 100, [])


async def test_lines_without_balances_of_the_day_are_stale(session: AsyncSession) -> None:
    row = await figures(session, [asset(SINCE_2025), asset(SINCE_2025, line="e_finance")], fresh=["e_finance"])
    assert row is not None
    assert row.stale_lines == ["personal_finance"]


async def test_a_line_whose_holding_ended_before_the_month_is_not_stale(session: AsyncSession) -> None:
    ended = asset(SINCE_2025, closed_on=date(2026, 10, 1))
    row = await figures(session, [ended], fresh=[])
    assert row is not None
    assert row.stale_lines == []


async def test_balances_after_the_day_do_not_count(session: AsyncSession) -> None:
    row = await figures(session, [asset(SINCE_2025, (DAY + timedelta(days=1), 999))])
    assert row is not None
    assert row.aum_fen == 100
