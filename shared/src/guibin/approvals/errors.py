"""Refusals of four eyes."""

from guibin.core.errors import Category, Refusal


class SelfApproval(Refusal):
    """Maker and checker are one person, through whichever account or delegation."""

    category = Category.FORBIDDEN
    code = "self_approval"
    zh = "不能审批自己提交的申请"
    en = "Another person has to decide on what you submitted"


class ApprovalExpired(Refusal):
    """Nobody decided in time."""

    category = Category.CONFLICT
    code = "approval_expired"
    zh = "审批已过期，请重新提交"
    en = "The request has expired: submit it again"


class StateConflict(Refusal):
    """The object stands in a state from which this step is not legal; the facts say `from` and `to`."""

    category = Category.CONFLICT
    code = "state_conflict"
    zh = "当前状态不允许此操作"
    en = "This step is not possible in the present state"


class AmendmentNotPossible(Refusal):
    """This kind of request cannot be changed, or not in this way."""

    category = Category.CONFLICT
    code = "amendment_not_possible"
    zh = "此申请不能这样修改，请撤回后重新提交"
    en = "Withdraw this request and submit it again"
