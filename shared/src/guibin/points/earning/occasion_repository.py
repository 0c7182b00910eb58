"""SQL of the days of customers that rules know: birthdays, and the days on which the relation began."""

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.repository import rows_of

_USED: Final = text(
    "SELECT v.terms FROM earning_rule r"
    " JOIN earning_rule_version v ON v.rule_code = r.code AND v.version = r.active_version"
    " WHERE r.ended_at IS NULL AND jsonb_exists(v.terms -> 'events', :event_type) LIMIT 1"
)
# The days asked for are few; a customer has one event of a kind a year, by its reference.
_FOUND: Final = (
    "SELECT c.id FROM customer c WHERE {which} AND c.status = 'active' AND c.merged_into IS NULL"
    " AND c.erased_at IS NULL AND NOT EXISTS (SELECT FROM business_event b WHERE b.line = :line"
    " AND b.reference = :prefix || replace(CAST(c.id AS text), '-', ''))"
    " ORDER BY c.id LIMIT :limit"
)
_BORN: Final = "c.party_type = 'person' AND c.birth_mmdd = ANY(CAST(:days AS text[]))"
_BEGAN: Final = "c.opened_on < :first AND to_char(c.opened_on, 'MMDD') = ANY(CAST(:days AS text[]))"
_BIRTHDAYS: Final = text(_FOUND.format(which=_BORN)).columns(id=Uuid)
_ANNIVERSARIES: Final = text(_FOUND.format(which=_BEGAN)).columns(id=Uuid)


async def is_asked_for(session: AsyncSession, event_type: str) -> bool:
    """Tell whether a rule in force is triggered by a kind of event."""
    return bool(await rows_of(session, _USED, event_type=event_type))


async def birthdays_on(session: AsyncSession, days: Sequence[str], *, line: str, prefix: str, limit: int) -> list[UUID]:
    """Return people born on days of the year (MMDD) of whom there is no event yet whose reference begins so."""
    rows = await rows_of(session, _BIRTHDAYS, days=list(days), line=line, prefix=prefix, limit=limit)
    return [row["id"] for row in rows]


async def anniversaries_on(
    session: AsyncSession, days: Sequence[str], *, before: date, line: str, prefix: str, limit: int
) -> list[UUID]:
    """Return customers whose relation began on days of the year (MMDD), before a day, and of whom there is no event."""
    rows = await rows_of(session, _ANNIVERSARIES, days=list(days), first=before, line=line, prefix=prefix, limit=limit)
    return [row["id"] for row in rows]
