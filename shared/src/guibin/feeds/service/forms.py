"""How a line writes its files: the columns of each kind by both their names, and how its last file had drifted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.lines import Line
from guibin.feeds import repository
from guibin.feeds.columns import ColumnType, choices_of, type_of
from guibin.feeds.mappings.repository import mapping_in_force
from guibin.feeds.models import FeedFile, FeedKind
from guibin.feeds.rules import COLUMNS, REQUIRED


@dataclass(frozen=True, slots=True)
class ColumnForm:
    """A column: our name, what may stand in it, and what the line calls it."""

    name: str
    type: ColumnType
    required: bool
    values: list[str] | None
    theirs: str


@dataclass(frozen=True, slots=True)
class LastFile:
    """The file that was taken last, with its columns and what had differed."""

    id: UUID
    business_date: date
    columns: list[str] | None
    drift: Mapping[str, list[str]] | None

    @classmethod
    def of(cls, file: FeedFile) -> "LastFile":
        """Describe a file."""
        return cls(file.id, file.business_date, file.columns, file.drift)


@dataclass(frozen=True, slots=True)
class KindForm:
    """A kind of file as a line writes it."""

    kind: FeedKind
    mapping_version: int | None
    columns: list[ColumnForm]
    ignored: list[str]
    last_file: LastFile | None


async def line_forms(session: AsyncSession, *, line: Line) -> list[KindForm]:
    """Return every kind of file as a line writes it now."""
    return [await _form(session, line, kind) for kind in FeedKind]


async def _form(session: AsyncSession, line: Line, kind: FeedKind) -> KindForm:
    mapping = await mapping_in_force(session, line=line, kind=kind)
    theirs = {ours: name for name, ours in mapping.columns.items()}
    columns = [
        ColumnForm(name, type_of(name), name in REQUIRED[kind], choices_of(kind, name), theirs.get(name, name))
        for name in COLUMNS[kind]
    ]
    last = await repository.last_file(session, line=line, kind=kind)
    return KindForm(
        kind, mapping.version, columns, sorted(mapping.ignored), None if last is None else LastFile.of(last)
    )
