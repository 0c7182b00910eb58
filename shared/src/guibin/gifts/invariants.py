"""The promises of gifts, checked row by row: what the nightly reconciliation and `guibin check-ledger` call."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.invariants import MOST_ROWS, Check, Violation
from guibin.points.repository import rows_of

CHECKS: Final[Sequence[Check]] = (
    Check(
        "I6",
        "what a branch has of a gift is not the sum of what came and went",
        text(
            """
            SELECT 'gft_' || s.gift_id || '/brn_' || s.branch_id AS key
              FROM gift_stock s
              LEFT JOIN (SELECT gift_id, branch_id, sum(units) AS units FROM gift_movement GROUP BY 1, 2) m
                ON m.gift_id = s.gift_id AND m.branch_id = s.branch_id
             WHERE s.free + s.reserved <> coalesce(m.units, 0)
             LIMIT :most
            """
        ),
    ),
    Check(
        "I6",
        "what is promised or handed over of a branch's gifts is not what customers wait for or have",
        text(
            """
            SELECT 'gft_' || s.gift_id || '/brn_' || s.branch_id AS key
              FROM gift_stock s
              LEFT JOIN (SELECT gift_id, branch_id, coalesce(sum(units) FILTER (WHERE state = 'waiting'), 0) AS waiting,
                                coalesce(sum(units) FILTER (WHERE state = 'handed_over'), 0) AS had
                           FROM gift_handover GROUP BY 1, 2) h
                ON h.gift_id = s.gift_id AND h.branch_id = s.branch_id
             WHERE s.reserved <> coalesce(h.waiting, 0) OR s.handed_over <> coalesce(h.had, 0)
             LIMIT :most
            """
        ),
    ),
    Check(
        "I6",
        "what counts against a customer's cap of a year is not what was given and promised",
        text(
            """
            SELECT 'cus_' || coalesce(y.customer_id, h.customer_id) || '/' || coalesce(y.year, h.year) AS key
              FROM gift_year y
              FULL JOIN (SELECT customer_id, year, sum(value_fen) AS fen FROM gift_handover
                          WHERE state <> 'released' GROUP BY 1, 2) h
                ON h.customer_id = y.customer_id AND h.year = y.year
             WHERE coalesce(y.given_fen, 0) <> coalesce(h.fen, 0)
             LIMIT :most
            """
        ),
    ),
)


async def check(session: AsyncSession, *, most: int = MOST_ROWS) -> list[Violation]:
    """Return what breaks a promise of gifts, at most `most` rows of each check; empty is good."""
    return [
        Violation(one.id, one.text, row["key"])
        for one in CHECKS
        for row in await rows_of(session, one.query, most=most)
    ]
