"""Refusals about claims."""

from guibin.core.errors import Category, Refusal


class ClaimNotPossible(Refusal):
    """This manager cannot claim this customer.

    `reason` is the first of gone, served, inactive, other_branch, cooling_down, claimed.
    """

    category = Category.CONFLICT
    code = "claim_not_possible"
    zh = "该客户经理目前不能认领此客户"
    en = "This manager cannot claim this customer now"


class DisputeNotPossible(Refusal):
    """The caller cannot dispute this claim.

    `reason` is the first of not_a_manager, own_claim, claim_over, too_late, disputed, inactive, other_branch,
    cooling_down.
    """

    category = Category.CONFLICT
    code = "dispute_not_possible"
    zh = "不能对该认领提出异议"
    en = "This claim cannot be disputed by the caller now"


class NoOpenDispute(Refusal):
    """Nobody disputes the claim, or it is decided, or there is nothing left to decide about."""

    category = Category.CONFLICT
    code = "no_open_dispute"
    zh = "该认领没有待裁决的异议"
    en = "There is no dispute about this claim that waits for a decision"


class PartyDecides(Refusal):
    """The claimant, who disputes it and who opened the dispute do not decide it."""

    category = Category.FORBIDDEN
    code = "party_decides"
    zh = "异议当事人不能裁决"
    en = "A dispute is decided by somebody who is no party to it"


class ManagerCodeUnknown(Refusal):
    """No manager who works here has the code; too many of these close the entry of codes for a day."""

    category = Category.NOT_FOUND
    code = "manager_code_unknown"
    zh = "客户经理推荐码无效"
    en = "No manager has this code"
    answers_a_guess = True


class ManagerCodeUnusable(Refusal):
    """The code is a manager's, and the customer cannot use it now: served already, or looked after by somebody."""

    category = Category.CONFLICT
    code = "manager_code_unusable"
    zh = "您目前不能使用客户经理推荐码，如需帮助请联系网点"
    en = "You cannot use a manager's code at present; your branch will help you"
