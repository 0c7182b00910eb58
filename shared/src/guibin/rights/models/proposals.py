"""What managers prepare for their customers: nothing moves before the customer has agreed."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, SQLModel, cipher, instant, one_of, text_column


class ProposalState(StrEnum):
    """The life of a proposal; one that waits beyond its time is taken for lapsed, and stored so at the next one."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class RedemptionProposal(SQLModel, table=True):
    """A right that a manager proposes to a customer (兑换建议)."""

    __tablename__ = "redemption_proposal"
    __table_args__ = (
        one_of("state", ProposalState),
        CheckConstraint("quantity BETWEEN 1 AND 100", name="quantity_in_range"),
        CheckConstraint("(state = 'accepted') = (redemption_id IS NOT NULL)", name="accepted_by_a_redemption"),
        CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name="ended"),
        ForeignKeyConstraint(["customer_id", "redemption_id"], ["redemption.customer_id", "redemption.id"]),
        Index(None, "customer_id", "right_id", unique=True, postgresql_where=text("state = 'waiting'")),
        Index(None, "customer_id", "created_at", "id"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    right_id: UUID = Field(foreign_key="rights_item.id")
    quantity: int
    words_enc: bytes | None = cipher(default=None, description="Under the customer's data key")
    state: str = text_column(default=ProposalState.WAITING)
    proposed_by: UUID = Field(description="The member of staff")
    created_at: datetime = instant()
    lapses_at: datetime = instant()
    ended_at: datetime | None = instant(default=None)
    redemption_id: UUID | None = None
