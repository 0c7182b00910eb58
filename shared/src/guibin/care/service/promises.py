"""Promises: given, and kept, broken or released."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care import repository, rules
from guibin.care.errors import CareRecordOver
from guibin.care.models import Promise, PromiseState
from guibin.care.service.seen import Precondition, Seen, on_record, opened, require_ahead, seal, told
from guibin.care.service.wishes import Word
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.core.reasons import require_reason
from guibin.customers.repository import get_customer
from guibin.security.actors import Actor, Scope
from guibin.security.ciphers import KeyRing


async def record_promise(
    session: AsyncSession, scope: Scope, keys: KeyRing, *, actor: Actor, customer_id: UUID, word: Word
) -> Seen[Promise]:
    """Write a promise down; whoever serves the customer owes it.

    Raises:
        NotFound: the customer is out of scope or erased.
        DueDayInvalid: the day is over, or too far ahead.
    """
    customer = await get_customer(session, scope, customer_id=customer_id)
    manager_id = await repository.serving_manager(session, customer_id=customer.id)
    row = await add_promise(session, keys, actor=actor, customer_id=customer.id, manager_id=manager_id, word=word)
    await told(session, actor, row, "promise.record", due_on=word.due_on.isoformat())
    return Seen(row, customer.id, word.text)


async def add_promise(
    session: AsyncSession,
    keys: KeyRing,
    *,
    actor: Actor,
    customer_id: UUID,
    manager_id: UUID | None,
    word: Word,
    touch_id: UUID | None = None,
) -> Promise:
    """Add a promise to a customer whom the caller has looked up."""
    require_ahead(word.due_on)
    row = Promise(
        customer_id=customer_id,
        id=new_id(),
        manager_id=manager_id,
        promised_by=actor.id,
        due_on=word.due_on,
        touch_id=touch_id,
        created_at=clock.now(),
    )
    await seal(session, keys, row, word.text)
    await repository.insert(session, row)
    return row


async def end_promise(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    *,
    actor: Actor,
    customer_id: UUID,
    promise_id: UUID,
    state: PromiseState,
    reason: str | None,
    precondition: Precondition,
) -> Seen[Promise]:
    """Say that a promise was kept, was broken, or that the customer released the bank of it.

    Raises:
        NotFound, CareRecordOver, VersionConflict: there is no such promise, it has ended, or was changed meanwhile.
        ReasonRequired: broken or released takes a reason that says something.
    """
    async with on_record(session, scope, Promise, customer_id=customer_id, row_id=promise_id) as (customer, row):
        precondition(row.revision)
        if state is not PromiseState.KEPT:
            require_reason(reason)
        await _end(session, actor, row, state, reason)
        await told(session, actor, row, f"promise.{state}")
        return (await opened(session, keys, [row], customer_id=customer.id))[0]


async def keep_promise(
    session: AsyncSession, scope: Scope, *, actor: Actor, customer_id: UUID, promise_id: UUID
) -> None:
    """Say together with a touch that a promise was kept, whatever its revision.

    Raises:
        NotFound, CareRecordOver: there is no such promise, or it has ended.
    """
    async with on_record(session, scope, Promise, customer_id=customer_id, row_id=promise_id) as (_, row):
        await _end(session, actor, row, PromiseState.KEPT, None)


async def _end(session: AsyncSession, actor: Actor, row: Promise, state: PromiseState, reason: str | None) -> None:
    if not rules.may_end_promise(PromiseState(row.state), state):
        raise CareRecordOver(state=row.state)
    await repository.change(session, row, state=state, reason=reason, ended_at=clock.now(), ended_by=actor.id)
