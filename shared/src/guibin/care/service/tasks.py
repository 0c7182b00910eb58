"""Care tasks: what is due, added by people, completed by a touch, skipped with a reason, given to another manager."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care import repository, rules
from guibin.care.errors import CareRecordOver, TaskNotServed, TaskTakerInvalid
from guibin.care.models import CareTask, TaskOrigin, TaskState, Touch, TouchChannel, TouchKind, TouchResult
from guibin.care.repository import DuePlace, TaskFilter
from guibin.care.service.gate import require_possible
from guibin.care.service.seen import Precondition, Seen, on_record, opened, require_ahead, seal, told
from guibin.care.service.wishes import NextContact
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.core.reasons import require_reason
from guibin.customers.models import Customer
from guibin.customers.origins import with_origins
from guibin.customers.repository import get_customer
from guibin.managers.repository import get_person
from guibin.security.actors import Actor, Scope
from guibin.security.ciphers import KeyRing


async def add_task(
    session: AsyncSession, scope: Scope, keys: KeyRing, *, actor: Actor, customer_id: UUID, wanted: NextContact
) -> Seen[CareTask]:
    """Make a contact due; it is the serving manager's.

    Raises:
        NotFound: the customer is out of scope or erased.
        DueDayInvalid: the day is over, or too far ahead.
        NextContactNotPossible: the contact policy does not allow it on that day.
    """
    customer = await get_customer(session, scope, customer_id=customer_id)
    await require_possible(session, customer.id, wanted)
    manager_id = await repository.serving_manager(session, customer_id=customer.id)
    row = await insert_task(
        session,
        keys,
        actor=actor,
        customer_id=customer.id,
        manager_id=manager_id,
        wanted=wanted,
        origin=TaskOrigin.STAFF,
    )
    await told(session, actor, row, "care_task.add", due_on=wanted.due_on.isoformat())
    return Seen(row, customer.id, wanted.note)


async def insert_task(
    session: AsyncSession,
    keys: KeyRing,
    *,
    actor: Actor,
    customer_id: UUID,
    manager_id: UUID | None,
    wanted: NextContact,
    origin: TaskOrigin,
    reference: str = "",
) -> CareTask:
    """Add a task of a customer whom the caller has looked up; each that a person adds is one of its own."""
    require_ahead(wanted.due_on)
    task_id, today = new_id(), clock.today()
    row = CareTask(
        customer_id=customer_id,
        id=task_id,
        manager_id=manager_id,
        kind=wanted.kind,
        channel=wanted.channel,
        purpose=wanted.purpose,
        origin=origin,
        made_by=to_public("ctk", task_id),
        occasion=today,
        reference=reference,
        starts_on=min(wanted.starts_on or today, wanted.due_on),
        due_on=wanted.due_on,
        created_by=actor.id,
        created_at=clock.now(),
    )
    await seal(session, keys, row, wanted.note)
    await repository.insert(session, row)
    return row


async def complete_by(session: AsyncSession, row: CareTask, touch: Touch) -> None:
    """Complete a locked task by a touch with the customer.

    Raises:
        CareRecordOver: it has ended.
        TaskNotServed: the customer was not reached, or it was less than was due.
    """
    if row.state != TaskState.OPEN:
        raise CareRecordOver(state=row.state)
    asked = TouchKind(row.kind), None if row.channel is None else TouchChannel(row.channel)
    done = TouchKind(touch.kind), TouchChannel(touch.channel)
    if not rules.is_reached(TouchResult(touch.result)) or not rules.serves(*asked, *done):
        raise TaskNotServed
    await repository.change(session, row, state=TaskState.DONE, touch_id=touch.id, ended_at=clock.now())


async def complete_task(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    *,
    actor: Actor,
    task_id: UUID,
    touch_id: UUID,
    precondition: Precondition,
) -> Seen[CareTask]:
    """Complete a task by a touch that was written down before.

    Raises:
        NotFound, CareRecordOver, VersionConflict: there is no such task or touch, it has ended, it was changed.
        TaskNotServed: the touch does not do what the task asks for, or was corrected.
    """
    customer_id = await repository.customer_of_task(session, scope, task_id=task_id)
    async with with_origins(session, scope, customer_id=customer_id) as wide:
        row = await repository.find(session, wide, CareTask, customer_id=customer_id, row_id=task_id, lock=True)
        precondition(row.revision)
        touch = await repository.find(session, wide, Touch, customer_id=customer_id, row_id=touch_id)
        if touch.corrected_by is not None:
            raise TaskNotServed
        await complete_by(session, row, touch)
        await told(session, actor, row, "care_task.complete", touch_id=to_public("tch", touch.id))
        return (await opened(session, keys, [row], customer_id=customer_id))[0]


async def skip_task(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    *,
    actor: Actor,
    task_id: UUID,
    reason: str,
    precondition: Precondition,
) -> Seen[CareTask]:
    """Let a task be, with the reason.

    Raises:
        NotFound, CareRecordOver, VersionConflict: there is no such task, it has ended, or was changed meanwhile.
        ReasonRequired: the reason says nothing.
    """
    require_reason(reason)
    async with _open_task(session, scope, task_id, precondition) as (customer, row):
        await repository.change(session, row, state=TaskState.SKIPPED, reason=reason, ended_at=clock.now())
        await told(session, actor, row, "care_task.skip")
        return (await opened(session, keys, [row], customer_id=customer.id))[0]


async def reassign_task(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    *,
    actor: Actor,
    task_id: UUID,
    manager_id: UUID,
    precondition: Precondition,
) -> Seen[CareTask]:
    """Give a task to another manager of the customer's branch, who stays the one until the customer changes hands.

    Raises:
        NotFound, CareRecordOver, VersionConflict: there is no such task or manager, it has ended, it was changed.
        TaskTakerInvalid: the manager is inactive or of another branch.
    """
    async with _open_task(session, scope, task_id, precondition) as (customer, row):
        person = await get_person(session, manager_id)
        manager = person.manager
        if not manager.active or not person.staff.active or manager.branch_id != customer.branch_id:
            raise TaskTakerInvalid
        await repository.change(session, row, manager_id=manager.id)
        await told(session, actor, row, "care_task.reassign", manager_id=to_public("mgr", manager.id))
        return (await opened(session, keys, [row], customer_id=customer.id))[0]


async def read_task(session: AsyncSession, scope: Scope, keys: KeyRing, *, task_id: UUID) -> Seen[CareTask]:
    """Return one task.

    Raises:
        NotFound: there is none in scope.
    """
    customer_id = await repository.customer_of_task(session, scope, task_id=task_id)
    async with with_origins(session, scope, customer_id=customer_id) as wide:
        row = await repository.find(session, wide, CareTask, customer_id=customer_id, row_id=task_id)
        return (await opened(session, keys, [row], customer_id=customer_id))[0]


async def list_tasks(
    session: AsyncSession, scope: Scope, keys: KeyRing, wanted: TaskFilter, *, after: DuePlace | None, limit: int
) -> list[Seen[CareTask]]:
    """Return tasks of customers in scope, in the order in which they are due; of a customer with all origins.

    Raises:
        NotFound: the customer that is asked for is out of scope.
    """
    if wanted.customer_id is None:
        rows = await repository.list_tasks(session, scope, wanted, after=after, limit=limit)
        return await opened(session, keys, rows)
    customer = await get_customer(session, scope, customer_id=wanted.customer_id)
    of_one = TaskFilter(wanted.state, customer.id, wanted.manager_ids, wanted.due_by)
    async with with_origins(session, scope, customer_id=customer.id) as wide:
        rows = await repository.list_tasks(session, wide, of_one, after=after, limit=limit)
        return await opened(session, keys, rows, customer_id=customer.id)


@asynccontextmanager
async def _open_task(
    session: AsyncSession, scope: Scope, task_id: UUID, precondition: Precondition
) -> AsyncIterator[tuple[Customer, CareTask]]:
    customer_id = await repository.customer_of_task(session, scope, task_id=task_id)
    async with on_record(session, scope, CareTask, customer_id=customer_id, row_id=task_id) as (customer, row):
        precondition(row.revision)
        if row.state != TaskState.OPEN:
            raise CareRecordOver(state=row.state)
        yield customer, row
