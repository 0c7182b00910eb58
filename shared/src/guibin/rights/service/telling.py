"""What rights tell others of: each step of a redemption, and stock that runs low, runs out or is there again."""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.outbox import events
from guibin.outbox.service import Publication, publish, publish_all
from guibin.rights.models import Redemption, RedemptionState, RightsItem, StockMode
from guibin.rights.parts import Part
from guibin.rights.repository.pool import StockLevel
from guibin.rights.service.new_redemption import NewRedemption

CODES_LOW_AT: Final = 20
"""A pool with fewer free codes than this is nearly empty."""

_STEPS: Final = {
    RedemptionState.CONFIRMED: events.RedemptionConfirmed,
    RedemptionState.UNPAID: events.RedemptionUnpaid,
    RedemptionState.FULFILLED: events.RedemptionFulfilled,
    RedemptionState.CANCELLED: events.RedemptionCancelled,
    RedemptionState.REFUNDED: events.RedemptionRefunded,
    RedemptionState.FAILED: events.RedemptionFailed,
}
"""The states that others are told of."""


async def tell_step(
    session: AsyncSession,
    redemption: Redemption,
    state: RedemptionState,
    *,
    part: Part,
    substitutes: Sequence[UUID] = (),
) -> None:
    """Publish that a redemption came to a state with these units; one of which nobody is told is passed over.

    `substitutes` are the rights that its customer can have in its place, where it failed.
    """
    event = _step(redemption, state, quantity=part.units, points=part.points, substitutes=substitutes)
    await publish_all(session, [event] if event else [])


async def tell_steps(session: AsyncSession, redemptions: Iterable[Redemption], state: RedemptionState) -> None:
    """Publish that redemptions came to a state with all their units, for all that they cost."""
    events_of_steps = (
        _step(redemption, state, quantity=redemption.quantity, points=redemption.points_charged)
        for redemption in redemptions
    )
    await publish_all(session, [event for event in events_of_steps if event])


def _step(
    redemption: Redemption, state: RedemptionState, *, quantity: int, points: int, substitutes: Sequence[UUID] = ()
) -> Publication | None:
    told = _STEPS.get(state)
    if told is None:
        return None
    instead = {"substitutes": list(substitutes)} if told is events.RedemptionFailed else {}
    data = told(
        right_id=redemption.right_id,
        quantity=quantity,
        wallet=redemption.wallet,
        fulfilment=redemption.fulfilment,
        points=points,
        **instead,
    )
    return Publication(data, redemption.id, redemption.customer_id)


def made(redemption: NewRedemption) -> events.EventData:
    """Say that a redemption is done, or that its money is awaited; `rights_redeem` publishes it."""
    said: dict[str, Any] = {
        "right_id": redemption.right_id,
        "quantity": redemption.quantity,
        "wallet": redemption.wallet,
        "fulfilment": redemption.fulfilment,
        "points": redemption.points_charged,
    }
    due = redemption.payment
    if due is None:
        return events.RedemptionConfirmed(**said)
    return events.RedemptionPaymentDue(**said, amount=due.amount_fen, due_until=due.due_until)


async def tell_taken(session: AsyncSession, item: RightsItem, left: StockLevel, *, units: int) -> None:
    """Publish that stock or pool has sunk to its mark by these units: once each time it passes it."""
    if not left.free <= left.low_at < left.free + units:
        return
    told: events.EventData = (
        events.CodesLow(free=left.free, threshold=left.low_at + 1)
        if item.stock_mode == StockMode.CODES
        else events.RightLowStock(free=left.free, threshold=left.low_at)
    )
    await publish(session, told, subject_id=item.id)


async def tell_added(session: AsyncSession, right_id: UUID, *, before: int, free: int) -> None:
    """Publish that a right of which there was nothing is there again."""
    if before == 0 and free > 0:
        await publish(session, events.RightBackInStock(free=free), subject_id=right_id)
