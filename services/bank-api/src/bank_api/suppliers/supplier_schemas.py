"""What the bank port takes and says of suppliers."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from guibin.core.ids import RightId, SupplierId
from guibin.core.text import Code, OneLine
from guibin.security.ciphers import KeyRing
from guibin.security.masking import PersonName, Phone
from guibin.suppliers.models import RightSupplier, SettlementBasis, Supplier, SupplierState
from guibin.suppliers.service.administration import Contact, SupplierContent, contact_of
from guibin.web import OutModel, StrictModel

WHOLE = 10_000


class ContactIn(StrictModel):
    """Whom the bank calls at a supplier; kept encrypted."""

    name: Annotated[str, OneLine(40)] | None = Field(default=None, examples=["王小明"])
    phone: Annotated[str, StringConstraints(strict=True, pattern=r"^\+?[0-9-]{5,20}$")] | None = Field(
        default=None, examples=["021-60001234"]
    )
    email: Annotated[str, StringConstraints(strict=True, pattern=r"^[!-?A-~]{1,64}@[A-Za-z0-9.-]{3,80}$")] | None = (
        Field(default=None, examples=["orders@supplier.example"])
    )

    def contact(self) -> Contact:
        """Return what it says in the domain's form."""
        return Contact(
            name=PersonName(self.name) if self.name else None,
            phone=Phone(self.phone) if self.phone else None,
            email=self.email,
        )


class _TermsIn(StrictModel):
    name: Annotated[str, OneLine(80)] = Field(examples=["翼行贵宾服务"])
    settlement_basis: SettlementBasis = Field(description="What is paid for: what was issued, or what was used")
    tax_rate_bp: int = Field(default=0, ge=0, le=WHOLE, description="Of its invoices, in hundredths of a per cent")
    prepaid: bool = Field(default=False, description="Paid in advance: a settlement draws the prepayment down")
    contact: ContactIn = Field(default_factory=ContactIn)
    state: SupplierState = Field(default=SupplierState.ACTIVE, description="off: it gets nothing new to deliver")

    def content(self, base_url: str | None = None) -> SupplierContent:
        """Return what it says in the domain's form, with an address."""
        return SupplierContent(
            name=self.name,
            settlement_basis=self.settlement_basis,
            tax_rate_bp=self.tax_rate_bp,
            prepaid=self.prepaid,
            base_url=base_url,
            contact=self.contact.contact(),
            state=self.state,
        )


class SupplierIn(_TermsIn):
    """A supplier of rights as it is from now on."""

    base_url: Annotated[str, OneLine(300)] | None = Field(
        default=None,
        description="Of its API: https, without query; in development http and this machine too. null: it is"
        " not connected, and people deliver",
        examples=["https://api.supplier.example/guibin"],
    )


class NewSupplierIn(_TermsIn):
    """A new supplier. It is not connected: its address is a change, to which another person agrees."""

    code: Code = Field(description="By which files name it; never used again", examples=["YX"])


class ContactOut(OutModel):
    """Whom the bank calls at a supplier, masked."""

    name: str | None = Field(examples=["王**"])
    phone: str | None = Field(examples=["****1234"])
    has_email: bool

    @classmethod
    def of(cls, contact: Contact) -> "ContactOut":
        """Mask a contact."""
        return cls(
            name=contact.name.masked() if contact.name else None,
            phone=contact.phone.masked() if contact.phone else None,
            has_email=contact.email is not None,
        )


class SupplierOut(OutModel):
    """A supplier of rights."""

    id: SupplierId
    code: str
    name: str
    state: SupplierState
    base_url: str | None
    settlement_basis: SettlementBasis
    tax_rate_bp: int
    prepaid: bool
    contact: ContactOut
    key_id: str = Field(
        description="Of the secret that signs; its value stands under .../secret, once", examples=["k1"]
    )
    old_secret_until: datetime | None = Field(description="Until then the secret before signs too")
    revision: int
    created_at: datetime

    @classmethod
    def of(cls, supplier: Supplier, keys: KeyRing) -> "SupplierOut":
        """Shape a row."""
        contact = ContactOut.of(contact_of(keys, supplier))
        return cls.model_validate({**supplier.model_dump(), "contact": contact, "key_id": f"k{supplier.secret_no}"})


class SupplierSecretOut(OutModel):
    """The secret with which both sides sign: the key of HMAC-SHA-256, as text. It is shown once."""

    key_id: str = Field(examples=["k1"])
    secret: str = Field(examples=["supsec_6f3c0e8a6f3c0e8a6f3c0e8a6f3c0e8a6f3c0e8a6f3c0e8a6f3c0e8a6f3c0e8a"])


class SupplierRightIn(StrictModel):
    """How a supplier calls a right that it delivers."""

    product_code: Annotated[str, OneLine(64)] = Field(examples=["YX-LOUNGE-01"])


class SupplierRightOut(OutModel):
    """A right that a supplier delivers."""

    right_id: RightId
    supplier_id: SupplierId
    product_code: str
    set_at: datetime

    @classmethod
    def of(cls, row: RightSupplier) -> "SupplierRightOut":
        """Shape a row."""
        return cls.model_validate(row)


class SupplierRightsOut(OutModel):
    """What a supplier delivers now."""

    items: list[SupplierRightOut]
