"""The promises of orders at suppliers, checked row by row: what the nightly reconciliation and `check-ledger` call."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.points.invariants import MOST_ROWS, Check, Violation
from guibin.points.repository import rows_of

UNKNOWN_TOO_LONG: Final = timedelta(hours=24)
"""An outcome that is unknown for longer is a fault."""

CHECKS: Final[Sequence[Check]] = (
    Check(
        "I12",
        "a redemption in fulfilment has no order that is open, or another one has",
        text(
            """
            SELECT 'rdm_' || coalesce(r.id, o.redemption_id) AS key
              FROM (SELECT customer_id, id FROM redemption WHERE state = 'in_fulfilment') r
              FULL JOIN (SELECT customer_id, redemption_id FROM supplier_order WHERE ended_at IS NULL) o
                ON o.customer_id = r.customer_id AND o.redemption_id = r.id
             WHERE r.id IS NULL OR o.redemption_id IS NULL
             LIMIT :most
            """
        ),
    ),
    Check(
        "I7",
        "an order that is done does not hold a code for each unit, or holds codes that it has none of",
        text(
            """
            SELECT 'ord_' || o.id AS key
              FROM supplier_order o
              JOIN redemption r ON r.customer_id = o.customer_id AND r.id = o.redemption_id
              LEFT JOIN (SELECT right_id, redemption_id, count(*) AS codes FROM voucher_code
                          WHERE redemption_id IS NOT NULL GROUP BY right_id, redemption_id) v
                ON v.right_id = o.right_id AND v.redemption_id = o.redemption_id
             WHERE coalesce(v.codes, 0)
                   <> CASE WHEN r.fulfilment = 'order' AND o.state = 'done' THEN o.quantity ELSE 0 END
             LIMIT :most
            """
        ),
    ),
)

_UNKNOWN: Final = text(
    "SELECT 'ord_' || id AS key FROM supplier_order WHERE state = 'sent' AND sent_at < :cut LIMIT :most"
)


async def check(session: AsyncSession, *, most: int = MOST_ROWS) -> list[Violation]:
    """Return what breaks a promise of orders, at most `most` rows of each check; empty is good."""
    found = [
        Violation(one.id, one.text, row["key"])
        for one in CHECKS
        for row in await rows_of(session, one.query, most=most)
    ]
    unknown = await rows_of(session, _UNKNOWN, cut=clock.now() - UNKNOWN_TOO_LONG, most=most)
    meaning = "what came of an order is unknown for more than 24 hours"
    return found + [Violation("I12", meaning, row["key"]) for row in unknown]
