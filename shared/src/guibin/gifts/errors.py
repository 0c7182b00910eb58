"""Refusals about gifts."""

from guibin.core.errors import Category, Refusal


class GiftCapReached(Refusal):
    """With it the customer would have more in the year than the bank gives. Facts: cap, given, value, left."""

    category = Category.CONFLICT
    code = "gift_cap_reached"
    zh = "超过该客户本年度礼品金额上限"
    en = "The customer would receive more in this year than the bank gives"


class GiftOutOfStock(Refusal):
    """The branch has not that many free units. Facts: free, required."""

    category = Category.CONFLICT
    code = "gift_out_of_stock"
    zh = "本机构该礼品库存不足"
    en = "The branch has not that many of this gift"


class GiftNotOffered(Refusal):
    """There is no such gift, or it is not given any more."""

    category = Category.CONFLICT
    code = "gift_not_offered"
    zh = "没有该礼品或已停用"
    en = "There is no such gift, or it is not given any more"


class GiftNotPossible(Refusal):
    """This customer cannot be given anything now."""

    category = Category.CONFLICT
    code = "gift_not_possible"
    zh = "目前不能向该客户赠送礼品"
    en = "This customer cannot be given anything now"


class GiftCountTooLow(Refusal):
    """Fewer units were counted than are promised to customers: their requests are withdrawn first. Facts: reserved."""

    category = Category.CONFLICT
    code = "gift_count_too_low"
    zh = "盘点数量少于待复核的礼品数量，请先撤回相关申请"
    en = "Fewer were counted than wait for a second signature: withdraw those requests first"


class GiftValueFixed(Refusal):
    """A gift keeps its value: another value is another gift, with a code of its own."""

    category = Category.CONFLICT
    code = "gift_value_fixed"
    zh = "礼品价值不可变更，请另设编码"
    en = "A gift keeps its value: use another code for another value"
