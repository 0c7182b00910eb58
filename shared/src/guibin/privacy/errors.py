"""Refusals about consents, data requests, exports and erasure."""

from guibin.core.errors import Category, Refusal


class ConsentTextChanged(Refusal):
    """The text that the customer read is not the one in force. Facts: purpose, version (the one in force)."""

    category = Category.CONFLICT
    code = "consent_text_changed"
    zh = "授权文本已更新，请阅读新版本"
    en = "The text of the consent has changed: read the new version"


class ConsentNotNeeded(Refusal):
    """The purpose rests on the contract, or has no such channel: there is nothing to consent to."""

    category = Category.CONFLICT
    code = "consent_not_needed"
    zh = "该用途无需单独授权或不适用该渠道"
    en = "This purpose and channel take no consent"


class RequestClosed(Refusal):
    """The data request was answered before."""

    category = Category.CONFLICT
    code = "request_closed"
    zh = "该请求已办结"
    en = "This request was answered before"


class ExportNotReady(Refusal):
    """The file is not made yet, or its time is over."""

    category = Category.CONFLICT
    code = "export_not_ready"
    zh = "文件尚未生成或已过期"
    en = "The file is not there: it is being made, or its time is over"


class EraseBlocked(Refusal):
    """Something forbids the erasure. Facts: kinds, a list of codes."""

    category = Category.CONFLICT
    code = "erase_blocked"
    zh = "存在未了结事项或法定留存要求，暂不能删除"
    en = "Open matters or a legal duty to keep the data forbid the erasure now"

    def __init__(self, *, kinds: list[str]) -> None:
        super().__init__(kinds=kinds)


class RestrictionUnknown(Refusal):
    """There is no such kind of restriction. Facts: kinds (those that there are)."""

    category = Category.INVALID
    code = "restriction_unknown"
    zh = "限制类型不存在"
    en = "There is no such kind of restriction"
