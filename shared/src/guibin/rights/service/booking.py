"""The places that a redemption holds in a slot: taken with it, looked at before it, given back with it."""

from datetime import timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.rights.models import Redemption, SlotState
from guibin.rights.offer import Wish
from guibin.rights.parts import Part
from guibin.rights.repository import slots
from guibin.rights.repository.catalogue import Right
from guibin.rights.rules import ReasonCode


async def look_at_slot(session: AsyncSession, right: Right, *, slot_id: UUID, wish: Wish) -> ReasonCode | None:
    """Say what stands against a slot now, locking nothing."""
    booking = right.terms.booking
    if booking is None:  # that is said of the wish itself
        return None
    slot = await slots.find_slot(session, right_id=right.item.id, slot_id=slot_id)
    soonest = clock.now() + timedelta(hours=booking.lead_hours)
    if slot is None or slot.state != SlotState.OPEN or slot.starts_at <= soonest:
        return ReasonCode.SLOT_NOT_OPEN
    return ReasonCode.SLOT_TAKEN if slot.taken + wish.quantity + wish.companions > slot.capacity else None


async def give_back_slot(session: AsyncSession, redemption: Redemption, part: Part, *, standing: Part) -> None:
    """Give back the places of units that go back; with the last of them go the guests' places."""
    appointment = await slots.find_appointment(session, redemption)
    if appointment is None:
        return
    guests = redemption.companions if part.units == standing.units else 0
    await slots.give_places(
        session, right_id=appointment.right_id, slot_id=appointment.slot_id, places=part.units + guests
    )
