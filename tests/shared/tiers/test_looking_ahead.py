"""The look ahead, against what the evaluation finds when balances stay as they are."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.holdings.models import HoldingBalance, LineDay
from guibin.outbox.models import OutboxEvent
from guibin.security.actors import Scope
from guibin.tiers.models import TierStanding
from guibin.tiers.service import evaluate, outlook_of
from support.points import add_customers
from support.tiers import DAY, LINE, MILLION, give_tier, put_average, seed_defaults, set_terms

END = date(2026, 11, 30)


@pytest.fixture
async def customer_id(session: AsyncSession) -> UUID:
    await seed_defaults(session)
    found = (await add_customers(session))[0]
    await give_tier(session, found, "T2")
    await put_average(session, found, 2 * MILLION + 1)
    for day, fen in ((date(2026, 11, 3), 900_000_07), (date(2026, 11, 20), 1_300_000_00)):
        await session.execute(
            insert(HoldingBalance).values(customer_id=found, holding_id=found, day=day, balance_fen=fen)
        )
    return found


@pytest.mark.parametrize("metric", ["month_daily", "best_of_three", "six_months", "year_daily", "day", "quarter_daily"])
async def test_the_forecast_is_what_the_evaluation_finds(session: AsyncSession, customer_id: UUID, metric: str) -> None:
    await set_terms(session, metric=metric)
    found = await outlook_of(session, Scope.of_job(), customer_id=customer_id, tier_code="T2", day=DAY)
    if found is None:  # before its first balance in October nothing is known
        assert metric in {"six_months", "best_of_three", "year_daily", "quarter_daily"}
        return
    assert (found.stale_lines, found.period_ends) == (frozenset(), END)
    await evaluate(session, day=END)
    standing = await session.get_one(TierStanding, customer_id)
    assert abs((standing.metric_fen or 0) - found.forecast_fen) <= 1
    assert standing.earned == found.forecast_tier


async def test_who_will_lose_a_tier_is_told_once_before_it_happens(session: AsyncSession, customer_id: UUID) -> None:
    await give_tier(session, customer_id, "T4")
    await session.execute(insert(LineDay).values(line=LINE, day=END, arrived_at=clock.now()))
    for _ in range(2):
        await evaluate(session, day=END)
    told = (await session.exec(select(OutboxEvent).where(col(OutboxEvent.type) == "tier.will_fall"))).all()
    assert [event.payload for event in told] == [
        {"tier": "T4", "next_tier": "T2", "months_below": 1, "months_until_lost": 6, "falls_on": "2027-05-01"}
    ]
    assert "130" not in str([event.payload for event in told])


async def test_nobody_is_warned_on_a_line_that_has_not_come(session: AsyncSession, customer_id: UUID) -> None:
    await give_tier(session, customer_id, "T4")
    await evaluate(session, day=END)
    assert (await session.exec(select(OutboxEvent).where(col(OutboxEvent.type) == "tier.will_fall"))).all() == []
