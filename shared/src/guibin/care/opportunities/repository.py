"""The SQL of opportunities beside what all records of care share."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, text, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.models import Complaint, ComplaintState, NeedCategory
from guibin.care.opportunities.models import Opportunity, OpportunityState
from guibin.customers.origins import is_of
from guibin.customers.repository import visible
from guibin.privacy.models import CustomerRestriction, RestrictionKind
from guibin.security.actors import Scope

DuePlace = tuple[date, UUID]

# Holdings go with a customer who is merged away; what was won stays under the id under which it was written.
PROVED: Final = """
    UPDATE opportunity o SET proved_on = :day, holding_id = f.holding_id, revision = o.revision + 1
    FROM (
        SELECT DISTINCT ON (w.customer_id, w.id) w.customer_id, w.id, h.id AS holding_id
        FROM opportunity w
        JOIN customer c ON c.id = w.customer_id
        JOIN holding h ON h.customer_id = coalesce(c.merged_into, c.id) AND h.product_code = w.product_code
        WHERE w.state = 'won' AND w.product_code IS NOT NULL AND w.proved_on IS NULL AND h.opened_on >= w.opened_on{one}
        ORDER BY w.customer_id, w.id, h.opened_on, h.id
    ) f
    WHERE o.customer_id = f.customer_id AND o.id = f.id"""
"""Lets holdings of the product that were opened since prove what was won."""

_PROVE_ONE: Final = text(PROVED.format(one=" AND w.customer_id = :customer_id AND w.id = :id"))


@dataclass(frozen=True, slots=True)
class OpportunityFilter:
    """Which opportunities: in a state, of one manager, due by a day."""

    state: OpportunityState = OpportunityState.OPEN
    manager_id: UUID | None = None
    due_by: date | None = None


async def in_the_way(
    session: AsyncSession,
    scope: Scope,
    *,
    customer_id: UUID,
    product_code: str | None,
    need: NeedCategory | None,
    today: date,
) -> Opportunity | None:
    """Return what is open of the same product or need, else what was refused of it and still sleeps."""
    row = Opportunity
    same = row.product_code == product_code if need is None else row.need == need
    sleeps = (col(row.state) == OpportunityState.REFUSED) & (col(row.sleeps_until) > today)
    query = (
        select(row)
        .where(is_of(scope, col(row.customer_id), customer_id), same)
        .where(or_(col(row.state) == OpportunityState.OPEN, sleeps))
        .order_by(col(row.sleeps_until).desc().nulls_first())
    )
    return (await session.exec(query.limit(1).execution_options(populate_existing=True))).first()


def waits(customer_id: Any, today: date) -> ColumnElement[bool]:
    """Return the predicate that nothing is offered to a customer: a restriction says so, or a complaint is not closed.

    Whom one may not write to or not call is offered nothing, as the contact policy has it.
    """
    rule, kind = CustomerRestriction, RestrictionKind
    in_force = (col(rule.valid_from) <= today) & or_(col(rule.valid_to).is_(None), col(rule.valid_to) > today)
    restricted = exists().where(
        col(rule.customer_id) == customer_id,
        col(rule.kind) == col(kind.code),
        in_force,
        or_(col(kind.blocks_message), col(kind.blocks_call)),
    )
    complains = exists().where(col(Complaint.customer_id) == customer_id, col(Complaint.state) != ComplaintState.CLOSED)
    return or_(restricted, complains)


async def offers_wait(session: AsyncSession, customer_ids: Collection[UUID], *, today: date) -> bool:
    """Tell whether nothing is offered to a customer with the ids that were merged into it."""
    found = (await session.execute(select(or_(*(waits(one, today) for one in customer_ids))))).scalar_one()
    return bool(found)


async def prove(session: AsyncSession, row: Opportunity, *, day: date) -> None:
    """Let a holding prove what was just won, where there is one."""
    await session.execute(_PROVE_ONE, {"customer_id": row.customer_id, "id": row.id, "day": day})
    await session.refresh(row)


async def list_opportunities(
    session: AsyncSession, scope: Scope, wanted: OpportunityFilter, *, after: DuePlace | None, limit: int
) -> Sequence[Opportunity]:
    """Return opportunities of customers in scope, in the order in which they are due."""
    row = Opportunity
    query = select(row).where(visible(scope, col(row.customer_id)), col(row.state) == wanted.state)
    if wanted.manager_id is not None:
        query = query.where(row.manager_id == wanted.manager_id)
    if wanted.due_by is not None:
        query = query.where(col(row.due_on) <= wanted.due_by)
    if after is not None:
        query = query.where(tuple_(col(row.due_on), col(row.id)) > after)
    query = query.order_by(col(row.due_on), col(row.id)).limit(limit)
    return (await session.exec(query.execution_options(populate_existing=True))).all()
