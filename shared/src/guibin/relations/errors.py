"""Refusals about relations."""

from guibin.core.errors import Category, Refusal


class LinkNotPossible(Refusal):
    """The parties cannot stand so to each other: companies alone have owners and staff, persons alone are staff."""

    category = Category.CONFLICT
    code = "link_not_possible"
    zh = "该关系不适用于这两个客户"
    en = "These two customers cannot stand so to each other"


class LinkExists(Refusal):
    """The same link stands on some of these days already."""

    category = Category.CONFLICT
    code = "link_exists"
    zh = "该期间内已存在相同的关系"
    en = "The same link stands on some of these days already"


class LinkEnded(Refusal):
    """The link has ended before that day."""

    category = Category.CONFLICT
    code = "link_ended"
    zh = "该关系已终止"
    en = "The link has ended already"
