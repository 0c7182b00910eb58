"""By which numbers and certificates a customer is and was known: dated, masked, with the lines that carry them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from pydantic import Field
from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import CustomerId
from guibin.core.lines import Line
from guibin.customers.models import CertificateType, Customer, CustomerRef, RefKind, SourceRecord
from guibin.customers.personal import unseal
from guibin.customers.repository import get_customer
from guibin.security.ciphers import KeyRing
from guibin.security.masking import CertificateNo
from guibin.web import DataClass, OutModel, PortRouter, RateClass, StaffCall, declare

from .router import READ

router = PortRouter(prefix="/v1/customers", tags=["customers"])

NUMBERED = (RefKind.CUSTOMER_NO, RefKind.CERTIFICATE)


@dataclass(frozen=True, slots=True)
class Carried:
    """A reference of a customer, the newest record that carries it, and the lines that do."""

    ref: CustomerRef
    record: SourceRecord | None
    lines: Sequence[str]


async def references_of(session: AsyncSession, customer: Customer) -> list[Carried]:
    """Return by which numbers and certificates a customer is and was known, of each kind those in force first."""
    ref, record = CustomerRef, SourceRecord
    carries = and_(
        col(record.customer_id) == customer.id,
        or_(
            and_(col(ref.kind) == RefKind.CUSTOMER_NO, col(record.customer_no_ref) == col(ref.ref)),
            and_(col(ref.kind) == RefKind.CERTIFICATE, col(record.certificate_ref) == col(ref.ref)),
        ),
    )
    lines: Any = func.array_agg(aggregate_order_by(col(record.line).distinct(), col(record.line)))
    newest: Any = func.array_agg(aggregate_order_by(col(record.id), col(record.as_of).desc(), col(record.id)))
    query = (
        select(ref, newest.filter(col(record.id).is_not(None))[1], lines.filter(col(record.id).is_not(None)))
        .outerjoin(record, carries)
        .where(col(ref.customer_id) == customer.id, col(ref.kind).in_(NUMBERED))
        .group_by(col(ref.ref), col(ref.kind))
        .order_by(col(ref.kind), col(ref.valid_to).desc().nulls_first(), col(ref.ref))
    )
    rows = (await session.execute(query)).all()
    found = {
        one: await session.get_one(record, (customer.id, one)) for one in {row[1] for row in rows if row[1] is not None}
    }
    return [Carried(row[0], found.get(row[1]), row[2] or []) for row in rows]


class IdentifierOut(OutModel):
    """A number or certificate by which the customer is found."""

    kind: RefKind
    certificate_type: CertificateType | None = Field(description="Null: a number, or no record carries it any more")
    number: CertificateNo | None = Field(
        description="Masked; null where no record carries it any more: the bank keeps only its keyed hash",
        examples=["110***********0036"],
    )
    valid_from: date
    valid_to: date | None = Field(description="First day without it; it still finds the customer")
    lines: list[Line] = Field(description="Whose records carry it")

    @classmethod
    def of(cls, carried: Carried, keys: KeyRing) -> Self:
        """Describe a reference."""
        ref, record = carried.ref, carried.record
        field = "certificate_no" if ref.kind == RefKind.CERTIFICATE else "customer_no"
        number = None if record is None else unseal(keys, "source_record", record.model_dump(), fields=[field])[field]
        of_type = record.certificate_type if record is not None and ref.kind == RefKind.CERTIFICATE else None
        return cls(
            kind=RefKind(ref.kind),
            certificate_type=None if of_type is None else CertificateType(of_type),
            number=None if number is None else CertificateNo(number),
            valid_from=ref.valid_from,
            valid_to=ref.valid_to,
            lines=[Line(line) for line in carried.lines],
        )


class IdentifiersOut(OutModel):
    """All numbers and certificates of a customer, of each kind those in force first."""

    items: list[IdentifierOut]


@router.get("/{customer_id}/identifiers", operation_id="listCustomerIdentifiers")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_identifiers(call: StaffCall, customer_id: CustomerId) -> IdentifiersOut:
    """List by which customer numbers and certificates a customer is and was known, from when to when."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    found = await references_of(call.session, customer)
    return IdentifiersOut(items=[IdentifierOut.of(one, call.keys) for one in found])
