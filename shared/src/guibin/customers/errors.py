"""Refusals about customers; who is out of scope answers like nobody: `guibin.core.errors.NotFound`."""

from guibin.core.errors import Category, Refusal


class SearchTooBroad(Refusal):
    """A search names one customer or a few by a whole value: no parts, no wildcards."""

    category = Category.INVALID
    code = "search_too_broad"
    zh = "查询条件过宽，请输入完整的姓名、手机号、证件号或客户号"
    en = "Search by a whole name, phone, certificate or customer number"


class NothingToReveal(Refusal):
    """The bank has no value in this field of the customer, or its key was destroyed."""

    category = Category.CONFLICT
    code = "nothing_to_reveal"
    zh = "该客户没有此项信息"
    en = "The bank has no such value of this customer"
