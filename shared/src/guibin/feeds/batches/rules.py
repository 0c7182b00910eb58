"""What a batch announces, what was found, and where the two differ."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from guibin.core.money import format_cny, parse_cny
from guibin.feeds.models import FeedKind, FeedMode
from guibin.feeds.rules import COLUMNS, RowRefused

MOST_FILES: Final = 50
MOST_PARTS: Final = 1_000
MOST_BYTES: Final = 4 * 1024**3
"""Of one file."""

MOST_SHOWN_DIFFERENCES: Final = 20
OPEN_DAYS: Final = 7
"""Days after which an open batch is abandoned and its parts are forgotten."""

SUMMED: Final = {FeedKind.BALANCES: "balance", FeedKind.EVENTS: "amount"}
"""The column whose sum is the control sum of a kind."""


@dataclass(frozen=True, slots=True)
class AnnouncedFile:
    """A file as the manifest announces it; the control sum is in fen, for balances and events alone."""

    name: str
    kind: FeedKind
    sha256: bytes
    size: int
    rows: int
    control_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found in a file."""

    sha256: bytes
    size: int
    rows: int
    control_fen: int | None


class What(StrEnum):
    """In what a file differs from its manifest."""

    PARTS = "parts"
    SIZE = "bytes"
    SHA256 = "sha256"
    ROWS = "rows"
    CONTROL_SUM = "control_sum"
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that does not agree; of content that cannot be read `found` is the code and `line` where."""

    file: str
    what: What
    announced: str | None = None
    found: str | None = None
    line: int | None = None

    def facts(self) -> dict[str, str | int]:
        """Return what a caller reads."""
        told = {"file": self.file, "what": self.what.value, "announced": self.announced, "found": self.found}
        return {name: value for name, value in {**told, "line": self.line}.items() if value is not None}


def in_turn(files: Sequence[AnnouncedFile]) -> list[AnnouncedFile]:
    """Return the files in the order in which they are taken: who, what, how much, what happened; else as announced."""
    kinds = list(FeedKind)
    return sorted(files, key=lambda file: kinds.index(file.kind))


def manifest_fault(mode: FeedMode, files: Sequence[AnnouncedFile]) -> str | None:
    """Say what makes a manifest impossible; None when nothing does."""
    names, kinds = [file.name for file in files], [file.kind for file in files]
    faults = {
        "name_twice": len(set(names)) < len(names),
        "full_kind_twice": mode is FeedMode.FULL and len(set(kinds)) < len(kinds),
        "control_sum_missing": any(file.kind in SUMMED and file.control_fen is None for file in files),
        "control_sum_of_other_kind": any(file.kind not in SUMMED and file.control_fen is not None for file in files),
    }
    return next((name for name, stands in faults.items() if stands), None)


def differences(announced: AnnouncedFile, found: Measured) -> Iterator[Difference]:
    """Yield where a file and its manifest differ."""
    pairs = (
        (What.SIZE, str(announced.size), str(found.size)),
        (What.SHA256, announced.sha256.hex(), found.sha256.hex()),
        (What.ROWS, str(announced.rows), str(found.rows)),
        (What.CONTROL_SUM, _written(announced.control_fen), _written(found.control_fen)),
    )
    for what, wanted, there in pairs:
        if wanted != there:
            yield Difference(announced.name, what, wanted, there)


def _written(fen: int | None) -> str | None:
    return None if fen is None else format_cny(fen)


class ControlSum:
    """Adds up the control column of a kind; a cell that is no amount adds nothing, its row is refused later."""

    def __init__(self, kind: FeedKind) -> None:
        column = SUMMED.get(kind)
        self._position = None if column is None else COLUMNS[kind].index(column)
        self._fen = 0

    def add(self, cells: Sequence[str] | RowRefused) -> None:
        """Add a row."""
        if self._position is not None and not isinstance(cells, RowRefused):
            self._fen += parse_cny(cells[self._position].strip()) or 0

    @property
    def fen(self) -> int | None:
        """The sum in fen; None of a kind that has none."""
        return None if self._position is None else self._fen
