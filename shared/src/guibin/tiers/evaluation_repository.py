"""SQL of the evaluation: one statement gives everybody the tier of a day, and says why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    Uuid,
    and_,
    case,
    cast,
    func,
    insert,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.orm import aliased
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import Customer
from guibin.tags.models import CustomerFact
from guibin.tiers.models import OverrideMode, Tier, TierCause, TierHistory, TierOverride, TierScheme
from guibin.tiers.repository import earned_tier, growth_points_in, in_force, select_tiers
from guibin.tiers.rules import Line

_BELOW_ALL = -1
"""The rank of who has no tier."""

_COLUMNS = (
    "customer_id",
    "id",
    "tier_code",
    "effective_on",
    "cause",
    "metric_fen",
    "metric_month",
    "growth_points",
    "scheme_id",
    "override_id",
    "recorded_at",
)


@dataclass(frozen=True)
class _Standing:
    """The parts of the statement: where a customer stands, what the figures give, what an override gives."""

    rows: Select[*tuple[Any, ...]]
    present: ColumnElement[str | None]
    present_rank: ColumnElement[int]
    is_overridden: ColumnElement[bool]
    present_override: ColumnElement[UUID | None]
    is_first: ColumnElement[bool]
    figured: ColumnElement[str | None]
    figured_rank: ColumnElement[int]


async def insert_changes(
    session: AsyncSession,
    scheme: TierScheme,
    lines: Sequence[Line],
    *,
    effective_on: date,
    at: datetime,
    customer_id: UUID | None = None,
) -> list[str]:
    """Write a row for each customer, or for one, whose tier or its ground changes on a day; return the causes.

    Reads the facts of the day before. A customer whose average is unknown, or with a stale line, is not lowered. An
    override that holds keeps who would fall below it, one that locks gives exactly its tier; when it ends, the figures
    decide again, and where they are unknown the tier from before the override comes back.
    """
    standing = _standing(lines, effective_on, scheme.growth_wallet)
    override = TierOverride
    stronger = or_(col(override.mode) == OverrideMode.LOCK, _rank(_GIVEN_BY_HAND) > standing.figured_rank)
    by_hand = and_(col(override.id).is_not(None), stronger, col(override.tier_code).is_distinct_from(standing.figured))
    target = case((by_hand, col(override.tier_code)), else_=standing.figured)
    cause = case(
        (by_hand, TierCause.OVERRIDE.value),
        (standing.is_overridden, TierCause.OVERRIDE_ENDED.value),
        (standing.is_first, TierCause.FIRST.value),
        (standing.figured_rank > standing.present_rank, TierCause.UP.value),
        else_=TierCause.DOWN.value,
    )
    customer, no_override = col(Customer.id), cast(null(), Uuid)
    changed = or_(
        target.is_distinct_from(standing.present),
        by_hand != standing.is_overridden,
        and_(by_hand, col(override.id).is_distinct_from(standing.present_override)),
    )
    source = standing.rows.with_only_columns(
        customer,
        # Derived, for a statement over all customers cannot bind an id for each.
        cast(func.md5(cast(customer, Text).concat(f"{effective_on} {at.isoformat()}")), Uuid),
        target,
        literal(effective_on),
        cause,
        col(CustomerFact.aum_mda_fen),
        col(CustomerFact.aum_mda_month),
        cast(null(), BigInteger) if scheme.growth_wallet is None else growth_points_in(scheme.growth_wallet),
        literal(scheme.id),
        case((by_hand, col(override.id)), (standing.is_overridden, standing.present_override), else_=no_override),
        literal(at),
    ).where(changed)
    if customer_id is not None:
        source = source.where(customer == customer_id)
    statement = insert(TierHistory).from_select(_COLUMNS, source).returning(col(TierHistory.cause))
    return list((await session.execute(statement)).scalars())


_GIVEN_BY_HAND, _HELD, _HELD_BY_FIGURES, _EARNED = (
    aliased(Tier, name=name) for name in ("hand", "held", "own", "gain")
)


def _rank(tier: Any) -> ColumnElement[int]:
    return func.coalesce(col(tier.rank), _BELOW_ALL)


def _standing(lines: Sequence[Line], day: date, growth_wallet: str | None) -> _Standing:
    present = select_tiers(day, col(TierHistory.cause), col(TierHistory.override_id)).subquery("present_tier")
    by_figures = select_tiers(day).where(col(TierHistory.cause) != TierCause.OVERRIDE).subquery("figured_tier")
    customer, earned = col(Customer.id), earned_tier(lines, growth_wallet)
    rows = (
        select(customer)
        .join(
            CustomerFact,
            and_(col(CustomerFact.customer_id) == customer, col(CustomerFact.as_of) == day - timedelta(days=1)),
            isouter=True,
        )
        .join(TierOverride, and_(col(TierOverride.customer_id) == customer, in_force(day)), isouter=True)
        .join(present, present.c.customer_id == customer, isouter=True)
        .join(by_figures, by_figures.c.customer_id == customer, isouter=True)
        .join(_GIVEN_BY_HAND, col(_GIVEN_BY_HAND.code) == col(TierOverride.tier_code), isouter=True)
        .join(_HELD, col(_HELD.code) == present.c.tier, isouter=True)
        .join(_HELD_BY_FIGURES, col(_HELD_BY_FIGURES.code) == by_figures.c.tier, isouter=True)
        .join(_EARNED, col(_EARNED.code) == earned, isouter=True)
        .where(col(Customer.merged_into).is_(None))
    )
    is_stale = or_(col(CustomerFact.aum_mda_fen).is_(None), func.cardinality(col(CustomerFact.stale_lines)) > 0)
    stays = and_(func.coalesce(is_stale, literal(value=True)), _rank(_EARNED) < _rank(_HELD_BY_FIGURES))
    return _Standing(
        rows=rows,
        present=present.c.tier,
        present_rank=_rank(_HELD),
        is_overridden=func.coalesce(present.c.cause == TierCause.OVERRIDE, literal(value=False)),
        present_override=present.c.override_id,
        is_first=present.c.customer_id.is_(None),
        figured=case((stays, by_figures.c.tier), else_=earned),
        figured_rank=case((stays, _rank(_HELD_BY_FIGURES)), else_=_rank(_EARNED)),
    )
