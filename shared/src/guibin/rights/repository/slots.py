"""The SQL of slots and appointments. Slots are the bank's; appointments are customers' data, read by scope."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, tuple_, update
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.customers.origins import is_of
from guibin.customers.repository import visible
from guibin.outbox.events import EventName
from guibin.outbox.models import OutboxEvent
from guibin.rights.models import Appointment, Redemption, RedemptionState, RightsItem, RightsSlot, SlotState
from guibin.security.actors import Scope

Moment = tuple[datetime, UUID]
STANDING = (RedemptionState.CONFIRMED, RedemptionState.IN_FULFILMENT)


@dataclass(frozen=True, slots=True)
class SlotFilter:
    """Which slots of a right are looked for: of a city, that begin in a time (the end not included), in a state."""

    city_code: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    state: SlotState | None = None

    @classmethod
    def of_days(cls, first: date | None, last: date | None, **others: Any) -> "SlotFilter":
        """Look for slots of calendar days of Asia/Shanghai, both included."""
        start = None if first is None else clock.start_of_day(first)
        end = None if last is None else clock.start_of_day(last + timedelta(days=1))
        return cls(start=start, end=end, **others)


async def insert_slots(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> set[UUID]:
    """Add slots; returns the ids of those that are new: there is one at a time in a place, as long as it is open."""
    statement = insert(RightsSlot).values(rows).on_conflict_do_nothing().returning(col(RightsSlot.id))
    return set((await session.execute(statement)).scalars())


async def list_slots(
    session: AsyncSession, *, right_id: UUID, wanted: SlotFilter, after: Moment | None, limit: int
) -> Sequence[RightsSlot]:
    """Return slots of a right in the order in which they begin."""
    slot = RightsSlot
    query = select(slot).where(slot.right_id == right_id).order_by(col(slot.starts_at), col(slot.id)).limit(limit)
    if wanted.city_code is not None:
        query = query.where(slot.city_code == wanted.city_code)
    if wanted.start is not None:
        query = query.where(col(slot.starts_at) >= wanted.start)
    if wanted.end is not None:
        query = query.where(col(slot.starts_at) < wanted.end)
    if wanted.state is not None:
        query = query.where(slot.state == wanted.state)
    if after is not None:
        query = query.where(tuple_(col(slot.starts_at), col(slot.id)) > after)
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def find_slot(session: AsyncSession, *, right_id: UUID, slot_id: UUID) -> RightsSlot | None:
    """Return one slot of a right."""
    query = select(RightsSlot).where(RightsSlot.right_id == right_id, RightsSlot.id == slot_id)
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def begin_to_close(session: AsyncSession, *, right_id: UUID, slot_id: UUID, reason: str) -> bool:
    """Let nobody book an open slot any more; False when it is not open."""
    statement = (
        update(RightsSlot)
        .where(col(RightsSlot.right_id) == right_id, col(RightsSlot.id) == slot_id, col(RightsSlot.state) == "open")
        .values(state=SlotState.CLOSING, close_reason=reason)
        .returning(col(RightsSlot.id))
        .execution_options(synchronize_session=False)
    )
    return (await session.execute(statement)).first() is not None


async def close_when_empty(session: AsyncSession, *, right_id: UUID, slot_id: UUID) -> bool:
    """Close a slot in which nobody holds a place; False when somebody does."""
    statement = (
        update(RightsSlot)
        .where(
            *(col(RightsSlot.right_id) == right_id, col(RightsSlot.id) == slot_id),
            *(col(RightsSlot.state) == SlotState.CLOSING, col(RightsSlot.taken) == 0),
        )
        .values(state=SlotState.CLOSED)
        .returning(col(RightsSlot.id))
        .execution_options(synchronize_session=False)
    )
    return (await session.execute(statement)).first() is not None


async def closing_slots(session: AsyncSession, *, limit: int) -> Sequence[RightsSlot]:
    """Return slots that are being closed."""
    query = select(RightsSlot).where(RightsSlot.state == SlotState.CLOSING)
    return (await session.exec(query.order_by(col(RightsSlot.right_id), col(RightsSlot.id)).limit(limit))).all()


async def holders_of(session: AsyncSession, slot: RightsSlot) -> Sequence[UUID]:
    """Return the redemptions that hold places in a slot and are not delivered yet."""
    query = (
        select(Appointment.redemption_id)
        .join(Redemption, _redemption_of_appointment())
        .where(
            Appointment.right_id == slot.right_id,
            Appointment.slot_id == slot.id,
            col(Redemption.state).in_((RedemptionState.AWAITING_PAYMENT, *STANDING)),
        )
        .order_by(col(Appointment.customer_id), col(Appointment.redemption_id))
    )
    return (await session.exec(query)).all()


def _redemption_of_appointment() -> Any:
    same = (col(Redemption.customer_id), col(Redemption.id))
    return tuple_(*same) == tuple_(col(Appointment.customer_id), col(Appointment.redemption_id))


async def take_places(
    session: AsyncSession, *, right_id: UUID, slot_id: UUID, places: int, begins_after: datetime
) -> RightsSlot | None:
    """Take places of an open slot that begins late enough; None, and nothing is taken, when that cannot be."""
    slot = RightsSlot
    statement = (
        update(slot)
        .where(
            *(col(slot.right_id) == right_id, col(slot.id) == slot_id, col(slot.state) == SlotState.OPEN),
            *(col(slot.starts_at) > begins_after, col(slot.taken) + places <= col(slot.capacity)),
        )
        .values(taken=slot.taken + places)
        .returning(slot)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return (await session.execute(statement)).scalars().first()


async def give_places(session: AsyncSession, *, right_id: UUID, slot_id: UUID, places: int) -> None:
    """Give places of a slot back."""
    await session.execute(
        update(RightsSlot)
        .where(col(RightsSlot.right_id) == right_id, col(RightsSlot.id) == slot_id)
        .values(taken=RightsSlot.taken - places)
        .execution_options(synchronize_session=False)
    )


async def find_appointments(
    session: AsyncSession, scope: Scope, *, redemptions: Collection[Redemption]
) -> dict[UUID, Appointment]:
    """Return the appointments of some redemptions by their ids; those without one are missing."""
    if not redemptions:
        return {}
    query = (
        select(Appointment)
        .where(
            col(Appointment.customer_id).in_({row.customer_id for row in redemptions}),
            col(Appointment.redemption_id).in_([row.id for row in redemptions]),
            visible(scope, col(Appointment.customer_id)),
        )
        .execution_options(populate_existing=True)
    )
    return {row.redemption_id: row for row in (await session.exec(query)).all()}


async def find_appointment(session: AsyncSession, redemption: Redemption) -> Appointment | None:
    """Return the appointment of a redemption that is in the caller's hands."""
    query = select(Appointment).where(
        Appointment.customer_id == redemption.customer_id, Appointment.redemption_id == redemption.id
    )
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def next_appointments(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, now: datetime, limit: int
) -> Sequence[tuple[Appointment, Redemption, RightsItem]]:
    """Return a customer's appointments that have not ended, the next one first."""
    query = (
        sql_select(Appointment, Redemption, RightsItem)
        .join(Redemption, _redemption_of_appointment())
        .join(RightsItem, col(RightsItem.id) == col(Appointment.right_id))
        .where(
            is_of(scope, col(Appointment.customer_id), customer_id),
            visible(scope, col(Appointment.customer_id)),
            col(Appointment.ends_at) > now,
            col(Redemption.state).in_(STANDING),
        )
        .order_by(col(Appointment.starts_at), col(Appointment.redemption_id))
        .limit(limit)
    )
    return [(one, row, item) for one, row, item in (await session.execute(query)).all()]


