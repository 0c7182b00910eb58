"""What is kept of a customer's holdings: shown in a copy of the customer's data, removed by an erasure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.privacy.subject import ErasureStep, ForgottenRows, QuerySection, Section

SUBJECT_SECTIONS: Final[tuple[Section, ...]] = (
    QuerySection(
        "holdings",
        frozenset({"holding"}),
        "SELECT h.line, h.last4, p.name_zh AS product_zh, p.name_en AS product_en, h.side, h.status, h.opened_on,"
        " h.closed_on, h.matures_on, round(h.credit_limit_fen / 100.0, 2) AS credit_limit, h.rate, h.as_of"
        " FROM holding h JOIN product p ON p.code = h.product_code WHERE h.customer_id = :customer_id"
        " ORDER BY h.line, h.id",
    ),
    QuerySection(
        "holding_balances",
        frozenset({"holding_balance"}),
        "SELECT h.line, h.last4, b.day, round(b.balance_fen / 100.0, 2) AS balance FROM holding_balance b"
        " JOIN holding h ON h.customer_id = b.customer_id AND h.id = b.holding_id"
        " WHERE b.customer_id = :customer_id ORDER BY h.line, h.id, b.day",
    ),
    # Of a holding that is somebody else's only that there is one: the rest is the owner's.
    QuerySection(
        "shared_holdings",
        frozenset({"holding_party"}),
        "SELECT as_of FROM holding_party WHERE customer_id = :customer_id ORDER BY holding_id",
    ),
    QuerySection(
        "events",
        frozenset({"customer_event"}),
        "SELECT line, reference, event_type, occurred_at, round(amount_fen / 100.0, 2) AS amount, merchant_category,"
        " channel, inflow_class FROM customer_event WHERE customer_id = :customer_id"
        " ORDER BY occurred_at, line, reference",
    ),
)


class EventsStep:
    """Lets go of events that earned nothing yet, and of those who share the customer's holdings."""

    tables: frozenset[str] = frozenset()

    async def erase(self, session: AsyncSession, *, customer_id: UUID, at: datetime) -> Mapping[str, int]:
        """Mark pending events as done, since their content is deleted, and end the sharing."""
        bound = {"customer_id": customer_id}
        await session.execute(
            text("UPDATE business_event SET state = 'nothing' WHERE customer_id = :customer_id AND state = 'pending'"),
            bound,
        )
        shared = await session.execute(
            text("DELETE FROM holding_party WHERE owner_id = :customer_id RETURNING customer_id"), bound
        )
        return {"holding_party": len(shared.all())}


ERASURE_STEPS: Final[tuple[ErasureStep, ...]] = (
    EventsStep(),
    ForgottenRows(("holding_balance", "holding_party", "holding", "customer_event")),
)
