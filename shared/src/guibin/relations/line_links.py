"""The SQL of links that lines tell of: a line's own word is written again by its files, nobody else's is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.bulk import copy_rows, stage
from guibin.core.ids import new_id
from guibin.core.lines import Line
from guibin.relations.models import LinkKind

BY_FEED: Final = "feed"
"""The reason of a link of which a line tells."""

_STAGE: Final = (
    '"row" integer, customer_id uuid, id uuid, kind text, other_id uuid, valid_from date, valid_to date,'
    " named_by bytea, other_named_by bytea"
)
_COLUMNS: Final = (
    "row",
    "customer_id",
    "id",
    "kind",
    "other_id",
    "valid_from",
    "valid_to",
    "named_by",
    "other_named_by",
)
_SAME_PAIR: Final = "l.customer_id = s.customer_id AND l.kind = s.kind AND l.other_id = s.other_id AND l.line = :line"
_STANDS: Final = "(l.valid_to IS NULL OR l.valid_to > :day)"
# Without a first day a row speaks of the link that stands.
_SAME: Final = f"{_SAME_PAIR} AND CASE WHEN s.valid_from IS NULL THEN {_STANDS} ELSE l.valid_from = s.valid_from END"
_END_OF: Final = "CASE WHEN s.valid_to IS NOT NULL THEN greatest(l.valid_from, s.valid_to) END"
_OVERLAPPING: Final = text(
    f"DELETE FROM stage_link s USING customer_link l WHERE {_SAME_PAIR}"  # noqa: S608 - words of the code
    " AND s.valid_from <> l.valid_from AND s.valid_from < COALESCE(l.valid_to, 'infinity')"
    " AND l.valid_from < COALESCE(s.valid_to, 'infinity') RETURNING s.\"row\""
)
_CHANGE: Final = text(
    f"UPDATE customer_link l SET valid_to = {_END_OF},"  # noqa: S608 - words of the code
    " ended_by = CASE WHEN s.valid_to IS NOT NULL THEN CAST(:by AS uuid) END FROM stage_link s"
    f" WHERE {_SAME} AND l.valid_to IS DISTINCT FROM {_END_OF}"
)
_BEGIN: Final = text(
    "INSERT INTO customer_link"  # noqa: S608 - words of the code
    " (customer_id, id, other_id, kind, valid_from, valid_to, reason, set_by, set_at, line, named_by, other_named_by)"
    " SELECT customer_id, id, other_id, kind, COALESCE(valid_from, least(CAST(:day AS date), valid_to)), valid_to,"
    " :reason, :by, :at, :line, named_by, other_named_by FROM stage_link s"
    f" WHERE NOT EXISTS (SELECT FROM customer_link l WHERE {_SAME})"
)
_ENDED: Final = (
    f"SET valid_to = greatest(l.valid_from, CAST(:day AS date)), ended_by = :by WHERE l.line = :line AND {_STANDS}"
)
_END: Final = text(f"UPDATE customer_link l {_ENDED} AND EXISTS (SELECT FROM stage_link s WHERE {_SAME_PAIR})")
_UNKNOWN: Final = text(
    'SELECT s."row" FROM stage_link s WHERE NOT EXISTS'  # noqa: S608 - words of the code
    f" (SELECT FROM customer_link l WHERE {_SAME_PAIR})"
)
_END_MISSING: Final = text(
    f"UPDATE customer_link l {_ENDED} AND NOT EXISTS (SELECT FROM stage_kept_link s WHERE {_SAME_PAIR})"
)


@dataclass(frozen=True, slots=True)
class LineFacts:
    """Which line tells, for which business date, and who brought it."""

    line: Line
    day: date
    by: UUID

    def bound(self) -> dict[str, Any]:
        """Return it as the statements take it."""
        return {"line": self.line.value, "day": self.day, "by": self.by}


@dataclass(frozen=True, slots=True)
class LineLink:
    """What a row of a file says: `valid_to` is the first day without it; without `valid_from` the one that stands."""

    row: int
    customer_id: UUID
    kind: LinkKind
    other_id: UUID
    valid_from: date | None
    valid_to: date | None
    named_by: bytes | None = None
    other_named_by: bytes | None = None


@dataclass(frozen=True, slots=True)
class TakenLinks:
    """How many links began or changed, and the rows whose days overlap those that the line said before."""

    changed: int
    overlapping: list[int]


async def take_links(session: AsyncSession, facts: LineFacts, rows: Sequence[LineLink]) -> TakenLinks:
    """Let what a line says stand, each link once from its first day on (the file's, where none is given).

    One that was ended stands again when its line says so.
    """
    await _stage(session, rows)
    bound = facts.bound()
    overlapping = list((await session.execute(_OVERLAPPING, {"line": facts.line.value})).scalars())
    changed: Any = await session.execute(_CHANGE, bound)
    begun: Any = await session.execute(_BEGIN, bound | {"at": clock.now(), "reason": BY_FEED})
    return TakenLinks(int(changed.rowcount) + int(begun.rowcount), overlapping)


async def end_links(session: AsyncSession, facts: LineFacts, rows: Sequence[LineLink]) -> tuple[int, list[int]]:
    """End what a line said, from a day on; returns how many ended, and the rows whose link it never told of."""
    await _stage(session, rows)
    unknown = list((await session.execute(_UNKNOWN, {"line": facts.line.value})).scalars())
    ended: Any = await session.execute(_END, facts.bound())
    return int(ended.rowcount), unknown


async def end_missing(session: AsyncSession, facts: LineFacts, kept: Iterable[tuple[UUID, LinkKind, UUID]]) -> int:
    """End what a line once said and a full file leaves out; returns how many ended."""
    await stage(session, "stage_kept_link", "customer_id uuid, kind text, other_id uuid")
    await copy_rows(session, "stage_kept_link", ("customer_id", "kind", "other_id"), kept)
    ended: Any = await session.execute(_END_MISSING, facts.bound())
    return int(ended.rowcount)


async def _stage(session: AsyncSession, rows: Sequence[LineLink]) -> None:
    await stage(session, "stage_link", _STAGE)
    staged = (
        (
            *(one.row, one.customer_id, new_id(), one.kind, one.other_id, one.valid_from, one.valid_to),
            *(one.named_by, one.other_named_by),
        )
        for one in rows
    )
    await copy_rows(session, "stage_link", _COLUMNS, staged)
