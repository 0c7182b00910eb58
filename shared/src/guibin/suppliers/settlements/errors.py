"""Refusals of contract prices, statements and prepayments."""

from guibin.core.errors import Category, Refusal


class PriceOverlaps(Refusal):
    """On one of these days the right has a contract price already. Fact: valid_from of that price."""

    category = Category.CONFLICT
    code = "price_overlaps"
    zh = "该权益在此期间已有合同价"
    en = "The right has a contract price on one of these days"


class PriceLeavesGap(Refusal):
    """Between the last price and this one are days without any. Fact: valid_to of the last one."""

    category = Category.CONFLICT
    code = "price_leaves_gap"
    zh = "与上一合同价之间有空档"
    en = "There are days without a price before this one"


class PriceSettled(Refusal):
    """The month of its first day, or a later one, is settled. Fact: month, the first that is open."""

    category = Category.CONFLICT
    code = "price_settled"
    zh = "该月份已结算，价格须从未结算的月份起"
    en = "That month is settled: a price begins in a month that is open"


class ContractPriceMissing(Refusal):
    """Something was supplied on a day without a contract price. Facts: right_code, day, and how many such there are."""

    category = Category.CONFLICT
    code = "contract_price_missing"
    zh = "有权益在供应当日没有合同价"
    en = "Something was supplied on a day without a contract price"


class MonthNotOver(Refusal):
    """The month has not ended. Fact: over_on, the first day on which it has."""

    category = Category.CONFLICT
    code = "month_not_over"
    zh = "该月尚未结束"
    en = "The month is not over"


class EarlierMonthOpen(Refusal):
    """Months are settled one after the other. Fact: month, the one that is open."""

    category = Category.CONFLICT
    code = "earlier_month_open"
    zh = "较早月份的结算单尚未确认"
    en = "The statement of an earlier month is not confirmed"


class LaterMonthSettled(Refusal):
    """A later month has a statement. Fact: month."""

    category = Category.CONFLICT
    code = "later_month_settled"
    zh = "之后的月份已有结算单"
    en = "A later month has a statement"


class SettlementFrozen(Refusal):
    """The statement is under approval or confirmed. Fact: state."""

    category = Category.CONFLICT
    code = "settlement_frozen"
    zh = "结算单已提交或确认，不可更改"
    en = "The statement is submitted or confirmed and stays as it is"


class DifferencesOpen(Refusal):
    """Differences wait to be decided. Fact: open."""

    category = Category.CONFLICT
    code = "differences_open"
    zh = "尚有未处理的差异"
    en = "Differences are not decided"


class StatementMissing(Refusal):
    """No statement of the supplier came in."""

    category = Category.CONFLICT
    code = "statement_missing"
    zh = "尚未收到供应商对账单"
    en = "No statement of the supplier has come in"


class NothingToTake(Refusal):
    """Their line cannot count: it names no right of theirs, or no figures."""

    category = Category.CONFLICT
    code = "nothing_to_take"
    zh = "对方该行无法采用：没有可识别的权益或数值"
    en = "Their line cannot count: it names no right, or has no figures"


class NotConfirmed(Refusal):
    """An invoice belongs to a confirmed statement. Fact: state."""

    category = Category.CONFLICT
    code = "settlement_not_confirmed"
    zh = "结算单尚未确认"
    en = "The statement is not confirmed"


class InvoiceDiffers(Refusal):
    """The invoice has another amount or tax. Facts: gross, tax (in CNY), as the statement has them."""

    category = Category.CONFLICT
    code = "invoice_differs"
    zh = "发票金额或税额与结算单不一致"
    en = "The invoice has another amount or tax than the statement"


class InvoiceTaken(Refusal):
    """The number stands for another invoice of the supplier, or the statement has one."""

    category = Category.CONFLICT
    code = "invoice_taken"
    zh = "发票号已使用，或结算单已有发票"
    en = "The invoice number is used, or the statement has an invoice"


class PrepaymentTaken(Refusal):
    """A payment in advance came under this reference before."""

    category = Category.CONFLICT
    code = "prepayment_taken"
    zh = "该预付款参考号已使用"
    en = "A payment in advance came under this reference before"


class StatementUnreadable(Refusal):
    """Not CSV in UTF-8 or GB18030, and no XLSX either. Fact: line."""

    category = Category.INVALID
    code = "statement_unreadable"
    zh = "对账单无法读取，须为 CSV（UTF-8 或 GB18030）或 XLSX"
    en = "The statement is neither CSV in UTF-8 or GB18030 nor XLSX"


class StatementColumns(Refusal):
    """The header lacks a column, or has one twice or one that there is not. Facts: missing, unknown (how many)."""

    category = Category.INVALID
    code = "statement_columns"
    zh = "列名不符合对账单的格式"
    en = "The columns are not those of a statement"


class StatementTooLong(Refusal):
    """More than 200,000 lines."""

    category = Category.INVALID
    code = "statement_too_long"
    zh = "对账单超过二十万行"
    en = "The statement has more than 200,000 lines"
