"""Refusals about relations."""

from guibin.core.errors import Category, Refusal


class LinkNotPossible(Refusal):
    """The parties cannot stand so to each other: companies alone have owners and staff, persons alone are staff."""

    category = Category.CONFLICT
    code = "link_not_possible"
    zh = "该关系不适用于这两个客户"
    en = "These two customers cannot stand so to each other"


class LinkExists(Refusal):
    """The same link stands on some of these days already."""

    category = Category.CONFLICT
    code = "link_exists"
    zh = "该期间内已存在相同的关系"
    en = "The same link stands on some of these days already"


class LinkEnded(Refusal):
    """The link has ended before that day."""

    category = Category.CONFLICT
    code = "link_ended"
    zh = "该关系已终止"
    en = "The link has ended already"


class HouseholdOver(Refusal):
    """The household has ended."""

    category = Category.CONFLICT
    code = "household_over"
    zh = "该家庭已解散"
    en = "This household has ended"


class HouseholdNeedsHead(Refusal):
    """Each household has one head among its members: no more, no fewer."""

    category = Category.CONFLICT
    code = "household_needs_head"
    zh = "每个家庭须有且只有一位户主"
    en = "A household has one head, no more and no fewer"


class HouseholdTooLarge(Refusal):
    """The household would have more members than one may have. Facts: allowed."""

    category = Category.CONFLICT
    code = "household_too_large"
    zh = "家庭成员数量超过上限"
    en = "A household has no more members than that"

    def __init__(self, *, allowed: int) -> None:
        super().__init__(allowed=allowed)


class MemberExists(Refusal):
    """The customer is a member of this household already, or is named twice."""

    category = Category.CONFLICT
    code = "member_exists"
    zh = "该客户已是家庭成员"
    en = "The customer is a member already"


class SharesDoNotAddUp(Refusal):
    """The shares of a customer in all households come to more than the whole. Facts: left, in per cent."""

    category = Category.CONFLICT
    code = "shares_do_not_add_up"
    zh = "该客户在各家庭的份额合计超过百分之百"
    en = "The shares of the customer in all households come to more than the whole"

    def __init__(self, *, left: int) -> None:
        super().__init__(left=left)
