"""What the bank port says and takes of orders at suppliers."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from guibin.core.ids import CustomerId, RedemptionId, RightId, SupplierId, SupplierOrderId
from guibin.core.reasons import LONGEST
from guibin.core.text import Note, OneLine
from guibin.suppliers.models import OrderFault, OrderState, SupplierOrder
from guibin.suppliers.service.settling import Outcome, Settlement
from guibin.web import OutModel, StrictModel

MOST_CODES = 100
SupplierCode = Annotated[str, StringConstraints(strict=True, pattern=r"^[!-~]{4,64}$")]
EXAMPLES: list[Any] = [
    {"outcome": "refused", "reason": "供应商来电确认缺货，无法提供"},
    {"outcome": "done", "reason": "供应商邮件确认已发货", "tracking_no": "SF1234567890"},
]


class SupplierOrderOut(OutModel):
    """The order of a redemption at its supplier."""

    id: SupplierOrderId = Field(description="The number by which both sides know it")
    redemption_id: RedemptionId
    customer_id: CustomerId
    right_id: RightId
    supplier_id: SupplierId
    product_code: str
    quantity: int
    state: OrderState = Field(description="`sent`: what came of it is not known")
    tries: int = Field(description="Calls since something was last heard")
    next_try_at: datetime
    parked_at: datetime | None = Field(description="Since then it waits for a person: see settle")
    fault: OrderFault | None = Field(description="Why the last call told nothing")
    reference: str | None = Field(description="The supplier's own number")
    reason: str | None = Field(description="Why the supplier refused, in its words")
    created_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, row: SupplierOrder) -> "SupplierOrderOut":
        """Shape a row."""
        return cls.model_validate(row)


class SettleIn(StrictModel):
    """What a person has found out of an order."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    outcome: Outcome = Field(
        description="done: delivered. refused: never will be, the customer has all back. ask: ask the supplier now"
    )
    reason: Annotated[str, Note(LONGEST)] | None = Field(default=None, description="10 to 200 characters: how you know")
    codes: list[SupplierCode] = Field(
        default_factory=list, max_length=MOST_CODES, description="Of a right by `order` that is done: one for each unit"
    )
    tracking_no: Annotated[str, OneLine(64)] | None = Field(default=None, description="Of a parcel")

    def settlement(self) -> Settlement:
        """Return the command's value."""
        return Settlement(self.outcome, self.reason, tuple(self.codes), self.tracking_no)
