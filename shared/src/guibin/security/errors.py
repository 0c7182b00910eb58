"""Refusals about who the caller is and what the caller may do."""

from guibin.core.errors import Category, Refusal


class TokenRequired(Refusal):
    """The request carries no Authorization header."""

    category = Category.UNAUTHENTICATED
    code = "token_required"
    zh = "请先登录"
    en = "Send an access token in the Authorization header"


class TokenInvalid(Refusal):
    """The token is not accepted. Why never leaves the process: every cause answers alike."""

    category = Category.UNAUTHENTICATED
    code = "token_invalid"
    zh = "登录已失效，请重新登录"
    en = "The access token is not accepted"


class ReauthRequired(Refusal):
    """The caller logged in too long ago, or not strongly enough, for this step (RFC 9470); `max_age` in seconds."""

    category = Category.UNAUTHENTICATED
    code = "reauth_required"
    zh = "此操作需要重新登录验证"
    en = "Log in again with a second factor before this step"

    def __init__(self, *, max_age: int) -> None:
        super().__init__(max_age=max_age)


class HumanRequired(Refusal):
    """A person decides here: systems that call in their own name do not."""

    category = Category.FORBIDDEN
    code = "human_required"
    zh = "须由人员本人操作"
    en = "Only a person may decide this"


class Forbidden(Refusal):
    """The caller is known and sees the object, but may not do this to it."""

    category = Category.FORBIDDEN
    code = "forbidden"
    zh = "您没有执行此操作的权限"
    en = "You are not permitted to do this"


class SelfDealing(Refusal):
    """The command is about the caller's own account as a customer of the bank."""

    category = Category.FORBIDDEN
    code = "self_dealing"
    zh = "不能办理本人账户的业务"
    en = "Nobody acts on the own account"
