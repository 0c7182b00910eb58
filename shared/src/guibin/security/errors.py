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
