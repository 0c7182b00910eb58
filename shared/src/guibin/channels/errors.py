"""Refusals of the channels: what WeChat says no to, and what it means when it says nothing."""

from guibin.core.errors import Category, Refusal


class WeChatCodeInvalid(Refusal):
    """The code is wrong, expired, used, of another account or of another person: one answer for all of them."""

    category = Category.UNAUTHENTICATED
    code = "wechat_code_invalid"
    zh = "微信登录凭证无效或已过期，请重新登录"
    en = "The WeChat code is not valid any more: log in again"


class WeChatLoginBlocked(Refusal):
    """WeChat does not vouch for this person now.

    `reason` is `snapshot_page` when the page was opened in the preview of a chat: opened in full, it works.
    """

    category = Category.FORBIDDEN
    code = "wechat_login_blocked"
    zh = "暂时无法使用微信登录，请选择其他方式"
    en = "WeChat login is not possible now: choose another way"


class UpstreamBusy(Refusal):
    """The outside service is busy, away or stopped; nothing was done. `retry_after` is in seconds."""

    category = Category.UNAVAILABLE
    code = "upstream_busy"
    zh = "外部服务繁忙，请稍后再试"
    en = "The outside service is busy: try again later"


class UpstreamTimeout(Refusal):
    """The outside service did not answer in time."""

    category = Category.UNAVAILABLE
    code = "upstream_timeout"
    zh = "外部服务响应超时，请稍后再试"
    en = "The outside service did not answer in time: try again later"


class UpstreamBadAnswer(Refusal):
    """The outside service answered what cannot be understood."""

    category = Category.UNAVAILABLE
    code = "upstream_bad_answer"
    zh = "外部服务返回异常，请稍后再试"
    en = "The outside service gave an answer that cannot be used: try again later"


class UpstreamThrottled(Refusal):
    """The outside service takes no more of these calls for now; `retry_after` is in seconds."""

    category = Category.TOO_MANY
    code = "upstream_throttled"
    zh = "操作过于频繁，请稍后再试"
    en = "The outside service takes no more calls for now: slow down"


class BindingConflict(Refusal):
    """The WeChat account, or another of the same person, belongs to another customer, or the customer has another.

    `how` names the way that is open: `bank_token` (log in with the bank's own app and bind there).
    """

    category = Category.CONFLICT
    code = "binding_conflict"
    zh = "该微信账号或客户已绑定其他关系，请在手机银行中办理换绑"
    en = "The account or the customer is bound otherwise: rebind in the bank's own app"
