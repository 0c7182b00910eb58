"""What the domain of rights says no to.

Points, account and wallet have their refusals in `guibin.points.errors`, budgets and what is stopped in
`guibin.programme.errors`.
"""

from typing import Final

from guibin.core.errors import Category, Refusal
from guibin.points.errors import AccountClosed, AccountFrozen, InsufficientPoints, SpendCapReached, WalletClosed
from guibin.programme.errors import BudgetExhausted, Stopped
from guibin.rights.delivery_errors import DeliveryNotAsked, DeliveryRequired
from guibin.rights.reservation_errors import ReservationDiffers, ReservationOver
from guibin.rights.rules import Reason, ReasonCode


class NotOnSale(Refusal):
    """The time of sale has not begun, has ended, or the right is suspended."""

    category = Category.CONFLICT
    code = "not_on_sale"
    zh = "该权益当前不可兑换"
    en = "This right is not on sale now"


class TierRequired(Refusal):
    """The right is for a higher tier. Facts: required, current (null without a tier)."""

    category = Category.CONFLICT
    code = "tier_required"
    zh = "该权益需要更高层级"
    en = "This right is for a higher tier"


class NoMatchingPrice(Refusal):
    """No price of the right fits the customer."""

    category = Category.CONFLICT
    code = "no_matching_price"
    zh = "该权益没有适用于您的价格"
    en = "There is no price of this right for you"


class LimitReached(Refusal):
    """The customer has taken as many units as the period allows. Facts: times, period, left."""

    category = Category.CONFLICT
    code = "limit_reached"
    zh = "已达到兑换次数上限"
    en = "You have taken as many as the limit allows"


class PriceChanged(Refusal):
    """The price is not the one that the caller expects. Facts: points, for the whole quantity."""

    category = Category.CONFLICT
    code = "price_changed"
    zh = "兑换所需积分已变化，请确认后重试"
    en = "The price has changed: look at it again"


class OutOfStock(Refusal):
    """There are not as many units or codes as asked for; how many there are is not told. Facts: next_release_at."""

    category = Category.CONFLICT
    code = "out_of_stock"
    zh = "库存不足"
    en = "Out of stock"


class CategoryNotSpendable(Refusal):
    """The points of this wallet do not buy rights of this category. Facts: category."""

    category = Category.CONFLICT
    code = "category_not_spendable"
    zh = "该类积分不可兑换此类权益"
    en = "These points do not buy rights of this category"


class NotEligible(Refusal):
    """The right is seen, and is for others or for another time. Facts: missing (tier, tag, time), tiers, from, to."""

    category = Category.CONFLICT
    code = "not_eligible"
    zh = "您暂不符合该权益的领取条件"
    en = "The right is not for you now"


class TooManyCompanions(Refusal):
    """More guests than the customer's tier may bring. Facts: most, for the whole quantity."""

    category = Category.CONFLICT
    code = "too_many_companions"
    zh = "同行人数超过上限"
    en = "More guests than you may bring"


class BeneficiaryNotAllowed(Refusal):
    """The right serves the customer alone."""

    category = Category.CONFLICT
    code = "beneficiary_not_allowed"
    zh = "该权益仅限本人使用"
    en = "The right is for you alone"


class CertificateRequired(Refusal):
    """Whom the right serves has to be named with the number of a certificate."""

    category = Category.CONFLICT
    code = "certificate_required"
    zh = "该权益需提供使用人证件号码"
    en = "The certificate of the person who is served is needed"


class SlotRequired(Refusal):
    """The right is served by appointment, and no slot is named."""

    category = Category.CONFLICT
    code = "slot_required"
    zh = "请选择预约时段"
    en = "Choose a time: this right is served by appointment"


class SlotNotOpen(Refusal):
    """There is no such slot of this right, it is closed, or it begins too soon."""

    category = Category.CONFLICT
    code = "slot_not_open"
    zh = "该时段不可预约"
    en = "This time cannot be booked, or not any more"


class SlotTaken(Refusal):
    """The slot has not so many places left. How many there are is shown with the slots."""

    category = Category.CONFLICT
    code = "slot_taken"
    zh = "该时段名额已满"
    en = "This time is taken: choose another"


