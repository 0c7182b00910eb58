"""Refusals about credit."""

from guibin.core.errors import Category, Refusal


class CreditSplitInvalid(Refusal):
    """The credit cannot be shared so.

    `reason` is the first of no_manager, too_early, too_late, twice, not_hundred, primary_missing, inactive.
    """

    category = Category.CONFLICT
    code = "credit_split_invalid"
    zh = "业绩分成无效：须包含主办客户经理、均为在岗客户经理且合计为100%"
    en = "The credit cannot be shared so: managers at work, the primary one among them, 100 per cent together"


class MonthNotClosed(Refusal):
    """Nobody has been credited for the month yet."""

    category = Category.CONFLICT
    code = "credit_month_not_closed"
    zh = "该月业绩尚未核算"
    en = "Nobody has been credited for this month yet"
