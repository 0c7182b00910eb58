"""The SQL of how a supplier keeps what was agreed: figures by month and right, never of whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.clock import start_of_day
from guibin.security.row_scope import all_rows

# A right was delivered by whoever had its price on the day of the redemption, else by whoever delivers it now. What
# customer or bank took back before it was delivered is left out: nobody waited for it. Codes of a pool take no time.
_ORDERED: Final = """
    SELECT date_trunc('month', r.created_at AT TIME ZONE 'Asia/Shanghai')::date AS month, r.right_id,
           extract(epoch FROM f.at - r.created_at) / 3600 AS hours, x.at IS NOT NULL AS failed,
           r.created_at + make_interval(hours => p.fulfil_hours) AS due_at,
           f.at, o.state = 'sent' AND o.ended_at IS NULL AS unknown
      FROM redemption r
      LEFT JOIN supplier_price p ON p.right_id = r.right_id
       AND p.valid_from <= (r.created_at AT TIME ZONE 'Asia/Shanghai')::date
       AND (p.valid_to IS NULL OR (r.created_at AT TIME ZONE 'Asia/Shanghai')::date < p.valid_to)
      LEFT JOIN right_supplier s ON s.right_id = r.right_id
      LEFT JOIN redemption_step f
        ON f.customer_id = r.customer_id AND f.redemption_id = r.id AND f.state = 'fulfilled'
      LEFT JOIN redemption_step x
        ON x.customer_id = r.customer_id AND x.redemption_id = r.id AND x.state = 'failed'
      LEFT JOIN supplier_order o ON o.customer_id = r.customer_id AND o.redemption_id = r.id
     WHERE r.created_at >= :start AND r.created_at < :until AND r.fulfilment <> 'code'
       AND coalesce(p.supplier_id, s.supplier_id) = :supplier
       AND (f.at IS NOT NULL OR r.state IN ('confirmed', 'in_fulfilment', 'failed'))
"""

_BY_MONTH: Final = text(
    f"""
    SELECT m.month, m.right_id, i.code AS right_code, m.ordered, m.fulfilled, m.in_time, m.late, m.failed, m.open,
           m.overdue, m.unknown, m.agreed, m.due, m.median_hours, m.p95_hours
      FROM (SELECT month, right_id, count(*) AS ordered, count(at) AS fulfilled,
                   count(*) FILTER (WHERE at <= due_at) AS in_time, count(*) FILTER (WHERE at > due_at) AS late,
                   count(*) FILTER (WHERE failed) AS failed, count(*) FILTER (WHERE at IS NULL AND NOT failed) AS open,
                   count(*) FILTER (WHERE at IS NULL AND NOT failed AND due_at < :now) AS overdue,
                   count(*) FILTER (WHERE unknown) AS unknown, count(due_at) AS agreed,
                   count(*) FILTER (WHERE due_at IS NOT NULL AND (at IS NOT NULL OR failed OR due_at < :now)) AS due,
                   percentile_cont(0.5) WITHIN GROUP (ORDER BY hours)::float AS median_hours,
                   percentile_cont(0.95) WITHIN GROUP (ORDER BY hours)::float AS p95_hours
              FROM ({_ORDERED}) each
             GROUP BY GROUPING SETS ((month, right_id), (month))) m
      LEFT JOIN rights_item i ON i.id = m.right_id
     ORDER BY m.month DESC, i.code NULLS FIRST
    """  # noqa: S608 - words of this module
)


@dataclass(frozen=True, slots=True)
class MonthOfService:
    """How what was ordered in a month was delivered; `right_id` None is all of the supplier's rights together.

    Of `agreed` redemptions the contract said within how many hours they are delivered, and `due` of these have come to
    an end or are beyond it: `in_time`, `late`, `overdue`, or failed. Hours are those of what was fulfilled.
    """

    month: date
    right_id: UUID | None
    right_code: str | None
    ordered: int
    fulfilled: int
    in_time: int
    late: int
    failed: int
    open: int
    overdue: int
    unknown: int
    agreed: int
    due: int
    median_hours: float | None
    p95_hours: float | None

    @property
    def kept_percent(self) -> float | None:
        """How many of what was due came in time, in per cent; None where nothing was."""
        return round(100 * self.in_time / self.due, 1) if self.due else None


async def service_by_month(
    session: AsyncSession, *, supplier_id: UUID, first: date, until: date, now: datetime
) -> Sequence[MonthOfService]:
    """Return the figures of what was ordered from a day on until before another, as of now.

    Newest month first, in each month all rights together before each one of them.
    """
    values = {"supplier": supplier_id, "start": start_of_day(first), "until": start_of_day(until), "now": now}
    async with all_rows(session):
        rows = (await session.execute(_BY_MONTH, values)).mappings().all()
    return [MonthOfService(**row) for row in rows]