class PackageNotChosen(Refusal):
    """The right is not among those that were chosen of this package for the period that is running."""

    category = Category.CONFLICT
    code = "package_not_chosen"
    zh = "本期权益包未选择该权益"
    en = "This right is not among those that you chose of the package for this period"


class PackageUsedUp(Refusal):
    """The package does not give so many of the right. Facts: left, where it is known."""

    category = Category.CONFLICT
    code = "package_used_up"
    zh = "权益包内该权益的次数不足"
    en = "The package does not give so many of this right any more"


class NoAppointment(Refusal):
    """The redemption is not served by appointment."""

    category = Category.CONFLICT
    code = "no_appointment"
    zh = "该兑换单没有预约"
    en = "This redemption has no appointment"


class NotChangeable(Refusal):
    """The appointment cannot be exchanged for another, or its time for that is over. Facts: until."""

    category = Category.CONFLICT
    code = "not_changeable"
    zh = "该预约不支持改期或已超过改期时限"
    en = "The appointment cannot be moved, or not any more"


class SlotNotBegun(Refusal):
    """That nobody came is noted once the appointment has begun. Facts: starts_at."""

    category = Category.CONFLICT
    code = "slot_not_begun"
    zh = "预约时间未到，不能登记爽约"
    en = "The appointment has not begun: nobody has missed it yet"


class CodeNotValid(Refusal):
    """The code is unknown, nobody's, past its last day, or its redemption no longer stands: one answer for all."""

    category = Category.NOT_FOUND
    code = "code_not_valid"
    answers_a_guess = True
    zh = "券码无效"
    en = "The code is not valid"


class CodeMistyped(Refusal):
    """The code looks like one that the bank makes, and its check symbol says that it is none: it was mistyped."""

    category = Category.NOT_FOUND
    code = "code_mistyped"
    zh = "券码输入有误，请核对"
    en = "The code was mistyped: compare it"


class ValueExhausted(Refusal):
    """Less is left of the voucher's value than is asked for. Facts: remaining, in CNY."""

    category = Category.CONFLICT
    code = "value_exhausted"
    zh = "券面余额不足"
    en = "Not so much of the voucher's value is left"


class NoValueVoucher(Refusal):
    """An amount is asked of a code that is used as a whole."""

    category = Category.CONFLICT
    code = "no_value_voucher"
    zh = "该券不是储值券，不能按金额核销"
    en = "The code has no value of which an amount could be used"


class ReferenceReused(Refusal):
    """The caller gave this reference to another use."""

    category = Category.CONFLICT
    code = "reference_reused"
    zh = "该流水号已用于另一笔核销"
    en = "The reference belongs to another use"


class UseTimeInvalid(Refusal):
    """A use cannot have happened then: ahead of the clock, too long ago, or before the code was given out."""

    category = Category.CONFLICT
    code = "use_time_invalid"
    zh = "核销时间不合理"
    en = "The code cannot have been used at that time"


class TooManyWrongCodes(Refusal):
    """So many codes of the batch were wrong that this line was not looked at."""

    category = Category.CONFLICT
    code = "too_many_wrong_codes"
    zh = "本批错误券码过多，该行未处理"
    en = "Too many codes of the batch are wrong: this line was not looked at"


class NotCancellable(Refusal):
    """The right cannot be given back, or its time for that is over. Facts: until."""

    category = Category.CONFLICT
    code = "not_cancellable"
    zh = "该权益不支持取消或已超过取消时限"
    en = "The right cannot be cancelled, or not any more"


class NotRefundable(Refusal):
    """What came with guests or gave points is given back as a whole, not in part. Facts: quantity, of what stands."""

    category = Category.CONFLICT
    code = "not_refundable"
    zh = "含同行人或已赠送积分的兑换单只能整单退还"
    en = "What came with guests or gave points is refunded as a whole"


class FulfilledByCode(Refusal):
    """A redemption by codes is fulfilled by the use of its codes."""

    category = Category.CONFLICT
    code = "fulfilled_by_code"
    zh = "券码类权益须通过核销完成"
    en = "The use of its codes fulfils this redemption"


