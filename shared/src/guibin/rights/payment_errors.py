"""Refusals about money that redemptions cost beside points."""

from guibin.core.errors import Category, Refusal
from guibin.core.money import format_cny


class PaymentOver(Refusal):
    """The money is not awaited any more: it did not come in time, or was given up. Whoever took it repays it.

    Facts: until.
    """

    category = Category.CONFLICT
    code = "payment_over"
    zh = "该兑换已不再等待支付，已收款项请原路退回"
    en = "This redemption awaits no money any more; what was taken is to be repaid"


class AlreadyPaid(Refusal):
    """It was paid before, by another payment: this one is to be repaid by whoever took it."""

    category = Category.CONFLICT
    code = "already_paid"
    zh = "该兑换已由另一笔款项支付，本笔请原路退回"
    en = "This redemption was paid by another payment; this one is to be repaid"


class AmountDiffers(Refusal):
    """It is not the amount that is due. Facts: due."""

    category = Category.CONFLICT
    code = "amount_differs"
    zh = "金额与应付（应退）金额不一致"
    en = "This is not the amount that is due"

    @classmethod
    def of(cls, due_fen: int) -> "AmountDiffers":
        """Return it with what is due, in CNY."""
        return cls(due=format_cny(due_fen))


class NothingToRepay(Refusal):
    """Nothing of what was paid is to be repaid."""

    category = Category.CONFLICT
    code = "nothing_to_repay"
    zh = "该兑换没有待退款项"
    en = "Nothing is to be repaid of this redemption"
