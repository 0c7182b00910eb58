"""Refusals of whole files. A bad row refuses only itself: see `guibin.feeds.rules.RowCode`.

`line` is the line of the file at which it cannot be read, the header being line 1.
"""

from collections.abc import Sequence

from guibin.core.errors import Category, Refusal
from guibin.feeds.drift import drift


class FileTypeInvalid(Refusal):
    """The file is neither text nor an XLSX workbook: an archive, a program."""

    category = Category.UNSUPPORTED
    code = "file_type_invalid"
    zh = "文件类型不正确，只接受 CSV、JSON Lines 或 XLSX"
    en = "The file is not CSV, JSON lines or XLSX"


class FileEmpty(Refusal):
    """There is nothing in the file, or nothing in a full one, which would end everything."""

    category = Category.INVALID
    code = "file_empty"
    zh = "文件为空"
    en = "The file is empty"


class EncodingInvalid(Refusal):
    """The bytes are neither UTF-8 nor GB18030, or both in one file."""

    category = Category.INVALID
    code = "encoding_invalid"
    zh = "文件编码须统一为 UTF-8 或 GB18030"
    en = "The file must be UTF-8 or GB18030 throughout"

    def __init__(self, *, line: int) -> None:
        super().__init__(line=line)


class ColumnsInvalid(Refusal):
    """The header lacks a column, has one twice, or one that this kind of file does not have.

    `unknown` counts such columns and `unknown_names` names those that read like names of columns. Where a file of this
    kind was taken before, `went` and `moved` name its columns that are missing now or stand elsewhere.
    """

    category = Category.INVALID
    code = "columns_invalid"
    zh = "列名不符合该类文件的格式"
    en = "The columns are not those of this kind of file"

    def __init__(
        self,
        *,
        line: int,
        missing: list[str],
        doubled: list[str],
        unknown: int,
        unknown_names: list[str],
        header: Sequence[str],
    ) -> None:
        super().__init__(line=line, missing=missing, doubled=doubled, unknown=unknown, unknown_names=unknown_names)
        self.header = header
        """The names of the columns; none where the row may be no header at all. Not a fact: it is the sender's."""

    def compare(self, before: Sequence[str]) -> None:
        """Name what drifted since the file before, whose columns are known to have been columns."""
        if self.header:
            found = drift(before, self.header)
            self.facts |= {"went": [*found.went], "moved": [*found.moved]}


class FileMalformed(Refusal):
    """A broken quote, a cell without end, or a line that is not one JSON object."""

    category = Category.INVALID
    code = "file_malformed"
    zh = "文件内容格式损坏"
    en = "The file is broken at this line"

    def __init__(self, *, line: int) -> None:
        super().__init__(line=line)


class RowCountDiffers(Refusal):
    """The file does not have as many rows as were announced."""

    category = Category.INVALID
    code = "row_count_differs"
    zh = "文件行数与声明的行数不一致"
    en = "The file does not have as many rows as announced"

    def __init__(self, *, announced: int, found: int) -> None:
        super().__init__(announced=announced, found=found)


class BusinessDateInvalid(Refusal):
    """The business date has not begun yet."""

    category = Category.INVALID
    code = "business_date_invalid"
    zh = "业务日期不能晚于今天"
    en = "The business date must not be after today"


class HeadOfficeMissing(Refusal):
    """Customers cannot be taken before the bank has a head office to which they belong."""

    category = Category.CONFLICT
    code = "head_office_missing"
    zh = "尚未建立总行机构，无法接收客户文件"
    en = "The organisation has no head office yet"
