"""Refusals about fields that people hold."""

from guibin.core.errors import Category, Refusal


class FieldNotSaid(Refusal):
    """The line says nothing of the field, so there is no word of it that could stand."""

    category = Category.CONFLICT
    code = "field_not_said"
    zh = "该条线未提供此项信息"
    en = "The line says nothing of this field"
