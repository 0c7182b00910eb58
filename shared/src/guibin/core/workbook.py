"""XLSX in and out: sheets of text cells, read under bounds and without anything that a file could make the reader do.

A workbook is a ZIP of XML. What is read is bounded before it is unpacked and while it is; XML with a document type, and
with it every entity of its own, is refused. A cell is its text: formulas are never computed, they are told apart.
"""

import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from io import BytesIO
from typing import IO, Final
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from guibin.core.errors import Category, Refusal

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_BYTES: Final = 4 * 1024 * 1024
"""Of the file as it comes in."""

MOST_PARTS: Final = 200
MOST_UNPACKED: Final = 48 * 1024 * 1024
"""Of all parts together that are read."""

MOST_COLUMNS: Final = 100
MOST_ROWS: Final = 20_000
"""Rows with anything in them, all sheets together."""

_SERIAL_DAY: Final = date(1899, 12, 30)
_SERIAL_LENGTH: Final = 5
_WORKBOOK: Final = "xl/workbook.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_STRINGS: Final = "xl/sharedStrings.xml"
_CHUNK: Final = 64 * 1024
_PLACES: Final = 15
_WRITTEN_AT: Final = (2020, 1, 1, 0, 0, 0)


class WorkbookUnreadable(Refusal):
    """Not an XLSX file, or a broken one, or one with a password or dates of 1904."""

    category = Category.INVALID
    code = "workbook_unreadable"
    zh = "文件不是可读取的 XLSX 工作簿"
    en = "The file is not an XLSX workbook that can be read"


class WorkbookTooLarge(Refusal):
    """More bytes, parts, rows or columns than are read. Fact: limit, which says of what."""

    category = Category.TOO_LARGE
    code = "workbook_too_large"
    zh = "工作簿超出允许的大小、行数或列数"
    en = "The workbook has more bytes, rows or columns than are read"


@dataclass(frozen=True, slots=True)
class Row:
    """A row with anything in it: its number in the sheet, its texts by column (0 is A), the columns with a formula."""

    number: int
    cells: Mapping[int, str]
    formulas: frozenset[int] = frozenset()


Sheets = dict[str, list[Row]]


def day_of_cell(cell: str) -> str:
    """Write a day that a cell holds as its serial number as YYYY-MM-DD; any other cell as it is."""
    is_serial = cell.isascii() and cell.isdigit() and len(cell) == _SERIAL_LENGTH
    return (_SERIAL_DAY + timedelta(days=int(cell))).isoformat() if is_serial else cell


