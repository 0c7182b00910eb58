"""Refusals about capacity."""

from guibin.core.errors import Category, Refusal


class CapacityInvalid(Refusal):
    """A soft maximum is above the hard one, or what is granted on top is nothing."""

    category = Category.INVALID
    code = "capacity_invalid"
    zh = "预警上限不能高于刚性上限，追加数量不能全为零"
    en = "A soft maximum is not above the hard one, and what is granted on top is more than nothing"
