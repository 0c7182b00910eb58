"""All SQL of the rules that notice speed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, text, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.clock import business_day
from guibin.customers.repository import visible
from guibin.points.models import AccountState, PointsAccount
from guibin.points.repository import rows_of
from guibin.points.velocity.models import Measure, VelocityHit, VelocityRule
from guibin.security.actors import Scope

_SPENT: Final = ("redeem", "order")
_EARNED: Final = ("earn", "pending_add")
KINDS: Final = {
    Measure.REDEMPTIONS: _SPENT,
    Measure.POINTS_SPENT: _SPENT,
    Measure.EARNINGS: _EARNED,
    Measure.POINTS_EARNED: _EARNED,
}

_SPEED: Final = "CASE WHEN :in_points THEN sum(abs(e.points - e.debt_change) + abs(e.pending_change)) ELSE count(*) END"
_FROM: Final = "FROM points_entry e"
# First who moved at all, by the days of the last moments, then what these few did in the whole time, each by the index.
_FROM_MOVED: Final = (
    "FROM (SELECT DISTINCT n.customer_id FROM points_entry n WHERE n.wallet = :wallet"
    " AND n.kind = ANY(CAST(:kinds AS text[])) AND n.posted_on >= :moved_day AND n.posted_at > :moved) m"
    " JOIN points_entry e ON e.customer_id = m.customer_id"
)
# What a rule has noticed is counted from anew: staff open an account once, and not against the same movements again.
_FAST: Final = (
    f"SELECT e.customer_id, {_SPEED}::bigint AS observed {{source}}"  # noqa: S608 - names of our own
    " LEFT JOIN (SELECT h.customer_id, max(h.noticed_at) AS last FROM velocity_hit h"
    " WHERE h.wallet = :wallet AND h.rule_code = :rule AND h.noticed_at > :since GROUP BY h.customer_id) h"
    " ON h.customer_id = e.customer_id"
    " WHERE e.wallet = :wallet AND e.kind = ANY(CAST(:kinds AS text[])) AND e.posted_on >= :day"
    " AND e.posted_at > :since AND (h.last IS NULL OR e.posted_at > h.last)"
    f" GROUP BY e.customer_id HAVING {_SPEED} > :most ORDER BY e.customer_id LIMIT :limit"
)
_FAST_OF_ALL: Final = text(_FAST.format(source=_FROM)).columns(customer_id=Uuid)
_FAST_OF_MOVED: Final = text(_FAST.format(source=_FROM_MOVED)).columns(customer_id=Uuid)


@dataclass(frozen=True, slots=True)
class Fast:
    """A customer whose account moved faster than a rule lets pass."""

    customer_id: UUID
    observed: int


async def list_rules(session: AsyncSession, *, active: bool = False) -> Sequence[VelocityRule]:
    """Return the rules in the order of their codes, all or those that are active."""
    query = select(VelocityRule).order_by(col(VelocityRule.code))
    return (await session.exec(query.where(col(VelocityRule.active)) if active else query)).all()


async def find_rule(session: AsyncSession, code: str) -> VelocityRule | None:
    """Return a rule as it is now."""
    return await session.get(VelocityRule, code, populate_existing=True)


async def find_fast(
    session: AsyncSession, rule: VelocityRule, *, since: datetime, moved: datetime | None, limit: int
) -> list[Fast]:
    """Return whose account of the rule's wallet moved too fast since an instant, by customer.

    `moved` looks only at accounts that moved after it: any other is as fast as it was, or slower. None looks at all.
    """
    measure = Measure(rule.measure)
    rows = await rows_of(
        session,
        _FAST_OF_ALL if moved is None else _FAST_OF_MOVED,
        in_points=measure in {Measure.POINTS_SPENT, Measure.POINTS_EARNED},
        rule=rule.code,
        wallet=rule.wallet,
        kinds=list(KINDS[measure]),
        since=since,
        day=business_day(since),
        most=rule.most,
        limit=limit,
        **({} if moved is None else {"moved": moved, "moved_day": business_day(moved)}),
    )
    return [Fast(**row) for row in rows]


async def list_hits(
    session: AsyncSession, scope: Scope, *, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[VelocityHit]:
    """Return what was noticed of customers in scope, newest first."""
    hit = VelocityHit
    query = select(hit).where(visible(scope, col(hit.customer_id)))
    if before is not None:
        query = query.where(tuple_(col(hit.noticed_at), col(hit.id)) < before)
    return (await session.exec(query.order_by(col(hit.noticed_at).desc(), col(hit.id).desc()).limit(limit))).all()


async def list_freezes(session: AsyncSession, *, customer_id: UUID) -> list[VelocityHit]:
    """Return for each account of a customer that is frozen what froze it last, by wallet."""
    query = (
        select(VelocityHit)
        .join(
            PointsAccount,
            (col(PointsAccount.customer_id) == col(VelocityHit.customer_id))
            & (col(PointsAccount.wallet) == col(VelocityHit.wallet)),
        )
        .where(
            VelocityHit.customer_id == customer_id,
            col(VelocityHit.froze),
            PointsAccount.state == AccountState.FROZEN,
        )
        .order_by(col(VelocityHit.noticed_at))
    )
    last = {hit.wallet: hit for hit in (await session.exec(query)).all()}
    return [last[wallet] for wallet in sorted(last)]
