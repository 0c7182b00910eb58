"""SQL of what rules know of customers' days: birthdays, when the relation began, when they came to have tags."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import Date, Text, Uuid, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.repository import rows_of
from guibin.tags.models import Tag, TagState

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
_NAMED: Final = text(
    "SELECT DISTINCT jsonb_array_elements_text(v.terms -> 'tags') AS code FROM earning_rule r"
    " JOIN earning_rule_version v ON v.rule_code = r.code AND v.version = r.active_version"
    " WHERE r.ended_at IS NULL AND jsonb_exists(v.terms -> 'events', 'tag_entered')"
).columns(code=Text)
# A customer who goes from one value of a tag to another had the tag before, and so had who was another customer then:
# `OFFSET 0` has the few who were looked up for each, where a join would read everybody's tags and events.
_ENTERED: Final = text(
    "SELECT DISTINCT t.customer_id, t.tag_code, t.since FROM customer_tag t JOIN customer c ON c.id = t.customer_id"
    " WHERE t.tag_code = ANY(CAST(:tags AS text[])) AND t.since BETWEEN :first AND :last AND t.until IS NULL"
    " AND (CAST(:among AS uuid[]) IS NULL OR t.customer_id = ANY(CAST(:among AS uuid[])))"
    " AND c.status = 'active' AND c.merged_into IS NULL AND c.erased_at IS NULL"
    " AND NOT EXISTS (SELECT FROM customer_tag h WHERE h.customer_id = t.customer_id AND h.tag_code = t.tag_code"
    " AND h.since < t.since AND (h.until IS NULL OR h.until >= t.since))"
    " AND NOT EXISTS (SELECT FROM business_event b WHERE b.line = :line AND b.reference = 'tag:' || t.tag_code || ':'"
    " || to_char(t.since, 'YYYYMMDD') || ':' || replace(CAST(t.customer_id AS text), '-', ''))"
    " AND NOT EXISTS (SELECT FROM customer m WHERE m.merged_into = t.customer_id AND ("
    "EXISTS (SELECT FROM customer_tag h WHERE h.customer_id = m.id AND h.tag_code = t.tag_code"
    " AND h.since < t.since AND (h.until IS NULL OR h.until >= t.since) OFFSET 0)"
    " OR EXISTS (SELECT FROM business_event b WHERE b.line = :line AND b.reference = 'tag:' || t.tag_code || ':'"
    " || to_char(t.since, 'YYYYMMDD') || ':' || replace(CAST(m.id AS text), '-', '') OFFSET 0)) OFFSET 0)"
    " ORDER BY t.customer_id, t.tag_code LIMIT :limit"
).columns(customer_id=Uuid, tag_code=Text, since=Date)
_BIRTHDAYS: Final = text(_FOUND.format(which=_BORN)).columns(id=Uuid)
_ANNIVERSARIES: Final = text(_FOUND.format(which=_BEGAN)).columns(id=Uuid)


@dataclass(frozen=True, slots=True)
class Entered:
    """A customer has come to have a tag on a day."""

    customer_id: UUID
    tag_code: str
    since: date

    @property
    def reference(self) -> str:
        """Under which it is one event."""
        return f"tag:{self.tag_code}:{self.since:%Y%m%d}:{self.customer_id.hex}"


async def published_tags(session: AsyncSession, codes: Collection[str]) -> set[str]:
    """Return which of some codes are published tags."""
    query = select(Tag.code).where(col(Tag.code).in_(set(codes)), Tag.state == TagState.PUBLISHED)
    return set((await session.exec(query)).all())


async def tags_asked_for(session: AsyncSession) -> list[str]:
    """Return the tags whose entering triggers a rule in force."""
    return sorted(row["code"] for row in await rows_of(session, _NAMED))


async def entered_tags(
    session: AsyncSession,
    tags: Sequence[str],
    *,
    first: date,
    last: date,
    line: str,
    limit: int,
    among: Collection[UUID] | None = None,
) -> list[Entered]:
    """Return who (`among` some customers) has had some tags since days from `first` to `last` and still has.

    Those of whom there is an event already are left out.
    """
    bound = {"tags": list(tags), "first": first, "last": last, "among": None if among is None else list(among)}
    rows = await rows_of(session, _ENTERED, line=line, limit=limit, **bound)
    return [Entered(**row) for row in rows]


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
