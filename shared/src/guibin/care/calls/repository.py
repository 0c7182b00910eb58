"""All SQL of calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import tuple_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.calls.models import CallOrder, CallState
from guibin.contact.models import ContactDecision
from guibin.core.errors import NotFound
from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.managers.models import Manager
from guibin.organisation.models import Staff
from guibin.security.actors import Scope

Moment = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True)
class Due:
    """A call that is to be placed, with whom, by whom, and the leave for it."""

    call: CallOrder
    customer: Customer
    staff_no: str
    contact: ContactDecision


async def find_call(session: AsyncSession, scope: Scope, call_id: UUID) -> CallOrder:
    """Return a call of a customer in scope.

    Raises:
        NotFound: there is none.
    """
    query = select(CallOrder).where(CallOrder.id == call_id, visible(scope, col(CallOrder.customer_id)))
    found = (await session.exec(query.execution_options(populate_existing=True))).first()
    if found is None:
        raise NotFound
    return found


async def find_and_lock(session: AsyncSession, call_id: UUID) -> CallOrder | None:
    """Return a call, whose end nobody else tells until this transaction is over."""
    owner = (await session.exec(select(CallOrder.customer_id).where(CallOrder.id == call_id))).first()
    if owner is None:
        return None
    query = select(CallOrder).where(CallOrder.customer_id == owner, CallOrder.id == call_id)
    return (await session.exec(query.with_for_update().execution_options(populate_existing=True))).first()


async def list_calls(
    session: AsyncSession, *, customer_id: UUID, before: Moment | None, limit: int
) -> Sequence[CallOrder]:
    """Return a customer's calls, the newest first."""
    query = (
        select(CallOrder)
        .where(CallOrder.customer_id == customer_id)
        .order_by(col(CallOrder.ordered_at).desc(), col(CallOrder.id).desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(tuple_(col(CallOrder.ordered_at), col(CallOrder.id)) < before)
    return (await session.exec(query)).all()


async def due_calls(session: AsyncSession, *, now: datetime, limit: int) -> list[Due]:
    """Return the calls that are to be placed now, the longest waiting first."""
    query = (
        select(CallOrder, Customer, Staff.no, ContactDecision)
        .join(Customer, col(Customer.id) == col(CallOrder.customer_id))
        .join(Staff, col(Staff.id) == col(CallOrder.staff_id))
        .join(
            ContactDecision,
            (col(ContactDecision.customer_id) == col(CallOrder.customer_id))
            & (col(ContactDecision.id) == col(CallOrder.contact_id)),
        )
        .where(CallOrder.state == CallState.ORDERED, col(CallOrder.next_try_at) <= now)
        .order_by(col(CallOrder.next_try_at))
        .limit(limit)
    )
    return [Due(*row) for row in (await session.exec(query)).all()]


async def change(session: AsyncSession, call: CallOrder, expected: CallState, **values: Any) -> bool:
    """Change a call that is in a state still; False where it is not any more."""
    statement = (
        update(CallOrder)
        .where(
            col(CallOrder.customer_id) == call.customer_id,
            col(CallOrder.id) == call.id,
            col(CallOrder.state) == expected,
        )
        .values(**values)
        .returning(col(CallOrder.id))
    )
    return (await session.execute(statement)).first() is not None


async def manager_of(session: AsyncSession, staff_id: UUID) -> UUID | None:
    """Return a member of staff as a manager, where one is."""
    return (await session.exec(select(Manager.id).where(Manager.staff_id == staff_id))).first()
