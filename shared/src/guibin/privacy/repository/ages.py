"""The SQL of what follows from a birth date: who is a minor, and who is 65 or older."""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

BY_BIRTH_DATE: Final = "birth_date"
"""The reference of a restriction that follows from the birth date."""

# Somebody born on 29 February comes of age on the 28th of a year without that day.
_BORN: Final = (
    "WITH born AS (SELECT c.id, a.kind, (a.born + a.after)::date AS first, (a.born + a.until)::date AS past"
    " FROM customer c CROSS JOIN LATERAL (SELECT make_date(c.birth_year, left(c.birth_mmdd, 2)::int,"
    " right(c.birth_mmdd, 2)::int) AS born) b CROSS JOIN LATERAL (VALUES"
    " ('minor', b.born, interval '0', interval '18 years'), ('senior', b.born, interval '65 years', NULL))"
    " AS a(kind, born, after, until) JOIN restriction_kind k ON k.code = a.kind"
    " WHERE c.party_type = 'person' AND c.birth_year IS NOT NULL AND c.birth_mmdd IS NOT NULL"
    " AND c.merged_into IS NULL AND c.erased_at IS NULL),"
    " due AS (SELECT id, kind, past FROM born WHERE first <= :day AND (past IS NULL OR past > :day))"
)
_END: Final = text(
    _BORN  # noqa: S608 - words of the code
    + " UPDATE customer_restriction r SET valid_to = greatest(r.valid_from, CAST(:day AS date)), ended_by = :by"
    " WHERE r.reference = :reference AND r.kind IN ('minor', 'senior') AND (r.valid_to IS NULL OR r.valid_to > :day)"
    " AND NOT EXISTS (SELECT FROM due d WHERE d.id = r.customer_id AND d.kind = r.kind"
    " AND d.past IS NOT DISTINCT FROM r.valid_to)"
)
_BEGIN: Final = text(
    _BORN  # noqa: S608 - words of the code
    + " INSERT INTO customer_restriction"
    " (customer_id, id, kind, valid_from, valid_to, reference, set_by, set_at)"
    " SELECT d.id, md5(d.id::text || d.kind || CAST(:at AS text))::uuid, d.kind, :day, d.past, :reference, :by,"
    " CAST(:at AS timestamptz) FROM due d WHERE NOT EXISTS (SELECT FROM customer_restriction r"
    " WHERE r.customer_id = d.id AND r.kind = d.kind AND r.reference = :reference"
    " AND (r.valid_to IS NULL OR r.valid_to > :day))"
)


async def mark_ages(session: AsyncSession, *, day: date, by: UUID, at: datetime) -> dict[str, int]:
    """Let everybody be marked from a day on as the birth date says, and nobody whom it does not.

    Returns how many marks `ended` and `begun`. Who is not known by day, month and year of birth is not marked.
    """
    bound = {"day": day, "by": by, "reference": BY_BIRTH_DATE}
    ended: Any = await session.execute(_END, bound)
    begun: Any = await session.execute(_BEGIN, bound | {"at": at.isoformat()})
    return {"ended": ended.rowcount, "begun": begun.rowcount}
