"""What the ledger and its administration say no to."""

from guibin.core.errors import Category, Refusal


class InsufficientPoints(Refusal):
    """Less can be spent than is required. Facts: required, available, missing."""

    category = Category.CONFLICT
    code = "insufficient_points"
    zh = "可用积分不足"
    en = "Not enough points available"


class AccountFrozen(Refusal):
    """Spending from this account is stopped."""

    category = Category.CONFLICT
    code = "account_frozen"
    zh = "积分账户已冻结"
    en = "The points account is frozen"


class AccountClosed(Refusal):
    """The account has ended: nothing moves any more."""

    category = Category.CONFLICT
    code = "account_closed"
    zh = "积分账户已关闭"
    en = "The points account is closed"


class WalletClosed(Refusal):
    """The wallet is not in use."""

    category = Category.CONFLICT
    code = "wallet_closed"
    zh = "该积分类别未启用"
    en = "This kind of points is not in use"


class ReferenceConflict(Refusal):
    """The line has sent another event under the same reference before."""

    category = Category.CONFLICT
    code = "reference_conflict"
    zh = "该参考号已用于另一笔事件"
    en = "The reference stands for another event"


class EventDateOutOfRange(Refusal):
    """An event lies ahead, or more than 400 days back. Facts: earliest, latest."""

    category = Category.INVALID
    code = "event_date_out_of_range"
    zh = "事件日期超出范围"
    en = "The date of the event is out of range"


class CustomerUnknown(Refusal):
    """No customer is known under the reference that a line sent."""

    category = Category.CONFLICT
    code = "customer_unknown"
    zh = "未找到该客户"
    en = "No customer is known by this reference"


class ReturnReferenceTaken(Refusal):
    """The line has told of another return under this number: of another event, or of another amount."""

    category = Category.CONFLICT
    code = "return_reference_taken"
    zh = "该退货编号已用于另一笔退货"
    en = "Another return was told under this number"


class AmountOutOfRange(Refusal):
    """An event would earn more than one entry can hold."""

    category = Category.INVALID
    code = "amount_out_of_range"
    zh = "金额超出范围"
    en = "The amount is out of range"


class LimitExceeded(Refusal):
    """The adjustment costs the bank more than the caller may submit. Facts: limit and cost in CNY."""

    category = Category.FORBIDDEN
    code = "limit_exceeded"
    zh = "超出您的调整额度"
    en = "This costs more than your limit"


class RefundExceedsPaid(Refusal):
    """Together with what was given back before it is more than was taken."""

    category = Category.CONFLICT
    code = "refund_exceeds_paid"
    zh = "退还积分超过原扣减数量"
    en = "More would be given back than was taken"


class ReversalExceedsCredit(Refusal):
    """Together with what was taken back before it is more than the entry gave."""

    category = Category.CONFLICT
    code = "reversal_exceeds_credit"
    zh = "冲回积分超过原发放数量"
    en = "More would be taken back than was given"


class NotReversible(Refusal):
    """The entry gave nothing that could be taken back. Facts: kind. What was spent is refunded where it was spent."""

    category = Category.CONFLICT
    code = "not_reversible"
    zh = "只有入账的积分可以冲回；兑换请在兑换单上退还"
    en = "Only points that came in can be taken back; a redemption is refunded as such"

    def __init__(self, *, kind: str) -> None:
        super().__init__(kind=kind)


class CaptureExceedsHold(Refusal):
    """More would be spent than was set aside."""

    category = Category.CONFLICT
    code = "capture_exceeds_hold"
    zh = "扣减积分超过预占数量"
    en = "More would be spent than was set aside"


class HoldClosed(Refusal):
    """The hold was captured or released, or its time has ended."""

    category = Category.CONFLICT
    code = "hold_closed"
    zh = "积分预占已结束"
    en = "The points are no longer set aside"


class DayNotClosed(Refusal):
    """The books of that day are not closed. Fact: last_closed, the last day that is; null before the first."""

    category = Category.CONFLICT
    code = "day_not_closed"
    zh = "该营业日尚未结账"
    en = "That day has not been closed"


class HoldExpired(Refusal):
    """The time of the hold has ended: the points are free again."""

    category = Category.CONFLICT
    code = "hold_expired"
    zh = "积分预占已过期"
    en = "The time of the hold has ended"


class HoldTimeOutOfRange(Refusal):
    """A hold ends at once, or stays too long. Facts: earliest, latest."""

    category = Category.INVALID
    code = "hold_time_out_of_range"
    zh = "预占到期时间超出范围"
    en = "The end of the hold is out of range"


class AccountNotEmpty(Refusal):
    """An account in which something stands is not closed. Fact: reasons, of balance, pending, held and debt."""

    category = Category.CONFLICT
    code = "account_not_empty"
    zh = "积分账户仍有余额、待生效积分、预占或欠额，不能关闭"
    en = "Points, pending points, holds or debt stand in the account"


