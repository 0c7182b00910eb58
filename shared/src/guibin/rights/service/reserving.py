"""Reservations: units of a right are set aside for some minutes while the customer confirms.

What is held is no longer free for others; once its time is over it is, at once: whoever finds too few free units lets
go what is held beyond its time, and the worker tidies up after all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.ids import new_id, to_public
from guibin.rights.errors import refusal_of
from guibin.rights.models import Reservation, ReservationState, RightsItem, StockMode
from guibin.rights.repository import catalogue, pool, reservations
from guibin.rights.reservation_errors import (
    AlreadyReserved,
    NothingToReserve,
    ReservationOver,
    TooManyReservations,
)
from guibin.rights.rules import ReasonCode, out_of_stock
from guibin.rights.service.previewing import preview
from guibin.rights.service.redeeming import RedemptionRequest
from guibin.rights.service.standing import released_of
from guibin.rights.service.telling import CODES_LOW_AT, tell_added, tell_taken
from guibin.security.actors import Scope

MOST_RESERVED: Final = 5
"""Rights that one customer holds units of at once."""

BY_THE_REDEMPTION: Final = frozenset({ReasonCode.OUT_OF_STOCK, ReasonCode.SLOT_REQUIRED, ReasonCode.DELIVERY_REQUIRED})
"""Reasons that do not stand in the way of a reservation: the holding itself decides, or the redemption brings it."""

_RIGHTS_AT_ONCE: Final = 50
_HOLDS_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class ReservationView:
    """A reservation with its right."""

    row: Reservation
    right: RightsItem

    def state_at(self, now: datetime) -> ReservationState:
        """Return how it stands: one that is held beyond its time has lapsed."""
        return state_at(self.row, now)


def state_at(row: Reservation, now: datetime) -> ReservationState:
    """Return how a reservation stands at an instant, whether that it lapsed is written down or not."""
    state = ReservationState(row.state)
    return ReservationState.LAPSED if state is ReservationState.HELD and row.lapses_at <= now else state


async def reserve(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, request: RedemptionRequest, minutes: int
) -> ReservationView:
    """Hold units of a right that the customer could redeem now as the request says, for so many minutes.

    Raises:
        NotFound: no right that this customer sees.
        Refusal: whatever stands in the way of the redemption but its appointment, which comes with the redemption.
        NothingToReserve: the right has no stock.
        AlreadyReserved: the customer holds units of it. Facts: reservation_id, lapses_at.
        TooManyReservations: the customer holds units of so many rights. Facts: most.
        OutOfStock: there are not as many.
    """
    await reservations.one_at_a_time(session, customer_id=customer_id)
    seen = await preview(session, scope, customer_id=customer_id, request=request)
    item, now = seen.right.item, clock.now()
    if item.stock_mode == StockMode.UNLIMITED:
        raise NothingToReserve
    against = next((reason for reason in seen.decision.reasons if reason.code not in BY_THE_REDEMPTION), None)
    if against is not None:
        raise refusal_of(against)
    await _refuse_more(session, scope, customer_id, item.id, now)
    row = Reservation(
        customer_id=customer_id,
        id=new_id(),
        right_id=item.id,
        quantity=request.quantity,
        created_at=now,
        lapses_at=now + timedelta(minutes=minutes),
    )
    await reservations.insert_reservation(session, row)
    released = released_of(seen.right, seen.side.profile, now)
    left = await reservations.hold_units(session, row, most=CODES_LOW_AT, released=released)
    if isinstance(left, str):
        raise refusal_of(out_of_stock(released.next_at if released and left == "not_released" else None))
    await tell_taken(session, item, left, units=row.quantity)
    return ReservationView(row, item)


async def _refuse_more(session: AsyncSession, scope: Scope, customer_id: UUID, right_id: UUID, now: datetime) -> None:
    await reservations.note_lapsed(session, customer_id=customer_id, now=now)
    running = await reservations.find_running(session, scope, customer_id=customer_id, now=now)
    same = next((row for row in running if row.right_id == right_id), None)
    if same is not None:
        raise AlreadyReserved(reservation_id=to_public("rsv", same.id), lapses_at=same.lapses_at)
    if len(running) >= MOST_RESERVED:
        raise TooManyReservations(most=MOST_RESERVED)


async def release(session: AsyncSession, scope: Scope, *, customer_id: UUID, reservation_id: UUID) -> None:
    """Give back what a reservation holds before its time is over.

    Raises:
        NotFound: there is no such reservation.
        ReservationOver: it was taken or released, or has lapsed. Facts: state.
    """
    row = await reservations.get_reservation(
        session, scope, customer_id=customer_id, reservation_id=reservation_id, lock=True
    )
    now = clock.now()
    state = state_at(row, now)
    if state is not ReservationState.HELD:
        raise ReservationOver(state=state)
    await reservations.end_reservation(session, row, state=ReservationState.RELEASED, ended_at=now)
    units = await reservations.let_go(session, row, now=now)
    await _tell_free(session, row.right_id, units)


async def let_lapsed_go(sessions: SessionFactory) -> int:
    """Free what is held of counted stocks beyond its time, a right in a transaction; returns how many units."""
    now, freed = clock.now(), 0
    async with sessions() as session:
        rights = await reservations.rights_with_lapsed(session, now=now, limit=_RIGHTS_AT_ONCE)
    for right_id in rights:
        async with sessions.begin() as session:
            units = await reservations.let_lapsed_go(session, right_id=right_id, now=now, most=_HOLDS_AT_ONCE)
            await _tell_free(session, right_id, units)
        freed += units
    return freed


async def _tell_free(session: AsyncSession, right_id: UUID, units: int) -> None:
    """Tell that units of a counted stock are there again, if there were none; its row is locked."""
    if units:
        stock = await pool.find_stock(session, right_ids=[right_id])
        await tell_added(session, right_id, before=stock[right_id].free - units, free=stock[right_id].free)


async def list_reservations(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> list[ReservationView]:
    """Return a customer's reservations, newest first."""
    rows = await reservations.list_reservations(session, scope, customer_id=customer_id, before=before, limit=limit)
    return await _views(session, rows)


async def get_reservation(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, reservation_id: UUID
) -> ReservationView:
    """Return one reservation of a customer.

    Raises:
        NotFound: there is none in scope.
    """
    row = await reservations.get_reservation(session, scope, customer_id=customer_id, reservation_id=reservation_id)
    return (await _views(session, [row]))[0]


async def _views(session: AsyncSession, rows: Sequence[Reservation]) -> list[ReservationView]:
    rights = await catalogue.find_items(session, right_ids=[row.right_id for row in rows])
    return [ReservationView(row, rights[row.right_id]) for row in rows]
