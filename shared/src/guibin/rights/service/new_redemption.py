"""A redemption that is about to be written: the columns of its row without a session's row around them.

Making a row of the session's kind takes longer than all of the decision; `rights_redeem` needs the values alone.
"""

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Final
from uuid import UUID

from guibin.rights.payments import MoneyDue


@dataclass(slots=True, kw_only=True)
class NewRedemption:
    """The columns of a new row of `redemption`; the ledger adds the entry. `payment` is what it costs in money."""

    customer_id: UUID
    id: UUID
    right_id: UUID
    right_revision: int
    quantity: int
    quota_used: int
    companions: int
    guest_quota_used: int
    class_of_service: str | None
    points_charged: int
    cost_fen: int
    valid_from: date | None = None
    valid_until: date | None
    package_id: UUID | None = None
    package_period: date | None = None
    step_up_id: UUID | None
    wallet: str
    state: str
    fulfilment: str
    created_at: datetime
    actor_id: UUID
    delivery_enc: str | None = None
    quantity_refunded: int = 0
    quota_refunded: int = 0
    points_refunded: int = 0
    payment: MoneyDue | None = None

    def document(self) -> dict[str, object]:
        """Return the row by the names of its columns."""
        return {name: getattr(self, name) for name in _COLUMNS}


_COLUMNS: Final = tuple(field.name for field in fields(NewRedemption) if field.name != "payment")
