"""A touch written down in one call, with all that came of it: all of it, or nothing."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care import repository, rules
from guibin.care.errors import OnlyAccompanied, TouchCorrected, TouchSubjectUnknown, TouchTimeInvalid
from guibin.care.followers import follow_all
from guibin.care.models import CareTask, Complaint, Need, Promise, TaskOrigin, Touch, TouchSource
from guibin.care.opportunities.models import Opportunity
from guibin.care.service.complaints import add_complaint
from guibin.care.service.gate import require_possible, verdict_on
from guibin.care.service.needs import add_need
from guibin.care.service.opportunities import add_opportunity, end_in_touch
from guibin.care.service.promises import add_promise, keep_promise
from guibin.care.service.seen import PREFIXES, on_record, seal, told
from guibin.care.service.tasks import complete_by, insert_task
from guibin.care.service.wishes import Contact, Everything, Grievance, NextContact
from guibin.care.serving import rights
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.repository import find_customer, get_customer
from guibin.managers.repository import manager_of_staff
from guibin.products.repository import products_by_code
from guibin.security.actors import Actor, Scope
from guibin.security.ciphers import KeyRing


@dataclass(frozen=True, slots=True)
class Logged:
    """A touch and what was written down with it."""

    touch: Touch
    task: CareTask | None
    needs: tuple[Need, ...]
    promises: tuple[Promise, ...]
    kept: tuple[UUID, ...]
    complaint: Complaint | None
    next_task: CareTask | None
    opportunities: tuple[Opportunity, ...]
    ended_opportunities: tuple[UUID, ...]


async def log_touch(session: AsyncSession, scope: Scope, keys: KeyRing, *, actor: Actor, wanted: Everything) -> Logged:
    """Write a touch down with all that came of it: tasks, needs, promises, opportunities, a complaint, what is next.

    A touch that corrects another takes its place: the other stays and does not count any more.

    Raises:
        NotFound: the customer, or something that is named of the customer, is out of scope, or the customer is erased.
        TouchTimeInvalid, TouchSubjectUnknown, TouchCorrected: the touch itself is wrong.
        CareRecordOver, TaskNotServed, DueDayInvalid, ReasonRequired: something that came of it cannot be.
        NextContactNotPossible: the contact policy does not allow the next contact on its day.
        OpportunityIsOpen, OpportunitySleeps, OffersWait: something stands in the way of an opportunity.
        OnlyAccompanied: who only accompanies the customer decides on what is of those who serve it.
    """
    contact = wanted.contact
    customer = await get_customer(session, scope, customer_id=contact.customer_id)
    await _require_serving(session, scope, customer.id, wanted)
    await _examine(session, contact)
    touch = await _touch(session, keys, actor, customer.id, contact)
    touch.verdict = await verdict_on(session, actor, touch)
    await repository.insert(session, touch)
    if contact.corrects_id is not None:
        await _correct(session, scope, customer.id, contact.corrects_id, touch)
    task = await _complete(session, scope, customer.id, wanted.task_id, touch)
    await follow_all(session, touch)
    owner = await repository.serving_manager(session, customer_id=customer.id)
    needs = [
        await add_need(
            session, keys, actor=actor, customer_id=customer.id, manager_id=owner, wish=wish, touch_id=touch.id
        )
        for wish in wanted.needs
    ]
    promises = [
        await add_promise(
            session, keys, actor=actor, customer_id=customer.id, manager_id=owner, word=word, touch_id=touch.id
        )
        for word in wanted.promises
    ]
    for kept_id in wanted.kept_promise_ids:
        await keep_promise(session, scope, actor=actor, customer_id=customer.id, promise_id=kept_id)
    complaint = await _complaint(session, keys, actor, owner, wanted.complaint, touch)
    chances = await _opportunities(session, scope, keys, actor, wanted, touch, task)
    next_task = await _next_task(session, keys, actor, owner, wanted.next_contact, touch)
    logged = Logged(
        touch,
        task,
        tuple(needs),
        tuple(promises),
        wanted.kept_promise_ids,
        complaint,
        next_task,
        chances,
        tuple(one for one, _ in wanted.outcomes),
    )
    await told(session, actor, touch, "touch.log", **_facts(logged))
    return logged


def _facts(logged: Logged) -> dict[str, object]:
    """Return what the trail tells of a touch, in one row: codes and ids."""
    touch = logged.touch
    rows = (*logged.needs, *logged.promises, *logged.opportunities, logged.complaint, logged.next_task)
    return {
        "kind": touch.kind,
        "purpose": touch.purpose,
        "result": touch.result,
        "completed": logged.task and to_public("ctk", logged.task.id),
        "kept": [to_public("prm", one) for one in logged.kept],
        "ended": [to_public("opp", one) for one in logged.ended_opportunities],
        "written": [to_public(PREFIXES[type(row)], row.id) for row in rows if row is not None],
    }


async def _require_serving(session: AsyncSession, scope: Scope, customer_id: UUID, wanted: Everything) -> None:
    """Let who gave the customer away write down what happened and what the customer said, and no more."""
    if not (scope.accompanies and wanted.is_of_who_serves):
        return
    if await find_customer(session, replace(scope, accompanies=False), customer_id=customer_id) is None:
        raise OnlyAccompanied


async def _examine(session: AsyncSession, contact: Contact) -> None:
    now = clock.now()
    if contact.at is not None and not rules.is_timely(contact.at, now):
        raise TouchTimeInvalid(earliest=_written(now - rules.OLDEST_TOUCH), latest=_written(now))
    if contact.product_code is not None and contact.product_code not in await products_by_code(session):
        raise TouchSubjectUnknown(field="product_code")
    if contact.right_id is not None and not await rights().is_known(session, contact.right_id):
        raise TouchSubjectUnknown(field="right_id")


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


async def _touch(session: AsyncSession, keys: KeyRing, actor: Actor, customer_id: UUID, contact: Contact) -> Touch:
    now = clock.now()
    touch = Touch(
        customer_id=customer_id,
        id=new_id(),
        staff_id=actor.id,
        manager_id=await manager_of_staff(session, staff_id=actor.id),
        kind=contact.kind,
        channel=contact.channel,
        direction=contact.direction,
        purpose=contact.purpose,
        result=contact.result,
        product_code=contact.product_code,
        right_id=contact.right_id,
        at=contact.at or now,
        minutes=contact.minutes,
        source=TouchSource.STAFF,
        corrects_id=contact.corrects_id,
        recorded_at=now,
    )
    await seal(session, keys, touch, contact.note)
    return touch


async def _correct(session: AsyncSession, scope: Scope, customer_id: UUID, corrected_id: UUID, touch: Touch) -> None:
    async with on_record(session, scope, Touch, customer_id=customer_id, row_id=corrected_id) as (_, corrected):
        if corrected.corrected_by is not None:
            raise TouchCorrected
        await repository.change(session, corrected, corrected_by=touch.id)


async def _complete(
    session: AsyncSession, scope: Scope, customer_id: UUID, task_id: UUID | None, touch: Touch
) -> CareTask | None:
    if task_id is None:
        return None
    async with on_record(session, scope, CareTask, customer_id=customer_id, row_id=task_id) as (_, task):
        await complete_by(session, task, touch)
        return task


async def _opportunities(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    actor: Actor,
    wanted: Everything,
    touch: Touch,
    task: CareTask | None,
) -> tuple[Opportunity, ...]:
    """End opportunities first, so that one of the same product can take the place of one that was won."""
    customer_id = touch.customer_id
    for ended_id, outcome in wanted.outcomes:
        await end_in_touch(session, scope, actor=actor, touch=touch, opportunity_id=ended_id, outcome=outcome)
    rows = [
        await add_opportunity(
            session, scope, keys, actor=actor, customer_id=customer_id, chance=chance, touch=touch, task=task
        )
        for chance in wanted.chances
    ]
    return tuple(rows)


async def _complaint(
    session: AsyncSession, keys: KeyRing, actor: Actor, owner: UUID | None, grievance: Grievance | None, touch: Touch
) -> Complaint | None:
    if grievance is None:
        return None
    return await add_complaint(
        session,
        keys,
        actor=actor,
        customer_id=touch.customer_id,
        manager_id=owner,
        grievance=grievance,
        touch_id=touch.id,
    )


async def _next_task(
    session: AsyncSession, keys: KeyRing, actor: Actor, owner: UUID | None, wanted: NextContact | None, touch: Touch
) -> CareTask | None:
    if wanted is None:
        return None
    await require_possible(session, touch.customer_id, wanted)
    return await insert_task(
        session,
        keys,
        actor=actor,
        customer_id=touch.customer_id,
        manager_id=owner,
        wanted=wanted,
        origin=TaskOrigin.TOUCH,
        reference=to_public("tch", touch.id),
    )
