"""Refusals about the matrix of grades and tiers."""

from guibin.core.errors import Category, Refusal


class MatrixInvalid(Refusal):
    """The content makes no matrix; `fault` is tier_unknown, grade_twice or tag_unknown."""

    category = Category.INVALID
    code = "manager_matrix_invalid"
    zh = "职级与层级对应表设置有误"
    en = "Name tiers and tags that there are, and every grade once in a tier"


class MatrixNotDraft(Refusal):
    """Only a draft can be edited or submitted."""

    category = Category.CONFLICT
    code = "manager_matrix_not_draft"
    zh = "只有草稿状态的对应表可以修改或提交"
    en = "Only a draft of the matrix can be edited or submitted"
