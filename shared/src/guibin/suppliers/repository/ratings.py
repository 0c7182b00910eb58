"""The SQL of what customers think of a supplier: stars by month and right, never who gave them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.clock import start_of_day
from guibin.security.row_scope import all_rows

# A right was delivered by whoever had its price on the day of the redemption, else by whoever delivers it now.
_BY_MONTH = text("""
    SELECT m.month, i.id AS right_id, i.code AS right_code, m.ratings, m.stars, m.low
      FROM (SELECT date_trunc('month', g.rated_at AT TIME ZONE 'Asia/Shanghai')::date AS month, g.right_id,
                   count(*) AS ratings, sum(g.stars) AS stars, count(*) FILTER (WHERE g.stars <= 2) AS low
              FROM redemption_rating g
              JOIN redemption r ON r.customer_id = g.customer_id AND r.id = g.redemption_id
              LEFT JOIN supplier_price p ON p.right_id = g.right_id
               AND p.valid_from <= (r.created_at AT TIME ZONE 'Asia/Shanghai')::date
               AND (p.valid_to IS NULL OR (r.created_at AT TIME ZONE 'Asia/Shanghai')::date < p.valid_to)
              LEFT JOIN right_supplier s ON s.right_id = g.right_id
             WHERE g.rated_at >= :start AND g.rated_at < :until
               AND coalesce(p.supplier_id, s.supplier_id) = :supplier
             GROUP BY 1, 2) m
      JOIN rights_item i ON i.id = m.right_id
     ORDER BY m.month DESC, i.code
""")


@dataclass(frozen=True, slots=True)
class MonthOfStars:
    """How many ratings of a right came in a month, all their stars, and how many gave one star or two."""

    month: date
    right_id: UUID
    right_code: str
    ratings: int
    stars: int
    low: int


async def stars_by_month(
    session: AsyncSession, *, supplier_id: UUID, first: date, until: date
) -> Sequence[MonthOfStars]:
    """Return what customers of the whole bank thought, from a day on until before another, newest month first."""
    values = {"supplier": supplier_id, "start": start_of_day(first), "until": start_of_day(until)}
    async with all_rows(session):
        rows = (await session.execute(_BY_MONTH, values)).mappings().all()
    return [MonthOfStars(**row) for row in rows]
