"""Which columns each kind of file has and what a cell must look like. A bad cell refuses its row and no other."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Final, NamedTuple, TypeVar

from guibin.core.money import MAX_FEN, parse_cny
from guibin.feeds.models import FeedKind, FileKind, OrganisationFile, TagFile

Known = TypeVar("Known", bound=StrEnum)

WINDOW_DAYS: Final = 92
"""Rows of a file for business date D may carry dates from D-92 to D."""

COLUMNS: Final[dict[FileKind, tuple[str, ...]]] = {
    FeedKind.PARTIES: (
        "record_id", "customer_no", "party_type", "name", "certificate_type", "certificate_no", "phone", "birth_date",
        "gender", "address", "city_code", "branch_code", "employer", "opened_on", "status", "deleted",
    ),
    FeedKind.HOLDINGS: (
        "record_id", "holding_id", "product_code", "side", "currency", "opened_on", "closed_on", "matures_on",
        "credit_limit", "rate", "joint_record_ids", "status", "deleted",
    ),
    FeedKind.BALANCES: ("holding_id", "date", "balance"),
    FeedKind.EVENTS: (
        "reference", "record_id", "event_type", "occurred_at", "amount", "merchant_category", "channel", "inflow_class",
    ),
    FeedKind.RESTRICTIONS: ("record_id", "restriction", "reference", "valid_from", "valid_to"),
    FeedKind.LINKS: ("record_id", "link", "other_record_id", "valid_from", "valid_to", "deleted"),
    FeedKind.IDENTITY: (
        "reference", "event", "occurred_on", "customer_no", "other_customer_no", "certificate_type", "certificate_no",
        "name", "replaces_certificate_no",
    ),
    FeedKind.TOUCHES: (
        "reference", "record_id", "occurred_at", "touch", "by", "direction", "purpose", "result", "minutes",
        "product_code", "staff_no",
    ),
    OrganisationFile.BRANCHES: ("code", "kind", "parent_code", "name_zh", "name_en", "city_code"),
    OrganisationFile.STAFF: ("no", "name", "branch_code", "status", "phone", "subject"),
    OrganisationFile.HOLIDAYS: ("day", "works", "name_zh", "name_en"),
    TagFile.VALUES: ("key", "value", "probability"),
}  # fmt: skip

_POSITIONS: Final = {kind: {name: at for at, name in enumerate(columns)} for kind, columns in COLUMNS.items()}

REQUIRED: Final[dict[FileKind, tuple[str, ...]]] = {
    FeedKind.PARTIES: ("record_id", "party_type", "name"),
    FeedKind.HOLDINGS: ("record_id", "holding_id", "product_code", "side"),
    FeedKind.BALANCES: ("holding_id", "date", "balance"),
    FeedKind.EVENTS: ("reference", "record_id", "event_type", "occurred_at"),
    FeedKind.RESTRICTIONS: ("record_id", "restriction", "reference"),
    FeedKind.LINKS: ("record_id", "link", "other_record_id"),
    FeedKind.IDENTITY: ("reference", "event", "customer_no"),
    FeedKind.TOUCHES: ("reference", "record_id", "occurred_at", "touch", "by", "purpose", "result"),
    OrganisationFile.BRANCHES: ("code", "kind", "name_zh", "name_en"),
    OrganisationFile.STAFF: ("no", "name", "branch_code"),
    OrganisationFile.HOLIDAYS: ("day", "works", "name_zh", "name_en"),
    TagFile.VALUES: ("key",),
}

FILLABLE: Final[Mapping[FileKind, frozenset[str]]] = {
    FeedKind.PARTIES: frozenset(
        {"phone", "birth_date", "gender", "address", "city_code", "branch_code", "employer", "opened_on"}
    ),
    FeedKind.HOLDINGS: frozenset({"opened_on", "matures_on", "credit_limit", "rate"}),
}
"""The columns that a mapping may let fill only what is empty: none that says who somebody is, or that it is over."""

DAYS: Final = frozenset(
    {
        *("birth_date", "opened_on", "closed_on", "matures_on", "date", "valid_from", "valid_to", "day"),
        "occurred_on",
    }
)
"""The columns that hold days."""

PERSONAL: Final = frozenset(
    {
        *("record_id", "customer_no", "name", "certificate_no", "phone", "birth_date", "address", "employer"),
        *("holding_id", "joint_record_ids", "reference", "other_record_id", "other_customer_no"),
        "replaces_certificate_no",
    }
)
"""The columns whose cells a preview does not show."""

LONGEST_ID: Final = 64
LONGEST_NAME: Final = 200
LONGEST_TEXT: Final = 400

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# A workbook shows long numbers as 6.22202E+18 and has then lost their digits.
_SCIENTIFIC: Final = re.compile(r"[+-]?\d+(?:[.,]\d+[eE][+-]?|[eE][+-])\d+", re.ASCII)
_DAY: Final = re.compile(r"(?:19|20|21)\d\d-\d\d-\d\d", re.ASCII)
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
_RATE: Final = re.compile(r"-?\d{1,3}(?:\.\d{1,6})?", re.ASCII)


_CENTS: Final = 2
_SHORT: Final = 12


class Deleted(StrEnum):
    """Whether a row says that what it names is over."""

    YES = "Y"
    NO = "N"


class RowCode(StrEnum):
    """Why a row was refused."""

    ROW_INVALID = "row_invalid"
    MISSING_VALUE = "missing_value"
    TEXT_INVALID = "text_invalid"
    TOO_LONG = "too_long"
    SCIENTIFIC_NOTATION = "scientific_notation"
    FORMULA = "formula"
    VALUE_UNKNOWN = "value_unknown"
    DATE_INVALID = "date_invalid"
    DATE_OUT_OF_RANGE = "date_out_of_range"
    AMOUNT_INVALID = "amount_invalid"
    NUMBER_INVALID = "number_invalid"
    PHONE_INVALID = "phone_invalid"
    CERTIFICATE_INVALID = "certificate_invalid"
    CURRENCY_UNSUPPORTED = "currency_unsupported"
    DUPLICATE_IN_FILE = "duplicate_in_file"
    CUSTOMER_ERASED = "customer_erased"
    BRANCH_UNKNOWN = "branch_unknown"
    BRANCH_MOVED = "branch_moved"
    RECORD_UNKNOWN = "record_unknown"
    HOLDING_UNKNOWN = "holding_unknown"
    PRODUCT_UNKNOWN = "product_unknown"
    PRODUCT_LINE_MISMATCH = "product_line_mismatch"
    SIDE_MISMATCH = "side_mismatch"
    REFERENCE_CONFLICT = "reference_conflict"
    CUSTOMER_UNKNOWN = "customer_unknown"
    CUSTOMER_AMBIGUOUS = "customer_ambiguous"
    MERGE_NOT_POSSIBLE = "merge_not_possible"
    LINK_NOT_POSSIBLE = "link_not_possible"
    LINK_OVERLAPS = "link_overlaps"
    LINK_UNKNOWN = "link_unknown"


class Reason(NamedTuple):
    """What people read of a code, in both languages."""

    zh: str
    en: str


REASONS: Final[Mapping[RowCode, Reason]] = {
    RowCode.ROW_INVALID: Reason("列数不符或内容不是文本", "Too few or too many cells, or other than text"),
    RowCode.MISSING_VALUE: Reason("必填项为空", "A required cell is empty"),
    RowCode.TEXT_INVALID: Reason("含有控制字符", "Control characters"),
    RowCode.TOO_LONG: Reason("超出长度", "Too long"),
    RowCode.SCIENTIFIC_NOTATION: Reason("号码被表格软件改写为科学计数法", "A workbook has spoilt the number (1E+18)"),
    RowCode.FORMULA: Reason("单元格是公式", "The cell is a formula"),
    RowCode.VALUE_UNKNOWN: Reason("取值不在允许范围内", "Not one of the known values"),
    RowCode.DATE_INVALID: Reason("日期无效", "Not a date"),
    RowCode.DATE_OUT_OF_RANGE: Reason("日期超出允许区间", "The date is out of range"),
    RowCode.AMOUNT_INVALID: Reason("金额无效", "Not an amount in CNY"),
    RowCode.NUMBER_INVALID: Reason("号码无效", "Not a number of this kind"),
    RowCode.PHONE_INVALID: Reason("电话号码无效", "Not a phone number"),
    RowCode.CERTIFICATE_INVALID: Reason("证件号码无效", "Not a certificate number of this kind"),
    RowCode.CURRENCY_UNSUPPORTED: Reason("币种暂不支持", "The currency is not supported"),
    RowCode.DUPLICATE_IN_FILE: Reason("文件内重复", "The file has said it before"),
    RowCode.CUSTOMER_ERASED: Reason("该客户数据已删除", "The customer's data were erased"),
    RowCode.BRANCH_UNKNOWN: Reason("机构不存在", "No such branch"),
    RowCode.BRANCH_MOVED: Reason("机构的上级或类别不可由文件变更", "A file moves no branch and changes no kind of one"),
    RowCode.RECORD_UNKNOWN: Reason("来源记录不存在", "No such record of this line"),
    RowCode.HOLDING_UNKNOWN: Reason("持有产品不存在", "No such holding of this line"),
    RowCode.PRODUCT_UNKNOWN: Reason("产品不存在", "No such product"),
    RowCode.PRODUCT_LINE_MISMATCH: Reason("产品属于其他条线", "The product belongs to another line"),
    RowCode.SIDE_MISMATCH: Reason("资产负债方向与产品不符", "The product stands on the other side"),
    RowCode.REFERENCE_CONFLICT: Reason("同一流水号内容不同", "The reference stands for something else"),
    RowCode.CUSTOMER_UNKNOWN: Reason("客户号不存在", "Nobody has this customer number"),
    RowCode.CUSTOMER_AMBIGUOUS: Reason("对应多名客户", "It names several customers"),
    RowCode.MERGE_NOT_POSSIBLE: Reason("不可合并或拆分", "They cannot be joined or parted"),
    RowCode.LINK_NOT_POSSIBLE: Reason("双方不可建立该关联", "The two cannot stand so to each other"),
    RowCode.LINK_OVERLAPS: Reason("与本条线已报期间重叠", "The line has said the same for other days that overlap"),
    RowCode.LINK_UNKNOWN: Reason("本条线未报过该关联", "The line has never said this link"),
}
"""Why a row was refused, in people's words."""


