"""SQL of joint contact: who gave customers away and accompanies them for a while, whole books in one statement."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import new_id
from guibin.customers.models import PartyStatus

# What has to hold on every day of it: the giver works here and is not leaving, the customer is with the bank and wants
# to be served, has not asked to be rid of this manager, and nothing stands between the two.
_STANDS: Final = """
    EXISTS (SELECT FROM manager m JOIN staff s ON s.id = m.staff_id
             WHERE m.id = k.manager_id AND m.active AND m.leaving_since IS NULL AND s.active)
    AND EXISTS (SELECT FROM customer u WHERE u.id = k.customer_id AND u.merged_into IS NULL
                   AND u.status = ANY(CAST(:with_the_bank AS text[])))
    AND NOT EXISTS (SELECT FROM manager_conflict f WHERE f.customer_id = k.customer_id AND f.manager_id = k.manager_id
                       AND f.withdrawn_at IS NULL)
    AND NOT EXISTS (SELECT FROM manager_wish w WHERE w.customer_id = k.customer_id AND w.manager_id = k.manager_id
                       AND w.wish = 'change' AND w.state IN ('open', 'accepted'))
    AND NOT EXISTS (SELECT FROM customer_restriction r JOIN restriction_kind i ON i.code = r.kind
                     WHERE r.customer_id = k.customer_id AND (i.blocks_assign OR i.blocks_service)
                       AND r.valid_from <= :day AND (r.valid_to IS NULL OR r.valid_to > :day))
"""
_BEGIN: Final = text(
    f"""
    WITH begun AS (
        INSERT INTO coverage (customer_id, id, manager_id, role, valid_from, valid_to, source, reason)
        SELECT k.customer_id, k.id, k.manager_id, 'joint', k.valid_from, k.valid_to, k.source, k.reason
        FROM unnest(CAST(:customers AS uuid[]), CAST(:ids AS uuid[]), CAST(:managers AS uuid[]),
                    CAST(:begin AS date[]), CAST(:over AS date[]), CAST(:sources AS text[]), CAST(:reasons AS text[]))
            AS k(customer_id, id, manager_id, valid_from, valid_to, source, reason)
        WHERE k.valid_to > :day AND {_STANDS}
        RETURNING customer_id, manager_id, valid_from, valid_to
    )
    INSERT INTO customer_access (customer_id, staff_id, role, valid_from, valid_to)
    SELECT b.customer_id, m.staff_id, 'joint', b.valid_from, b.valid_to
    FROM begun b JOIN manager m ON m.id = b.manager_id
    ON CONFLICT (customer_id, staff_id, role)
        DO UPDATE SET valid_from = excluded.valid_from, valid_to = excluded.valid_to
    RETURNING customer_id
    """  # noqa: S608 - our own text
)
_END: Final = """
    WITH ended AS (
        UPDATE coverage k SET valid_to = greatest(k.valid_from, CAST(:day AS date)), end_reason = :reason
        WHERE k.role = 'joint' AND k.valid_to > :day AND ({which})
        RETURNING k.customer_id, k.manager_id, CAST(:day AS date) AS over
    ), closed AS (
        UPDATE customer_access a SET valid_to = e.over
        FROM ended e JOIN manager m ON m.id = e.manager_id
        WHERE a.customer_id = e.customer_id AND a.staff_id = m.staff_id AND a.role = 'joint'
    )
    SELECT customer_id, manager_id FROM ended ORDER BY customer_id, manager_id
"""
_END_OF: Final = text(_END.format(which="k.customer_id = ANY(CAST(:customers AS uuid[]))"))
_END_WHAT_STANDS_NOT: Final = text(
    _END.format(
        which="(CAST(:customers AS uuid[]) IS NULL OR k.customer_id = ANY(CAST(:customers AS uuid[])))"
        " AND (CAST(:manager AS uuid) IS NULL OR k.manager_id = :manager)"
        f" AND NOT ({_STANDS})"
    )
)
_UNTIL: Final = text(
    "SELECT manager_id, max(valid_to) FROM coverage WHERE customer_id = :customer_id AND role = 'joint'"
    " AND valid_to > :day GROUP BY manager_id ORDER BY manager_id"
)
_WITH_THE_BANK: Final = [PartyStatus.ACTIVE.value, PartyStatus.DORMANT.value]


@dataclass(frozen=True, slots=True)
class Accompanied:
    """A customer whom a manager gave away and accompanies: from a day on, until the first day on which it is over."""

    customer_id: UUID
    manager_id: UUID
    valid_from: date
    valid_to: date
    source: str
    reason: str


async def begin(session: AsyncSession, wanted: Sequence[Accompanied], *, day: date) -> set[UUID]:
    """Let managers accompany customers, where what has to hold does on the day; returns which customers."""
    bound = {
        "customers": [one.customer_id for one in wanted],
        "ids": [new_id() for _ in wanted],
        "managers": [one.manager_id for one in wanted],
        "begin": [one.valid_from for one in wanted],
        "over": [one.valid_to for one in wanted],
        "sources": [one.source for one in wanted],
        "reasons": [one.reason for one in wanted],
        "day": day,
        "with_the_bank": _WITH_THE_BANK,
    }
    connection = await session.connection()
    return {row[0] for row in await connection.execute(_BEGIN, bound)}


async def end(session: AsyncSession, *, customer_ids: Collection[UUID], day: date, reason: str) -> None:
    """Let nobody accompany some customers any more."""
    bound = {"customers": list(customer_ids), "day": day, "reason": reason}
    await (await session.connection()).execute(_END_OF, bound)


async def end_what_stands_not(
    session: AsyncSession,
    *,
    day: date,
    reason: str,
    customer_ids: Collection[UUID] | None = None,
    manager_id: UUID | None = None,
) -> int:
    """End what has to end on a day, of some customers or of a manager where one is named; returns how many."""
    bound = {
        "customers": None if customer_ids is None else list(customer_ids),
        "manager": manager_id,
        "day": day,
        "reason": reason,
        "with_the_bank": _WITH_THE_BANK,
    }
    return len((await (await session.connection()).execute(_END_WHAT_STANDS_NOT, bound)).all())


async def ends_of(session: AsyncSession, *, customer_id: UUID, day: date) -> list[tuple[UUID, date]]:
    """Return which managers accompany a customer after a day, each with the first day on which it is over."""
    rows = await session.execute(_UNTIL, {"customer_id": customer_id, "day": day})
    return [(row[0], row[1]) for row in rows]