async def update_appointment(session: AsyncSession, appointment: Appointment, **values: Any) -> None:
    """Write an appointment whose redemption is locked."""
    await session.execute(
        update(Appointment)
        .where(
            col(Appointment.customer_id) == appointment.customer_id,
            col(Appointment.redemption_id) == appointment.redemption_id,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )


async def appointments_to_tell_of(
    session: AsyncSession, *, first: datetime, last: datetime, limit: int
) -> Sequence[Appointment]:
    """Return appointments that begin in a time and of which their customers were not reminded; in scheduled work."""
    told = sql_select(col(OutboxEvent.id)).where(
        col(OutboxEvent.owner_id) == col(Appointment.customer_id),
        col(OutboxEvent.type) == EventName.APPOINTMENT_REMINDER,
        col(OutboxEvent.once) == func.concat(col(Appointment.redemption_id), ":", col(Appointment.slot_id)),
    )
    query = (
        select(Appointment)
        .join(Redemption, _redemption_of_appointment())
        .where(
            col(Appointment.starts_at) >= first,
            col(Appointment.starts_at) < last,
            col(Redemption.state).in_(STANDING),
            ~told.exists(),
        )
        .order_by(col(Appointment.customer_id), col(Appointment.redemption_id))
        .limit(limit)
    )
    return (await session.exec(query)).all()


async def get_slot(session: AsyncSession, *, right_id: UUID, slot_id: UUID) -> RightsSlot:
    """Return one slot of a right.

    Raises:
        NotFound: there is none.
    """
    slot = await find_slot(session, right_id=right_id, slot_id=slot_id)
    if slot is None:
        raise NotFound
    return slot