class AlreadyRestored(Refusal):
    """What expired of the lot was given back before: that happens once."""

    category = Category.CONFLICT
    code = "already_restored"
    zh = "该批次积分已恢复"
    en = "The points of this lot were given back before"


class RestoreExceedsExpired(Refusal):
    """More would be given back than has expired. Fact: expired."""

    category = Category.CONFLICT
    code = "restore_exceeds_expired"
    zh = "恢复积分超过已到期数量"
    en = "More would be given back than has expired"


class WalletCodeTaken(Refusal):
    """Another kind of points has this code."""

    category = Category.CONFLICT
    code = "wallet_code_taken"
    zh = "积分类别代码已被使用"
    en = "The code names another kind of points"


class SpendCapReached(Refusal):
    """More of this kind than the period allows, what is set aside among it. Facts: points, period, left."""

    category = Category.CONFLICT
    code = "spend_cap_reached"
    zh = "已达到积分使用上限"
    en = "You have spent as many points as the period allows"


class PointsNotSpendable(Refusal):
    """Points of growth count for the tier and are never spent."""

    category = Category.CONFLICT
    code = "points_not_spendable"
    zh = "成长值仅用于层级评定，不可使用"
    en = "These points count for the tier and are never spent"


class GrowthNotCounted(Refusal):
    """Points of growth are in use exactly while the tier scheme in force counts them."""

    category = Category.CONFLICT
    code = "growth_not_counted"
    zh = "成长值积分须与现行层级方案一致：方案使用时方可启用，使用期间不可停用"
    en = "Points of growth are in use while the tier scheme in force counts them, and only then"


class WalletInUse(Refusal):
    """Customers have points of this kind, which the change would make something else. Fact: fields."""

    category = Category.CONFLICT
    code = "wallet_in_use"
    zh = "已有客户持有该类积分，不能作此变更"
    en = "Customers have points of this kind: this cannot change any more"


class RollOverInvalid(Refusal):
    """Points cannot roll over as the terms say. Fact: fault (unknown, closed, growth, circle)."""

    category = Category.INVALID
    code = "roll_over_invalid"
    zh = "积分到期转入的类别不可用"
    en = "Points cannot roll over into that kind of points"


class StepUpRequired(Refusal):
    """So many points need a proof that the customer is there. Facts: methods, points."""

    category = Category.UNAUTHENTICATED
    code = "step_up_required"
    zh = "此操作需要短信验证"
    en = "This needs a one-time password"


class StepUpInvalid(Refusal):
    """The proof is of somebody or for something else, for other points, too old, or used: one answer for all."""

    category = Category.FORBIDDEN
    code = "step_up_invalid"
    zh = "验证凭证无效，请重新验证"
    en = "The proof is not valid: ask for a new one"


class NotTransferable(Refusal):
    """Points of this kind stay with whom they were given to."""

    category = Category.CONFLICT
    code = "not_transferable"
    zh = "该类积分不可转赠"
    en = "Points of this kind cannot be passed on"


class TransferCodeInvalid(Refusal):
    """The receiver's code is not ours, altered, too old, used, or for other points: one answer for all."""

    category = Category.CONFLICT
    code = "transfer_code_invalid"
    zh = "收取码无效或已过期，请对方重新出示"
    en = "The receiver's code is not valid any more: ask for a new one"


class TransferToSelf(Refusal):
    """The code is the giver's own."""

    category = Category.CONFLICT
    code = "transfer_to_self"
    zh = "不能转赠给自己"
    en = "Points are passed on to somebody else"


class TransferLimitReached(Refusal):
    """A customer passes on no more at once, in this day or in this month. Facts: limit, most, left."""

    category = Category.CONFLICT
    code = "transfer_limit_reached"
    zh = "超出转赠限额"
    en = "This is more than may be passed on"


class ReceiverUnavailable(Refusal):
    """The receiver cannot have these points now; why is the receiver's own matter."""

    category = Category.CONFLICT
    code = "receiver_unavailable"
    zh = "对方当前无法收取积分"
    en = "The receiver cannot take the points now"


class TransferSpent(Refusal):
    """Less is left with the receiver than the bank would take back. Fact: left."""

    category = Category.CONFLICT
    code = "transfer_spent"
    zh = "对方已使用该笔积分，可撤回数量不足"
    en = "The receiver has spent of these points: less can be taken back"


class AttachmentInvalid(Refusal):
    """No document of a kind that is taken, or one that is not whole. Fact: accepted."""

    category = Category.UNSUPPORTED
    code = "attachment_invalid"
    zh = "附件须为完整的 PDF、PNG 或 JPEG 文件"
    en = "An attachment is a whole PDF, PNG or JPEG"


class AttachmentThere(Refusal):
    """Another document was added in this place: none is replaced."""

    category = Category.CONFLICT
    code = "attachment_there"
    zh = "该位置已有附件，不能替换"
    en = "Another document stands there: none is replaced"
