"""Refusals about tiers."""

from guibin.core.errors import Category, Refusal


class TierRangeInvalid(Refusal):
    """The lines of a scheme do not rise, or a tier is missing, unknown or negative; `fault` says which."""

    category = Category.INVALID
    code = "tier_range_invalid"
    zh = "层级界限设置有误：须覆盖全部层级且逐级递增"
    en = "Give every tier one lower bound, not negative, rising with its rank"


class SchemeNotDraft(Refusal):
    """Only a draft can be edited or submitted."""

    category = Category.CONFLICT
    code = "scheme_not_draft"
    zh = "只有草稿状态的方案可以修改或提交"
    en = "Only a draft can be edited or submitted"
