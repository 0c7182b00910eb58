"""Refusals about what managers propose."""

from guibin.core.errors import Category, Refusal


class RightNotOffered(Refusal):
    """There is no such right on sale, or the customer does not see it."""

    category = Category.CONFLICT
    code = "right_not_offered"
    zh = "该权益未在售或不面向该客户"
    en = "This right is not on sale, or not shown to this customer"


class ProposalWaiting(Refusal):
    """The right is proposed to this customer already, and waits for the answer."""

    category = Category.CONFLICT
    code = "proposal_waiting"
    zh = "该权益已向客户推荐，正在等待答复"
    en = "This right is proposed already and waits for the answer"


class TooManyProposals(Refusal):
    """So many proposals wait for this customer's answer. Facts: most."""

    category = Category.CONFLICT
    code = "too_many_proposals"
    zh = "待客户答复的推荐过多"
    en = "Too many proposals wait for this customer"


class ProposalOver(Refusal):
    """The proposal is answered, withdrawn or has lapsed. Facts: state."""

    category = Category.CONFLICT
    code = "proposal_over"
    zh = "该推荐已答复、撤回或失效"
    en = "This proposal is answered, withdrawn or has lapsed"
