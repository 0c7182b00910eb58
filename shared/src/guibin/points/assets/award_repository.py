"""SQL of the awards: one statement assesses everybody by a rule, and the ledger takes what is due in batches."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.holdings.averages import select_month_assets
from guibin.holdings.months import Month
from guibin.organisation.models import BranchClosure
from guibin.points.assets.models import AssetAward, AssetRule
from guibin.points.assets.rules import MILLION_FEN, WHOLE, ClassSum
from guibin.points.models import PointsEntry
from guibin.points.rules import MAX_POINTS
from guibin.security.actors import Scope
from guibin.tiers.repository import tiers_on

_COLUMNS = (
    "customer_id",
    "rule_code",
    "month",
    "rule_id",
    "wallet",
    "average_fen",
    "points",
    "settled",
    "awarded_at",
)

_SETTLE = text(
    "UPDATE asset_award a SET settled = k.settled, entry_id = k.entry_id"
    " FROM unnest(CAST(:customers AS uuid[]), CAST(:rules AS text[]), CAST(:months AS date[]),"
    " CAST(:settled AS bigint[]), CAST(:entries AS uuid[])) AS k(customer_id, rule_code, month, settled, entry_id)"
    " WHERE a.customer_id = k.customer_id AND a.rule_code = k.rule_code AND a.month = k.month"
)


@dataclass(frozen=True, slots=True)
class TierWinners:
    """Customers of a tier (`-` is no tier) whom a rule gives points, and how many."""

    tier: str
    customers: int
    points: int


@dataclass(frozen=True, slots=True)
class Winners:
    """Whom a version gives points, and of how many customers the average is not known."""

    tiers: list[TierWinners]
    unknown: int


def _average(rule: AssetRule, month: Month) -> Select[Any]:
    """Select the weighted average of each customer with assets: the SQL form of `rules.weighted_average`."""
    sums = select_month_assets(month).cte("month_asset")
    weights = [(sums.c.product_class == name, literal(percent)) for name, percent in rule.weights.items() if percent]
    weight: ColumnElement[int] = case(*weights, else_=literal(0)) if weights else literal(0)
    counts = weight > literal(0)
    per = WHOLE * month.days
    total = func.sum(sums.c.fen_days * weight)
    average = cast(func.div(literal(2) * total + literal(per), literal(2 * per)), BigInteger)
    return select(
        sums.c.customer_id,
        average.label("average_fen"),
        func.coalesce(func.bool_or(and_(sums.c.unknown, counts)), literal(value=False)).label("unknown"),
        func.coalesce(func.bool_or(and_(sums.c.stale, counts)), literal(value=False)).label("stale"),
    ).group_by(sums.c.customer_id)


def _points(rule: AssetRule, average: ColumnElement[int]) -> ColumnElement[int]:
    """Return the SQL form of `rules.points_of`."""
    if rule.step_fen is not None:
        gained = func.div(average, literal(rule.step_fen))
    else:
        gained = func.div(average * literal(rule.rate_ppm or 0), literal(MILLION_FEN))
    capped = func.least(gained, literal(rule.cap_points or MAX_POINTS))
    return cast(case((average >= literal(rule.threshold_fen), capped), else_=literal(0)), BigInteger)


def _assessed(rule: AssetRule, month: Month) -> Select[Any]:
    """Select customer_id, average_fen (NULL unknown), points, stale and tier of everybody who owned something.

    Left out are customers who were merged or erased.
    """
    averages = _average(rule, month).cte("month_average")
    tiers = tiers_on(month.last)
    takes_part: list[ColumnElement[bool]] = []
    if rule.owner_branch_id is not None:
        below = select(col(BranchClosure.descendant_id)).where(col(BranchClosure.ancestor_id) == rule.owner_branch_id)
        takes_part.append(col(Customer.branch_id).in_(below))
    if rule.tiers is not None:
        takes_part.append(func.coalesce(tiers.c.tier.in_(rule.tiers), literal(value=False)))
    gained = _points(rule, averages.c.average_fen)
    points = case((and_(~averages.c.unknown, *takes_part), gained), else_=literal(0))
    return (
        select(
            averages.c.customer_id,
            case((averages.c.unknown, null()), else_=averages.c.average_fen).label("average_fen"),
            points.label("points"),
            averages.c.stale,
            tiers.c.tier,
        )
        .select_from(averages)
        .join(Customer, col(Customer.id) == averages.c.customer_id)
        .outerjoin(tiers, tiers.c.customer_id == averages.c.customer_id)
        .where(col(Customer.merged_into).is_(None), col(Customer.erased_at).is_(None))
    )


async def write_awards(session: AsyncSession, rule: AssetRule, month: Month, *, at: datetime, last: bool) -> int:
    """Write what a rule gives everybody for a month; returns how many awards are new or corrected.

    Before the last night it adds those who have none yet, of whom all lines have sent the month's last day; on the last
    one also those with lines that have not, and corrects what late balances have changed.
    """
    assessed, award = _assessed(rule, month).cte("assessed"), AssetAward
    # Joined, not asked for one by one: of a table that this statement fills, the planner believes that it is empty.
    known = (
        select(col(award.customer_id))
        .where(col(award.rule_code) == rule.code, col(award.month) == month.first)
        .subquery("known_award")
    )
    has_one = known.c.customer_id.is_not(None)
    wanted = or_(assessed.c.points > 0, has_one) if last else and_(assessed.c.points > 0, ~assessed.c.stale, ~has_one)
    source = (
        select(
            assessed.c.customer_id,
            literal(rule.code),
            literal(month.first),
            literal(rule.id),
            literal(rule.wallet),
            assessed.c.average_fen,
            assessed.c.points,
            literal(0),
            literal(at),
        )
        .select_from(assessed.outerjoin(known, known.c.customer_id == assessed.c.customer_id))
        .where(assessed.c.average_fen.is_not(None), wanted)
    )
    statement = insert(award).from_select(_COLUMNS, source)
    if not last:
        result: Any = await session.execute(statement.on_conflict_do_nothing())
        return int(result.rowcount)
    new = statement.excluded
    corrected: Any = await session.execute(
        statement.on_conflict_do_update(
            index_elements=["customer_id", "rule_code", "month"],
            set_={
                "rule_id": new.rule_id,
                "average_fen": new.average_fen,
                "points": new.points,
                "corrected_at": new.awarded_at,
            },
            where=col(award.points) != new.points,
        )
    )
    return int(corrected.rowcount)


async def open_wallet(session: AsyncSession, *, stopped: Collection[str]) -> tuple[str, bool] | None:
    """Return a wallet for which awards wait for the ledger, and whether they are credits; credits come first.

    Credits of wallets that are stopped wait until they are not.
    """
    rises = col(AssetAward.points) > col(AssetAward.settled)
    waits = and_(rises, col(AssetAward.wallet).in_(stopped))
    query = (
        select(col(AssetAward.wallet), rises)
        .where(col(AssetAward.points) != col(AssetAward.settled), ~waits)
        .order_by(rises.desc(), col(AssetAward.wallet))
        .limit(1)
    )
    found = (await session.execute(query)).first()
    return None if found is None else (found[0], found[1])


async def open_awards(session: AsyncSession, *, wallet: str, rising: bool, limit: int) -> Sequence[AssetAward]:
    """Return awards of a wallet that the ledger was not told yet, by customer; more, or less than it was told."""
    award = AssetAward
    differs = col(award.points) > col(award.settled) if rising else col(award.points) < col(award.settled)
    query = (
        select_rows(award)
        .where(award.wallet == wallet, differs)
        .order_by(col(award.customer_id), col(award.rule_code), col(award.month))
        .limit(limit)
    )
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def settle(session: AsyncSession, awards: Sequence[tuple[AssetAward, UUID | None]]) -> None:
    """Note that the ledger was told of awards, with the first entry of each where one was posted."""
    connection = await session.connection()
    await connection.execute(
        _SETTLE,
        {
            "customers": [award.customer_id for award, _ in awards],
            "rules": [award.rule_code for award, _ in awards],
            "months": [award.month for award, _ in awards],
            "settled": [award.points for award, _ in awards],
            "entries": [award.entry_id or entry_id for award, entry_id in awards],
        },
    )


async def given(session: AsyncSession, awards: Sequence[AssetAward]) -> dict[UUID, int]:
    """Return by entry how many points the first entries of awards gave: caps may have cut what was due."""
    entry = PointsEntry
    keys = [(one.customer_id, one.entry_id) for one in awards if one.entry_id is not None]
    size = col(entry.points) - col(entry.debt_change) + col(entry.pending_change)
    query = select(col(entry.id), size).where(tuple_(col(entry.customer_id), col(entry.id)).in_(keys))
    return {row[0]: row[1] for row in (await session.execute(query)).all()}


async def month_sums(session: AsyncSession, customer_id: UUID, month: Month) -> list[ClassSum]:
    """Return what one customer owned in a month, by class; the caller has looked the customer up in its scope."""
    one = select(col(Customer.id)).where(col(Customer.id) == customer_id)
    sums = select_month_assets(month, among=one, naming_lines=True).subquery()
    query = select(sums).order_by(sums.c.product_class)
    rows = (await session.execute(query)).all()
    return [ClassSum(row.product_class, row.fen_days, row.unknown, tuple(row.stale_lines)) for row in rows]


async def is_in_branch(session: AsyncSession, *, branch_id: UUID, owner_branch_id: UUID) -> bool:
    """Tell whether a branch lies at or below another."""
    query = select_rows(BranchClosure.descendant_id).where(
        BranchClosure.ancestor_id == owner_branch_id, BranchClosure.descendant_id == branch_id
    )
    return (await session.exec(query)).first() is not None


async def count_winners(session: AsyncSession, scope: Scope, rule: AssetRule, month: Month) -> Winners:
    """Count whom in a scope a version would have given points for a month, by the tier of the month's last day."""
    assessed = _assessed(rule, month).where(visible(scope, col(Customer.id), col(Customer.branch_id))).cte("assessed")
    tier, wins = func.coalesce(assessed.c.tier, literal("-")), assessed.c.points > literal(0)
    query = (
        select(
            tier,
            func.count().filter(wins),
            cast(func.coalesce(func.sum(assessed.c.points), literal(0)), BigInteger),
            func.count().filter(assessed.c.average_fen.is_(None)),
        )
        .group_by(tier)
        .order_by(tier)
    )
    rows = (await session.execute(query)).all()
    return Winners([TierWinners(row[0], row[1], row[2]) for row in rows if row[1]], sum(row[3] for row in rows))
