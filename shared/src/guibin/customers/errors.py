"""Refusals about customers; who is out of scope answers like nobody: `guibin.core.errors.NotFound`."""

from guibin.core.errors import Category, Refusal


class SearchTooBroad(Refusal):
    """A search names one customer or a few by a whole value: no parts, no wildcards."""

    category = Category.INVALID
    code = "search_too_broad"
    zh = "查询条件过宽，请输入完整的姓名、手机号、证件号或客户号"
    en = "Search by a whole name, phone, certificate or customer number"


class CertificateInvalid(Refusal):
    """The number cannot be one of its kind: its form or its check digit is wrong."""

    category = Category.INVALID
    code = "certificate_invalid"
    zh = "证件号码格式或校验位不正确"
    en = "The certificate number has the wrong form or check digit"
