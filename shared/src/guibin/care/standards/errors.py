"""Refusals about service standards."""

from guibin.core.errors import Category, Refusal


class StandardInvalid(Refusal):
    """The sheets do not name every tier with a manager once, or promise a higher tier less; `fault` says which."""

    category = Category.INVALID
    code = "standard_invalid"
    zh = "服务标准须覆盖每个有客户经理的层级，且高层级不得低于低层级"
    en = "Promise something to every tier with a manager, and no higher tier less than a lower one"


class StandardNotDraft(Refusal):
    """Only a draft can be edited or submitted."""

    category = Category.CONFLICT
    code = "standard_not_draft"
    zh = "只有草稿状态的服务标准可以修改或提交"
    en = "Only a draft can be edited or submitted"
