"""What the common points of a household say no to."""

from guibin.core.errors import Category, Refusal


class HouseholdPointsUnavailable(Refusal):
    """The customer is in no household whose points the customer may spend."""

    category = Category.CONFLICT
    code = "household_points_unavailable"
    zh = "您目前不能使用家庭积分"
    en = "There are no household points that you may spend"


class HouseholdLimitReached(Refusal):
    """The month's limit of a member is too small for this. Facts: most, left."""

    category = Category.CONFLICT
    code = "household_limit_reached"
    zh = "超出您本月可使用的家庭积分额度"
    en = "This is more than you may spend of the household's points in a month"


class WalletNotPooled(Refusal):
    """Points of this kind are not put together in households."""

    category = Category.CONFLICT
    code = "wallet_not_pooled"
    zh = "该类积分不可家庭共享"
    en = "Points of this kind are not shared in households"


class HouseholdPaysPointsOnly(Refusal):
    """A right that takes money beside points is paid from one's own points."""

    category = Category.CONFLICT
    code = "household_pays_points_only"
    zh = "积分加现金的权益不可使用家庭积分"
    en = "A right with money beside points cannot be paid from the household's points"
