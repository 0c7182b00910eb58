"""What becomes of an appointment between its booking and its end: confirmed, moved, missed; and the reminder of it."""

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.ids import to_public
from guibin.outbox import events
from guibin.outbox.service import Publication, publish, publish_all
from guibin.rights.errors import NoAppointment, NotChangeable, SlotNotBegun, SlotNotOpen, SlotTaken
from guibin.rights.life import changeable_until, is_legal_step
from guibin.rights.models import Appointment, Redemption, RedemptionState
from guibin.rights.offer import Terms
from guibin.rights.repository import redemptions, slots
from guibin.rights.service.ending import lock, undo
from guibin.rights.service.holding import RedemptionView, get_redemption
from guibin.rights.slots import Booking, NoShow
from guibin.security.actors import Actor, Scope

MOST_AT_ONCE: Final = 1_000


async def confirm_appointment(
    session: AsyncSession, scope: Scope, *, actor: Actor, redemption_id: UUID
) -> RedemptionView:
    """Note that the place that serves an appointment has agreed to it; again changes nothing.

    Raises:
        NotFound: there is no such redemption in scope.
        NoAppointment: it is not served by appointment.
        StateConflict: it is served, or does not stand any more. Facts: from, to.
    """
    redemption, _ = await lock(session, scope, redemption_id)
    appointment = await _appointment_of(session, redemption)
    if redemption.state not in slots.STANDING:
        raise StateConflict(**{"from": redemption.state, "to": RedemptionState.CONFIRMED})
    if appointment.confirmed_at is None:
        await slots.update_appointment(session, appointment, confirmed_at=clock.now(), confirmed_by=actor.id)
        told = events.AppointmentConfirmed(**_told(appointment))
        await publish(session, told, subject_id=redemption.id, customer_id=redemption.customer_id)
    await _record(session, actor, redemption, "appointment.confirm")
    return await get_redemption(session, scope, redemption_id=redemption_id)


async def change_slot(session: AsyncSession, scope: Scope, *, redemption_id: UUID, slot_id: UUID) -> RedemptionView:
    """Take another slot of the same right in place of the one that is booked; it waits to be confirmed anew.

    The places of both slots are written in the order of their ids, so that two who change places never wait for each
    other.

    Raises:
        NotFound: there is no such redemption in scope.
        NoAppointment: it is not served by appointment.
        NotChangeable: the right knows no change, or the time for it is over. Facts: until.
        SlotNotOpen: there is no such slot of this right, it is closed, begins too soon, or is the one that is booked.
        SlotTaken: it has not so many places left.
    """
    redemption, right = await lock(session, scope, redemption_id)
    appointment = await _appointment_of(session, redemption)
    last = changeable_until(redemption, right.terms, appointment)
    if last is None or clock.now() >= last:
        raise NotChangeable(until=last)
    if slot_id == appointment.slot_id:
        raise SlotNotOpen
    await _exchange(session, redemption, appointment, right.terms, slot_id)
    return await get_redemption(session, scope, redemption_id=redemption_id)


async def _exchange(
    session: AsyncSession, redemption: Redemption, appointment: Appointment, terms: Terms, slot_id: UUID
) -> None:
    places = redemption.quantity - redemption.quantity_refunded + redemption.companions
    old: dict[str, Any] = {"right_id": appointment.right_id, "slot_id": appointment.slot_id, "places": places}
    if appointment.slot_id < slot_id:
        await slots.give_places(session, **old)
    soonest = clock.now() + timedelta(hours=(terms.booking or Booking()).lead_hours)
    right_id = appointment.right_id
    taken = await slots.take_places(session, right_id=right_id, slot_id=slot_id, places=places, begins_after=soonest)
    if taken is None:
        found = await slots.find_slot(session, right_id=right_id, slot_id=slot_id)
        is_open = found is not None and found.state == "open" and found.starts_at > soonest
        raise SlotTaken if is_open else SlotNotOpen
    if appointment.slot_id > slot_id:
        await slots.give_places(session, **old)
    await slots.update_appointment(
        session,
        appointment,
        slot_id=slot_id,
        city_code=taken.city_code,
        place=taken.place,
        starts_at=taken.starts_at,
        ends_at=taken.ends_at,
        moves=appointment.moves + 1,
        confirmed_at=None,
        confirmed_by=None,
    )


