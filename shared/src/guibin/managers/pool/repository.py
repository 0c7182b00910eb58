"""SQL of the pool: whole books in one statement each, for a night looks at everybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, literal, not_, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.arrays import among
from guibin.customers.repository import visible
from guibin.holdings.models import Holding
from guibin.managers.models import Coverage
from guibin.managers.pool.models import PoolPlace
from guibin.managers.pool.sources import activity
from guibin.managers.repository.coverage import is_open
from guibin.managers.stability.repository import succession_open, wishes_to_keep
from guibin.managers.terms.rules import Terms
from guibin.security.actors import Scope
from guibin.tags.models import CustomerFact
from guibin.tiers.models import Tier
from guibin.tiers.repository import tiers_on
from guibin.tiers.terms import months_later

PoolState = Literal["noticed", "pooled"]


@dataclass(frozen=True, slots=True)
class Noticed:
    """Whose return to the pool was announced, to whom and for when."""

    customer_id: UUID
    manager_id: UUID
    returns_on: date


def is_idle(day: date, since: date, terms: Terms) -> ColumnElement[bool]:
    """Return the predicate of an open coverage whose customer nobody looked after since a day.

    The customer is in a low tier or none, has been served since then, was not spoken to, has opened nothing, does not
    wish to keep the manager, and all figures of the day before are there: nobody is idle on stale figures.
    """
    current, last = tiers_on(day), day - timedelta(days=1)
    highest = select(col(Tier.rank)).where(col(Tier.code) == terms.pool_highest_tier).scalar_subquery()
    too_high = (
        select(literal(1))
        .select_from(current)
        .join(Tier, col(Tier.code) == current.c.tier)
        .where(current.c.customer_id == col(Coverage.customer_id), col(Tier.rank) > highest)
    )
    bought = exists().where(col(Holding.customer_id) == col(Coverage.customer_id), col(Holding.opened_on) >= since)
    fresh = exists().where(
        col(CustomerFact.customer_id) == col(Coverage.customer_id),
        col(CustomerFact.as_of) == last,
        func.cardinality(col(CustomerFact.stale_lines)) == 0,
    )
    spoken_to = [col(Coverage.customer_id).in_(source.select_active(since)) for source in activity()]
    return and_(
        is_open(),
        col(Coverage.valid_from) <= since,
        fresh,
        not_(too_high.exists()),
        highest.is_not(None),
        not_(bought),
        *(not_(one) for one in spoken_to),
        not_(wishes_to_keep()),
        not_(succession_open()),
    )


def in_pool(customer_id: Any) -> ColumnElement[bool]:
    """Return the predicate of a customer who is in the pool, by the column that names the customer."""
    return exists().where(
        col(PoolPlace.customer_id) == customer_id,
        col(PoolPlace.returned_on).is_not(None),
        col(PoolPlace.left_on).is_(None),
    )


async def notice(session: AsyncSession, day: date, terms: Terms) -> Sequence[Noticed]:
    """Announce who goes back to the pool unless somebody looks after them; returns who is new."""
    since = months_later(day, -terms.pool_notice_months)
    returns_on = months_later(day, terms.pool_months - terms.pool_notice_months)
    announced = exists().where(
        col(PoolPlace.customer_id) == col(Coverage.customer_id), col(PoolPlace.left_on).is_(None)
    )
    found = select(col(Coverage.customer_id), col(Coverage.manager_id), literal(day), literal(returns_on)).where(
        is_idle(day, since, terms), not_(announced)
    )
    statement = insert(PoolPlace).from_select(["customer_id", "manager_id", "noticed_on", "returns_on"], found)
    new = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=["customer_id"],
        set_={
            "manager_id": new.manager_id,
            "noticed_on": new.noticed_on,
            "returns_on": new.returns_on,
            "returned_on": None,
            "left_on": None,
        },
    )
    told = (col(PoolPlace.customer_id), col(PoolPlace.manager_id), col(PoolPlace.returns_on))
    return [Noticed(*row) for row in (await session.execute(statement.returning(*told))).all()]


async def leave(session: AsyncSession, day: date, terms: Terms) -> int:
    """Let those out whom somebody has looked after since the notice, and those whom somebody serves again."""
    since = months_later(day, -terms.pool_notice_months)
    still = exists().where(
        col(Coverage.customer_id) == col(PoolPlace.customer_id),
        col(Coverage.manager_id) == col(PoolPlace.manager_id),
        is_idle(day, since, terms),
    )
    fresh = exists().where(
        col(CustomerFact.customer_id) == col(PoolPlace.customer_id),
        col(CustomerFact.as_of) == day - timedelta(days=1),
        func.cardinality(col(CustomerFact.stale_lines)) == 0,
    )
    served = exists().where(col(Coverage.customer_id) == col(PoolPlace.customer_id), is_open())
    noticed = col(PoolPlace.returned_on).is_(None)
    statement = (
        update(PoolPlace)
        .where(col(PoolPlace.left_on).is_(None))
        .where(or_(and_(noticed, or_(not_(served), and_(fresh, not_(still)))), and_(not_(noticed), served)))
        .values(left_on=day)
        .returning(col(PoolPlace.customer_id))
        .execution_options(synchronize_session=False)
    )
    return len((await session.execute(statement)).all())


async def due(session: AsyncSession, day: date, terms: Terms) -> Sequence[Coverage]:
    """Return the coverage of those who were announced, and whose day has come."""
    since = months_later(day, -terms.pool_months)
    query = (
        select_rows(Coverage)
        .join(PoolPlace, col(PoolPlace.customer_id) == col(Coverage.customer_id))
        .where(col(PoolPlace.left_on).is_(None), col(PoolPlace.returned_on).is_(None))
        .where(col(PoolPlace.returns_on) <= day, col(PoolPlace.manager_id) == col(Coverage.manager_id))
        .where(is_idle(day, since, terms))
    )
    return (await session.exec(query)).all()


async def mark_returned(session: AsyncSession, customer_ids: Sequence[UUID], day: date) -> None:
    """Write down that customers are in the pool."""
    await session.execute(
        update(PoolPlace)
        .where(among(col(PoolPlace.customer_id), customer_ids))
        .values(returned_on=day)
        .execution_options(synchronize_session=False)
    )


async def list_places(
    session: AsyncSession,
    scope: Scope,
    *,
    state: PoolState | None,
    manager_id: UUID | None,
    limit: int,
    after: UUID | None,
) -> Sequence[PoolPlace]:
    """Return who is about to go to the pool or is in it, by customer id."""
    query = (
        select_rows(PoolPlace)
        .where(col(PoolPlace.left_on).is_(None), visible(scope, col(PoolPlace.customer_id)))
        .order_by(col(PoolPlace.customer_id))
        .limit(limit)
    )
    if state is not None:
        returned = col(PoolPlace.returned_on)
        query = query.where(returned.is_(None) if state == "noticed" else returned.is_not(None))
    if manager_id is not None:
        query = query.where(PoolPlace.manager_id == manager_id)
    if after is not None:
        query = query.where(col(PoolPlace.customer_id) > after)
    return (await session.exec(query)).all()
