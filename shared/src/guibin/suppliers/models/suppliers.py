"""Suppliers, which rights they deliver, and what the bank pays them for one."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlmodel import Field

from guibin.core.models import REFERENCE, SQLModel, cipher, instant, one_of, text_column


class SupplierState(StrEnum):
    """Whether a supplier gets anything new to deliver."""

    ACTIVE = "active"
    OFF = "off"


class SettlementBasis(StrEnum):
    """What the bank pays for: what was issued to customers, or what they used."""

    ISSUED = "issued"
    USED = "used"


class Supplier(SQLModel, table=True):
    """Who delivers rights (权益供应商). One without a base URL is not connected: people deliver, and note it by hand.

    Its contact and the secret with which both sides sign stand encrypted under its own data key.
    """

    __tablename__ = "supplier"
    __table_args__ = (
        one_of("state", SupplierState),
        one_of("settlement_basis", SettlementBasis),
        CheckConstraint("tax_rate_bp BETWEEN 0 AND 10000", name="tax_rate_in_range"),
        CheckConstraint("(old_secret_enc IS NULL) = (old_secret_until IS NULL)", name="old_secret_with_end"),
        CheckConstraint("(secret_no = 0) = (secret_enc IS NULL)", name="secret_numbered"),
        REFERENCE,
    )

    id: UUID = Field(primary_key=True)
    code: str = Field(sa_type=Text, unique=True, description="By which files name it; never used again")
    name: str = text_column()
    state: str = text_column()
    settlement_basis: str = text_column()
    tax_rate_bp: int = Field(default=0, description="Value-added tax of its invoices in hundredths of a per cent")
    prepaid: bool = Field(default=False, description="Paid in advance: a settlement draws the prepayment down")
    contact_name_enc: bytes | None = cipher(default=None)
    contact_phone_enc: bytes | None = cipher(default=None)
    contact_email_enc: bytes | None = cipher(default=None)
    data_key: bytes = cipher(description="Of its contact, its secret and its call-backs, wrapped")
    base_url: str | None = text_column(default=None, description="Of its API; none: it is not connected")
    secret_no: int = Field(default=0, description="With k before it the key id of a signature; 0: none was made yet")
    secret_enc: bytes | None = cipher(default=None)
    secret_shown_at: datetime | None = instant(default=None, description="A secret is shown once")
    old_secret_enc: bytes | None = cipher(default=None, description="The one before, good for a while")
    old_secret_until: datetime | None = instant(default=None)
    revision: int = Field(default=1, description="Counts every change; the ETag")
    created_by: UUID
    created_at: datetime = instant()


class RightSupplier(SQLModel, table=True):
    """Who delivers a right now. How, says the right's own `fulfilment`."""

    __tablename__ = "right_supplier"
    __table_args__ = (Index(None, "supplier_id"), REFERENCE)

    right_id: UUID = Field(primary_key=True, foreign_key="rights_item.id")
    supplier_id: UUID = Field(foreign_key="supplier.id")
    product_code: str = text_column(description="What the supplier calls it")
    set_by: UUID
    set_at: datetime = instant()


class SupplierTerminal(SQLModel, table=True):
    """Whose terminal a service is that uses codes; one that is nobody's, or has no row, is the bank's own."""

    __tablename__ = "supplier_terminal"
    __table_args__ = (Index(None, "supplier_id"), REFERENCE)

    service_id: UUID = Field(primary_key=True, foreign_key="service_client.id")
    supplier_id: UUID | None = Field(default=None, foreign_key="supplier.id")
    set_by: UUID
    set_at: datetime = instant()


class SupplierPrice(SQLModel, table=True):
    """What the bank pays a supplier for one unit of a right in a time, tax included (合同价), and how soon it delivers.

    On one day one supplier has a price for a right: so it is also told whose redemptions of that day they are.
    """

    __tablename__ = "supplier_price"
    __table_args__ = (
        CheckConstraint("price_fen >= 0", name="price_not_negative"),
        CheckConstraint("fulfil_hours BETWEEN 1 AND 8760", name="fulfil_hours_in_range"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="ends_after_it_begins"),
        ExcludeConstraint(
            ("right_id", "="),
            (func.daterange(text("valid_from"), text("valid_to")), "&&"),
            using="gist",
            name="ex_supplier_price_one_a_day",
        ),
        Index(None, "supplier_id", "valid_from"),
        REFERENCE,
    )

    right_id: UUID = Field(primary_key=True, foreign_key="rights_item.id")
    valid_from: date = Field(primary_key=True)
    valid_to: date | None = Field(default=None, description="First day on which it is over")
    supplier_id: UUID = Field(foreign_key="supplier.id")
    price_fen: int = Field(sa_type=BigInteger)
    fulfil_hours: int | None = Field(default=None, description="Within so many hours it is delivered, where agreed")
    set_by: UUID
    set_at: datetime = instant()
