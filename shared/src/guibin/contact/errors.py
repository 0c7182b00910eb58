"""Refusals about reaching customers."""

from guibin.core.errors import Category, Refusal


class ContactRefused(Refusal):
    """The contact policy lets nobody reach the customer so, now. Facts: reasons, possible_at."""

    category = Category.CONFLICT
    code = "contact_refused"
    zh = "按触达规则，目前不能以此方式联系该客户"
    en = "By the contact policy the customer must not be reached so now"


class ContactOver(Refusal):
    """The contact has gone out, was given up or was refused already. Facts: state."""

    category = Category.CONFLICT
    code = "contact_over"
    zh = "该触达已结束"
    en = "The contact is over already"
