"""Refusals about tiers."""

from guibin.core.errors import Category, Refusal


class TierRangeInvalid(Refusal):
    """The lines of a scheme do not rise, or a tier is missing, unknown or negative; `fault` says which.

    `names_alike`: two tiers would be called the same.

    `wallet_not_growth`: the points that are to give tiers are no points of growth.
    """

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


class OverrideQuotaReached(Refusal):
    """So many customers of a branch have a tier by hand already, or are to get one, as it may have."""

    category = Category.CONFLICT
    code = "override_quota_reached"
    zh = "该机构手工层级名额已满"
    en = "The branch has as many tiers by hand as it may have"


class OverrideRowsInvalid(Refusal):
    """Rows of a list name nobody in reach, one customer twice, or a tier that does not exist; `rows` says which."""

    category = Category.INVALID
    code = "override_rows_invalid"
    zh = "名单中有无法识别的行"
    en = "Some rows of the list name no customer, a customer twice, or no tier"


class PeriodInvalid(Refusal):
    """A period that ends before it begins, begins too early or lasts too long; the facts say what is possible."""

    category = Category.INVALID
    code = "period_invalid"
    zh = "起止日期不符合要求"
    en = "The period ends before it begins, or lies outside what is possible"


class PeriodConflict(Refusal):
    """A period that is over, or that another one stands against."""

    category = Category.CONFLICT
    code = "period_conflict"
    zh = "该期间已过，或与已有期间冲突"
    en = "The period is over, or conflicts with one that is there"
