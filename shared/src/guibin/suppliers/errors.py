"""Refusals about suppliers."""

from guibin.core.errors import Category, Refusal


class SupplierCodeTaken(Refusal):
    """Another supplier has this code; codes are never used again."""

    category = Category.CONFLICT
    code = "supplier_code_taken"
    zh = "供应商代码已被使用"
    en = "Another supplier has this code"


class SupplierOff(Refusal):
    """The supplier is off, so it gets nothing new to deliver."""

    category = Category.CONFLICT
    code = "supplier_off"
    zh = "该供应商已停用"
    en = "The supplier is off"
