"""From the sheets of a workbook to rights that can be drafted, and to every fault with the cell that it stands in."""

import itertools
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from guibin.core.errors import Category, Refusal
from guibin.core.workbook import Row, Sheets
from guibin.web.validation import translate, words_of_type

from .schemas import RightIn
from .sheet_form import CUSTOMER, GUESTS, LANGUAGES, README, REST, SHEETS, Column, Malformed, Path

MOST_RIGHTS: Final = 1_000
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_OPTIONAL: Final = frozenset({"quotas"})

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "formula": ("不接受公式，请填写值", "must be a value: formulas are not computed"),
    "code_unknown": ("rights 表中没有该权益代码", "names a code that no row of the sheet rights has"),
    "unknown_tier": ("没有该等级", "names a tier that does not exist"),
    "sensitive_tag": ("敏感标签，您无权引用", "names a sensitive tag, which you may not build on"),
    "unknown_tag": ("没有该标签", "names a tag that does not exist"),
    "unknown_branch": ("没有该机构", "names a branch that does not exist"),
    "unknown_wallet": ("没有该积分类别", "names a wallet that does not exist"),
    "fixed": ("已有权益的此项不可更改", "is another than that of the right, which never changes"),
    "waits": ("该权益的条款正在审批，请先撤回", "has terms that wait for approval: withdraw them first"),
}


class WorkbookSheets(Refusal):
    """Sheets are missing, or there are others. Facts: missing, unknown (how many)."""

    category = Category.INVALID
    code = "workbook_sheets"
    zh = "工作表不符合模板"
    en = "The sheets are not those of the template"


class WorkbookColumns(Refusal):
    """A sheet has no header, lacks `code`, or has a column twice or one that there is not. Facts: sheet, unknown."""

    category = Category.INVALID
    code = "workbook_columns"
    zh = "列名不符合模板"
    en = "The columns are not those of the template"


class TooManyRights(Refusal):
    """More than 1,000 rights in one workbook."""

    category = Category.INVALID
    code = "too_many_rights"
    zh = "一个文件最多包含1000个权益"
    en = "One workbook holds at most 1,000 rights"


@dataclass(frozen=True, slots=True)
class Place:
    """A cell; without a column it is the row."""

    sheet: str
    row: int
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where; `right_code` only where it has the form of a code."""

    place: Place
    right_code: str | None
    code: str
    words: tuple[str, str]

    @classmethod
    def of(cls, place: Place, right_code: str | None, code: str) -> "Fault":
        """Name a fault of ours, or one of the general types."""
        return cls(place, right_code, code, WORDS.get(code) or words_of_type(code))


@dataclass(slots=True)
class Entry:
    """A right of the workbook: its row, what stands there as an input of `createRight`, and where each value stands."""

    row: int
    code: str
    document: dict[str, Any]
    places: dict[Path, Place] = field(default_factory=dict)
    named: dict[str, list[tuple[Place, Sequence[str]]]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    right: RightIn | None = None

    def blame(self, place: Place, code: str) -> None:
        """Note a fault."""
        self.faults.append(Fault.of(place, self.code, code))

    def put(self, path: Path, place: Place, value: Any, column: Column) -> None:
        """Put the value of a cell where it belongs."""
        target: Any = self.document
        for part, following in itertools.pairwise(path):
            if isinstance(target, list):
                while len(target) <= int(part):
                    target.append({})
                target = target[int(part)]
            else:
                target = target.setdefault(part, [] if isinstance(following, int) else {})
        target[path[-1]] = value
        self.places[path] = place
        if column.names is not None:
            self.named.setdefault(column.names, []).append((place, value if isinstance(value, list) else [value]))


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a workbook holds: the rights in their order, and faults that belong to none of them."""

    entries: Sequence[Entry]
    faults: Sequence[Fault]


