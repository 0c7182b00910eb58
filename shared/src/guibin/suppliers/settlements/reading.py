"""A supplier's statement as a file: CSV in UTF-8 or GB18030, or the first sheet of an XLSX workbook.

Columns: `reference` (the redemption as the voucher's use answered it), `right` (our code of the
right, or the supplier's own), `quantity`, and `price` of one unit in CNY, tax included.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Final

from guibin.core.money import parse_cny
from guibin.core.workbook import read_workbook
from guibin.suppliers.settlements.errors import StatementColumns, StatementTooLong, StatementUnreadable
from guibin.suppliers.settlements.rules import Figures

COLUMNS: Final = ("reference", "right", "quantity", "price")
MOST_LINES: Final = 200_000
_ZIP: Final = b"PK\x03\x04"
_MOST_UNITS: Final = 10**6
_MOST_FEN: Final = 10**11


@dataclass(frozen=True, slots=True)
class TheirLine:
    """A line of the file: its number there (the header is 1), what it names, its figures (None: no such figures)."""

    number: int
    reference: str
    right: str
    figures: Figures | None


def read_statement(file: IO[bytes]) -> list[TheirLine]:
    """Read a statement.

    Raises:
        StatementUnreadable, StatementColumns, StatementTooLong, WorkbookUnreadable, WorkbookTooLarge.
    """
    file.seek(0)
    content = file.read(len(_ZIP))
    file.seek(0)
    rows = _sheet(file) if content == _ZIP else _csv(file.read())
    _, header = next(rows, (1, ()))
    order = _order([name.strip() for name in header])
    return [_line(number, cells, order) for number, cells in rows if any(cell.strip() for cell in cells)]


def _sheet(file: IO[bytes]) -> Iterator[tuple[int, Sequence[str]]]:
    sheets = read_workbook(file)
    for row in next(iter(sheets.values()), []):
        width = max(row.cells, default=-1) + 1
        # A formula has no value that anybody agreed to.
        yield row.number, ["" if place in row.formulas else row.cells.get(place, "") for place in range(width)]


def _csv(content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    text = _decoded(content)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        for cells in reader:
            if begins > MOST_LINES + 1:
                raise StatementTooLong
            yield begins, cells
            begins = reader.line_num + 1
    except csv.Error:
        raise StatementUnreadable(line=begins) from None


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise StatementUnreadable(line=1)


def _order(header: Sequence[str]) -> list[int]:
    missing = [name for name in COLUMNS if name not in header]
    unknown = sum(name not in COLUMNS for name in header)
    if missing or unknown or len(header) > len(COLUMNS):
        raise StatementColumns(missing=missing, unknown=unknown)
    return [header.index(name) for name in COLUMNS]


def _line(number: int, cells: Sequence[str], order: Iterable[int]) -> TheirLine:
    whole = len(cells) <= len(COLUMNS)
    reference, right, quantity, price = (cells[place].strip() if place < len(cells) else "" for place in order)
    return TheirLine(number, reference, right, _figures(quantity, price) if whole and reference and right else None)


def _figures(quantity: str, price: str) -> Figures | None:
    units = int(quantity) if quantity.removeprefix("-").isdecimal() and quantity.isascii() else 0
    fen = parse_cny(price)
    if not 0 < abs(units) <= _MOST_UNITS or fen is None or not 0 <= fen <= _MOST_FEN:
        return None
    return Figures(units, fen)
