"""Refusals about the rules for arrivals."""

from guibin.core.errors import Category, Refusal


class RuleInvalid(Refusal):
    """What is done without a wish cannot be to look for one."""

    category = Category.INVALID
    code = "assignment_rule_invalid"
    zh = "无客户意愿时的分配方式不能是意愿优先"
    en = "What is done without a wish cannot be to look for a wish"
