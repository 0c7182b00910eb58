"""From the bytes of a file to the cells of its lines, one pass at a time and never the whole in memory.

CSV in UTF-8 or GB18030, JSON lines, or the first sheet of an XLSX workbook (up to its own bounds): the bytes tell.
"""

import codecs
import csv
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Final

from guibin.core.strict_json import StrictJsonError, read_object
from guibin.core.workbook import Row, day_of_cell, read_workbook
from guibin.points.files.errors import PointsFileColumns, PointsFileTooLong, PointsFileUnreadable
from guibin.points.files.rules import MOST_LINES, Columns

Cells = dict[str, str] | None
"""The cells of a line by column; None when it has too few or too many, or other than text and whole numbers."""

Lines = Iterator[tuple[int, Cells]]

_CHUNK: Final = 1024 * 1024
_HEAD: Final = 1024
_ZIP: Final = b"PK\x03\x04"


class Form(StrEnum):
    """How a file is written."""

    UTF_8 = "utf-8-sig"
    GB18030 = "gb18030"
    JSON_LINES = "json_lines"
    WORKBOOK = "workbook"


@dataclass(slots=True)
class _Counter:
    """Holds a file to the number of lines that it may have."""

    lines: int = 0

    def count(self) -> None:
        self.lines += 1
        if self.lines > MOST_LINES:
            raise PointsFileTooLong


def form_of(file: IO[bytes]) -> Form:
    """Find out how a file is written.

    Raises:
        PointsFileUnreadable: it is empty, or in neither encoding.
    """
    file.seek(0)
    head = file.read(_HEAD)
    if head.startswith(_ZIP):
        return Form.WORKBOOK
    is_json = head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{")
    for form in (Form.UTF_8,) if is_json else (Form.UTF_8, Form.GB18030):
        if head and _decodes(file, form):
            return Form.JSON_LINES if is_json else form
    raise PointsFileUnreadable(line=1)


def read_cells(file: IO[bytes], form: Form, columns: Columns) -> Lines:
    """Yield the number and the cells of every line below the header, absent ones empty; blank lines are none.

    Raises:
        PointsFileColumns, PointsFileUnreadable, PointsFileTooLong, WorkbookUnreadable, WorkbookTooLarge: as soon as
            they are met.
    """
    file.seek(0)
    if form is Form.WORKBOOK:
        return _workbook_cells(file, columns)
    return _json_cells(file, columns) if form is Form.JSON_LINES else _csv_cells(file, form, columns)


def _csv_cells(file: IO[bytes], form: Form, columns: Columns) -> Lines:
    text = io.TextIOWrapper(file, encoding=form, newline="")
    reader = csv.reader(text, strict=True)
    counter, begins = _Counter(), 1
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header, columns)
        begins = reader.line_num + 1
        for cells in reader:
            if cells:
                counter.count()
                named = dict(zip(header, cells, strict=False)) if len(cells) == len(header) else None
                yield begins, None if named is None else columns.of(named)
            begins = reader.line_num + 1
    except csv.Error:
        raise PointsFileUnreadable(line=begins) from None
    finally:
        text.detach()


def _json_cells(file: IO[bytes], columns: Columns) -> Lines:
    """Each line is an object of texts and whole numbers; what is null is absent."""
    counter = _Counter()
    for number, raw in enumerate(itertools.chain([file.readline().removeprefix(codecs.BOM_UTF8)], file), start=1):
        if not raw.strip():
            continue
        counter.count()
        try:
            found = read_object(raw, max_depth=1)
        except StrictJsonError:
            raise PointsFileUnreadable(line=number) from None
        named = {name: str(cell) for name, cell in found.items() if isinstance(cell, str) or type(cell) is int}
        whole = columns.known.issuperset(found) and len(named) == sum(cell is not None for cell in found.values())
        yield number, columns.of(named) if whole else None


def _workbook_cells(file: IO[bytes], columns: Columns) -> Lines:
    first = next(iter(read_workbook(file).values()), [])
    if not first:
        raise PointsFileUnreadable(line=1)
    header = {column: name.strip() for column, name in first[0].cells.items()}
    _check_header(list(header.values()), columns)
    for row in first[1:]:
        yield row.number, _row_cells(row, header, columns)


def _row_cells(row: Row, header: dict[int, str], columns: Columns) -> Cells:
    if row.formulas or not header.keys() >= row.cells.keys():
        return None
    named = {header[column]: cell for column, cell in row.cells.items()}
    for name in columns.days & named.keys():
        named[name] = day_of_cell(named[name])
    return columns.of(named)


def _decodes(file: IO[bytes], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    try:
        while chunk := file.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _check_header(header: list[str], columns: Columns) -> None:
    missing = sorted(columns.required - set(header))
    if not columns.naming & set(header):
        missing.insert(0, "customer_no")
    unknown = sum(name not in columns.known for name in header)
    if missing or unknown or len(set(header)) != len(header):
        raise PointsFileColumns(missing=missing, unknown=unknown)