def read_catalogue(sheets: Sheets) -> Catalogue:
    """Read the rights of a workbook; a right with a fault anywhere has no `right`.

    Raises:
        WorkbookSheets, WorkbookColumns, TooManyRights: the whole file is refused.
    """
    missing = sorted(SHEETS.keys() - sheets.keys() - _OPTIONAL)
    unknown = len(sheets.keys() - SHEETS.keys() - {README})
    if missing or unknown:
        raise WorkbookSheets(missing=missing, unknown=unknown)
    reading = _Reading({name: _table(name, sheets.get(name, ())) for name in SHEETS})
    reading.read()
    for entry in reading.entries.values():
        _validate(entry)
    return Catalogue(tuple(reading.entries.values()), reading.faults)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    cells: Mapping[str, str]
    formulas: Sequence[str]


def _table(sheet: str, rows: Sequence[Row]) -> list[_Line]:
    if not rows:
        if sheet in _OPTIONAL:
            return []
        raise WorkbookColumns(sheet=sheet, unknown=0)
    header = {position: name.strip() for position, name in rows[0].cells.items()}
    unknown = sum(name not in SHEETS[sheet] for name in header.values())
    if unknown or "code" not in header.values() or len(set(header.values())) < len(header):
        raise WorkbookColumns(sheet=sheet, unknown=unknown)
    beyond = [row for row in rows[1:] if not header.keys() >= row.cells.keys() | row.formulas]
    if beyond:
        raise WorkbookColumns(sheet=sheet, unknown=1)
    return [
        _Line(
            row.number,
            {header[position]: text.strip() for position, text in row.cells.items() if text.strip()},
            sorted(header[position] for position in row.formulas),
        )
        for row in rows[1:]
    ]


class _Reading:
    """Reads the sheets one after the other, the rights first."""

    def __init__(self, tables: Mapping[str, Sequence[_Line]]) -> None:
        self.tables = tables
        self.entries: dict[str, Entry] = {}
        self.faults: list[Fault] = []
        if len(tables["rights"]) > MOST_RIGHTS:
            raise TooManyRights

    def read(self) -> None:
        """Read all sheets."""
        for line in self.tables["rights"]:
            entry = self._new(line)
            if entry is not None:
                self._take("rights", line, entry, ())
        for sheet in ("prices", "quotas", "texts"):
            counts: dict[tuple[str, Path], int] = {}
            for line, entry in self._joined(sheet):
                within = self._within(sheet, line, entry)
                if within is None:
                    continue
                if sheet != "texts":
                    position = counts[entry.code, within] = counts.get((entry.code, within), -1) + 1
                    within = (*within, position)
                    entry.places[within] = Place(sheet, line.number)
                self._take(sheet, line, entry, within)

    def _new(self, line: _Line) -> Entry | None:
        code = line.cells.get("code", "")
        if not _CODE.fullmatch(code):
            self.faults.append(Fault.of(Place("rights", line.number, "code"), None, "pattern" if code else "missing"))
            return None
        if code in self.entries:
            self.entries[code].blame(Place("rights", line.number, "code"), "duplicate_item")
            return None
        document: dict[str, Any] = {"terms": {"prices": []}}
        self.entries[code] = Entry(line.number, code, document, {(): Place("rights", line.number)})
        return self.entries[code]

    def _joined(self, sheet: str) -> Iterator[tuple[_Line, Entry]]:
        for line in self.tables[sheet]:
            code = line.cells.get("code", "")
            entry = self.entries.get(code)
            if entry is not None:
                yield line, entry
                continue
            known_form = code if _CODE.fullmatch(code) else None
            fault = "code_unknown" if code else "missing"
            self.faults.append(Fault.of(Place(sheet, line.number, "code"), known_form, fault))

    def _within(self, sheet: str, line: _Line, entry: Entry) -> Path | None:
        """Return where the values of a row belong in its right; None when the row does not say it."""
        if sheet == "prices":
            return ("terms", "prices")
        if sheet == "quotas":
            whose = line.cells.get("for", CUSTOMER)
            if whose in {CUSTOMER, GUESTS}:
                return ("terms", "quotas") if whose == CUSTOMER else ("terms", "companions", "quotas")
            entry.blame(Place(sheet, line.number, "for"), "not_allowed_value")
            return None
        language = line.cells.get("language", "")
        if language not in LANGUAGES:
            entry.blame(Place(sheet, line.number, "language"), "pattern" if language else "missing")
            return None
        if (f"name_{language}",) in entry.places or (f"description_{language}",) in entry.places:
            entry.blame(Place(sheet, line.number, "language"), "duplicate_item")
            return None
        return (language,)

    def _take(self, sheet: str, line: _Line, entry: Entry, within: Path) -> None:
        for name in line.formulas:
            entry.blame(Place(sheet, line.number, name), "formula")
        for name, text in line.cells.items():
            column = SHEETS[sheet][name]
            if not column.path or name in line.formulas:
                continue
            place = Place(sheet, line.number, name)
            path = (f"{column.path[0]}_{within[0]}",) if sheet == "texts" else (*within, *column.path)
            try:
                value = column.read(text)
            except Malformed as malformed:
                entry.blame(place, str(malformed))
                continue
            found = {(*path[:-1], name): one for name, one in value.items()} if path[-1] == REST else {path: value}
            for one, value_there in found.items():
                entry.put(one, place, value_there, column)


