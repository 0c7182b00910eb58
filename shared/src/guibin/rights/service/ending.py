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
from guibin.rights.delivery_errors import OrderOpen
from guibin.rights.errors import FulfilledByCode, NotCancellable
from guibin.rights.life import cancellable_until, is_legal_step
from guibin.rights.models import Fulfilment, Redemption, RedemptionState
from guibin.rights.repository import catalogue, redemptions, slots
from guibin.rights.repository.catalogue import Right
from guibin.rights.service.given_back import lock_accounts
from guibin.rights.service.giving_back import Because, give_back_part, refuse_used_codes, standing_of_redemption
from guibin.rights.service.holding import RedemptionView, get_redemption
from guibin.rights.service.substitutes import keep_failure
from guibin.rights.service.telling import tell_step
from guibin.security.actors import Actor, Scope

_REASONS = {
    RedemptionState.CANCELLED: ("取消兑换", "Cancelled"),
    RedemptionState.REFUNDED: ("退还", "Refunded"),
    RedemptionState.FAILED: ("兑换未能履约", "Could not be delivered"),
    RedemptionState.UNPAID: ("未支付，兑换取消", "Not paid for"),
}


async def cancel(session: AsyncSession, scope: Scope, *, actor: Actor, redemption_id: UUID) -> RedemptionView:
    """Cancel a redemption of one's own, within the time of the right: points, quota and stock come back at once.

    One whose money is awaited is given up at any time. A code that was shown does not go back to the pool: it is void.

    Raises:
        NotFound: there is none in scope.
        StateConflict: it does not stand as confirmed any more. Facts: from, to.
        NotCancellable: the right knows no cancellation, or the time is over. Facts: until.
        AlreadyUsed: one of its codes was used.
    """
    redemption, right = await _lock_for_step(session, scope, redemption_id, to=RedemptionState.CANCELLED)
    now = clock.now()
    if redemption.state != RedemptionState.AWAITING_PAYMENT:
        until = cancellable_until(redemption, right.terms, await slots.find_appointment(session, redemption))
        if until is None or now >= until:
            raise NotCancellable(until=until)
    await undo(session, redemption, right, state=RedemptionState.CANCELLED, actor_id=actor.id, now=now)
    return await get_redemption(session, scope, redemption_id=redemption_id)


async def fail(
    session: AsyncSession, scope: Scope, *, actor: Actor, redemption_id: UUID, reason: str | None
) -> RedemptionView:
    """Note that a right cannot be delivered: the customer has everything back at once.

    Raises:
        NotFound: there is none in scope.
        ReasonRequired: the reason says nothing.
        StateConflict: it is fulfilled, or does not stand any more. Facts: from, to.
        OrderOpen: its supplier has it, and what comes of that is not known.
        AlreadyUsed: one of its codes was used.
    """
    said = require_reason(reason)
    redemption, right = await _lock_for_step(session, scope, redemption_id, to=RedemptionState.FAILED)
    _refuse_open_order(redemption)
    await undo(session, redemption, right, state=RedemptionState.FAILED, actor_id=actor.id, now=clock.now())
    await _record(session, actor, redemption, "redemption.fail", reason=said)
    return await get_redemption(session, scope, redemption_id=redemption_id)


async def fulfil(session: AsyncSession, scope: Scope, *, actor: Actor, redemption_id: UUID) -> RedemptionView:
    """Note that what was redeemed has been handed out or carried out.

    Raises:
        NotFound: there is none in scope.
        FulfilledByCode: the use of its codes does this.
        OrderOpen: its supplier has it, and what comes of that is not known.
        StateConflict: it is fulfilled, or does not stand any more. Facts: from, to.
    """
    redemption, _ = await _lock_for_step(session, scope, redemption_id, to=RedemptionState.FULFILLED)
    if redemption.fulfilment == Fulfilment.CODE:
        raise FulfilledByCode
    _refuse_open_order(redemption)
    await complete(session, redemption, actor_id=actor.id, now=clock.now())
    await _record(session, actor, redemption, "redemption.fulfil")
    return await get_redemption(session, scope, redemption_id=redemption_id)


async def complete(session: AsyncSession, redemption: Redemption, *, actor_id: UUID, now: datetime) -> None:
    """Let a locked redemption be fulfilled: the customer has all that stands of it."""
    part = standing_of_redemption(redemption)
    await _step(session, redemption, state=RedemptionState.FULFILLED, actor_id=actor_id, now=now)
    await tell_step(session, redemption, RedemptionState.FULFILLED, part=part)


def _refuse_open_order(redemption: Redemption) -> None:
    """A supplier's order brings a redemption into this state, and only what comes of the order out of it."""
    if redemption.state == RedemptionState.IN_FULFILMENT:
        raise OrderOpen


async def lock(session: AsyncSession, scope: Scope, redemption_id: UUID) -> tuple[Redemption, Right]:
    """Lock the accounts, then the redemption, and return it as it stands now.

    Raises:
        NotFound: there is none in scope.
    """
    found = await redemptions.get_redemption(session, scope, redemption_id=redemption_id)
    right = await catalogue.get_right(session, right_id=found.right_id)
    await lock_accounts(session, found)
    redemption = await redemptions.lock_redemption(
        session, scope, customer_id=found.customer_id, redemption_id=redemption_id
    )
    return redemption, right


async def _lock_for_step(
    session: AsyncSession, scope: Scope, redemption_id: UUID, *, to: RedemptionState
) -> tuple[Redemption, Right]:
    """Lock a redemption and hold it to the step that is wanted."""
    redemption, right = await lock(session, scope, redemption_id)
    if not is_legal_step(RedemptionState(redemption.state), to):
        raise StateConflict(**{"from": redemption.state, "to": to})
    return redemption, right


async def undo(
    session: AsyncSession,
    redemption: Redemption,
    right: Right,
    *,
    state: RedemptionState,
    actor_id: UUID,
    now: datetime,
) -> None:
    """Give back all that still stands of a redemption; codes that were used forbid it.

    What failed can be replaced: it is kept for that, and the event names what its customer can have instead.
    """
    await refuse_used_codes(session, redemption)
    part = standing_of_redemption(redemption)
    await _step(session, redemption, state=state, actor_id=actor_id, now=now)
    await give_back_part(session, redemption, right, part, because=Because(*_REASONS[state], actor_id))
    instead = []
    if state is RedemptionState.FAILED:
        instead = await keep_failure(session, redemption, right, part, now=now)
    await tell_step(session, redemption, state, part=part, substitutes=[one.right.item.id for one in instead])


async def _step(
    session: AsyncSession, redemption: Redemption, *, state: RedemptionState, actor_id: UUID, now: datetime
) -> None:
    await redemptions.update_state(session, redemption, state=state)
    await redemptions.insert_step(session, redemption, state=state, at=now, actor_id=actor_id)


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
