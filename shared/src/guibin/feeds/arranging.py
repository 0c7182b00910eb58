"""How the columns of a file become those of its kind: by their names, or by the mapping of its line."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from guibin.feeds.dates import DateFormat, as_iso
from guibin.feeds.drift import nameable
from guibin.feeds.errors import ColumnsInvalid
from guibin.feeds.models import FileKind
from guibin.feeds.rules import COLUMNS, DAYS, FILLABLE, REQUIRED

Arrange = Callable[[Sequence[str]], Sequence[str]]


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """What a line calls the columns of a kind, and how it writes their values.

    `columns` names ours by theirs, `values` ours by theirs within one of our columns, `ignored` is read past. `dates`
    says how our columns of days are written, and `fills` which of our columns only fill what is empty: all others
    overwrite what the line said before, by an empty cell too.
    """

    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    values: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    ignored: frozenset[str] = frozenset()
    dates: Mapping[str, DateFormat] = field(default_factory=lambda: MappingProxyType({}))
    fills: frozenset[str] = frozenset()
    version: int | None = None

    def fault(self, kind: FileKind) -> str | None:
        """Say what makes the mapping impossible for a kind; None when nothing does."""
        known, targets = set(COLUMNS[kind]), list(self.columns.values())
        faults = {
            "column_unknown": not known.issuperset(targets) or not known.issuperset(self.values),
            "column_twice": len(set(targets)) < len(targets),
            "column_ignored": bool(self.ignored & self.columns.keys()),
            "column_without_days": not (known & DAYS).issuperset(self.dates),
            "column_not_filled": not self.fills <= FILLABLE.get(kind, frozenset()),
        }
        return next((name for name, stands in faults.items() if stands), None)


PLAIN: Final = ColumnMapping()
"""A line that uses our names and values."""


def arrangement(
    header: Sequence[str], kind: FileKind, mapping: ColumnMapping, *, line: int = 1, is_whole: bool = True
) -> Arrange | None:
    """Return how rows under a header become the columns of the kind, absent ones empty; None when they are already.

    `line` is where the header stands; one that `is_whole` lacks no required column, while a JSON row may.

    Raises:
        ColumnsInvalid: a column is missing, doubled or unknown.
    """
    columns = COLUMNS[kind]
    ours = [None if name in mapping.ignored else mapping.columns.get(name, name) for name in header]
    _check(header, ours, kind, line, is_whole=is_whole)
    if tuple(ours) == columns and not mapping.values and not mapping.dates:
        return None
    positions = [ours.index(name) if name in ours else len(header) for name in columns]
    tables = [(columns.index(name), values) for name, values in mapping.values.items()]
    days = [(columns.index(name), form) for name, form in mapping.dates.items()]

    def arrange(cells: Sequence[str]) -> Sequence[str]:
        wide = [*cells, ""]
        arranged = [wide[position] for position in positions]
        for at, values in tables:
            arranged[at] = values.get(arranged[at].strip(), arranged[at])
        for at, form in days:
            arranged[at] = as_iso(arranged[at].strip(), form)
        return arranged

    return arrange


def _check(header: Sequence[str], ours: Sequence[str | None], kind: FileKind, line: int, *, is_whole: bool) -> None:
    columns = COLUMNS[kind]
    named = [name for name in ours if name is not None]
    missing = [name for name in REQUIRED[kind] if is_whole and name not in named]
    doubled = sorted({name for name in named if name in columns and named.count(name) > 1})
    unknown = [their for their, name in zip(header, ours, strict=True) if name is not None and name not in columns]
    if missing or doubled or unknown:
        is_header = len(unknown) < len(named)
        raise ColumnsInvalid(
            line=line,
            missing=missing,
            doubled=doubled,
            unknown=len(unknown),
            header=header if is_header else (),
            unknown_names=[name for name in unknown if nameable(name)] if is_header else [],
        )
