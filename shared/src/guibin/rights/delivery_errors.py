"""Refusals about where a right goes, and about what is on its way; the first two also stand with other reasons."""

from guibin.core.errors import Category, Refusal


class DeliveryRequired(Refusal):
    """It is not said where the right goes: the account to top up, or an address. Facts: needed."""

    category = Category.CONFLICT
    code = "delivery_required"
    zh = "请填写充值账号或收货地址"
    en = "Say where it goes: the account that is topped up, or the address"


class DeliveryNotAsked(Refusal):
    """The right goes nowhere: an account or an address that nobody needs is not kept."""

    category = Category.CONFLICT
    code = "delivery_not_asked"
    zh = "该权益无需填写充值账号或收货地址"
    en = "This right is sent nowhere: name neither an account nor an address"


class OrderOpen(Refusal):
    """What comes of the supplier's order is not known yet: nothing is given back, or called done, blindly."""

    category = Category.CONFLICT
    code = "order_open"
    zh = "供应商订单尚无结果，不能直接退还或完成"
    en = "The supplier's order has no outcome yet: settle it instead"
