"""A call by a click: the gate decides, the telephony connects, and what came of it is written down as a touch."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.care.calls import repository
from guibin.care.calls.errors import CallMismatch, CustomerHasNoPhone
from guibin.care.calls.models import CallOrder, CallResult, CallState
from guibin.care.followers import follow_all
from guibin.care.models import Direction, Touch, TouchChannel, TouchKind, TouchPurpose, TouchSource
from guibin.contact.models import ContactState
from guibin.contact.rules import Channel, ContactPurpose, Plan, Sender
from guibin.contact.service import ContactRequest, reserve
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import new_id, to_public
from guibin.customers.repository import get_customer
from guibin.security.actors import Actor, ActorKind, Scope
from guibin.security.row_scope import all_rows

TELEPHONY_JOB: Final = Actor(ActorKind.JOB, UUID("00000000-0000-7000-8000-000000000f0c"), "job:telephony")
"""On whose behalf the end of a call is written down; the same in every deployment, so that a trail tells it."""

_A_MINUTE: Final = 60
_TOUCHES: Final[Mapping[ContactPurpose, TouchPurpose]] = MappingProxyType(
    {
        ContactPurpose.CARE: TouchPurpose.CARE,
        ContactPurpose.SERVICE: TouchPurpose.SERVICE,
        ContactPurpose.SELLING: TouchPurpose.SALES,
    }
)


@dataclass(frozen=True, slots=True)
class CallWanted:
    """Whom a member of staff wants to call, for what, and which product or right it is about."""

    customer_id: UUID
    purpose: ContactPurpose
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class CallEnd:
    """What the telephony tells of a call: it alone knows the recording, which is named and never fetched."""

    result: CallResult
    seconds: int
    recording_ref: str | None = None


async def order_call(session: AsyncSession, scope: Scope, *, actor: Actor, wanted: CallWanted) -> CallOrder:
    """Order a call; one that the gate does not let through is kept as `suppressed`, with its decision.

    Raises:
        NotFound: the customer is out of scope.
        CustomerHasNoPhone: there is nothing to dial.
    """
    customer = await get_customer(session, scope, customer_id=wanted.customer_id)
    if customer.data_key is None or customer.phone_enc is None:
        raise CustomerHasNoPhone
    call_id, now = new_id(), clock.now()
    plan = Plan(Channel.PHONE, wanted.purpose, Sender.MANAGER, wanted.subject)
    number = to_public("cll", call_id)
    contact = await reserve(session, ContactRequest(customer.id, plan), actor=actor, reference=number)
    call = CallOrder(
        customer_id=customer.id,
        id=call_id,
        contact_id=contact.id,
        staff_id=actor.id,
        purpose=wanted.purpose,
        subject=wanted.subject,
        state=CallState.ORDERED if contact.state == ContactState.HELD else CallState.SUPPRESSED,
        next_try_at=now,
        ordered_at=now,
        ended_at=None if contact.state == ContactState.HELD else now,
    )
    session.add(call)
    await audit.record(
        session,
        actor=actor,
        action=f"call.{call.state}",
        object_type="call",
        object_id=number,
        owner_id=customer.id,
        scope=scope,
        facts={"purpose": wanted.purpose, "reasons": contact.reasons},
    )
    return call


async def end_call(session: AsyncSession, *, call_id: UUID, end: CallEnd) -> CallOrder:
    """Keep what came of a call and write the touch down; told again it changes nothing.

    Raises:
        NotFound: no such call.
        CallMismatch: it was never placed, or it ended otherwise.
    """
    async with all_rows(session):  # no member of staff calls
        call = await repository.find_and_lock(session, call_id)
        if call is None:
            raise NotFound
        told = (end.result, end.seconds, end.recording_ref)
        again = call.state == CallState.ENDED and (call.result, call.seconds, call.recording_ref) == told
        if not again:
            await _end(session, call, end)
        await audit.record(
            session,
            actor=TELEPHONY_JOB,
            action="call.end",
            object_type="call",
            object_id=to_public("cll", call.id),
            owner_id=call.customer_id,
            facts={"result": end.result, "again": again},
        )
    return call


async def _end(session: AsyncSession, call: CallOrder, end: CallEnd) -> None:
    if call.state not in {CallState.ORDERED, CallState.PLACED}:
        raise CallMismatch
    touch = await _touch(session, call, end)
    session.add(touch)
    await session.flush()
    await follow_all(session, touch)
    call.state, call.ended_at, call.touch_id = CallState.ENDED, clock.now(), touch.id
    call.result, call.seconds, call.recording_ref = end.result, end.seconds, end.recording_ref
    session.add(call)


async def _touch(session: AsyncSession, call: CallOrder, end: CallEnd) -> Touch:
    now = clock.now()
    return Touch(
        customer_id=call.customer_id,
        id=new_id(),
        staff_id=call.staff_id,
        manager_id=await repository.manager_of(session, call.staff_id),
        kind=TouchKind.CALL,
        channel=TouchChannel.PHONE,
        direction=Direction.OUT,
        purpose=_TOUCHES[ContactPurpose(call.purpose)],
        result=end.result,
        at=now - timedelta(seconds=end.seconds),
        minutes=-(-end.seconds // _A_MINUTE),
        source=TouchSource.TELEPHONY,
        reference=to_public("cll", call.id),
        verdict={"allowed": True, "reasons": [], "contact": to_public("ctc", call.contact_id)},
        recorded_at=now,
    )
