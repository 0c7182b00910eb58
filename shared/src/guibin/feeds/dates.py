"""The ways in which a line may write its days. All carry four digits of the year: two would have to be guessed."""

import re
from datetime import date, timedelta
from enum import StrEnum
from typing import Final


class DateFormat(StrEnum):
    """How the days of a column are written; YYYY-MM-DD is read beside each of them."""

    ISO = "yyyy-mm-dd"
    COMPACT = "yyyymmdd"
    SLASHES = "yyyy/mm/dd"
    DOTS = "dd.mm.yyyy"
    EXCEL_SERIAL = "excel_serial"


_WRITTEN: Final = {
    DateFormat.COMPACT: re.compile(r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)", re.ASCII),
    DateFormat.SLASHES: re.compile(r"(?P<year>\d{4})/(?P<month>\d\d?)/(?P<day>\d\d?)", re.ASCII),
    DateFormat.DOTS: re.compile(r"(?P<day>\d\d?)\.(?P<month>\d\d?)\.(?P<year>\d{4})", re.ASCII),
}
_SERIAL: Final = re.compile(r"[1-9]\d{0,5}", re.ASCII)
# Workbooks count a 29 February 1900 that never was: it is day 60, and all later days are one too many.
_NEVER_WAS: Final = 60
_BEFORE: Final = date(1899, 12, 31)
_AFTER: Final = date(1899, 12, 30)


def as_iso(written: str, form: DateFormat) -> str:
    """Write a day of a format as YYYY-MM-DD; what is no day of the format stays as it is, and is refused later on."""
    found = _serial_day(written) if form is DateFormat.EXCEL_SERIAL else _written_day(written, form)
    return written if found is None else found.isoformat()


def _serial_day(written: str) -> date | None:
    if _SERIAL.fullmatch(written) is None or int(written) == _NEVER_WAS:
        return None
    days = int(written)
    return (_BEFORE if days < _NEVER_WAS else _AFTER) + timedelta(days=days)


def _written_day(written: str, form: DateFormat) -> date | None:
    pattern = _WRITTEN.get(form)
    found = None if pattern is None else pattern.fullmatch(written)
    if found is None:
        return None
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None