def _validate(entry: Entry) -> None:
    """Hold a right to what `createRight` takes, unless something in it could not even be read."""
    for price in entry.document["terms"]["prices"]:
        price.setdefault("tier", None)
    if entry.faults:
        return
    try:
        entry.right = RightIn.model_validate_json(json.dumps(entry.document))
    except ValidationError as error:
        entry.faults += _translated(entry, error)


def _translated(entry: Entry, error: ValidationError) -> Iterator[Fault]:
    for one in translate(error.errors(include_url=False)).facts["errors"]:  # type: ignore[attr-defined]
        path = tuple(one["loc"])
        yield Fault(_place_of(entry, path), entry.code, one["type"], (one["zh"], one["en"]))


def _place_of(entry: Entry, path: Path) -> Place:
    """Return the cell of a value, the column in which it is missing, or at least the row that it belongs to."""
    if path in entry.places:
        return entry.places[path]
    for language in LANGUAGES:
        if path[:1] in {(f"name_{language}",), (f"description_{language}",)}:
            return Place("texts", entry.row, str(path[0]).removesuffix(f"_{language}"))
    column = next((name for name, one in SHEETS["rights"].items() if one.path == path[: len(one.path)]), None)
    if column is not None:
        return Place("rights", entry.row, column)
    for length in range(len(path), -1, -1):
        near = entry.places.get(path[:length])
        if near is not None:
            rest = str(path[length]) if length < len(path) and near.column is None and length else None
            return Place(near.sheet, near.row, rest or near.column)
    return Place("rights", entry.row)


def blame_unknown(entries: Iterable[Entry], unknown: Mapping[str, set[str]]) -> None:
    """Note for each cell that it names what does not exist; `unknown` is by kind of name."""
    for entry in entries:
        for kind, cells in entry.named.items():
            for place, values in cells:
                if unknown[kind].intersection(values):
                    entry.blame(place, f"unknown_{kind}")
        for place, guests in _guests(entry):
            if unknown["tier"].intersection(guests):
                entry.blame(place, "unknown_tier")


def blame_sensitive(entries: Iterable[Entry], tags: Collection[str]) -> None:
    """Note for each cell that it names one of some tags on which the caller may not build."""
    for entry in entries:
        for place, values in entry.named.get("tag", ()):
            if not set(tags).isdisjoint(values):
                entry.blame(place, "sensitive_tag")


def _guests(entry: Entry) -> Iterator[tuple[Place, set[str]]]:
    path = ("terms", "companions", "most")
    if path in entry.places:
        yield entry.places[path], {guest["tier"] for guest in entry.document["terms"]["companions"]["most"]}
