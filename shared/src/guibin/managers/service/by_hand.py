"""Assignment by hand: customers go to the managers whom somebody chose, all of them or none."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import VersionConflict
from guibin.core.ids import to_public
from guibin.customers.models import Customer
from guibin.customers.repository import get_customer, lock_customers
from guibin.managers import repository
from guibin.managers.eligibility.repository import as_waiting
from guibin.managers.errors import AssigneeInvalid
from guibin.managers.followers import Change, follow_all
from guibin.managers.matrix.repository import content_on
from guibin.managers.models import Coverage
from guibin.managers.rules import Matrix, Obstacle, Seat, Waiting, obstacles
from guibin.managers.stability import gradual
from guibin.security.actors import Actor, Scope
from guibin.tiers.errors import PeriodConflict, PeriodInvalid

BY_STAFF: Final = "staff"
EXCLUSION_VIOLATED: Final = "23P01"

Present = Mapping[UUID, UUID | None]
"""The id of the coverage that is open, by customer."""


@dataclass(frozen=True)
class Move:
    """A customer and the manager who shall serve the customer."""

    customer_id: UUID
    manager_id: UUID


@dataclass(frozen=True)
class Order:
    """On whose word customers are assigned, within whose reach, why, and from which day on.

    Without `valid_from` it is the day on which it is carried out.
    """

    actor: Actor
    scope: Scope
    reason: str
    valid_from: date | None


async def assign_by_hand(session: AsyncSession, move: Move, order: Order) -> UUID:
    """Let a manager serve a customer and return who that customer is now; the present manager again changes nothing.

    Raises:
        NotFound: the customer is out of scope.
        AssigneeInvalid: the manager cannot serve this customer.
        PeriodInvalid, PeriodConflict: the first day is to come, or it is over and somebody else has served since.
        VersionConflict: somebody else assigned at the same moment.
    """
    [customer] = await find_customers(session, order.scope, [move])
    seen = await present_coverage(session, [customer.id])
    await carry_out(session, [customer], [move], order, seen=seen)
    return customer.id


async def find_customers(session: AsyncSession, scope: Scope, moves: Sequence[Move]) -> list[Customer]:
    """Return the customers of some moves, in order.

    Raises:
        NotFound: one is unknown or out of scope.
    """
    return [await get_customer(session, scope, customer_id=move.customer_id) for move in moves]


async def present_coverage(session: AsyncSession, customer_ids: Collection[UUID]) -> Present:
    """Return which coverage of each customer is open now."""
    found = await repository.open_coverages(session, customer_ids=customer_ids)
    return {customer_id: found[customer_id].id if customer_id in found else None for customer_id in customer_ids}


async def carry_out(
    session: AsyncSession, customers: Sequence[Customer], moves: Sequence[Move], order: Order, *, seen: Present
) -> list[bool]:
    """Assign customers to managers, all or none, and return which of them changed hands.

    Locks managers, then customers, each in the order of their ids, as the nightly run does.

    Raises:
        AssigneeInvalid, PeriodInvalid, PeriodConflict: a move is not possible.
        VersionConflict: the coverage of a customer is not any more what was `seen`.
    """
    await repository.lock_managers(session, {move.manager_id for move in moves})
    await lock_customers(session, [customer.id for customer in customers])
    present = await repository.open_coverages(session, customer_ids=list(seen))
    if {customer_id: present[customer_id].id if customer_id in present else None for customer_id in seen} != seen:
        raise VersionConflict
    pairs = list(zip(customers, moves, strict=True))
    changing = [(one, move) for one, move in pairs if not _serves(present.get(one.id), move)]
    first_day = order.valid_from or clock.today()
    await check_moves(session, changing, present, first_day)
    await _replace(session, changing, present, order, first_day)
    for customer, move in changing:
        await _record(session, customer, move, order)
    changed = {customer.id for customer, _ in changing}
    return [customer.id in changed for customer in customers]


def _serves(present: Coverage | None, move: Move) -> bool:
    return present is not None and present.manager_id == move.manager_id


async def check_moves(
    session: AsyncSession,
    changing: Sequence[tuple[Customer, Move]],
    present: Mapping[UUID, Coverage],
    valid_from: date,
) -> None:
    """Hold moves to what managers may and can serve, all of them together, and to the time that is free.

    Raises:
        AssigneeInvalid: a manager may not serve a customer, or has no room.
        PeriodInvalid: the first day is to come.
        PeriodConflict: the first day is over, and somebody else has served a customer since, or a manager was none yet.
    """
    if valid_from > clock.today():
        raise PeriodInvalid(latest=clock.today().isoformat())
    today = clock.today()
    concerned = {move.manager_id for _, move in changing}
    seats = {seat.manager_id: seat for seat in await repository.seats(session, day=today, manager_ids=concerned)}
    matrix = (await content_on(session, today)).preferences()
    waiting = await as_waiting(session, [customer for customer, _ in changing], day=today)
    pairs = [(one, move.manager_id) for one, (_, move) in zip(waiting, changing, strict=True)]
    for one, manager_id in pairs:
        _check_assignee(one, seats.get(manager_id), matrix)
    _check_room(seats, pairs, present)
    if valid_from < today:
        await _check_time(session, changing, valid_from)


def _check_assignee(customer: Waiting, seat: Seat | None, matrix: Matrix) -> None:
    """Hold a pair to everything but room, which is a question of all moves together."""
    if seat is None:
        raise AssigneeInvalid(reason=Obstacle.INACTIVE)
    found = [one for one in obstacles(customer, seat, matrix) if one is not Obstacle.NO_CAPACITY]
    if found:
        raise AssigneeInvalid(reason=found[0])


def _check_room(
    seats: Mapping[UUID, Seat], pairs: Sequence[tuple[Waiting, UUID]], present: Mapping[UUID, Coverage]
) -> None:
    """Count who comes and who goes: a swap of two full books fits."""
    for one, _ in pairs:
        if one.customer_id in present and (giver := seats.get(present[one.customer_id].manager_id)):
            giver.give(one)
    for one, manager_id in pairs:
        if not seats[manager_id].has_room_for(one.minutes):
            raise AssigneeInvalid(reason=Obstacle.NO_CAPACITY)
        seats[manager_id].take(one)


async def _check_time(session: AsyncSession, changing: Sequence[tuple[Customer, Move]], valid_from: date) -> None:
    served = await repository.served_since(session, [customer.id for customer, _ in changing], valid_from)
    too_new = await repository.managers_since(session, {move.manager_id for _, move in changing}, valid_from)
    if served or too_new:
        raise PeriodConflict


async def _replace(
    session: AsyncSession,
    changing: Sequence[tuple[Customer, Move]],
    present: Mapping[UUID, Coverage],
    order: Order,
    first_day: date,
) -> None:
    """End the present coverage and begin another one.

    Raises:
        VersionConflict: somebody else began one meanwhile.
    """
    await gradual.cancel(session, [customer.id for customer, _ in changing], on_day=first_day)
    ended = [present[customer.id] for customer, _ in changing if customer.id in present]
    last = {one.customer_id: max(first_day, one.valid_from) for one in ended}
    await repository.end_coverage(session, last, ended, order.reason)
    placed = {customer.id: move.manager_id for customer, move in changing}
    days = dict.fromkeys(placed, first_day)
    try:
        await repository.begin_coverage(session, placed, days, source=BY_STAFF, reason=order.reason)
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) == EXCLUSION_VIOLATED:
            raise VersionConflict from None
        raise
    await repository.resolve_unassigned(session, placed, on_day=clock.today())
    givers = {one.customer_id: one.manager_id for one in ended}
    await follow_all(
        session,
        [Change(one, givers.get(one), taker, first_day, order.reason, BY_STAFF) for one, taker in placed.items()],
    )


async def _record(session: AsyncSession, customer: Customer, move: Move, order: Order) -> None:
    await audit.record(
        session,
        actor=order.actor,
        action="coverage.assign",
        object_type="customer",
        object_id=to_public("cus", customer.id),
        owner_id=customer.id,
        reason=order.reason,
        scope=order.scope,
        facts={"manager_id": to_public("mgr", move.manager_id)},
    )
