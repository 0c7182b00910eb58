"""What a version would give, without writing: one customer's month in full, or everybody's in counts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound, ValidationFailed
from guibin.core.freshness import FigureDay
from guibin.core.money import Cny, divide_half_up
from guibin.customers.repository import get_customer
from guibin.holdings.freshness import figure_day
from guibin.holdings.months import Month
from guibin.points import repository as ledger
from guibin.points.assets import award_repository, rules
from guibin.points.assets.award_repository import TierWinners
from guibin.points.assets.models import AssetRule
from guibin.points.assets.rules import Outcome
from guibin.points.rules import cost_of
from guibin.security.actors import Scope
from guibin.tags.errors import RuleTooExpensive
from guibin.tiers.repository import current_tier

BACK_TEST_SECONDS: Final = 20.0

_QUERY_CANCELED: Final = "57014"


@dataclass(frozen=True, slots=True)
class ClassAverage:
    """A class of assets in the simulation; the average is None where a balance of a day is not known."""

    product_class: str
    average_fen: Cny | None
    weight_percent: int


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a version gives one customer for a month, and why."""

    month: date
    figure_day: FigureDay
    classes: list[ClassAverage]
    average_fen: Cny | None
    tier: str | None
    points: int
    outcome: Outcome
    reason_zh: str | None
    reason_en: str | None


@dataclass(frozen=True, slots=True)
class BackTest:
    """What a version would have given in a scope for a month, by the tier of the month's last day."""

    month: date
    tiers: list[TierWinners]
    customers: int
    points: int
    cost_fen: Cny
    unknown: int


async def simulate(
    session: AsyncSession, scope: Scope, rule: AssetRule, *, customer_id: UUID, month: date
) -> Simulation:
    """Say what a version gives one customer for a month that is over.

    Raises:
        NotFound: the customer is not there or out of scope.
        ValidationFailed: the month is not over.
    """
    customer = await get_customer(session, scope, customer_id=customer_id)
    whole = _past(month)
    sums = await award_repository.month_sums(session, customer.id, whole)
    tier = await current_tier(session, scope, customer_id=customer.id, day=whole.last)
    in_branch = rule.owner_branch_id is None or await award_repository.is_in_branch(
        session, branch_id=customer.branch_id, owner_branch_id=rule.owner_branch_id
    )
    terms = rules.Terms.of(rule)
    result = rules.assess(sums, terms, days=whole.days, tier=tier.code if tier else None, in_branch=in_branch)
    gives = result.points > 0 and result.average_fen is not None
    zh, en = rules.reason_of(month, result.average_fen or 0, terms) if gives else (None, None)
    return Simulation(
        month=month,
        figure_day=await figure_day(session, whole.last, {line for one in sums for line in one.stale_lines}),
        classes=[
            ClassAverage(
                one.product_class,
                None if one.unknown else divide_half_up(one.fen_days, whole.days),
                rule.weights.get(one.product_class, 0),
            )
            for one in sums
        ],
        average_fen=result.average_fen,
        tier=tier.code if tier else None,
        points=result.points,
        outcome=result.outcome,
        reason_zh=zh,
        reason_en=en,
    )


async def back_test(
    session: AsyncSession, scope: Scope, rule: AssetRule, *, month: date, seconds: float = BACK_TEST_SECONDS
) -> BackTest:
    """Count what a version would have given in a scope for a month that is over, and what that costs.

    It reads under a time limit, whatever role it runs in.

    Raises:
        ValidationFailed: the month is not over.
        RuleTooExpensive: it took too long.
    """
    whole = _past(month)
    wallet = await ledger.get_wallet(session, rule.wallet)
    if wallet is None:
        raise NotFound
    async with _limited(session, seconds):
        found = await award_repository.count_winners(session, scope, rule, whole)
    points = sum(one.points for one in found.tiers)
    return BackTest(
        month=month,
        tiers=found.tiers,
        customers=sum(one.customers for one in found.tiers),
        points=points,
        cost_fen=cost_of(points, wallet.cost_fen),
        unknown=found.unknown,
    )


@asynccontextmanager
async def _limited(session: AsyncSession, seconds: float) -> AsyncIterator[None]:
    """Open a savepoint that limits each statement; undoing it lifts the limit for what follows."""
    savepoint = await session.begin_nested()
    try:
        await session.execute(
            text("SELECT set_config('statement_timeout', :limit, true)"), {"limit": f"{int(seconds * 1000)}ms"}
        )
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _QUERY_CANCELED:
            raise
        raise RuleTooExpensive(limit_seconds=seconds) from error
    finally:
        await savepoint.rollback()


def _past(month: date) -> Month:
    whole = rules.month_of(month)
    if whole.last > clock.last_closed_day():
        raise ValidationFailed.of(["body", "month"], "date_range", "须为已结束的月份", "must be a month that is over")
    return whole
