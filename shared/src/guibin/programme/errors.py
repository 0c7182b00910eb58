"""What budgets and kill switches say no to."""

from guibin.core.errors import Category, Refusal


class Stopped(Refusal):
    """The bank has stopped this for now: the programme, the kind of points, or the right."""

    category = Category.CONFLICT
    code = "stopped"
    zh = "该服务已暂停"
    en = "This has been stopped for now"


class BudgetExhausted(Refusal):
    """The budget that pays is used up, or there is none for this year."""

    category = Category.CONFLICT
    code = "budget_exhausted"
    zh = "预算已用完"
    en = "The budget is used up"


class BudgetBelowSpent(Refusal):
    """The budget would become smaller than what was spent of it."""

    category = Category.CONFLICT
    code = "budget_below_spent"
    zh = "预算不能低于已使用金额"
    en = "The budget would be smaller than what was spent of it"
