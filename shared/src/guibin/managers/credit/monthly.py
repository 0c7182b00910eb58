"""The credit of a month for everybody in one statement: what `credit_on` says of each day, added up over the days.

A customer's month-daily average is credited by the share of the month's days, times the per cent of the share. Days are
multiranges, so that a customer who changed hands costs no row a day.
"""

from datetime import date
from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.holdings.months import Month

_DELETE: Final = text("DELETE FROM credit_month WHERE month = :first")
_WRITE: Final = text(
    """
INSERT INTO credit_month (month, subject_id, branch_id, subject, opening_customers, own_customers, own_fen,
                          double_customers, double_fen, unknown_customers, as_of)
WITH served AS MATERIALIZED (
    SELECT c.customer_id, c.manager_id,
           daterange(c.valid_from, c.valid_to) * daterange(CAST(:first AS date), CAST(:after AS date)) AS days
    FROM coverage c
    WHERE c.role = 'primary'
      AND daterange(c.valid_from, c.valid_to) && daterange(CAST(:first AS date), CAST(:after AS date))
), ruled AS (
    SELECT s.customer_id, s.version, s.primary_id,
           daterange(s.valid_from, greatest(s.valid_from, coalesce(
               min(s.valid_from) OVER (PARTITION BY s.customer_id ORDER BY s.version
                                       ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING), 'infinity'))) AS days
    FROM credit_split s
), split AS MATERIALIZED (
    SELECT r.customer_id, r.version, s.days * r.days AS days
    FROM ruled r
    JOIN served s ON s.customer_id = r.customer_id AND s.manager_id = r.primary_id AND s.days && r.days
    WHERE EXISTS (SELECT FROM credit_share h WHERE h.customer_id = r.customer_id AND h.version = r.version)
), shared AS (
    SELECT customer_id, range_agg(days) AS days FROM split GROUP BY customer_id
), own AS MATERIALIZED (
    SELECT p.customer_id, h.manager_id, h.percent, datemultirange(p.days) AS days
    FROM split p
    JOIN credit_share h ON h.customer_id = p.customer_id AND h.version = p.version
    UNION ALL
    SELECT s.customer_id, s.manager_id, 100, datemultirange(s.days) - coalesce(d.days, '{}')
    FROM served s
    LEFT JOIN shared d ON d.customer_id = s.customer_id
), given AS MATERIALIZED (
    SELECT d.customer_id, d.giver_id, d.giver_branch_id,
           datemultirange(daterange(d.valid_from, d.valid_to)) * o.days AS days
    FROM double_credit d
    JOIN (SELECT customer_id, range_agg(days) AS days FROM served GROUP BY customer_id) o
      ON o.customer_id = d.customer_id
    WHERE d.valid_to > :first AND d.valid_from < :after
), parts AS (
    SELECT 'manager' AS subject, o.manager_id AS subject_id, m.branch_id, o.customer_id, false AS is_double, o.percent,
           o.days * datemultirange(daterange(NULL, m.left_on)) AS days
    FROM own o
    JOIN manager m ON m.id = o.manager_id
    UNION ALL
    SELECT 'branch', m.branch_id, m.branch_id, o.customer_id, false, o.percent, o.days
    FROM own o
    JOIN manager m ON m.id = o.manager_id
    UNION ALL
    SELECT 'manager', g.giver_id, max(g.giver_branch_id::text)::uuid, g.customer_id, true, 100,
           range_agg(g.days) * datemultirange(daterange(NULL, m.left_on)) - coalesce(
               (SELECT range_agg(o.days) FROM own o
                WHERE o.customer_id = g.customer_id AND o.manager_id = g.giver_id), '{}')
    FROM given g
    JOIN manager m ON m.id = g.giver_id
    GROUP BY g.giver_id, g.customer_id, m.left_on
    UNION ALL
    SELECT 'branch', g.giver_branch_id, g.giver_branch_id, g.customer_id, true, 100,
           range_agg(g.days) - coalesce(
               (SELECT range_agg(o.days) FROM own o JOIN manager m ON m.id = o.manager_id
                WHERE o.customer_id = g.customer_id AND m.branch_id = g.giver_branch_id), '{}')
    FROM given g
    GROUP BY g.giver_branch_id, g.customer_id
), counted AS (
    SELECT p.subject, p.subject_id, p.branch_id, p.customer_id, p.is_double,
           bool_or(p.days @> CAST(:first AS date)) AS opening,
           sum(p.percent * (SELECT sum(upper(r) - lower(r)) FROM unnest(p.days) AS r)) AS parts
    FROM parts p
    WHERE NOT isempty(p.days)
    GROUP BY p.subject, p.subject_id, p.branch_id, p.customer_id, p.is_double
)
SELECT CAST(:first AS date), c.subject_id, c.branch_id, c.subject,
       count(*) FILTER (WHERE NOT c.is_double AND c.opening),
       count(*) FILTER (WHERE NOT c.is_double),
       round(coalesce(sum(f.aum_mda_fen * c.parts) FILTER (WHERE NOT c.is_double), 0) / :whole),
       count(*) FILTER (WHERE c.is_double),
       round(coalesce(sum(f.aum_mda_fen * c.parts) FILTER (WHERE c.is_double), 0) / :whole),
       count(DISTINCT c.customer_id) FILTER (WHERE f.aum_mda_fen IS NULL),
       CAST(:day AS date)
FROM counted c
LEFT JOIN customer_fact f ON f.customer_id = c.customer_id AND f.aum_mda_month = :first
GROUP BY c.subject, c.subject_id, c.branch_id
RETURNING subject_id
"""
)


async def write_month(session: AsyncSession, month: Month, *, after: date, day: date) -> int:
    """Write the figures of a month that is over, in place of those written before; returns how many rows."""
    await session.execute(_DELETE, {"first": month.first})
    values = {"first": month.first, "after": after, "day": day, "whole": 100 * month.days}
    return len((await session.execute(_WRITE, values)).all())
