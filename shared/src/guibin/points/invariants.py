"""The promises of the ledger, checked row by row: what `guibin check-ledger` and tests that write call.

The numbers are those of the invariants in docs/security.md. Rights check their own (stock, codes, redemptions).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import TextClause, text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.report_repository import DAYS, MOVED
from guibin.points.repository import rows_of

MOST_ROWS: Final = 100
"""Most offending rows that one check lists where nobody asks for more."""

_CLOSED: Final = {"first": "(SELECT min(day) FROM points_day)", "last": "(SELECT max(day) FROM points_day)"}


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken invariant: its id (`I2`), what is wrong, and the row (`cus_.../reward`, `ent_...`)."""

    id: str
    text: str
    key: str


@dataclass(frozen=True, slots=True)
class Check:
    """One statement of what must not be; `query` returns the key of each row that breaks it."""

    id: str
    text: str
    query: TextClause


def _check(invariant: str, meaning: str, query: str) -> Check:
    return Check(invariant, meaning, text(f"{query} LIMIT :most"))


CHECKS: Final[Sequence[Check]] = (
    _check(
        "I1",
        "the contra account or the sign of an entry does not fit its kind",
        """
        SELECT 'ent_' || id AS key FROM points_entry
         WHERE (kind, contra) NOT IN (('earn', 'issuance'), ('opening', 'issuance'), ('claw_back', 'issuance'),
                                      ('redeem', 'redemption'), ('order', 'redemption'), ('refund', 'redemption'),
                                      ('expire', 'expiry'), ('expire_early', 'expiry'),
                                      ('adjust_credit', 'adjustment'), ('adjust_debit', 'adjustment'),
                                      ('pending_add', 'issuance'), ('pending_cancel', 'issuance'),
                                      ('pending_activate', 'pending'), ('transfer_out', 'transfer'),
                                      ('transfer_in', 'transfer'), ('merge_out', 'merge'), ('merge_in', 'merge'),
                                      ('roll_out', 'roll'), ('roll_in', 'roll'))
            OR (kind NOT IN ('merge_out', 'merge_in')
                AND (kind IN ('earn', 'opening', 'adjust_credit', 'refund', 'pending_add', 'pending_activate',
                              'transfer_in', 'roll_in'))
               <> (points - debt_change + greatest(pending_change, 0) > 0))
        """,
    ),
    _check(
        "I2",
        "the balance or the version of an account is not what its entries add up to",
        """
        SELECT 'cus_' || a.customer_id || '/' || a.wallet AS key
          FROM points_account a
          LEFT JOIN (SELECT customer_id, wallet, sum(points) AS points, sum(pending_change) AS pending,
                            count(*) AS entries, max(seq) AS seq
                       FROM points_entry GROUP BY customer_id, wallet) e
            ON e.customer_id = a.customer_id AND e.wallet = a.wallet
         WHERE a.balance <> coalesce(e.points, 0) OR a.pending <> coalesce(e.pending, 0)
            OR a.version <> coalesce(e.entries, 0) OR a.version <> coalesce(e.seq, 0)
        """,
    ),
    _check(
        "I2",
        "what an account says that a kind of its entries moved is not what they moved",
        """
        SELECT 'cus_' || a.customer_id || '/' || a.wallet AS key
          FROM points_account a
          LEFT JOIN (SELECT customer_id, wallet, jsonb_object_agg(kind, moved) AS moved
                       FROM (SELECT customer_id, wallet, kind, sum(points - debt_change)::bigint AS moved
                               FROM points_entry GROUP BY customer_id, wallet, kind) k
                      GROUP BY customer_id, wallet) e
            ON e.customer_id = a.customer_id AND e.wallet = a.wallet
         WHERE a.moved <> coalesce(e.moved, '{}')
        """,
    ),
    _check(
        "I2",
        "there are entries or lots of an account that there is not",
        """
        SELECT 'cus_' || m.customer_id || '/' || m.wallet AS key
          FROM (SELECT customer_id, wallet FROM points_entry UNION SELECT customer_id, wallet FROM points_lot) m
          LEFT JOIN points_account a ON a.customer_id = m.customer_id AND a.wallet = m.wallet
         WHERE a.customer_id IS NULL
        """,
    ),
    _check(
        "I3",
        "a balance, hold or debt is impossible, or a closed account has debt",
        """
        SELECT 'cus_' || customer_id || '/' || wallet AS key FROM points_account
         WHERE balance < 0 OR held < 0 OR held > balance OR debt < 0 OR (state = 'closed' AND debt > 0)
        """,
    ),
    _check(
        "I4",
        "the balance, the pending or the held points of an account are not what stands in its lots",
        """
        SELECT 'cus_' || a.customer_id || '/' || a.wallet AS key
          FROM points_account a
          LEFT JOIN (SELECT customer_id, wallet, sum(remaining) FILTER (WHERE NOT pending) AS points,
                            sum(remaining) FILTER (WHERE pending) AS pending, sum(held) AS held
                       FROM points_lot GROUP BY customer_id, wallet) l
            ON l.customer_id = a.customer_id AND l.wallet = a.wallet
         WHERE a.balance <> coalesce(l.points, 0) OR a.pending <> coalesce(l.pending, 0)
            OR a.held <> coalesce(l.held, 0)
        """,
    ),
    _check(
        "I4",
        "what remains in a lot is not its original less its uses",
        """
        SELECT 'lot_' || l.id AS key
          FROM points_lot l
          LEFT JOIN (SELECT customer_id, lot_id, sum(points) AS points
                       FROM points_lot_use GROUP BY customer_id, lot_id) u
            ON u.customer_id = l.customer_id AND u.lot_id = l.id
         WHERE l.remaining NOT BETWEEN 0 AND l.original OR l.original - l.remaining <> coalesce(u.points, 0)
        """,
    ),
    _check(
        "I4",
        "a debit does not name the lots it drew on, or a credit has no lot of its size",
        """
        SELECT 'ent_' || e.id AS key
          FROM points_entry e
          LEFT JOIN (SELECT customer_id, entry_id, sum(points) AS points
                       FROM points_lot_use GROUP BY customer_id, entry_id) u
            ON u.customer_id = e.customer_id AND u.entry_id = e.id
          LEFT JOIN (SELECT customer_id, entry_id, wallet, sum(original) AS points
                       FROM points_lot GROUP BY customer_id, entry_id, wallet) l
            ON l.customer_id = e.customer_id AND l.entry_id = e.id AND l.wallet = e.wallet
         WHERE e.points + e.pending_change <> coalesce(l.points, 0) - coalesce(u.points, 0)
        """,
    ),
    _check(
        "I4",
        "a lot or an entry is named by a use, and there is no such lot or entry",
        """
        SELECT DISTINCT CASE WHEN l.id IS NULL THEN 'lot_' || u.lot_id ELSE 'ent_' || u.entry_id END AS key
          FROM points_lot_use u
          LEFT JOIN points_lot l ON l.customer_id = u.customer_id AND l.id = u.lot_id
          LEFT JOIN points_entry e ON e.customer_id = u.customer_id AND e.id = u.entry_id
         WHERE l.id IS NULL OR e.id IS NULL
        """,
    ),
    _check(
        "I4",
        "what a lot holds is not what open holds have set aside of it",
        """
        SELECT 'lot_' || l.id AS key
          FROM points_lot l
          LEFT JOIN (SELECT n.customer_id, n.lot_id, sum(n.points) AS points
                       FROM points_hold_lot n
                       JOIN points_hold h ON h.customer_id = n.customer_id AND h.id = n.hold_id AND h.state = 'open'
                      GROUP BY n.customer_id, n.lot_id) n
            ON n.customer_id = l.customer_id AND n.lot_id = l.id
         WHERE l.held <> coalesce(n.points, 0)
        """,
    ),
    _check(
        "I8",
        "an entry was given back or taken back for more than it moved",
        """
        SELECT 'ent_' || e.id AS key
          FROM points_entry e
          JOIN points_entry r ON r.customer_id = e.customer_id AND r.refers_to = e.id
         WHERE r.kind IN ('refund', 'claw_back', 'pending_cancel')
         GROUP BY e.customer_id, e.id
        HAVING sum(abs(r.points - r.debt_change) + abs(r.pending_change))
               > abs(max(e.points) - max(e.debt_change)) + abs(max(e.pending_change))
        """,
    ),
    _check(
        "I1",
        "a transfer has not the same points on both sides, or entries that say something else",
        """
        SELECT 'trf_' || t.id AS key
          FROM points_transfer t
          LEFT JOIN points_entry e ON e.customer_id = t.customer_id AND e.id = t.entry_id
         GROUP BY t.id
        HAVING count(*) <> 2 OR count(DISTINCT t.side) <> 2 OR count(DISTINCT (t.points, t.wallet)) <> 1
            OR count(*) FILTER (WHERE e.points - e.debt_change = CASE t.side WHEN 'in' THEN t.points ELSE -t.points END
                                  AND e.kind = 'transfer_' || t.side AND e.wallet = t.wallet) <> 2
        """,
    ),
    _check(
        "I1",
        "an entry passes points on or receives them, and no transfer names it",
        """
        SELECT 'ent_' || e.id AS key FROM points_entry e
         WHERE e.kind IN ('transfer_out', 'transfer_in') AND NOT EXISTS (
           SELECT FROM points_transfer t WHERE t.customer_id = e.customer_id AND t.entry_id = e.id)
        """,
    ),
    _check(
        "I8",
        "more of a transfer was taken back than it passed on",
        """
        SELECT 'trf_' || t.id AS key FROM points_transfer t
          JOIN points_transfer r ON r.customer_id = t.customer_id AND r.reverses = t.id
         GROUP BY t.customer_id, t.id HAVING sum(r.points) > max(t.points)
        """,
    ),
    _check(
        "I1",
        "what a merge took over or gave back has not the same on both sides, or entries that say something else",
        """
        SELECT 'mrg_' || m.merge_id || '/' || m.id AS key
          FROM points_merge m
          LEFT JOIN points_entry e ON e.customer_id = m.customer_id AND e.id = m.entry_id
         GROUP BY m.merge_id, m.id
        HAVING count(*) <> 2 OR count(DISTINCT m.side) <> 2
            OR count(DISTINCT (m.points, m.debt, m.wallet, m.undoes)) <> 1
            OR count(*) FILTER (WHERE e.points - e.debt_change
                                      = (m.points - m.debt) * CASE m.side WHEN 'in' THEN 1 ELSE -1 END
                                  AND e.kind = 'merge_' || m.side AND e.wallet = m.wallet) <> 2
        """,
    ),
    _check(
        "I1",
        "an entry takes points over by a merge, and no merge names it",
        """
        SELECT 'ent_' || e.id AS key FROM points_entry e
         WHERE e.kind IN ('merge_out', 'merge_in') AND NOT EXISTS (
           SELECT FROM points_merge m WHERE m.customer_id = e.customer_id AND m.entry_id = e.id)
        """,
    ),
    _check(
        "I1",
        "points rolled over from one wallet, and not the same into another one at the same cost",
        """
        SELECT 'ent_' || o.id AS key
          FROM points_entry o
          LEFT JOIN points_entry i ON i.customer_id = o.customer_id AND i.refers_to = o.id AND i.kind = 'roll_in'
         WHERE o.kind = 'roll_out'
           AND (i.id IS NULL OR i.wallet = o.wallet OR i.points - i.debt_change <> -o.points OR EXISTS (
                SELECT FROM points_lot m
                  LEFT JOIN points_lot l ON l.customer_id = m.customer_id AND l.id = m.rolled_from
                  LEFT JOIN points_lot_use u ON u.customer_id = m.customer_id AND u.entry_id = o.id
                                            AND u.lot_id = m.rolled_from
                 WHERE m.customer_id = i.customer_id AND m.entry_id = i.id
                   AND (l.cost_fen, l.earned_at, m.original <= u.points)
                       IS DISTINCT FROM (m.cost_fen, m.earned_at, true)))
        UNION ALL
        SELECT 'ent_' || i.id FROM points_entry i
          LEFT JOIN points_entry o ON o.customer_id = i.customer_id AND o.id = i.refers_to AND o.kind = 'roll_out'
         WHERE i.kind = 'roll_in' AND o.id IS NULL
        """,
    ),
    _check(
        "I5",
        "a business event has earned for two customers",
        """
        SELECT source_id || '/' || wallet AS key FROM points_entry
         WHERE kind IN ('earn', 'pending_add') AND source_kind = 'event'
         GROUP BY source_id, wallet HAVING count(*) > 1
        """,
    ),
    _check(
        "I5",
        "an entry was earned by an event that is not marked as earned",
        """
        SELECT source_id AS key FROM points_entry
         WHERE kind IN ('earn', 'pending_add') AND source_kind = 'event'
        EXCEPT SELECT line || ':' || reference FROM business_event WHERE state IN ('earned', 'returned')
        """,
    ),
    _check(
        "I5",
        "an event is marked as earned and no entry shows it",
        """
        SELECT line || ':' || reference AS key FROM business_event WHERE state = 'earned'
        EXCEPT SELECT source_id FROM points_entry
         WHERE kind IN ('earn', 'pending_add') AND source_kind = 'event'
        """,
    ),
    _check(
        "I5",
        "an earning rule's award says something else than its entry",
        """
        SELECT 'ent_' || a.entry_id AS key FROM earning_award a
          JOIN points_entry e ON e.customer_id = a.customer_id AND e.id = a.entry_id
         WHERE (e.wallet, e.source_id, e.points - e.debt_change + e.pending_change, e.posted_on)
               IS DISTINCT FROM (a.wallet, a.source_id, a.points, a.posted_on)
        """,
    ),
    _check(
        "I13",
        "the entries of an account do not lead from one balance to the next",
        """
        SELECT 'ent_' || id AS key
          FROM (SELECT id, seq, balance_after,
                       sum(points) OVER (PARTITION BY customer_id, wallet ORDER BY seq) AS replayed,
                       row_number() OVER (PARTITION BY customer_id, wallet ORDER BY seq) AS place
                  FROM points_entry) e
         WHERE balance_after <> replayed OR seq <> place
        """,
    ),
    _check(
        "I3",
        "the debt of an account is not what its entries add up to",
        """
        SELECT 'cus_' || a.customer_id || '/' || a.wallet AS key
          FROM points_account a
          LEFT JOIN (SELECT customer_id, wallet, sum(debt_change) AS debt
                       FROM points_entry GROUP BY customer_id, wallet) e
            ON e.customer_id = a.customer_id AND e.wallet = a.wallet
         WHERE a.debt <> coalesce(e.debt, 0)
        """,
    ),
    _check(
        "I13",
        "a closed day has other entries, lots or uses than it was closed with",
        f"""
        SELECT 'day_' || d.day AS key
          FROM points_day d LEFT JOIN ({DAYS.format(**_CLOSED)}) t ON t.day = d.day
         WHERE (d.entries, d.points, d.pending, d.debt, d.fingerprint)
            <> (coalesce(t.entries, 0), coalesce(t.points, 0), coalesce(t.pending, 0), coalesce(t.debt, 0),
                CAST(coalesce(t.fingerprint, 0) AS text))
        """,  # noqa: S608 - only constants
    ),
    _check(
        "I13",
        "the totals of a closed day are not what its entries moved in the lots",
        f"""
        SELECT DISTINCT 'day_' || day AS key
          FROM (SELECT day, wallet, funding_line, kind, points, CAST(cost_fen AS numeric) AS cost_fen
                  FROM points_day_total
                UNION ALL
                SELECT day, wallet, coalesce(funding_line, ''), kind, -points, -CAST(points AS numeric) * cost_fen
                  FROM ({MOVED.format(**_CLOSED)}) m) t
         GROUP BY day, wallet, funding_line, kind HAVING sum(points) <> 0 OR sum(cost_fen) <> 0
        """,  # noqa: S608 - only constants
    ),
)


async def check(session: AsyncSession, *, most: int = MOST_ROWS) -> list[Violation]:
    """Return what breaks an invariant of the ledger, at most `most` rows of each check; empty is good."""
    return [
        Violation(one.id, one.text, row["key"])
        for one in CHECKS
        for row in await rows_of(session, one.query, most=most)
    ]
