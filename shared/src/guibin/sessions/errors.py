"""What a login is refused for. Before the whole proof is given, no answer tells whether somebody is a customer."""

from guibin.core.errors import Category, Refusal


class TicketInvalid(Refusal):
    """The ticket of a binding is unknown, used or expired: one answer for all of them."""

    category = Category.UNAUTHENTICATED
    code = "ticket_invalid"
    zh = "绑定凭证无效或已过期，请重新登录微信"
    en = "The ticket is not valid any more: log in with WeChat again"


class OtpInvalid(Refusal):
    """The one-time password is wrong, expired, used up, or was sent for something else: one answer for all of them."""

    category = Category.UNAUTHENTICATED
    code = "otp_invalid"
    zh = "验证码错误或已失效，请重新获取"
    en = "The one-time password is not valid: ask for a new one"


class IdentityNotConfirmed(Refusal):
    """The bank-known fact is wrong; the one-time password is used up with it."""

    category = Category.UNAUTHENTICATED
    code = "identity_not_confirmed"
    zh = "身份信息核对不一致，请重新获取验证码"
    en = "The identity is not confirmed: ask for a new one-time password"


class IdentityFactRequired(Refusal):
    """The phone alone does not say which customer it is. `accepted` lists the fields of which one decides."""

    category = Category.CONFLICT
    code = "identity_fact_required"
    zh = "请补充证件号码后六位以核实身份"
    en = "Send the last six characters of the certificate number as well"

    def __init__(self, *, accepted: tuple[str, ...]) -> None:
        super().__init__(accepted=accepted)


class AccountNotActive(Refusal):
    """Whoever asks has proved to be a customer, but not one of today's: closed, frozen, deceased or erased."""

    category = Category.FORBIDDEN
    code = "account_not_active"
    zh = "客户状态异常，无法登录，请联系网点"
    en = "The customer is not active: ask the branch"


class PhoneUnknown(Refusal):
    """The bank has no phone of the customer to which a one-time password could be sent."""

    category = Category.CONFLICT
    code = "phone_unknown"
    zh = "本行未登记您的手机号，请联系网点"
    en = "The bank knows no phone of yours: ask the branch"


class TooManyCodes(Refusal):
    """Too many one-time passwords for one phone; `retry_after` is in seconds."""

    category = Category.TOO_MANY
    code = "too_many_requests"
    zh = "验证码获取过于频繁，请稍后再试"
    en = "Too many one-time passwords: wait before you ask again"

    def __init__(self, *, limit: str, retry_after: int) -> None:
        super().__init__(limit=limit, retry_after=retry_after)
