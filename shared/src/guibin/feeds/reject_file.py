"""The reject file: which rows of a file were refused, where and why, as CSV; never what stood in them."""

from collections.abc import Iterable
from typing import Final

from guibin.core.spreadsheet import csv_bytes
from guibin.feeds.models import FeedReject
from guibin.feeds.rules import REASONS, RowCode
from guibin.tags.imports.models import TagImportReject

COLUMNS: Final = ("row", "column", "code", "reason_zh", "reason_en")


def reject_file(rejects: Iterable[FeedReject | TagImportReject]) -> bytes:
    """Write refused rows; `row` is the line of the file, the header being line 1."""
    return csv_bytes(COLUMNS, (_line(reject) for reject in rejects))


def _line(reject: FeedReject | TagImportReject) -> tuple[str, ...]:
    reason = REASONS[RowCode(reject.code)]
    return str(reject.row), reject.column or "", reject.code, reason.zh, reason.en
