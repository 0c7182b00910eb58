"""Money that redemptions cost beside points, as the bank's payment service tells and reads of it."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from guibin.core.ids import CustomerId, RedemptionId
from guibin.core.money import Cny, between
from guibin.core.text import OneLine
from guibin.rights.models import PaymentState, RedemptionPayment
from guibin.rights.payments import Transfer
from guibin.web import OutModel, StrictModel

MOST_FEN = 10**11


class TransferIn(StrictModel):
    """Money that moved between the customer and the bank."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": "50.00", "reference": "P20261126000123"}]})

    amount: Annotated[Cny, between(1, MOST_FEN)] = Field(
        description="All that is due, to the fen; of a repayment at most that"
    )
    reference: Annotated[str, OneLine(64)] = Field(description="What the service calls it; told again, it counts once")

    def transfer(self) -> Transfer:
        """Say what moved."""
        return Transfer(self.amount, self.reference)


class PaymentOut(OutModel):
    """What a redemption costs in money beside its points."""

    amount: Cny
    state: PaymentState = Field(description="`void`: not wanted any more")
    due_until: datetime = Field(description="Before this instant it is to be paid")
    closed_at: datetime | None = Field(description="When it was paid, or no longer wanted")
    repayable: Cny = Field(description="What of it the bank is to repay, for units that were given back")
    repaid: Cny = Field(description="What of that was repaid")

    @classmethod
    def of(cls, row: RedemptionPayment | None) -> "PaymentOut | None":
        """Describe what is due, paid or to be repaid; None where it costs no money."""
        return None if row is None else cls(**_values(row))


class RedemptionPaymentOut(PaymentOut):
    """The money of a redemption, for the service that collects it."""

    redemption_id: RedemptionId
    customer_id: CustomerId
    reference: str | None = Field(description="Of the payment")
    repaid_reference: str | None = Field(description="Of the last repayment")

    @classmethod
    def whole(cls, row: RedemptionPayment) -> "RedemptionPaymentOut":
        """Describe it with whose it is."""
        own = {name: getattr(row, name) for name in ("redemption_id", "customer_id", "reference", "repaid_reference")}
        return cls(**own, **_values(row))


def _values(row: RedemptionPayment) -> dict[str, object]:
    return {
        "amount": row.amount_fen,
        "state": PaymentState(row.state),
        "due_until": row.due_until,
        "closed_at": row.closed_at,
        "repayable": row.repayable_fen,
        "repaid": row.repaid_fen,
    }
