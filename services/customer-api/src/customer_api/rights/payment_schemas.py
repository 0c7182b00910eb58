"""Money that my redemption costs beside points."""

from datetime import datetime

from pydantic import Field

from guibin.core.money import Cny
from guibin.rights.models import PaymentState, RedemptionPayment
from guibin.rights.payments import MoneyDue
from guibin.web import OutModel


class PaymentOut(OutModel):
    """What I pay to the bank in money; the redemption's id is the reference of the payment."""

    amount: Cny
    state: PaymentState = Field(description="`void`: not wanted any more")
    due_until: datetime = Field(description="Before this instant it is to be paid; then everything is free again")
    repayable: Cny = Field(description="What of it the bank repays to me, for units that were given back")
    repaid: Cny = Field(description="What of that was repaid")

    @classmethod
    def due(cls, due: MoneyDue | None) -> "PaymentOut | None":
        """Describe what a new redemption asks for; None where it costs no money."""
        if due is None:
            return None
        return cls(amount=due.amount_fen, state=PaymentState.DUE, due_until=due.due_until, repayable=0, repaid=0)

    @classmethod
    def of(cls, row: RedemptionPayment | None) -> "PaymentOut | None":
        """Describe what is due, paid or repaid; None where it costs no money."""
        if row is None:
            return None
        return cls(
            amount=row.amount_fen,
            state=PaymentState(row.state),
            due_until=row.due_until,
            repayable=row.repayable_fen,
            repaid=row.repaid_fen,
        )
