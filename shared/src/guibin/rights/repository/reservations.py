"""The SQL of reservations: a customer's own rows by scope, and what they hold of a right's stock by SQL functions."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text, tuple_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import NotFound
from guibin.customers.repository import visible
from guibin.rights.models import Reservation, ReservationState, StockHold
from guibin.rights.releases import Released
from guibin.rights.repository.pool import StockLevel
from guibin.security.actors import Scope

_HOLD = text(
    "SELECT free, low, refused FROM rights_hold(:right_id, :reservation_id, :units, CAST(:at AS timestamptz),"
    " CAST(:until AS timestamptz), :most, CAST(CAST(:lines AS text) AS jsonb))"
)
_LET_GO = text("SELECT rights_let_go(:right_id, CAST(:at AS timestamptz), :most, CAST(:reservation_id AS uuid))")
_LET_CODES_GO = text(
    "UPDATE voucher_code SET held_for = NULL, held_until = NULL"
    " WHERE right_id = :right_id AND taken_at IS NULL AND held_for = :reservation_id"
)


async def one_at_a_time(session: AsyncSession, *, customer_id: UUID) -> None:
    """Let one customer's reservations be made one after the other; the ports may not lock the customer's own row."""
    key = f"reservation:{customer_id}"
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})


async def note_lapsed(session: AsyncSession, *, customer_id: UUID, now: datetime) -> None:
    """Store of a customer's reservations which ones have lapsed."""
    await session.execute(
        update(Reservation)
        .where(
            col(Reservation.customer_id) == customer_id,
            col(Reservation.state) == ReservationState.HELD,
            col(Reservation.lapses_at) <= now,
        )
        .values(state=ReservationState.LAPSED, ended_at=now)
        .execution_options(synchronize_session=False)
    )


async def find_running(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, now: datetime
) -> Sequence[Reservation]:
    """Return a customer's reservations that hold something now."""
    row = Reservation
    query = select(row).where(
        row.customer_id == customer_id,
        visible(scope, col(row.customer_id)),
        row.state == ReservationState.HELD,
        col(row.lapses_at) > now,
    )
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def insert_reservation(session: AsyncSession, reservation: Reservation) -> None:
    """Add a reservation."""
    session.add(reservation)
    await session.flush()


async def hold_units(
    session: AsyncSession, reservation: Reservation, *, most: int, released: Released | None
) -> StockLevel | str:
    """Hold the units of a new reservation, and say how many are free then, or why they are not had.

    The free codes of a pool are counted up to `most`. `released` is what of the stock is open to the customer.
    """
    values = {
        "right_id": reservation.right_id,
        "reservation_id": reservation.id,
        "units": reservation.quantity,
        "at": reservation.created_at,
        "until": reservation.lapses_at,
        "most": most,
        "lines": None if released is None else json.dumps(released.document()),
    }
    row = (await session.execute(_HOLD, values)).one()
    refused: str | None = row.refused
    return StockLevel(row.free, row.low) if refused is None else refused


async def let_go(session: AsyncSession, reservation: Reservation, *, now: datetime) -> int:
    """Free what one reservation holds; returns how many units of a counted stock."""
    values = {"right_id": reservation.right_id, "reservation_id": reservation.id}
    await session.execute(_LET_CODES_GO, values)
    units: int = (await session.execute(_LET_GO, values | {"at": now, "most": 1})).scalar_one()
    return units


async def rights_with_lapsed(session: AsyncSession, *, now: datetime, limit: int) -> Sequence[UUID]:
    """Return rights of whose counted stock something is held beyond its time."""
    query = select(StockHold.right_id).where(col(StockHold.held), col(StockHold.lapses_at) <= now).distinct()
    return (await session.exec(query.limit(limit))).all()


async def let_lapsed_go(session: AsyncSession, *, right_id: UUID, now: datetime, most: int) -> int:
    """Free what is held of a counted stock beyond its time, at most so many holds; returns how many units."""
    values = {"right_id": right_id, "reservation_id": None, "at": now, "most": most}
    units: int = (await session.execute(_LET_GO, values)).scalar_one()
    return units


async def list_reservations(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Reservation]:
    """Return a customer's reservations, newest first."""
    row = Reservation
    query = select(row).where(row.customer_id == customer_id, visible(scope, col(row.customer_id)))
    if before is not None:
        query = query.where(tuple_(col(row.created_at), col(row.id)) < before)
    query = query.order_by(col(row.created_at).desc(), col(row.id).desc()).limit(limit)
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def get_reservation(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, reservation_id: UUID, lock: bool = False
) -> Reservation:
    """Return a reservation, locked if that is asked for.

    Raises:
        NotFound: there is none in scope.
    """
    query = select(Reservation).where(
        Reservation.customer_id == customer_id,
        visible(scope, col(Reservation.customer_id)),
        Reservation.id == reservation_id,
    )
    if lock:
        query = query.with_for_update()
    found = (await session.exec(query.execution_options(populate_existing=True))).first()
    if found is None:
        raise NotFound
    return found


async def end_reservation(session: AsyncSession, reservation: Reservation, **values: Any) -> None:
    """Write how a locked reservation ends, and bring the row in hand up to it."""
    row = Reservation
    await session.execute(
        update(row)
        .where(col(row.customer_id) == reservation.customer_id, col(row.id) == reservation.id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    await session.refresh(reservation)