def read_workbook(file: IO[bytes]) -> Sheets:
    """Read the sheets of a workbook by name, in their order.

    Numbers come as they are typed (`150`, `0.3`), a date as its serial number, truth as `true` and `false`.

    Raises:
        WorkbookUnreadable, WorkbookTooLarge.
    """
    file.seek(0, 2)
    if file.tell() > MOST_BYTES:
        raise WorkbookTooLarge(limit="bytes")
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as parts:
            return _Reader(parts).sheets()
    except (zipfile.BadZipFile, expat.ExpatError, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise WorkbookUnreadable from error
    except (KeyError, ValueError, IndexError) as error:  # a part, a string or an attribute that is not there
        raise WorkbookUnreadable from error


def write_workbook(sheets: Mapping[str, Sequence[Sequence[str | int | None]]]) -> bytes:
    """Write sheets of texts and numbers; the first row of each stands still. The same content gives the same bytes."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as parts:
        for name, content in _parts(sheets).items():
            parts.writestr(zipfile.ZipInfo(name, _WRITTEN_AT), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


class _Reader:
    """Reads the parts of one workbook and counts what they unpack to."""

    def __init__(self, parts: zipfile.ZipFile) -> None:
        if len(parts.infolist()) > MOST_PARTS:
            raise WorkbookTooLarge(limit="parts")
        self._parts = parts
        self._left = MOST_UNPACKED
        self._rows = MOST_ROWS

    def sheets(self) -> Sheets:
        """Read all sheets."""
        book, targets, strings = _Book(), _Relations(), _Strings()
        self._parse(_WORKBOOK, book.start, _nothing, _nothing)
        self._parse(_RELATIONS, targets.start, _nothing, _nothing)
        if _STRINGS in self._parts.namelist():
            self._parse(_STRINGS, strings.start, strings.end, strings.text)
        found: Sheets = {}
        for name, relation in book.sheets:
            sheet = _Sheet(strings.found, self._rows)
            self._parse(targets.part(relation), sheet.start, sheet.end, sheet.text)
            self._rows -= len(sheet.rows)
            found[name] = sheet.rows
        return found

    def _parse(
        self,
        part: str,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[str], None],
        text: Callable[[str], None],
    ) -> None:
        parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = lambda name, found: start(_local(name), {_local(k): v for k, v in found.items()})
        parser.EndElementHandler = lambda name: end(_local(name))
        parser.CharacterDataHandler = text
        with self._parts.open(part) as content:
            while chunk := content.read(_CHUNK):
                self._left -= len(chunk)
                if self._left < 0:
                    raise WorkbookTooLarge(limit="unpacked")
                parser.Parse(chunk, False)
        parser.Parse(b"", True)


def _nothing(*_: object) -> None:
    """Read past what is of no interest."""


def _refuse_doctype(*_: object) -> None:
    raise WorkbookUnreadable


def _local(name: str) -> str:
    return name.rpartition("}")[2]


@dataclass(slots=True)
class _Book:
    """The names of the sheets with their relations."""

    sheets: list[tuple[str, str]] = field(default_factory=list)

    def start(self, name: str, found: dict[str, str]) -> None:
        if name == "sheet":
            self.sheets.append((found["name"], found["id"]))
        elif name == "workbookPr" and found.get("date1904", "0") not in {"0", "false"}:
            raise WorkbookUnreadable


@dataclass(slots=True)
class _Relations:
    """Which part a relation names."""

    targets: dict[str, str] = field(default_factory=dict)

    def start(self, name: str, found: dict[str, str]) -> None:
        if name == "Relationship" and found.get("TargetMode") != "External":
            self.targets[found["Id"]] = found["Target"]

    def part(self, relation: str) -> str:
        target = self.targets[relation]
        return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"


@dataclass(slots=True)
class _Strings:
    """The texts that cells share, without the sounds that stand above Chinese characters."""

    found: list[str] = field(default_factory=list)
    _pieces: list[str] = field(default_factory=list)
    _reading: bool = False
    _above: bool = False

    def start(self, name: str, _: dict[str, str]) -> None:
        if name == "si":
            self._pieces = []
        self._above = self._above or name == "rPh"
        self._reading = name == "t" and not self._above

    def end(self, name: str) -> None:
        if name == "si":
            self.found.append("".join(self._pieces))
        if name == "rPh":
            self._above = False
        self._reading = False

    def text(self, piece: str) -> None:
        if self._reading:
            self._pieces.append(piece)


@dataclass(slots=True)
class _Sheet:
    """The rows of one sheet as they come."""

    strings: Sequence[str]
    most: int
    rows: list[Row] = field(default_factory=list)
    _number: int = 0
    _column: int = -1
    _kind: str = "n"
    _cells: dict[int, str] = field(default_factory=dict)
    _formulas: set[int] = field(default_factory=set)
    _pieces: list[str] = field(default_factory=list)
    _reading: bool = False
    _above: bool = False

    def start(self, name: str, found: dict[str, str]) -> None:
        if name == "row":
            self._number = int(found.get("r", self._number + 1))
            self._column, self._cells, self._formulas = -1, {}, set()
        elif name == "c":
            self._column = _column_of(found["r"]) if "r" in found else self._column + 1
            self._kind, self._pieces = found.get("t", "n"), []
            if not 0 <= self._column < MOST_COLUMNS:
                raise WorkbookTooLarge(limit="columns")
        elif name == "f":
            self._formulas.add(self._column)
        self._above = self._above or name == "rPh"
        self._reading = name in {"v", "t"} and not self._above

    def end(self, name: str) -> None:
        self._reading = False
        if name == "rPh":
            self._above = False
        elif name == "c":
            value = self._value("".join(self._pieces))
            if value:
                self._cells[self._column] = value
        elif name == "row" and (self._cells or self._formulas):
            if len(self.rows) >= self.most:
                raise WorkbookTooLarge(limit="rows")
            self.rows.append(Row(self._number, self._cells, frozenset(self._formulas)))

    def text(self, piece: str) -> None:
        if self._reading:
            self._pieces.append(piece)

    def _value(self, text: str) -> str:
        if self._kind == "s":
            position = int(text)
            if position < 0:
                raise WorkbookUnreadable
            return self.strings[position]
        if self._kind == "b":
            return "true" if text == "1" else "false"
        return _plain_number(text) if self._kind == "n" and text else text


def _column_of(reference: str) -> int:
    """Return the column of a reference such as `AB12`, 0 for A."""
    column = 0
    for letter in reference.rstrip("0123456789"):
        column = column * 26 + ord(letter) - ord("A") + 1
        if not 0 < column <= MOST_COLUMNS:
            raise WorkbookTooLarge(limit="columns")
    return column - 1


def _plain_number(text: str) -> str:
    """Write a number as it was typed: programs store `0.3` as 0.29999999999999999."""
    value = float(text)
    if value.is_integer() and abs(value) < 10**_PLACES:
        return str(int(value))
    return f"{value:.{_PLACES}g}"


_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def _parts(sheets: Mapping[str, Sequence[Sequence[str | int | None]]]) -> dict[str, str]:
    numbered = list(enumerate(sheets, start=1))
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_type("worksheet")}"/>'
        for number, _ in numbered
    )
    relations = "".join(_relation(number, "worksheet", f"worksheets/sheet{number}.xml") for number, _ in numbered)
    names = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}"/>' for number, name in numbered
    )
    return {
        "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/{_WORKBOOK}" ContentType="{_type("sheet.main")}"/>{overrides}</Types>',
        "_rels/.rels": _relations(_relation(1, "officeDocument", _WORKBOOK)),
        _WORKBOOK: f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{names}</sheets></workbook>',
        _RELATIONS: _relations(relations),
        **{f"xl/worksheets/sheet{number}.xml": _sheet(sheets[name]) for number, name in numbered},
    }


def _type(kind: str) -> str:
    return f"application/vnd.openxmlformats-officedocument.spreadsheetml.{kind}+xml"


def _relation(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'


def _relations(inner: str) -> str:
    return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{inner}</Relationships>'


def _sheet(rows: Sequence[Sequence[str | int | None]]) -> str:
    still = (
        '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" state="frozen"/>'
        "</sheetView></sheetViews>"
    )
    body = "".join(f"<row>{''.join(_cell(cell) for cell in row)}</row>" for row in rows)
    return f'{_XML}<worksheet xmlns="{_MAIN}">{still}<sheetData>{body}</sheetData></worksheet>'


def _cell(cell: str | int | None) -> str:
    if cell is None or cell == "":
        return "<c/>"
    if isinstance(cell, int):
        return f"<c><v>{cell}</v></c>"
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
