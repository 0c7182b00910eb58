"""Refusals about the bank's own people and roles."""

from guibin.core.errors import Category, Refusal


class StaffExists(Refusal):
    """The staff number, or the issuer's subject, belongs to somebody already."""

    category = Category.CONFLICT
    code = "staff_exists"
    zh = "该员工号或登录标识已存在"
    en = "This staff number or subject is known already"


class StaffDisabled(Refusal):
    """The account is disabled: it gets no roles and nobody stands in."""

    category = Category.CONFLICT
    code = "staff_disabled"
    zh = "该员工账号已停用"
    en = "This staff account is disabled"


class RoleUnknown(Refusal):
    """No grant names this role; `role` is in the facts."""

    category = Category.CONFLICT
    code = "role_unknown"
    zh = "没有该角色"
    en = "There is no such role"


class SelfGrant(Refusal):
    """Nobody gives a permission to the own person, through whichever account or role."""

    category = Category.FORBIDDEN
    code = "self_grant"
    zh = "不能为自己授权"
    en = "Nobody grants anything to themselves"
