"""Refusals about customers; who is out of scope answers like nobody: `guibin.core.errors.NotFound`."""

from guibin.core.errors import Category, Refusal


class SearchTooBroad(Refusal):
    """A search names one customer or a few by a whole value: no parts, no wildcards."""

    category = Category.INVALID
    code = "search_too_broad"
    zh = "查询条件过宽，请输入完整的姓名、手机号、证件号或客户号"
    en = "Search by a whole name, phone, certificate or customer number"


class MergeNotPossible(Refusal):
    """Two customers do not become one, or not two again: `reason` says what stands against it.

    `open_holds`: points are set aside; `account_closed`: the account is closed for good; `open_data_request`: a request
    or an erasure is open; `kept_apart`: people decided so; `one_customer`: there is only one; `merged_further`: the
    surviving one was merged in turn; `erased`: the data of one of them are erased; `not_merged`: no merge joined them.
    """

    category = Category.CONFLICT
    code = "merge_not_possible"
    zh = "当前不能合并或撤销合并"
    en = "These customers cannot be merged, or separated again, as they stand"


class NothingToReveal(Refusal):
    """The bank has no value in this field of the customer, or its key was destroyed."""

    category = Category.CONFLICT
    code = "nothing_to_reveal"
    zh = "该客户没有此项信息"
    en = "The bank has no such value of this customer"


class CustomerNumberUnknown(Refusal):
    """Nobody has a customer number that an identity event names."""

    category = Category.CONFLICT
    code = "customer_number_unknown"
    zh = "未找到该客户号"
    en = "No customer has this number"


class IdentityReferenceTaken(Refusal):
    """Another identity event came under the same reference before."""

    category = Category.CONFLICT
    code = "identity_reference_taken"
    zh = "该参考号已用于另一身份事件"
    en = "The reference stands for another identity event"
