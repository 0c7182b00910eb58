"""Refusals about managers and coverage."""

from guibin.core.errors import Category, Refusal


class AssigneeInvalid(Refusal):
    """This manager cannot serve this customer.

    `reason` is the first of restricted (nobody is to serve the customer anew), inactive, other_branch, grade, licence,
    language, skill, on_leave, conflict, no_capacity.
    In a team also is_primary, has_role, or no_role for one who leaves a role that was never had.
    """

    category = Category.CONFLICT
    code = "assignee_invalid"
    zh = "该客户经理不能管理此客户"
    en = "This manager cannot serve this customer"


class AlreadyServed(Refusal):
    """The customer has a manager already."""

    category = Category.CONFLICT
    code = "already_served"
    zh = "该客户已有客户经理"
    en = "The customer has a manager already"


class ManagerExists(Refusal):
    """The member of staff is a manager already."""

    category = Category.CONFLICT
    code = "manager_exists"
    zh = "该员工已是客户经理"
    en = "This member of staff is a manager already"


class DuplicateItem(Refusal):
    """A batch names one object twice."""

    category = Category.INVALID
    code = "duplicate_item"
    zh = "同一客户在一批中出现多次"
    en = "The same customer stands in the batch twice"
