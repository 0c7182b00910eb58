"""Claims of managers on customers whom nobody serves, and the disputes about them."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlmodel import Field

from guibin.core.models import BY_CUSTOMER, SQLModel, instant, one_of, text_column


class ClaimOrigin(StrEnum):
    """What gave a claim: a touch that reached the customer, the manager's code, a word of the branch, a dispute."""

    TOUCH = "touch"
    CODE = "code"
    ENTERED = "entered"
    DISPUTE = "dispute"


class ClaimEnd(StrEnum):
    """Why a claim was over before its last day."""

    PLACED = "placed"
    MOVED = "moved"
    CORRECTED = "corrected"
    MERGED = "merged"
    MANAGER_GONE = "manager_gone"


class ClaimDisputeState(StrEnum):
    """What became of a dispute: the claim stays, or goes to who disputed it."""

    OPEN = "open"
    STAYED = "stayed"
    MOVED = "moved"


class Claim(SQLModel, table=True):
    """A manager is the first choice for a customer whom nobody serves (认领保护). Of a customer one on any day."""

    __tablename__ = "claim"
    __table_args__ = (
        one_of("origin", ClaimOrigin),
        one_of("end_reason", ClaimEnd),
        CheckConstraint("valid_to >= valid_from", name="in_order"),
        CheckConstraint("(origin = 'touch') = (touch_id IS NOT NULL)", name="of_a_touch"),
        ExcludeConstraint(
            ("customer_id", "="),
            (func.daterange(text("valid_from"), text("valid_to")), "&&"),
            using="gist",
            name="ex_claim_one_at_a_time",
        ),
        Index(None, "manager_id", "valid_to"),
        Index(None, "id"),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    id: UUID = Field(primary_key=True)
    manager_id: UUID = Field(foreign_key="manager.id")
    origin: str = text_column()
    touch_id: UUID | None = Field(default=None, description="The touch that gave it")
    valid_from: date
    valid_to: date = Field(description="First day on which it does not count")
    blocked_until: date | None = Field(
        default=None, description="First day on which the same manager may claim the customer again; NULL: any day"
    )
    end_reason: str | None = text_column(default=None)
    created_at: datetime = instant()


class ClaimDispute(SQLModel, table=True):
    """Another manager says that a claim is theirs, and the branch decides."""

    __tablename__ = "claim_dispute"
    __table_args__ = (
        one_of("state", ClaimDisputeState),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name="decided_by_somebody"),
        CheckConstraint("decided_by <> opened_by", name="decided_by_another"),
        ForeignKeyConstraint(["customer_id", "claim_id"], ["claim.customer_id", "claim.id"]),
        Index(None, "customer_id", "claim_id", unique=True, postgresql_where=text("state = 'open'")),
        BY_CUSTOMER,
    )

    customer_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    claim_id: UUID
    manager_id: UUID = Field(foreign_key="manager.id", description="Who says that the claim is theirs")
    reason: str = text_column()
    state: str = text_column(default=ClaimDisputeState.OPEN)
    opened_by: UUID
    opened_at: datetime = instant()
    ruling: str | None = text_column(default=None, description="Why it was decided so")
    decided_by: UUID | None = None
    decided_at: datetime | None = instant(default=None)
    blocked_until: date | None = Field(
        default=None, description="Of who lost it: first day on which the customer may be claimed again"
    )
