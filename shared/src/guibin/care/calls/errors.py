"""Refusals about calls."""

from guibin.core.errors import Category, Refusal


class CustomerHasNoPhone(Refusal):
    """The bank knows no telephone number of this customer."""

    category = Category.CONFLICT
    code = "customer_has_no_phone"
    zh = "没有该客户的电话号码"
    en = "The bank has no telephone number of this customer"


class TelephonyUnavailable(Refusal):
    """The deployment has no telephony: calls are made by hand."""

    category = Category.UNAVAILABLE
    code = "telephony_unavailable"
    zh = "未接入外呼平台"
    en = "No telephony is connected"


class CallSignatureInvalid(Refusal):
    """Not signed by the telephony, for these bytes, now."""

    category = Category.UNAUTHENTICATED
    code = "call_signature_invalid"
    zh = "签名无效"
    en = "The signature is not valid"


class CallMismatch(Refusal):
    """The call has ended otherwise, or was never placed."""

    category = Category.CONFLICT
    code = "call_mismatch"
    zh = "与已记录的通话结果不一致"
    en = "It differs from what is known of the call"
