"""The promises of settlements, checked row by row: what `guibin check-ledger` and the night call.

The number is that of the invariant in docs/security.md.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.invariants import MOST_ROWS, Check, Violation
from guibin.points.repository import rows_of


def _check(meaning: str, query: str) -> Check:
    return Check("I14", meaning, text(f"{query} LIMIT :most"))


CHECKS: Final[Sequence[Check]] = (
    _check(
        "a settlement is not the sum of its lines",
        """
        SELECT 'settlement_' || s.id AS key
          FROM settlement s
          LEFT JOIN (SELECT settlement_id, count(*) AS lines, sum(quantity) AS quantity,
                            sum(quantity * price_fen) AS gross_fen
                       FROM settlement_line GROUP BY settlement_id) l ON l.settlement_id = s.id
         WHERE s.lines <> coalesce(l.lines, 0) OR s.quantity <> coalesce(l.quantity, 0)
            OR s.gross_fen <> coalesce(l.gross_fen, 0)
        """,
    ),
    _check(
        "a confirmed settlement has a difference that nobody decided",
        """
        SELECT 'settlement_' || s.id || '/' || d.number AS key
          FROM settlement s
          JOIN settlement_difference d ON d.settlement_id = s.id AND d.statement_no = s.statement_no
         WHERE s.state = 'confirmed' AND d.state = 'open'
        """,
    ),
    _check(
        "a prepayment is not what was paid in less what settlements drew",
        """
        SELECT 'sup_' || coalesce(p.supplier_id, e.supplier_id) AS key
          FROM supplier_prepayment p
          FULL JOIN (SELECT supplier_id, sum(amount_fen) AS fen FROM supplier_prepayment_entry
                      GROUP BY supplier_id) e ON e.supplier_id = p.supplier_id
         WHERE coalesce(p.balance_fen, 0) <> coalesce(e.fen, 0)
        """,
    ),
    _check(
        "a settlement says that it drew something else from the prepayment than was drawn for it",
        """
        SELECT 'settlement_' || s.id AS key
          FROM settlement s
          LEFT JOIN (SELECT settlement_id, sum(amount_fen) AS fen FROM supplier_prepayment_entry
                      WHERE settlement_id IS NOT NULL GROUP BY settlement_id) e ON e.settlement_id = s.id
         WHERE s.prepaid_fen <> -coalesce(e.fen, 0)
        """,
    ),
    _check(
        "a month is confirmed although one before it is not",
        """
        SELECT 'settlement_' || s.id AS key
          FROM settlement s
          JOIN settlement o ON o.supplier_id = s.supplier_id AND o.month < s.month
           AND o.state NOT IN ('confirmed', 'superseded')
         WHERE s.state = 'confirmed'
        """,
    ),
)


async def check(session: AsyncSession, *, most: int = MOST_ROWS) -> list[Violation]:
    """Return what breaks a promise of settlements, at most `most` rows of each check; empty is good."""
    return [
        Violation(one.id, one.text, row["key"])
        for one in CHECKS
        for row in await rows_of(session, one.query, most=most)
    ]
