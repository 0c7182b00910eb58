"""The SQL of restrictions that lines tell of: a line's own word is written again by its files, nobody else's is."""

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

_STAGE: Final = "customer_id uuid, id uuid, kind text, reference text, valid_from date, valid_to date, named_by bytea"
_COLUMNS: Final = ("customer_id", "id", "kind", "reference", "valid_from", "valid_to", "named_by")
# Without a first day a row speaks of the restriction that stands.
_SAME: Final = (
    "r.customer_id = s.customer_id AND r.kind = s.kind AND r.reference = s.reference AND r.line = :line"
    " AND CASE WHEN s.valid_from IS NULL THEN r.valid_to IS NULL OR r.valid_to > :from_day"
    " ELSE r.valid_from = s.valid_from END"
)
_END_OF: Final = "CASE WHEN s.valid_to IS NOT NULL THEN greatest(r.valid_from, s.valid_to) END"
_CHANGE: Final = text(
    f"UPDATE customer_restriction r SET valid_to = {_END_OF},"  # noqa: S608 - words of the code
    " ended_by = CASE WHEN s.valid_to IS NULL THEN NULL ELSE CAST(:by AS uuid) END FROM stage_restriction s"
    f" WHERE {_SAME} AND r.valid_to IS DISTINCT FROM {_END_OF}"
)
_BEGIN: Final = text(
    "INSERT INTO customer_restriction"  # noqa: S608 - words of the code
    " (customer_id, id, kind, valid_from, valid_to, reference, set_by, set_at, line, named_by)"
    " SELECT customer_id, id, kind, COALESCE(valid_from, least(CAST(:from_day AS date), valid_to)), valid_to,"
    " reference, :by, :at, :line, named_by FROM stage_restriction s"
    f" WHERE NOT EXISTS (SELECT FROM customer_restriction r WHERE {_SAME})"
)
# Whoever is logged in is so no longer, where a restriction begins that keeps the customer from it.
_LOG_OUT: Final = text(
    "UPDATE customer c SET not_before = :at FROM customer_restriction r JOIN restriction_kind k ON k.code = r.kind"
    " JOIN stage_restriction s ON s.customer_id = r.customer_id AND s.id = r.id"
    " WHERE c.id = r.customer_id AND k.blocks_login AND r.valid_from <= :day"
    " AND (r.valid_to IS NULL OR r.valid_to > :day)"
)
_END: Final = text(
    "UPDATE customer_restriction r SET valid_to = greatest(r.valid_from, CAST(:day AS date)), ended_by = :by"
    " WHERE r.line = :line AND (r.valid_to IS NULL OR r.valid_to > :day) AND NOT EXISTS (SELECT FROM stage_kept s"
    " WHERE s.customer_id = r.customer_id AND s.kind = r.kind AND s.reference = r.reference)"
)


@dataclass(frozen=True, slots=True)
class LineRestriction:
    """What a line says: `reference` is the document, `valid_to` the first day without it.

    Without `valid_from` it is the one that stands, or begins on the file's day.
    """

    customer_id: UUID
    kind: str
    reference: str
    valid_from: date | None
    valid_to: date | None
    named_by: bytes | None = None


async def take_restrictions(
    session: AsyncSession, *, line: Line, day: date, rows: Sequence[LineRestriction], set_by: UUID
) -> int:
    """Let what a line says stand, each document once from its first day on; returns how many began or changed.

    One that was ended stands again when its line says so.
    """
    staged = (
        (one.customer_id, new_id(), one.kind, one.reference, one.valid_from, one.valid_to, one.named_by) for one in rows
    )
    await stage(session, "stage_restriction", _STAGE)
    await copy_rows(session, "stage_restriction", _COLUMNS, staged)
    now, bound = clock.now(), {"by": set_by, "line": line.value, "from_day": day}
    changed: Any = await session.execute(_CHANGE, bound)
    begun: Any = await session.execute(_BEGIN, bound | {"at": now})
    await session.execute(_LOG_OUT, {"at": now, "day": clock.today()})
    return int(changed.rowcount) + int(begun.rowcount)


async def end_missing_restrictions(
    session: AsyncSession, *, line: Line, kept: Iterable[tuple[UUID, str, str]], day: date, ended_by: UUID
) -> int:
    """End what a line once said and a full file leaves out (customer, kind, document); returns how many ended."""
    await stage(session, "stage_kept", "customer_id uuid, kind text, reference text")
    await copy_rows(session, "stage_kept", ("customer_id", "kind", "reference"), kept)
    ended: Any = await session.execute(_END, {"line": line.value, "day": day, "by": ended_by})
    return int(ended.rowcount)
