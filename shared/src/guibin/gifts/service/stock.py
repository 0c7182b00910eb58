"""The stock of gifts at a branch: received, counted, written off with a reason."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import new_id, to_public
from guibin.core.reasons import require_reason
from guibin.gifts import repository, rules
from guibin.gifts.errors import GiftCountTooLow, GiftNotOffered, GiftOutOfStock
from guibin.gifts.models import GiftMovement, GiftStock, MovementKind
from guibin.organisation.repository import subtree_ids
from guibin.security.actors import Actor, Scope


@dataclass(frozen=True, slots=True)
class Movement:
    """What happened to the units of a gift at a branch; `units` of a count are all that lie on the shelf."""

    gift_id: UUID
    branch_id: UUID
    kind: MovementKind
    units: int
    reason: str | None


async def branches_in(session: AsyncSession, scope: Scope) -> Collection[UUID] | None:
    """Return the branches whose stock a scope opens, None for all; who serves customers sees the own branch's."""
    if scope.whole_bank:
        return None
    found = set(await subtree_ids(session, scope.branch_roots))
    if scope.staff_id is not None:
        found.add(await repository.staff_branch(session, scope.staff_id))
    return found


async def move_stock(session: AsyncSession, scope: Scope, *, actor: Actor, wanted: Movement) -> GiftStock:
    """Write down what came, what is missing or broken, or what a count found; every movement is kept.

    Raises:
        NotFound: no such gift, or no such branch in scope.
        ReasonRequired: something is written off, or a count differs, without a reason that says something.
        GiftNotOffered: a gift that is not given any more is not received.
        GiftOutOfStock: more is written off than is free. Facts: free, required.
        GiftCountTooLow: fewer were counted than are promised to customers. Facts: reserved.
    """
    gift = await repository.get_gift(session, wanted.gift_id)
    within = await branches_in(session, scope)
    if (within is not None and wanted.branch_id not in within) or not await repository.is_branch(
        session, wanted.branch_id
    ):
        raise NotFound
    if wanted.kind is MovementKind.RECEIVED and not gift.offered:
        raise GiftNotOffered
    stock = await repository.lock_stock(session, gift_id=gift.id, branch_id=wanted.branch_id)
    units = _units_of(stock, wanted)
    if wanted.kind is MovementKind.WRITTEN_OFF or (wanted.kind is MovementKind.COUNTED and units):
        require_reason(wanted.reason)
    came, went = max(units, 0), max(-units, 0)
    await repository.change_stock(session, stock, free=units, entered=came, written_off=went)
    await _keep(session, actor, wanted, units)
    return stock


def _units_of(stock: GiftStock, wanted: Movement) -> int:
    """Return by how much the free units change."""
    if wanted.kind is MovementKind.RECEIVED:
        return wanted.units
    if wanted.kind is MovementKind.WRITTEN_OFF:
        if wanted.units > stock.free:
            raise GiftOutOfStock(free=stock.free, required=wanted.units)
        return -wanted.units
    difference = rules.difference(counted=wanted.units, free=stock.free, reserved=stock.reserved)
    if difference is None:
        raise GiftCountTooLow(reserved=stock.reserved)
    return difference


async def _keep(session: AsyncSession, actor: Actor, wanted: Movement, units: int) -> None:
    await repository.insert_movement(
        session,
        GiftMovement(
            gift_id=wanted.gift_id,
            id=new_id(),
            branch_id=wanted.branch_id,
            kind=wanted.kind,
            units=units,
            reason=wanted.reason,
            by=actor.id,
            at=clock.now(),
        ),
    )
    await audit.record(
        session,
        actor=actor,
        action=f"gift.{wanted.kind}",
        object_type="gift",
        object_id=to_public("gft", wanted.gift_id),
        reason=wanted.reason,
        facts={"branch_id": to_public("brn", wanted.branch_id), "units": units},
    )
