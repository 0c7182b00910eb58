"""Refusals about reaching customers."""

from guibin.core.errors import Category, Refusal


class ContactOver(Refusal):
    """The contact has gone out, was given up or was refused already. Facts: state."""

    category = Category.CONFLICT
    code = "contact_over"
    zh = "该触达已结束"
    en = "The contact is over already"
