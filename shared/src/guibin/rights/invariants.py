"""The promises of rights, checked row by row: what `guibin check-ledger` and tests that write call.

The numbers are those of the invariants in docs/security.md; the ledger checks its own in `guibin.points.invariants`.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.invariants import MOST_ROWS, Check, Violation
from guibin.points.repository import rows_of
from guibin.rights.life import COUNTED, is_legal_path
from guibin.rights.models import RedemptionState

_STATES: Final = "({})".format(", ".join(f"'{state}'" for state in COUNTED))


def _check(invariant: str, meaning: str, query: str) -> Check:
    return Check(invariant, meaning, text(f"{query.replace('COUNTED', _STATES)} LIMIT :most"))


CHECKS: Final[Sequence[Check]] = (
    _check(
        "I5",
        "a redemption that cost points has no entry of exactly these points, or one that was free has an entry",
        """
        SELECT 'rdm_' || r.id AS key
          FROM redemption r
          LEFT JOIN points_entry e
            ON e.customer_id = r.customer_id AND e.id = r.entry_id AND e.wallet = r.wallet AND e.kind = 'redeem'
           AND e.points = -r.points_charged AND e.source_kind = 'redemption' AND e.source_id = 'rdm_' || r.id
          LEFT JOIN redemption_payment p ON p.customer_id = r.customer_id AND p.redemption_id = r.id
         WHERE (r.points_charged > 0 AND p.state IS DISTINCT FROM 'due' AND p.state IS DISTINCT FROM 'void')
               <> (e.id IS NOT NULL)
            OR (e.id IS NULL AND r.entry_id IS NOT NULL)
        """,
    ),
    _check(
        "I5",
        "an entry says that it paid for a redemption, and no redemption says so",
        """
        SELECT 'ent_' || e.id AS key
          FROM points_entry e
          LEFT JOIN redemption r ON r.customer_id = e.customer_id AND r.entry_id = e.id
         WHERE e.kind = 'redeem' AND r.id IS NULL
        """,
    ),
    _check(
        "I5",
        "a redemption gave points, and the receiver has no entry of exactly these, or has it back or not as it stands",
        """
        SELECT 'rdm_' || g.redemption_id AS key
          FROM redemption_points g
          JOIN redemption r ON r.customer_id = g.customer_id AND r.id = g.redemption_id
          LEFT JOIN points_entry e
            ON e.customer_id = g.receiver_id AND e.id = g.entry_id AND e.wallet = g.wallet AND e.kind = 'earn'
           AND e.points - e.debt_change = g.points
          LEFT JOIN (SELECT customer_id, refers_to, sum(debt_change - points) AS points FROM points_entry
                      WHERE kind = 'claw_back' GROUP BY customer_id, refers_to) b
            ON b.customer_id = g.receiver_id AND b.refers_to = g.entry_id
         WHERE e.id IS NULL OR r.points_charged = 0 OR r.state NOT IN ('fulfilled', 'refunded')
            OR (r.state = 'refunded') <> (coalesce(b.points, 0) = g.points)
        """,
    ),
    _check(
        "I5",
        "points were earned by a redemption that says nothing of them",
        """
        SELECT 'ent_' || e.id AS key
          FROM points_entry e
         WHERE e.kind = 'earn' AND e.source_kind IN ('redemption', 'transfer')
           AND NOT EXISTS (SELECT FROM redemption_points g WHERE g.receiver_id = e.customer_id AND g.entry_id = e.id)
        """,
    ),
    _check(
        "I6",
        "the stock of a right does not add up with its redemptions",
        """
        SELECT 'rgt_' || i.id AS key
          FROM rights_item i
          LEFT JOIN rights_stock s ON s.right_id = i.id
          LEFT JOIN (SELECT right_id, sum(quantity - quantity_refunded) AS units FROM redemption
                      WHERE state IN COUNTED GROUP BY right_id) r
            ON r.right_id = i.id
         WHERE i.stock_mode = 'counted'
           AND (coalesce(s.sold, 0) <> coalesce(r.units, 0) OR s.free < 0 OR s.initial <> s.free + s.reserved + s.sold)
        """,
    ),
    _check(
        "I6",
        "what is reserved of a stock is not what reservations hold of it",
        """
        SELECT 'rgt_' || coalesce(s.right_id, h.right_id) AS key
          FROM rights_stock s
          FULL JOIN (SELECT right_id, sum(units) AS units FROM stock_hold WHERE held GROUP BY right_id) h
            ON h.right_id = s.right_id
         WHERE coalesce(s.reserved, 0) <> coalesce(h.units, 0)
        """,
    ),
    _check(
        "I6",
        "what is taken of a line of a release plan is not what redemptions and reservations have of it",
        """
        SELECT 'rgt_' || coalesce(r.right_id, u.right_id) || '/' || coalesce(r.line, u.line) AS key
          FROM stock_release r
          FULL JOIN (SELECT right_id, line, sum(units) AS units
                       FROM (SELECT right_id, line, units FROM release_use
                              UNION ALL
                             SELECT right_id, line, units FROM stock_hold WHERE held AND line IS NOT NULL) each
                      GROUP BY right_id, line) u
            ON u.right_id = r.right_id AND u.line = r.line
         WHERE coalesce(r.taken, 0) <> coalesce(u.units, 0)
        """,
    ),
    _check(
        "I6",
        "what a redemption has of a release plan is not what of it stands",
        """
        SELECT 'rdm_' || u.redemption_id AS key
          FROM release_use u
          LEFT JOIN redemption r ON r.id = u.redemption_id AND r.right_id = u.right_id
         WHERE r.id IS NULL
            OR u.units <> CASE WHEN r.state IN COUNTED
                               THEN r.quantity - r.quantity_refunded ELSE 0 END
        """,
    ),
    _check(
        "I6",
        "units or codes are held for a reservation that is over, or of another right or number of units",
        """
        SELECT 'rsv_' || h.reservation_id AS key
          FROM (SELECT right_id, reservation_id, units, lapses_at FROM stock_hold WHERE held
                 UNION ALL
                SELECT right_id, held_for, count(*), held_until FROM voucher_code WHERE held_for IS NOT NULL
                 GROUP BY right_id, held_for, held_until) h
          LEFT JOIN reservation r ON r.id = h.reservation_id AND r.right_id = h.right_id
         WHERE r.state IS NULL OR r.state NOT IN ('held', 'lapsed') OR h.units > r.quantity
            OR h.lapses_at <> r.lapses_at
        """,
    ),
    _check(
        "I6",
        "a reservation was taken by a redemption of another right or number of units",
        """
        SELECT 'rsv_' || v.id AS key
          FROM reservation v
          JOIN redemption r ON r.customer_id = v.customer_id AND r.id = v.redemption_id
         WHERE r.right_id <> v.right_id OR r.quantity <> v.quantity
        """,
    ),
    _check(
        "I6",
        "a customer has taken more of a right in one period than the limit that decided allows",
        """
        SELECT 'cus_' || customer_id || '/rgt_' || right_id AS key
          FROM (SELECT r.customer_id, r.right_id, r.quantity - r.quantity_refunded AS quantity, i.limit_times,
                       CASE i.limit_period
                            WHEN 'lifetime' THEN NULL
                            WHEN 'tier' THEN (SELECT max(h.effective_on)::timestamp FROM tier_history h
                                               WHERE h.customer_id = r.customer_id AND h.effective_on
                                                     <= (r.created_at AT TIME ZONE 'Asia/Shanghai')::date)
                            ELSE date_trunc(i.limit_period, r.created_at AT TIME ZONE 'Asia/Shanghai') END AS period
                  FROM redemption r
                  JOIN rights_item i ON i.id = r.right_id AND i.revision = r.right_revision
                 WHERE i.limit_times IS NOT NULL AND r.state IN COUNTED) taken
         GROUP BY customer_id, right_id, limit_times, period
        HAVING sum(quantity) > limit_times
        """,
    ),
    _check(
        "I6",
        "all customers together have more units of a right than are counted against its bound",
        """
        SELECT 'rgt_' || i.id AS key
          FROM rights_item i
          JOIN redemption r ON r.right_id = i.id AND r.state IN COUNTED
          LEFT JOIN rights_total t ON t.right_id = i.id
         WHERE i.offer ? 'total_limit'
         GROUP BY i.id, t.taken
        HAVING sum(r.quantity - r.quantity_refunded) > coalesce(t.taken, 0)
        """,
    ),
    _check(
        "I6",
        "the places of a slot are not those that redemptions hold",
        """
        SELECT 'slt_' || s.id AS key
          FROM rights_slot s
          LEFT JOIN (SELECT a.right_id, a.slot_id, sum(CASE WHEN r.state IN COUNTED
                            THEN r.quantity - r.quantity_refunded + r.companions ELSE 0 END) AS places
                       FROM appointment a
                       JOIN redemption r ON r.customer_id = a.customer_id AND r.id = a.redemption_id
                      GROUP BY a.right_id, a.slot_id) held
            ON held.right_id = s.right_id AND held.slot_id = s.id
         WHERE s.taken <> coalesce(held.places, 0)
        """,
    ),
    _check(
        "I6",
        "an appointment is in a slot that there is not, or of another right than its redemption",
        """
        SELECT 'rdm_' || a.redemption_id AS key
          FROM appointment a
          JOIN redemption r ON r.customer_id = a.customer_id AND r.id = a.redemption_id
          LEFT JOIN rights_slot s ON s.right_id = a.right_id AND s.id = a.slot_id
         WHERE s.id IS NULL OR r.right_id <> a.right_id OR s.starts_at <> a.starts_at
        """,
    ),
    _check(
        "I6",
        "what was taken of a package is not what redemptions hold of it",
        """
        SELECT 'cus_' || c.customer_id || '/pkg_' || c.package_id AS key
          FROM package_choice c
          LEFT JOIN (SELECT customer_id, package_id, package_period, sum(quantity - quantity_refunded) AS units
                       FROM redemption
                      WHERE package_id IS NOT NULL AND state IN COUNTED
                      GROUP BY customer_id, package_id, package_period) r
            ON r.customer_id = c.customer_id AND r.package_id = c.package_id AND r.package_period = c.period_start
         WHERE c.taken <> coalesce(r.units, 0)
        """,
    ),
    _check(
        "I6",
        "a customer has more of a right from a package than it gives, or a right that was not chosen",
        """
        SELECT 'cus_' || r.customer_id || '/pkg_' || r.package_id AS key
          FROM redemption r
          JOIN package_choice c ON c.customer_id = r.customer_id AND c.package_id = r.package_id
           AND c.period_start = r.package_period
          JOIN rights_package p ON p.id = r.package_id
          LEFT JOIN LATERAL jsonb_to_recordset(p.rights) AS o(right_id uuid, units int) ON o.right_id = r.right_id
         WHERE r.state IN COUNTED
         GROUP BY r.customer_id, r.package_id, r.package_period, r.right_id
        HAVING sum(r.quantity - r.quantity_refunded) > coalesce(max(o.units), 0)
            OR NOT bool_and(c.rights ? r.right_id::text)
        """,
    ),
    _check(
        "I9",
        "what was spent of a budget is not what was drawn from it, or is more than it allows",
        """
        SELECT 'bgt_' || b.id AS key
          FROM budget b
          LEFT JOIN (SELECT branch_id, budget_id, sum(points) AS points, sum(fen) AS fen
                       FROM budget_draw GROUP BY branch_id, budget_id) d
            ON d.branch_id = b.branch_id AND d.budget_id = b.id
         WHERE b.points_spent <> coalesce(d.points, 0) OR b.fen_spent <> coalesce(d.fen, 0)
            OR b.points_spent > b.points_limit OR b.fen_spent > b.fen_limit
        """,
    ),
    _check(
        "I8",
        "what was given back of a redemption is not what it says, or not all that it cost where it does not stand",
        """
        SELECT 'rdm_' || r.id AS key
          FROM redemption r
          LEFT JOIN (SELECT customer_id, refers_to, sum(points - debt_change) AS points
                       FROM points_entry WHERE kind = 'refund' GROUP BY customer_id, refers_to) b
            ON b.customer_id = r.customer_id AND b.refers_to = r.entry_id
         WHERE r.entry_id IS NOT NULL AND coalesce(b.points, 0) <> CASE WHEN r.state IN COUNTED
                                             THEN r.points_refunded ELSE r.points_charged END
        """,
    ),
    _check(
        "I8",
        "the money of a redemption, or the points set aside until it was paid, are not as the redemption stands",
        """
        SELECT 'rdm_' || r.id AS key
          FROM redemption r
          LEFT JOIN redemption_payment p ON p.customer_id = r.customer_id AND p.redemption_id = r.id
          LEFT JOIN points_hold h ON h.customer_id = p.customer_id AND h.id = p.hold_id
         WHERE p.state IS DISTINCT FROM 'due' AND r.state = 'awaiting_payment'
            OR p.state = 'due' AND (r.state <> 'awaiting_payment' OR h.state NOT IN ('open', 'lapsed'))
            OR p.state = 'void' AND (r.state NOT IN ('cancelled', 'unpaid') OR h.state NOT IN ('released', 'lapsed'))
            OR p.state = 'paid' AND (h.state <> 'captured' OR h.captured <> r.points_charged OR r.state = 'unpaid')
            OR p.state IS NULL AND r.state = 'unpaid'
            OR h.points <> r.points_charged OR h.wallet <> r.wallet
            OR p.repayable_fen <> CASE WHEN p.state = 'paid' AND r.state IN ('cancelled', 'refunded', 'failed')
                                       THEN p.amount_fen ELSE p.repayable_fen END
            OR p.repayable_fen > 0 AND r.points_refunded = 0
        """,
    ),
    _check(
        "I8",
        "what can be replaced did not fail, or was replaced too late, too early, or by another number of units",
        """
        SELECT 'rdm_' || s.redemption_id AS key
          FROM substitution s
          JOIN redemption f ON f.customer_id = s.customer_id AND f.id = s.redemption_id
          LEFT JOIN redemption r ON r.customer_id = s.customer_id AND r.id = s.replaced_by
         WHERE f.state <> 'failed' OR f.right_id <> s.right_id OR s.units > f.quantity OR s.points > f.points_charged
            OR r.quantity <> s.units OR r.created_at < s.failed_at OR s.replaced_at >= s.open_until
        """,
    ),
    _check(
        "I7",
        "a redemption by codes does not hold one code of its right for each unit",
        """
        SELECT 'rdm_' || r.id AS key
          FROM redemption r
          JOIN rights_item i ON i.id = r.right_id
          LEFT JOIN (SELECT right_id, redemption_id, customer_id, count(*) AS codes
                       FROM voucher_code WHERE redemption_id IS NOT NULL
                      GROUP BY right_id, redemption_id, customer_id) v
            ON v.right_id = r.right_id AND v.redemption_id = r.id AND v.customer_id = r.customer_id
          LEFT JOIN redemption_payment p ON p.customer_id = r.customer_id AND p.redemption_id = r.id
         WHERE coalesce(v.codes, 0) <> CASE WHEN i.stock_mode = 'codes' AND p.state IS DISTINCT FROM 'void'
                                            THEN r.quantity ELSE 0 END
           AND r.fulfilment <> 'order'  -- these codes come with what was ordered at the supplier
        """,
    ),
    _check(
        "I7",
        "of a redemption that stands not as many codes are void as units went back, or more than that",
        """
        SELECT 'rdm_' || r.id AS key
          FROM redemption r
          JOIN (SELECT right_id, redemption_id, count(returned_at) AS returned
                  FROM voucher_code WHERE redemption_id IS NOT NULL GROUP BY right_id, redemption_id) v
            ON v.right_id = r.right_id AND v.redemption_id = r.id
         WHERE v.returned > r.quantity_refunded
            OR r.state IN COUNTED AND r.fulfilment <> 'order' AND v.returned < r.quantity_refunded
        """,
    ),
    _check(
        "I7",
        "what was spent of a code, or that it was used, is not what the records of its uses say",
        """
        SELECT 'rgt_' || v.right_id || '/' || v.id AS key
          FROM voucher_code v
          LEFT JOIN (SELECT right_id, code_id, count(*) AS uses, sum(amount_fen) AS fen
                       FROM voucher_use GROUP BY right_id, code_id) u
            ON u.right_id = v.right_id AND u.code_id = v.id
         WHERE v.spent_fen <> coalesce(u.fen, 0)
            OR v.value_fen IS NULL AND coalesce(u.uses, 0) <> CASE WHEN v.used_at IS NULL THEN 0 ELSE 1 END
        """,
    ),
    _check(
        "I7",
        "a use names another redemption or customer than its code",
        """
        SELECT 'vus_' || u.id AS key
          FROM voucher_use u
          JOIN voucher_code v ON v.right_id = u.right_id AND v.id = u.code_id
         WHERE v.redemption_id IS DISTINCT FROM u.redemption_id OR v.customer_id IS DISTINCT FROM u.customer_id
        """,
    ),
    _check(
        "I7",
        "a code is held by a redemption that there is not",
        """
        SELECT 'rgt_' || v.right_id || '/' || v.id AS key
          FROM voucher_code v
          LEFT JOIN redemption r
            ON r.customer_id = v.customer_id AND r.id = v.redemption_id AND r.right_id = v.right_id
         WHERE v.redemption_id IS NOT NULL AND r.id IS NULL
        """,
    ),
)

# Lives are few kinds of paths: the rule looks at one redemption of each kind. Steps of one moment stand as in a life.
_PATHS: Final = text(
    """
    SELECT path, state, min(key) AS key
      FROM (SELECT string_agg(s.state, ' ' ORDER BY s.at, array_position(CAST(:life AS text[]), s.state)) AS path,
                   r.state, 'rdm_' || r.id AS key
              FROM redemption r
              LEFT JOIN redemption_step s ON s.customer_id = r.customer_id AND s.redemption_id = r.id
             GROUP BY r.customer_id, r.id, r.state) lives
     GROUP BY path, state
    """
)


async def check(session: AsyncSession, *, most: int = MOST_ROWS) -> list[Violation]:
    """Return what breaks an invariant of rights, at most `most` rows of each check; empty is good."""
    found = [
        Violation(one.id, one.text, row["key"])
        for one in CHECKS
        for row in await rows_of(session, one.query, most=most)
    ]
    for row in await rows_of(session, _PATHS, life=list(RedemptionState)):
        states = [RedemptionState(state) for state in (row["path"] or "").split()]
        if not is_legal_path(states) or states[-1] != row["state"]:
            found.append(
                Violation("I8", "the steps of a redemption are no legal life that ends in its state", row["key"])
            )
    return found
