"""Money that a redemption costs beside points: what is due, and what the bank's payment service tells of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from guibin.rights.models import PaymentState, RedemptionPayment
from guibin.rights.payment_errors import AlreadyPaid, AmountDiffers, NothingToRepay, PaymentOver


@dataclass(frozen=True, slots=True)
class MoneyDue:
    """What a redemption that is about to be written asks for in money, and until before which instant."""

    amount_fen: int
    due_until: datetime

    @classmethod
    def of(cls, amount_fen: int, minutes: int, now: datetime) -> "MoneyDue | None":
        """Return what is due; None where nothing is."""
        return cls(amount_fen, now + timedelta(minutes=minutes)) if amount_fen else None


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money that moved between the customer and the bank, as the payment service calls it."""

    amount_fen: int
    reference: str


def is_told_again(payment: RedemptionPayment, paid: Transfer) -> bool:
    """Hold what is told as paid to what is due; True where exactly this was told before.

    Raises:
        AlreadyPaid: it was paid, by another payment or with another amount.
        PaymentOver: nothing is awaited any more. Facts: until.
        AmountDiffers: it is not the amount that is due. Facts: due.
    """
    if payment.state == PaymentState.PAID:
        if (payment.amount_fen, payment.reference) == (paid.amount_fen, paid.reference):
            return True
        raise AlreadyPaid
    if payment.state != PaymentState.DUE:
        raise PaymentOver(until=payment.due_until)
    if payment.amount_fen != paid.amount_fen:
        raise AmountDiffers.of(payment.amount_fen)
    return False


def is_repaid_again(payment: RedemptionPayment, repaid: Transfer) -> bool:
    """Hold what is told as repaid to what is to be repaid; True where exactly this was told before.

    It may be less than all: more can have been given back since the service looked and let the money go.

    Raises:
        NothingToRepay: nothing is to be repaid.
        AmountDiffers: it is more than is to be repaid, or not what this repayment was told with before. Facts: due.
    """
    told = payment.repayments.get(repaid.reference)
    if told is not None:
        if told != repaid.amount_fen:
            raise AmountDiffers.of(told)
        return True
    due = payment.repayable_fen - payment.repaid_fen
    if due == 0:
        raise NothingToRepay
    if due < repaid.amount_fen:
        raise AmountDiffers.of(due)
    return False