class RowRefused(Exception):  # noqa: N818 - a refused row is an outcome of loading, not an error of the program
    """A row is refused for a reason, in a column; it never carries the cell."""

    def __init__(self, code: RowCode, column: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.column = column


class Cells:
    """The cells of one row by the names of its kind's columns, read one by one."""

    __slots__ = ("_positions", "_values")

    def __init__(self, kind: FileKind, values: Sequence[str]) -> None:
        self._positions = _POSITIONS[kind]
        self._values = values

    def text(self, column: str, longest: int = LONGEST_TEXT) -> str | None:
        """Return the text of a cell without blanks around it; None when it is empty."""
        value = self._values[self._positions[column]].strip()
        if not value:
            return None
        if not value.isprintable() and _CONTROL.search(value):
            raise RowRefused(RowCode.TEXT_INVALID, column)
        if len(value) > longest:
            raise RowRefused(RowCode.TOO_LONG, column)
        return value

    def required(self, column: str, longest: int = LONGEST_TEXT) -> str:
        """Return the text of a cell that must not be empty."""
        value = self.text(column, longest)
        if value is None:
            raise RowRefused(RowCode.MISSING_VALUE, column)
        return value

    def number_text(self, column: str) -> str | None:
        """Return an id or a number that a workbook may have spoilt."""
        value = self.text(column, LONGEST_ID)
        if value is not None and _SCIENTIFIC.fullmatch(value):
            raise RowRefused(RowCode.SCIENTIFIC_NOTATION, column)
        return value

    def required_number(self, column: str) -> str:
        """Return an id or a number that must not be empty."""
        value = self.number_text(column)
        if value is None:
            raise RowRefused(RowCode.MISSING_VALUE, column)
        return value

    def code(self, column: str) -> str | None:
        """Return a code of letters, digits, `_`, `.` and `-`."""
        value = self.number_text(column)
        if value is not None and _CODE.fullmatch(value) is None:
            raise RowRefused(RowCode.VALUE_UNKNOWN, column)
        return value

    def known(self, column: str, values: type[Known]) -> Known | None:
        """Return one of the values of an enumeration."""
        value = self.text(column, LONGEST_ID)
        if value is None:
            return None
        found: Known | None = _members(values).get(value)
        if found is None:
            raise RowRefused(RowCode.VALUE_UNKNOWN, column)
        return found

    def required_known(self, column: str, values: type[Known]) -> Known:
        """Return one of the values of an enumeration; the cell must not be empty."""
        value = self.known(column, values)
        if value is None:
            raise RowRefused(RowCode.MISSING_VALUE, column)
        return value

    @property
    def is_deletion(self) -> bool:
        """Whether the row says that what it names is over; it then needs nothing but the name."""
        return self.known("deleted", Deleted) is Deleted.YES

    def day(self, column: str) -> date | None:
        """Return a day written YYYY-MM-DD, 1900 to 2199."""
        value = self.text(column, LONGEST_ID)
        return None if value is None else read_day(value, column)

    def instant(self, column: str) -> datetime:
        """Return an instant written as RFC 3339 with an offset; the cell must not be empty."""
        value = self.required(column, LONGEST_ID)
        try:
            return datetime.fromisoformat(value if _INSTANT.fullmatch(value) else "")
        except ValueError:
            raise RowRefused(RowCode.DATE_INVALID, column) from None

    def amount(self, column: str) -> int | None:
        """Return an amount of CNY in fen that is not negative."""
        value = self.text(column, LONGEST_ID)
        if value is None:
            return None
        fen = read_amount(value, column)
        if fen < 0:
            raise RowRefused(RowCode.AMOUNT_INVALID, column)
        return fen

    def rate(self, column: str) -> str | None:
        """Return a yearly rate as decimal text, 0.035 being 3.5 per cent."""
        value = self.number_text(column)
        if value is not None and _RATE.fullmatch(value) is None:
            raise RowRefused(RowCode.NUMBER_INVALID, column)
        return value


@cache
def _members(values: type[Known]) -> dict[str, Known]:
    return {member.value: member for member in values}


def read_day(value: str, column: str) -> date:
    """Read a day written YYYY-MM-DD.

    Raises:
        RowRefused: date_invalid.
    """
    try:
        return date.fromisoformat(value if _DAY.fullmatch(value) else "")
    except ValueError:
        raise RowRefused(RowCode.DATE_INVALID, column) from None


def read_amount(value: str, column: str) -> int:
    """Read an amount of CNY with at most two places as fen, negative ones too.

    Raises:
        RowRefused: scientific_notation or amount_invalid.
    """
    whole, _, cents = value.partition(".")
    if len(cents) == _CENTS and whole.isdigit() and cents.isdigit() and value.isascii() and _is_plain(whole):
        return int(whole + cents)
    fen = parse_cny(value)
    if fen is None or abs(fen) >= MAX_FEN:
        spoilt = _SCIENTIFIC.fullmatch(value) is not None
        raise RowRefused(RowCode.SCIENTIFIC_NOTATION if spoilt else RowCode.AMOUNT_INVALID, column)
    return fen


def _is_plain(whole: str) -> bool:
    return len(whole) <= _SHORT and (whole[0] != "0" or len(whole) == 1)


def window(business_date: date) -> dict[str, date]:
    """Return the days that rows of a file may carry, by the text in which they are written, oldest first."""
    days = (business_date - timedelta(days=back) for back in range(WINDOW_DAYS, -1, -1))
    return {day.isoformat(): day for day in days}
