"""Months with suppliers: our statement line by line, where theirs differs, and what was paid in advance."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlmodel import Field

from guibin.core.models import LOCAL, SQLModel, cipher, instant, one_of, text_column
from guibin.suppliers.models import SettlementBasis
from guibin.suppliers.settlements.rules import DisputeState, Finding, LineKind


class SettlementState(StrEnum):
    """The life of a statement: drafted, under approval, frozen; a draft that was built anew is superseded."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"
    SUPERSEDED = "superseded"


class Settlement(SQLModel, table=True):
    """A month with a supplier (供应商结算单). Of each month one stands; amounts are fen, tax included.

    `gross_fen` is the sum of its lines, which grow once, at the confirmation, by what the disputes came to.
    """

    __tablename__ = "settlement"
    __table_args__ = (
        one_of("state", SettlementState),
        one_of("basis", SettlementBasis),
        CheckConstraint("extract(day FROM month) = 1", name="month_by_its_first_day"),
        CheckConstraint("(state = 'confirmed') = (confirmed_at IS NOT NULL)", name="confirmed_with_instant"),
        CheckConstraint("(invoice_no IS NULL) = (invoiced_at IS NULL)", name="invoice_with_instant"),
        CheckConstraint("invoice_no IS NULL OR state = 'confirmed'", name="invoiced_once_confirmed"),
        CheckConstraint("prepaid_fen >= 0 AND prepaid_fen <= greatest(gross_fen, 0)", name="prepaid_within_gross"),
        Index(None, "supplier_id", "month", unique=True, postgresql_where=text("state <> 'superseded'")),
        Index(
            "ix_settlement_invoice_no",
            "supplier_id",
            "invoice_no",
            unique=True,
            postgresql_where=text("invoice_no IS NOT NULL"),
        ),
        LOCAL,
    )

    id: UUID = Field(primary_key=True)
    supplier_id: UUID = Field(foreign_key="supplier.id")
    month: date
    state: str = text_column()
    basis: str = text_column()
    unused_returned: bool = Field(default=False, description="Codes that nobody used by their last day are returned")
    lines: int
    quantity: int = Field(sa_type=BigInteger)
    gross_fen: int = Field(sa_type=BigInteger)
    prepaid_fen: int = Field(default=0, sa_type=BigInteger, description="Drawn from the prepayment")
    statement_no: int = Field(default=0, description="Of the supplier's statement that counts; 0: none came")
    statement_sha256: bytes | None = cipher(default=None)
    statement_lines: int = 0
    equal_lines: int = 0
    statement_at: datetime | None = instant(default=None)
    supplier_reference: str | None = text_column(default=None, description="The letter by which the supplier agreed")
    supplier_agreed_on: date | None = None
    invoice_no: str | None = text_column(default=None)
    invoice_day: date | None = None
    invoiced_at: datetime | None = instant(default=None)
    revision: int = Field(default=1, description="Counts every change; the ETag")
    maker_id: UUID
    built_at: datetime = instant()
    confirmed_at: datetime | None = instant(default=None)


class SettlementLine(SQLModel, table=True):
    """A line of our statement. Insert only. A line that a dispute brought and that we do not know has no redemption."""

    __tablename__ = "settlement_line"
    __table_args__ = (
        one_of("kind", LineKind),
        CheckConstraint("price_fen >= 0", name="price_not_negative"),
        CheckConstraint("quantity <> 0", name="quantity_not_zero"),
        ForeignKeyConstraint(["settlement_id"], ["settlement.id"]),
        Index(None, "redemption_id"),
        LOCAL,
    )

    settlement_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    kind: str = text_column()
    redemption_id: UUID | None = None
    right_id: UUID = Field(foreign_key="rights_item.id")
    day: date = Field(description="Whose contract price counts")
    quantity: int = Field(description="Less than 0 where it goes back")
    price_fen: int = Field(sa_type=BigInteger, description="Of one unit, tax included")
    tax_rate_bp: int


class SettlementDifference(SQLModel, table=True):
    """Where a statement of the supplier differs from ours, and whose figure counts.

    What the supplier's file says beyond ids and figures is not kept: `file_line` tells where it stands.
    """

    __tablename__ = "settlement_difference"
    __table_args__ = (
        one_of("finding", Finding),
        one_of("state", DisputeState),
        CheckConstraint("finding <> 'equal'", name="differs"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_with_instant"),
        ForeignKeyConstraint(["settlement_id"], ["settlement.id"]),
        LOCAL,
    )

    settlement_id: UUID = Field(primary_key=True)
    statement_no: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    finding: str = text_column()
    line: int | None = Field(default=None, description="Of our statement")
    file_line: int | None = Field(default=None, description="Of the supplier's file")
    redemption_id: UUID | None = None
    right_id: UUID | None = Field(default=None, foreign_key="rights_item.id")
    quantity: int | None = None
    price_fen: int | None = Field(default=None, sa_type=BigInteger)
    their_quantity: int | None = None
    their_price_fen: int | None = Field(default=None, sa_type=BigInteger)
    state: str = text_column()
    words: str | None = text_column(default=None)
    decided_by: UUID | None = None
    decided_at: datetime | None = instant(default=None)


class SupplierPrepayment(SQLModel, table=True):
    """What is left of a supplier's prepayments."""

    __tablename__ = "supplier_prepayment"
    __table_args__ = (CheckConstraint("balance_fen >= 0", name="balance_not_negative"), LOCAL)

    supplier_id: UUID = Field(primary_key=True, foreign_key="supplier.id")
    balance_fen: int = Field(sa_type=BigInteger)


class PrepaymentEntry(SQLModel, table=True):
    """A payment in advance, or what a settlement drew from it. Insert only."""

    __tablename__ = "supplier_prepayment_entry"
    __table_args__ = (
        CheckConstraint("amount_fen <> 0", name="amount_not_zero"),
        CheckConstraint("(amount_fen < 0) = (settlement_id IS NOT NULL)", name="drawn_by_a_settlement"),
        ForeignKeyConstraint(["supplier_id"], ["supplier_prepayment.supplier_id"]),
        ForeignKeyConstraint(["settlement_id"], ["settlement.id"]),
        LOCAL,
    )

    supplier_id: UUID = Field(primary_key=True)
    reference: str = Field(sa_type=Text, primary_key=True, description="Of the payment, or the id of the settlement")
    amount_fen: int = Field(sa_type=BigInteger)
    settlement_id: UUID | None = None
    noted_by: UUID
    at: datetime = instant()