async def note_no_show(session: AsyncSession, scope: Scope, *, actor: Actor, redemption_id: UUID) -> RedemptionView:
    """Note that nobody came: by the right's policy everything goes back, or the points are kept as if it was served.

    Raises:
        NotFound: there is no such redemption in scope.
        NoAppointment: it is not served by appointment.
        SlotNotBegun: it is too early to say so. Facts: starts_at.
        StateConflict: it is served, or does not stand any more. Facts: from, to.
        AlreadyUsed: one of its codes was used: somebody came.
        AccountClosed: the points cannot go back, for the account does not move.
    """
    redemption, right = await lock(session, scope, redemption_id)
    appointment, now = await _appointment_of(session, redemption), clock.now()
    if appointment.starts_at > now:
        raise SlotNotBegun(starts_at=appointment.starts_at)
    gives_back = right.terms.booking is not None and right.terms.booking.no_show is NoShow.BACK
    to = RedemptionState.REFUNDED if gives_back else RedemptionState.FULFILLED
    if redemption.state not in slots.STANDING or not is_legal_step(RedemptionState(redemption.state), to):
        raise StateConflict(**{"from": redemption.state, "to": to})
    points = redemption.points_charged - redemption.points_refunded if gives_back else 0
    if gives_back:
        await undo(session, redemption, right, state=to, actor_id=actor.id, now=now)
    else:
        await redemptions.update_state(session, redemption, state=to)  # nobody is told that the customer got it
        await redemptions.insert_step(session, redemption, state=to, at=now, actor_id=actor.id)
    await slots.update_appointment(session, appointment, missed_at=now)
    told = events.AppointmentMissed(**_told(appointment), points=points)
    await publish(session, told, subject_id=redemption.id, customer_id=redemption.customer_id)
    await _record(session, actor, redemption, "appointment.no_show", points=points)
    return await get_redemption(session, scope, redemption_id=redemption_id)


async def remind_of_appointments(session: AsyncSession, *, day: date, limit: int = MOST_AT_ONCE) -> dict[str, int]:
    """Publish at most `limit` reminders: the night that closes `day` tells of the next day's tomorrow.

    Call it again, each time in a transaction of its own, until nothing is read; what was told of is not told again.
    """
    first = clock.start_of_day(day + timedelta(days=2))
    last = clock.start_of_day(day + timedelta(days=3))
    found = await slots.appointments_to_tell_of(session, first=first, last=last, limit=limit)
    await publish_all(
        session,
        [
            Publication(
                events.AppointmentReminder(**_told(one)),
                one.redemption_id,
                one.customer_id,
                once=f"{one.redemption_id}:{one.slot_id}",
            )
            for one in found
        ],
    )
    return {"read": len(found)}


async def _appointment_of(session: AsyncSession, redemption: Redemption) -> Appointment:
    appointment = await slots.find_appointment(session, redemption)
    if appointment is None:
        raise NoAppointment
    return appointment


def _told(appointment: Appointment) -> dict[str, Any]:
    return {name: getattr(appointment, name) for name in ("right_id", "starts_at", "city_code", "place")}


async def _record(
    session: AsyncSession, actor: Actor, redemption: Redemption, action: str, *, points: int | None = None
) -> None:
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type="redemption",
        object_id=to_public("rdm", redemption.id),
        owner_id=redemption.customer_id,
        facts={"right_id": to_public("rgt", redemption.right_id)} | ({} if points is None else {"points": points}),
    )
