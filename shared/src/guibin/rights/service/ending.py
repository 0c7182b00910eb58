"""How a redemption ends: cancelled by its customer or failed, when all comes back, or fulfilled.

The order of locks is that of `guibin.rights.service.redeeming`, with the redemption's own row after the account: its
lock makes one of a cancellation, a use of its code and a failure come first, and the others see what it did.
"""

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.ids import to_public
from guibin.core.reasons import require_reason
from guibin.points import service as points
from guibin.points.models import SourceKind
from guibin.rights.errors import AlreadyUsed, FulfilledByCode, NotCancellable
from guibin.rights.models import Fulfilment, Redemption, RedemptionState, StockMode
from guibin.rights.repository import catalogue, pool, redemptions
from guibin.rights.repository.catalogue import Right
from guibin.rights.rules import cancellable_until, is_legal_step
from guibin.rights.service.giving_back import give_back_offer
from guibin.rights.service.holding import RedemptionView, get_redemption
from guibin.rights.service.telling import tell_added, tell_step
from guibin.security.actors import Actor, Scope

_REASONS = {
    RedemptionState.CANCELLED: ("取消兑换", "Cancelled"),
    RedemptionState.FAILED: ("兑换未能履约", "Could not be delivered"),
}


async def cancel(session: AsyncSession, scope: Scope, *, actor: Actor, redemption_id: UUID) -> RedemptionView:
    """Cancel a redemption of one's own, within the time of the right: points, quota and stock come back at once.

    A code that was shown does not go back to the pool: it is void.

    Raises:
        NotFound: there is none in scope.
        StateConflict: it does not stand as confirmed any more. Facts: from, to.
        NotCancellable: the right knows no cancellation, or the time is over. Facts: until.
        AlreadyUsed: one of its codes was used.
    """
    redemption, right = await _lock(session, scope, redemption_id, to=RedemptionState.CANCELLED)
    until = cancellable_until(RedemptionState(redemption.state), redemption.created_at, right.terms.cancel_hours)
    now = clock.now()
    if until is None or now >= until:
        raise NotCancellable(until=until)
    await _undo(session, redemption, right, state=RedemptionState.CANCELLED, actor=actor, now=now)
    return await get_redemption(session, scope, redemption_id=redemption_id)


async def fail(
    session: AsyncSession, scope: Scope, *, actor: Actor, redemption_id: UUID, reason: str | None
) -> RedemptionView:
    """Note that a right cannot be delivered: the customer has everything back at once.

    Raises:
        NotFound: there is none in scope.
        ReasonRequired: the reason says nothing.
        StateConflict: it is fulfilled, or does not stand any more. Facts: from, to.
        AlreadyUsed: one of its codes was used.
    """
    said = require_reason(reason)
    redemption, right = await _lock(session, scope, redemption_id, to=RedemptionState.FAILED)
    await _undo(session, redemption, right, state=RedemptionState.FAILED, actor=actor, now=clock.now())
    await _record(session, actor, redemption, "redemption.fail", reason=said)
    return await get_redemption(session, scope, redemption_id=redemption_id)


async def fulfil(session: AsyncSession, scope: Scope, *, actor: Actor, redemption_id: UUID) -> RedemptionView:
    """Note that what was redeemed has been handed out or carried out.

    Raises:
        NotFound: there is none in scope.
        FulfilledByCode: the use of its codes does this.
        StateConflict: it is fulfilled, or does not stand any more. Facts: from, to.
    """
    redemption, _ = await _lock(session, scope, redemption_id, to=RedemptionState.FULFILLED)
    if redemption.fulfilment == Fulfilment.CODE:
        raise FulfilledByCode
    await _step(session, redemption, state=RedemptionState.FULFILLED, actor=actor, now=clock.now())
    await _record(session, actor, redemption, "redemption.fulfil")
    return await get_redemption(session, scope, redemption_id=redemption_id)


async def _lock(
    session: AsyncSession, scope: Scope, redemption_id: UUID, *, to: RedemptionState
) -> tuple[Redemption, Right]:
    """Lock the account, then the redemption, and hold it to the step that is wanted."""
    found = await redemptions.get_redemption(session, scope, redemption_id=redemption_id)
    right = await catalogue.get_right(session, right_id=found.right_id)
    await points.lock_account(session, customer_id=found.customer_id, wallet=found.wallet)
    redemption = await redemptions.lock_redemption(
        session, scope, customer_id=found.customer_id, redemption_id=redemption_id
    )
    if not is_legal_step(RedemptionState(redemption.state), to):
        raise StateConflict(**{"from": redemption.state, "to": to})
    return redemption, right


async def _undo(
    session: AsyncSession, redemption: Redemption, right: Right, *, state: RedemptionState, actor: Actor, now: datetime
) -> None:
    """Give back all that a redemption took; codes that were used forbid it."""
    codes = await pool.codes_of_redemption(session, right_id=redemption.right_id, redemption_id=redemption.id)
    used = next((code for code in codes if code.used_at is not None), None)
    if used is not None:
        raise AlreadyUsed(used_at=used.used_at)
    zh, en = _REASONS[state]
    if redemption.entry_id is not None:
        await points.refund(
            session,
            customer_id=redemption.customer_id,
            entry_id=redemption.entry_id,
            points=redemption.points_charged,
            reason_zh=f"{zh}：{right.item.name_zh}",
            reason_en=f"{en}: {right.item.name_en}",
            source_kind=SourceKind.REDEMPTION,
            source_id=to_public("rdm", redemption.id),
            actor_id=actor.id,
        )
    await _step(session, redemption, state=state, actor=actor, now=now)
    if right.item.stock_mode == StockMode.COUNTED:
        free = await pool.give_back_stock(session, right_id=right.item.id, quantity=redemption.quantity)
        await tell_added(session, right.item.id, before=free - redemption.quantity, free=free)
    await give_back_offer(session, redemption, units=redemption.quantity, standing=redemption.quantity)


async def _step(
    session: AsyncSession, redemption: Redemption, *, state: RedemptionState, actor: Actor, now: datetime
) -> None:
    await redemptions.update_state(session, redemption, state=state)
    await redemptions.insert_step(session, redemption, state=state, at=now, actor_id=actor.id)
    await tell_step(session, redemption, state)


async def _record(
    session: AsyncSession, actor: Actor, redemption: Redemption, action: str, *, reason: str | None = None
) -> None:
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type="redemption",
        object_id=to_public("rdm", redemption.id),
        owner_id=redemption.customer_id,
        reason=reason,
        facts={"right_id": to_public("rgt", redemption.right_id)},
    )
