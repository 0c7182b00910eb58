"""What becomes of the money of a redemption that does not stand any more, and of the points set aside until it came."""

from contextlib import suppress

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.outbox.events import RedemptionRepayable
from guibin.outbox.service import publish
from guibin.points import service as points
from guibin.points.errors import HoldClosed
from guibin.rights.models import PaymentState, Redemption, RedemptionPayment
from guibin.rights.parts import Part
from guibin.rights.repository import payments, pool


async def give_back_money(session: AsyncSession, redemption: Redemption, part: Part, *, standing: Part) -> None:
    """Await the money no more, or let the share of a part be repaid by the bank, which is told of it.

    What was not paid for frees its points and its codes: nobody has seen them.
    """
    payment = await payments.find_payment(session, redemption)
    if payment is None:
        return
    if payment.state == PaymentState.DUE:
        await _await_no_more(session, redemption, payment)
        return
    fen = part.of_money(payment.amount_fen - payment.repayable_fen, standing)
    if not fen:
        return
    await payments.update_payment(session, payment, repayable_fen=payment.repayable_fen + fen)
    told = RedemptionRepayable(
        right_id=redemption.right_id,
        quantity=part.units,
        wallet=redemption.wallet,
        fulfilment=redemption.fulfilment,
        amount=fen,
        paid_by=payment.reference or "",
    )
    await publish(session, told, subject_id=redemption.id, customer_id=redemption.customer_id)


async def _await_no_more(session: AsyncSession, redemption: Redemption, payment: RedemptionPayment) -> None:
    with suppress(HoldClosed):  # it ends by itself at the same instant, whoever looks first
        await points.release(session, customer_id=payment.customer_id, hold_id=payment.hold_id)
    await pool.free_codes(session, right_id=redemption.right_id, redemption_id=redemption.id)
    await payments.update_payment(session, payment, state=PaymentState.VOID, closed_at=clock.now())
