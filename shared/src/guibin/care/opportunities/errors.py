"""Refusals about opportunities."""

from guibin.core.errors import Category, Refusal


class OpportunityIsOpen(Refusal):
    """One of this product or need is open with the customer already. Facts: opportunity_id, due_on."""

    category = Category.CONFLICT
    code = "opportunity_is_open"
    zh = "该客户此产品或需求已有一个未结商机"
    en = "One of this product or need is open with the customer already"


class OpportunitySleeps(Refusal):
    """The customer refused it a short while ago. Facts: opportunity_id, possible_from."""

    category = Category.CONFLICT
    code = "opportunity_sleeps"
    zh = "客户近期已拒绝，休眠期内不得再次提出"
    en = "The customer refused it a short while ago: it is let be for some time"


class OffersWait(Refusal):
    """Nothing is offered to the customer at present. It is not said why."""

    category = Category.CONFLICT
    code = "offers_wait"
    zh = "目前不向该客户提供任何产品建议"
    en = "Nothing is offered to the customer at present"
