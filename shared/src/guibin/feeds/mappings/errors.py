"""Refusals of mappings."""

from guibin.core.errors import Category, Refusal


class MappingInvalid(Refusal):
    """The mapping names what this kind of file does not have. Fact: fault."""

    category = Category.INVALID
    code = "mapping_invalid"
    zh = "列映射与该类文件的列不符"
    en = "The mapping does not fit the columns of this kind of file"

    def __init__(self, *, fault: str) -> None:
        super().__init__(fault=fault)


class MappingNotDraft(Refusal):
    """The version has been submitted already."""

    category = Category.CONFLICT
    code = "mapping_not_draft"
    zh = "该版本已提交，不可再次提交"
    en = "This version has been submitted already"
