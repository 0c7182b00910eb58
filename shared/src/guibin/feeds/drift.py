"""Schema drift: which columns of a line's file came, went, moved or changed their type since the file before."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from guibin.feeds.rules import RowCode

OF_FORM: Final = frozenset(
    {
        *(RowCode.TEXT_INVALID, RowCode.TOO_LONG, RowCode.SCIENTIFIC_NOTATION, RowCode.VALUE_UNKNOWN),
        *(RowCode.DATE_INVALID, RowCode.AMOUNT_INVALID, RowCode.NUMBER_INVALID, RowCode.PHONE_INVALID),
        *(RowCode.CERTIFICATE_INVALID, RowCode.MISSING_VALUE, RowCode.FORMULA),
    }
)
"""What is refused because the cell has another form than the column."""

_CHANGED_PERCENT: Final = 50
_NAME: Final = re.compile(r"(?!.*\d{3})[^\W\d_][\w .()/-]{0,39}")


@dataclass(frozen=True, slots=True)
class Drift:
    """What differs. Columns that came, went or moved have the line's names; those whose type changed have ours."""

    came: tuple[str, ...] = ()
    went: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.came or self.went or self.moved or self.changed)

    def facts(self) -> dict[str, list[str]]:
        """Write it for callers and for the file's row."""
        return {"came": [*self.came], "went": [*self.went], "moved": [*self.moved], "changed": [*self.changed]}


def drift(before: Sequence[str] | None, now: Sequence[str], changed: Iterable[str] = ()) -> Drift:
    """Compare the columns of a file with those of the file before it; the first file of its kind drifts from none.

    A header that is refused because it names a column twice is compared too: then its first place counts.
    """
    if before is None:
        return Drift(changed=tuple(changed))
    now = [*dict.fromkeys(now)]
    stayed = [name for name in now if name in before]
    were = [name for name in before if name in now]
    return Drift(
        came=tuple(name for name in now if name not in before),
        went=tuple(name for name in before if name not in now),
        moved=tuple(name for name, was in zip(stayed, were, strict=True) if name != was),
        changed=tuple(changed),
    )


def changed_columns(rejects: Iterable[tuple[RowCode, str | None]], rows: int) -> list[str]:
    """Return the columns for whose form at least half of a file's rows were refused: they hold something else now."""
    refused = Counter(column for code, column in rejects if column is not None and code in OF_FORM)
    return sorted(column for column, count in refused.items() if count * 100 >= rows * _CHANGED_PERCENT)


def nameable(name: str) -> bool:
    """Tell whether an unknown column can be named to people: like a word, and without a number that may be somebody's.

    Only for headers in which other columns are known: a first row of data is no header.
    """
    return _NAME.fullmatch(name) is not None
