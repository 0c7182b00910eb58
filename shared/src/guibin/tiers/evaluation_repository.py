"""SQL of the evaluation: one statement gives everybody the tier of a day, and says why."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Integer,
    Label,
    Select,
    Text,
    Uuid,
    and_,
    case,
    cast,
    func,
    insert,
    literal,
    not_,
    null,
    or_,
    select,
)
from sqlalchemy.orm import aliased
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.models import metadata
from guibin.customers.models import Customer
from guibin.outbox.events import EventName
from guibin.outbox.models import OutboxEvent
from guibin.tiers.figures import BELOW_ALL
from guibin.tiers.models import OverrideMode, Tier, TierCause, TierHistory, TierOverride, TierStanding, Verdict
from guibin.tiers.repository import in_force, select_tiers

_EVENT: Final = metadata.tables[OutboxEvent.__tablename__]
_EVENT_COLUMNS: Final = ("owner_id", "id", "type", "subject", "customer_id", "payload", "created_at")
_COLUMNS: Final = (
    "customer_id",
    "id",
    "tier_code",
    "effective_on",
    "cause",
    "metric_fen",
    "metric_month",
    "growth_points",
    "route",
    "below_months",
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
    is_prolonged: ColumnElement[bool]
    by_hand: ColumnElement[bool]
    figured: ColumnElement[str | None]
    figured_rank: ColumnElement[int]


async def insert_changes(
    session: AsyncSession,
    scheme_id: UUID,
    *,
    effective_on: date,
    at: datetime,
    among: Collection[UUID] | None = None,
    telling: bool = True,
) -> dict[str, int]:
    """Write a row for each customer whose tier or its ground changes on a day; count them by cause.

    `among` names the customers who are looked at; without it they are all. `telling` publishes an event of each whose
    tier is another one, in the same statement.
    Reads the standings, which the figures decided, and the overrides in force: one that holds keeps who would fall
    below it, one that locks gives exactly its tier; when it ends, the standing decides again.
    """
    standing = _standing(effective_on)
    by_hand = standing.by_hand
    target = case((by_hand, col(TierOverride.tier_code)), else_=standing.figured)
    cause = case(
        (by_hand, TierCause.OVERRIDE.value),
        (standing.is_overridden, TierCause.OVERRIDE_ENDED.value),
        (standing.is_first, TierCause.FIRST.value),
        (standing.is_prolonged, TierCause.PROLONGED.value),
        (standing.figured_rank > standing.present_rank, TierCause.UP.value),
        else_=TierCause.DOWN.value,
    )
    customer, no_override = col(Customer.id), cast(null(), Uuid)
    changed = or_(
        target.is_distinct_from(standing.present),
        by_hand != standing.is_overridden,
        and_(by_hand, col(TierOverride.id).is_distinct_from(standing.present_override)),
        and_(not_(by_hand), standing.is_prolonged),
    )
    fallen = and_(not_(by_hand), col(TierStanding.verdict) == Verdict.DOWN)
    decided: tuple[Any, ...] = (
        customer,
        # Derived, for a statement over all customers cannot bind an id for each.
        cast(func.md5(cast(customer, Text).concat(f"{effective_on} {at.isoformat()}")), Uuid),
        target,
        literal(effective_on, Date),
        cause,
        func.coalesce(col(TierStanding.metric_fen), col(TierStanding.net_fen)),
        cast(func.date_trunc("month", col(TierStanding.period)), Date),
        col(TierStanding.growth_points),
        case((by_hand, cast(null(), Text)), else_=col(TierStanding.route)),
        case((fallen, col(TierStanding.below_before) + 1), else_=cast(null(), Integer)),
        func.coalesce(col(TierStanding.scheme_id), literal(scheme_id)),
        case((by_hand, col(TierOverride.id)), (standing.is_overridden, standing.present_override), else_=no_override),
        literal(at),
    )
    named: list[Label[Any]] = [value.label(name) for name, value in zip(_COLUMNS, decided, strict=True)]
    source = standing.rows.with_only_columns(*named, standing.present.label("before")).where(changed)
    if among is not None:
        source = source.where(customer.in_(among))
    found = source.cte("found")
    rows = select(*(found.c[name] for name in _COLUMNS))
    written = insert(TierHistory).from_select(_COLUMNS, rows).returning(col(TierHistory.cause)).cte("written")
    counts = select(written.c.cause, func.count()).group_by(written.c.cause).add_cte(written)
    if telling:
        counts = counts.add_cte(_told(found))
    return {row[0]: row[1] for row in (await session.execute(counts)).all()}


def _told(found: CTE) -> CTE:
    """Write an event for each customer whose tier is another one."""
    payload = func.jsonb_build_object(
        *("tier", found.c.tier_code, "before", found.c.before),
        *("cause", found.c.cause, "effective_on", found.c.effective_on),
    )
    events = select(
        found.c.customer_id,
        func.gen_random_uuid(type_=Uuid),
        literal(EventName.TIER_CHANGED.value),
        literal("cus_").concat(found.c.customer_id),
        found.c.customer_id.label("customer"),
        payload,
        found.c.recorded_at,
    ).where(found.c.tier_code.is_distinct_from(found.c.before))
    return insert(_EVENT).from_select(_EVENT_COLUMNS, events).cte("told")


async def has_history(session: AsyncSession) -> bool:
    """Tell whether anybody was ever given a tier."""
    return (await session.execute(select(col(TierHistory.id)).limit(1))).first() is not None


_GIVEN_BY_HAND, _HELD, _FIGURED = (aliased(Tier, name=name) for name in ("hand", "held", "own"))


def _rank(tier: Any) -> ColumnElement[int]:
    return func.coalesce(col(tier.rank), BELOW_ALL)


def _standing(day: date) -> _Standing:
    present = select_tiers(
        day, col(TierHistory.cause), col(TierHistory.override_id), col(TierHistory.effective_on)
    ).subquery("present_tier")
    by_history = select_tiers(day).where(col(TierHistory.cause) != TierCause.OVERRIDE).subquery("figured_tier")
    customer, standing, override = col(Customer.id), TierStanding, TierOverride
    figured = case((col(standing.customer_id).is_(None), by_history.c.tier), else_=col(standing.tier_code))
    rows = (
        select(customer)
        .join(standing, col(standing.customer_id) == customer, isouter=True)
        .join(override, and_(col(override.customer_id) == customer, in_force(day)), isouter=True)
        .join(present, present.c.customer_id == customer, isouter=True)
        .join(by_history, by_history.c.customer_id == customer, isouter=True)
        .join(_GIVEN_BY_HAND, col(_GIVEN_BY_HAND.code) == col(override.tier_code), isouter=True)
        .join(_HELD, col(_HELD.code) == present.c.tier, isouter=True)
        .join(_FIGURED, col(_FIGURED.code) == figured, isouter=True)
        .where(col(Customer.merged_into).is_(None), col(Customer.erased_at).is_(None))
    )
    is_locked, figured_rank = col(override.mode) == OverrideMode.LOCK, _rank(_FIGURED)
    stronger = or_(is_locked, _rank(_GIVEN_BY_HAND) > figured_rank)
    told = and_(present.c.cause == TierCause.PROLONGED, present.c.effective_on > col(standing.period))
    return _Standing(
        rows=rows,
        present=present.c.tier,
        present_rank=_rank(_HELD),
        is_overridden=func.coalesce(present.c.cause == TierCause.OVERRIDE, literal(value=False)),
        present_override=present.c.override_id,
        is_first=present.c.customer_id.is_(None),
        is_prolonged=func.coalesce(
            and_(col(standing.verdict) == Verdict.PROLONGED, figured == present.c.tier, not_(told)),
            literal(value=False),
        ),
        by_hand=and_(col(override.id).is_not(None), stronger, col(override.tier_code).is_distinct_from(figured)),
        figured=figured,
        figured_rank=figured_rank,
    )
