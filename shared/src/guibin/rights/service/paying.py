"""Redemptions that cost money beside points: paid, not paid, repaid, as a service of the bank tells.

The platform takes no money and pays none. Until the money is paid, points are set aside and everything else is taken as
by a confirmed redemption; so what was paid for is always to be had. The redemption's lock makes one of payment,
failure, cancellation and the end of the time come first, and the others see what it did.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.errors import NotFound, Refusal
from guibin.core.ids import to_public
from guibin.core.logging import logger
from guibin.core.money import format_cny
from guibin.points import service as points
from guibin.points.errors import HoldClosed
from guibin.points.models import EntryKind, SourceKind
from guibin.rights.models import PaymentState, Redemption, RedemptionPayment, RedemptionState
from guibin.rights.payment_errors import AlreadyPaid, PaymentOver
from guibin.rights.payments import Transfer, is_repaid_again, is_told_again
from guibin.rights.repository import payments, redemptions
from guibin.rights.repository.catalogue import Right
from guibin.rights.service.ending import lock, undo
from guibin.rights.service.giving_back import standing_of_redemption
from guibin.rights.service.telling import tell_step
from guibin.security.actors import NIGHTLY_JOB, Actor, Scope

_AT_ONCE: Final = 200
"""Redemptions that one look of the worker ends."""


async def note_paid(
    session: AsyncSession, scope: Scope, *, actor: Actor, redemption_id: UUID, paid: Transfer
) -> RedemptionPayment:
    """Confirm a redemption whose money was paid: its points are spent. The same payment told again changes nothing.

    Raises:
        NotFound: no such redemption, or one that costs no money.
        AlreadyPaid, PaymentOver, AmountDiffers: see `is_told_again`; the money is to be repaid by whoever took it.
        AccountFrozen, AccountClosed: the points cannot be spent.
    """
    redemption, right, payment = await _lock(session, scope, redemption_id)
    if is_told_again(payment, paid):
        return payment
    now = clock.now()
    if now >= payment.due_until:
        raise PaymentOver(until=payment.due_until)
    entry_id = await _spend(session, redemption, right, payment, actor)
    await redemptions.confirm(session, redemption, entry_id=entry_id, at=now, actor_id=actor.id)
    await payments.update_payment(session, payment, state=PaymentState.PAID, closed_at=now, reference=paid.reference)
    part = standing_of_redemption(redemption)
    await tell_step(session, redemption, RedemptionState.CONFIRMED, part=part)
    await _record(session, actor, redemption, "redemption.paid", paid)
    return payment


async def note_not_paid(session: AsyncSession, scope: Scope, *, actor: Actor, redemption_id: UUID) -> RedemptionPayment:
    """Give everything back of a redemption whose payment failed; told again of one that is over it changes nothing.

    Raises:
        NotFound: no such redemption, or one that costs no money.
        AlreadyPaid: it was paid.
    """
    redemption, right, payment = await _lock(session, scope, redemption_id)
    if payment.state == PaymentState.VOID:
        return payment
    _refuse_paid(payment)
    await undo(session, redemption, right, state=RedemptionState.UNPAID, actor_id=actor.id, now=clock.now())
    await _record(session, actor, redemption, "redemption.not_paid", None)
    return await _payment(session, redemption)


async def note_repaid(
    session: AsyncSession, scope: Scope, *, actor: Actor, redemption_id: UUID, repaid: Transfer
) -> RedemptionPayment:
    """Note that the bank has repaid what was to be repaid, or a part; the same repayment told again changes nothing.

    Raises:
        NotFound: no such redemption, or one that costs no money.
        NothingToRepay, AmountDiffers: see `is_repaid_again`.
    """
    redemption, _, payment = await _lock(session, scope, redemption_id)
    if is_repaid_again(payment, repaid):
        return payment
    await payments.update_payment(
        session,
        payment,
        repaid_fen=payment.repaid_fen + repaid.amount_fen,
        repaid_reference=repaid.reference,
        repayments={**payment.repayments, repaid.reference: repaid.amount_fen},
    )
    await _record(session, actor, redemption, "redemption.repaid", repaid)
    return payment


async def list_repayable(
    session: AsyncSession, scope: Scope, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[RedemptionPayment]:
    """Return payments of which something is still to be repaid, the first paid first."""
    return await payments.list_repayable(session, scope, after=after, limit=limit)


async def end_unpaid(sessions: SessionFactory) -> int:
    """Give everything back of redemptions whose money did not come in time, each in a transaction; returns how many."""
    async with sessions() as session:
        overdue = await payments.overdue(session, now=clock.now(), limit=_AT_ONCE)
    ended = 0
    for redemption_id in overdue:
        try:
            async with sessions.begin() as session:
                ended += await _end(session, redemption_id)
        except Refusal as refusal:  # whatever holds this one up holds up no other
            logger().warning("unpaid_not_given_back", redemption=str(redemption_id), code=refusal.code)
    return ended


async def _end(session: AsyncSession, redemption_id: UUID) -> bool:
    redemption, right, payment = await _lock(session, Scope.of_job(), redemption_id)
    if payment.state != PaymentState.DUE:
        return False
    await undo(session, redemption, right, state=RedemptionState.UNPAID, actor_id=NIGHTLY_JOB.id, now=clock.now())
    return True


def _refuse_paid(payment: RedemptionPayment) -> None:
    """Hold back what only concerns money that has not come.

    Raises:
        AlreadyPaid: it was paid.
    """
    if payment.state == PaymentState.PAID:
        raise AlreadyPaid


async def _lock(
    session: AsyncSession, scope: Scope, redemption_id: UUID
) -> tuple[Redemption, Right, RedemptionPayment]:
    redemption, right = await lock(session, scope, redemption_id)
    return redemption, right, await _payment(session, redemption)


async def _payment(session: AsyncSession, redemption: Redemption) -> RedemptionPayment:
    payment = await payments.find_payment(session, redemption)
    if payment is None:
        raise NotFound
    return payment


async def _spend(
    session: AsyncSession, redemption: Redemption, right: Right, payment: RedemptionPayment, actor: Actor
) -> UUID:
    """Spend the points that were set aside; a hold that has ended meanwhile is the end of the time."""
    try:
        posted = await points.capture(
            session,
            customer_id=redemption.customer_id,
            hold_id=payment.hold_id,
            points=redemption.points_charged,
            reason_zh=f"兑换：{right.item.name_zh}",
            reason_en=f"Redeemed: {right.item.name_en}",
            source_kind=SourceKind.REDEMPTION,
            source_id=to_public("rdm", redemption.id),
            actor_id=actor.id,
            kind=EntryKind.REDEEM,
        )
    except HoldClosed:
        raise PaymentOver(until=payment.due_until) from None
    return posted.entry_id


async def _record(
    session: AsyncSession, actor: Actor, redemption: Redemption, action: str, moved: Transfer | None
) -> None:
    facts: dict[str, object] = {"right_id": to_public("rgt", redemption.right_id)}
    if moved is not None:
        facts |= {"amount": format_cny(moved.amount_fen), "reference": moved.reference}
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type="redemption",
        object_id=to_public("rdm", redemption.id),
        owner_id=redemption.customer_id,
        facts=facts,
    )
