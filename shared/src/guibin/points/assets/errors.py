"""What earning from assets says no to."""

from guibin.core.errors import Category, Refusal


class DepositRewardForbidden(Refusal):
    """Deposits would earn what buys goods, coupons or top-ups, or can be passed on; compliance has not allowed it."""

    category = Category.CONFLICT
    code = "deposit_reward_forbidden"
    zh = "不得以可兑换实物、卡券、充值或可转让的积分奖励存款，除非合规部门书面批准"
    en = "Deposits must not earn points that buy goods or can be passed on, unless compliance approves in writing"


class AssetRuleOpen(Refusal):
    """The rule has a version that is drafted or submitted already."""

    category = Category.CONFLICT
    code = "asset_rule_open"
    zh = "该规则已有草稿或待审批的版本"
    en = "A version of this rule is drafted or submitted already"


class AssetRuleNotDraft(Refusal):
    """Only a draft is edited or submitted; a version in force is replaced by the next one."""

    category = Category.CONFLICT
    code = "asset_rule_not_draft"
    zh = "只有草稿可以修改或提交"
    en = "Only a draft can be edited or submitted"


class AssetMonthBegun(Refusal):
    """The points of that month are being given, or were: a version cannot begin in it. Fact: first, the first open."""

    category = Category.CONFLICT
    code = "asset_month_begun"
    zh = "该月资产积分已开始发放"
    en = "The points of that month are being given already"


class AssetRuleInvalid(Refusal):
    """The terms make no rule. Fact: fault, one of the words in the description of the route."""

    category = Category.INVALID
    code = "asset_rule_invalid"
    zh = "规则内容有误"
    en = "These terms make no rule"
