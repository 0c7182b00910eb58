"""Money that redemptions cost beside points: due, paid, to be repaid. The platform takes none and pays none itself."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, SQLModel, instant, one_of, text_column


class PaymentState(StrEnum):
    """Whether the money of a redemption is awaited, was paid, or is not wanted any more."""

    DUE = "due"
    PAID = "paid"
    VOID = "void"


class RedemptionPayment(SQLModel, table=True):
    """What a redemption costs in money (补差), as the bank's payment service has told of it."""

    __tablename__ = "redemption_payment"
    __table_args__ = (
        one_of("state", PaymentState),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint(
            "0 <= repaid_fen AND repaid_fen <= repayable_fen AND repayable_fen <= amount_fen",
            name="repaid_within_paid",
        ),
        CheckConstraint("state = 'paid' OR repayable_fen = 0", name="repayable_once_paid"),
        CheckConstraint("(state = 'paid') = (reference IS NOT NULL)", name="paid_with_a_reference"),
        CheckConstraint("(state = 'due') = (closed_at IS NULL)", name="closed_at_an_instant"),
        CheckConstraint("(repaid_fen > 0) = (repaid_reference IS NOT NULL)", name="repaid_with_a_reference"),
        ForeignKeyConstraint(["customer_id", "redemption_id"], ["redemption.customer_id", "redemption.id"]),
        ForeignKeyConstraint(["customer_id", "hold_id"], ["points_hold.customer_id", "points_hold.id"]),
        Index(None, "due_until", postgresql_where=text("state = 'due'")),
        Index(None, "closed_at", "redemption_id", postgresql_where=text("repayable_fen > repaid_fen")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    redemption_id: UUID = Field(primary_key=True)
    amount_fen: int = Field(sa_type=BigInteger)
    hold_id: UUID = Field(description="The points that are set aside until it is paid")
    state: str = text_column(default=PaymentState.DUE)
    due_until: datetime = instant()
    closed_at: datetime | None = instant(default=None, description="When it was paid, or no longer wanted")
    reference: str | None = text_column(default=None, description="Of the payment, as its service calls it")
    repayable_fen: int = Field(default=0, sa_type=BigInteger, description="Of what was paid, for units given back")
    repaid_fen: int = Field(default=0, sa_type=BigInteger, description="Of it what the service told that it repaid")
    repaid_reference: str | None = text_column(default=None, description="Of the last repayment")
    repayments: dict[str, int] = Field(
        default_factory=dict,
        sa_column=Column(JSONB, nullable=False, server_default=text("'{}'")),
        description="Each repayment, in fen by its reference: none counts twice, whenever it is told again",
    )
