"""One file while it is taken: what its rows have in common, what was counted, and which rows were refused."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.lines import Line
from guibin.feeds.arranging import PLAIN, ColumnMapping
from guibin.feeds.models import FeedKind, FeedMode
from guibin.feeds.rows import Row
from guibin.feeds.rules import Cells, RowCode, RowRefused
from guibin.holdings.rows import FileFacts
from guibin.security.actors import Actor
from guibin.security.ciphers import KeyRing


@dataclass(frozen=True, slots=True)
class Reject:
    """A refused row: its line in the file, why, and in which column. Never its content."""

    row: int
    code: RowCode
    column: str | None


@dataclass(slots=True)
class Taking:
    """The file that is being taken."""

    session: AsyncSession
    keys: KeyRing
    line: Line
    kind: FeedKind
    mode: FeedMode
    business_date: date
    file_id: UUID
    actor: Actor
    mapping: ColumnMapping = PLAIN
    rows_read: int = 0
    rows_changed: int = 0
    rejects: list[Reject] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def facts(self) -> FileFacts:
        """What holdings and events of the file have in common."""
        return FileFacts(self.line.value, self.business_date, self.file_id)

    @property
    def rows_accepted(self) -> int:
        """Rows that were not refused, changed or not."""
        return self.rows_read - len(self.rejects)

    def refuse(self, row: int, refused: RowRefused) -> None:
        """Note a refused row."""
        self.rejects.append(Reject(row, refused.code, refused.column))

    def cells(self, row: Row) -> Cells:
        """Count a row and return its cells.

        Raises:
            RowRefused: it has too few or too many, other than text, or a formula.
        """
        self.rows_read += 1
        if isinstance(row[1], RowRefused):
            raise row[1]
        return Cells(self.kind, row[1])


Rows = Iterable[Row]