class AlreadyUsed(Refusal):
    """The code was used before. Facts: used_at, and of its use place, by (staff or service), by_you, reference.

    Of a redemption that is to be given back: refundable, how many of its units have codes that nobody used.
    """

    category = Category.CONFLICT
    code = "already_used"
    zh = "券码已使用"
    en = "The code was used before"


class QrInvalid(Refusal):
    """The QR payload is too old, altered or not ours: one answer for all."""

    category = Category.CONFLICT
    code = "qr_invalid"
    answers_a_guess = True
    zh = "二维码已失效，请刷新"
    en = "The QR code is not valid any more: show a new one"


class NotRateable(Refusal):
    """Only what the customer has had is rated. Facts: state."""

    category = Category.CONFLICT
    code = "not_rateable"
    zh = "权益尚未使用或履约，暂不能评价"
    en = "Rate it once you have had it"


class RatingClosed(Refusal):
    """The rating is older than may be changed. Facts: until."""

    category = Category.CONFLICT
    code = "rating_closed"
    zh = "评价已超过可修改期限"
    en = "The rating stands for good: the time to change it is over"


class TooManyFavourites(Refusal):
    """As many rights are marked as may be. Facts: most."""

    category = Category.CONFLICT
    code = "too_many_favourites"
    zh = "收藏数量已达上限"
    en = "You have marked as many rights as you may"


class RightCodeTaken(Refusal):
    """Another right has this code; codes are never used again."""

    category = Category.CONFLICT
    code = "right_code_taken"
    zh = "权益代码已被使用"
    en = "Another right has this code"


class WrongStockMode(Refusal):
    """Stock is added to counted rights and codes to rights with a pool of codes. Facts: stock_mode."""

    category = Category.CONFLICT
    code = "wrong_stock_mode"
    zh = "该权益的库存方式不支持此操作"
    en = "The right does not keep this kind of stock"


REFUSED: Final[dict[ReasonCode, type[Refusal]]] = {
    ReasonCode.STOPPED: Stopped,
    ReasonCode.NOT_ON_SALE: NotOnSale,
    ReasonCode.ACCOUNT_FROZEN: AccountFrozen,
    ReasonCode.ACCOUNT_CLOSED: AccountClosed,
    ReasonCode.WALLET_CLOSED: WalletClosed,
    ReasonCode.CATEGORY_NOT_SPENDABLE: CategoryNotSpendable,
    ReasonCode.TIER_REQUIRED: TierRequired,
    ReasonCode.NOT_ELIGIBLE: NotEligible,
    ReasonCode.NO_MATCHING_PRICE: NoMatchingPrice,
    ReasonCode.TOO_MANY_COMPANIONS: TooManyCompanions,
    ReasonCode.BENEFICIARY_NOT_ALLOWED: BeneficiaryNotAllowed,
    ReasonCode.CERTIFICATE_REQUIRED: CertificateRequired,
    ReasonCode.DELIVERY_REQUIRED: DeliveryRequired,
    ReasonCode.DELIVERY_NOT_ASKED: DeliveryNotAsked,
    ReasonCode.PACKAGE_NOT_CHOSEN: PackageNotChosen,
    ReasonCode.PACKAGE_USED_UP: PackageUsedUp,
    ReasonCode.RESERVATION_OVER: ReservationOver,
    ReasonCode.RESERVATION_DIFFERS: ReservationDiffers,
    ReasonCode.LIMIT_REACHED: LimitReached,
    ReasonCode.SPEND_CAP_REACHED: SpendCapReached,
    ReasonCode.SLOT_REQUIRED: SlotRequired,
    ReasonCode.SLOT_NOT_OPEN: SlotNotOpen,
    ReasonCode.SLOT_TAKEN: SlotTaken,
    ReasonCode.PRICE_CHANGED: PriceChanged,
    ReasonCode.INSUFFICIENT_POINTS: InsufficientPoints,
    ReasonCode.OUT_OF_STOCK: OutOfStock,
    ReasonCode.BUDGET_EXHAUSTED: BudgetExhausted,
}
"""The refusal of a redemption for each reason of the catalogue: one code, one text."""


def refusal_of(reason: Reason) -> Refusal:
    """Return the refusal that a redemption answers for a reason."""
    return REFUSED[reason.code](**reason.facts)
