"""Identity events: what the bank's own customer system says of numbers and certificates."""

from datetime import date
from typing import Annotated, Final, Self

from pydantic import ConfigDict, Field

from guibin.core import clock
from guibin.core.errors import ValidationFailed
from guibin.core.ids import CustomerId
from guibin.core.text import Code, OneLine
from guibin.customers.errors import CustomerNumberUnknown, IdentityReferenceTaken, MergeNotPossible
from guibin.customers.identity_events.naming import NUMBERS, EventFault, SaidEvent
from guibin.customers.identity_events.rules import IdentityEvent, IdentityEventKind, IdentityOutcome
from guibin.customers.identity_events.service import Taken, take_identity_event
from guibin.customers.models import CertificateType
from guibin.security.ciphers import KeyRing
from guibin.web import (
    DataClass,
    Idempotency,
    OutModel,
    PortRouter,
    RateClass,
    ServiceCall,
    StrictModel,
    declare,
    json_body,
)
from guibin.web import service as service_with

router = PortRouter(prefix="/v1/identity/events", tags=["customers"])

Number = Annotated[str, OneLine(64)]


class CertificateIn(StrictModel):
    """The certificate that a customer has now, and the one in whose place it is."""

    certificate_type: CertificateType
    certificate_no: Annotated[str, OneLine(40)] = Field(examples=["110101198002290036"])
    name: Annotated[str, OneLine(200)] = Field(description="As it stands on the certificate", examples=["欧阳明"])
    replaces_certificate_no: Annotated[str, OneLine(40)] | None = Field(
        default=None, description="Of the same type and name; it still finds the customer"
    )


class IdentityEventIn(StrictModel):
    """One event. `merge`, `split` and `renumber` name another number, `certificate_changed` a certificate."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "reference": "ECIF-20261124-000017",
                    "kind": "merge",
                    "occurred_on": "2026-11-24",
                    "customer_no": "6000048271",
                    "other_customer_no": "6000096542",
                }
            ]
        }
    )

    reference: Code = Field(description="The sender's own; one reference is one event")
    kind: IdentityEventKind
    occurred_on: date
    customer_no: Number = Field(description="Whose it is; of a merge, the customer whose id stays")
    other_customer_no: Number | None = Field(
        default=None,
        description="The number that is one with it (`merge`), is parted from it (`split`) or takes its place"
        " (`renumber`)",
    )
    certificate: CertificateIn | None = None

    def read(self, keys: KeyRing) -> IdentityEvent:
        """Normalise and hash what it names.

        Raises:
            ValidationFailed: what its kind needs is missing, or is no number, no certificate, or a day to come.
        """
        if self.occurred_on > clock.today():
            raise ValidationFailed.of(["body", "occurred_on"], "date_out_of_range", "不能晚于今天", "lies ahead")
        numbers = {"customer_no": self.customer_no, "other_customer_no": self.other_customer_no}
        certificate = {} if self.certificate is None else self.certificate.model_dump(exclude={"certificate_type"})
        kind = None if self.certificate is None else self.certificate.certificate_type
        try:
            return SaidEvent(self.reference, self.kind, self.occurred_on, numbers | certificate, kind).read(keys)
        except EventFault as fault:
            raise _refusal(fault) from None


def _refusal(fault: EventFault) -> ValidationFailed:
    is_number = fault.field in NUMBERS
    if fault.is_missing:
        loc: list[str | int] = ["body", fault.field if is_number else "certificate"]
        return ValidationFailed.of(loc, "missing", "此类事件必填", "is needed for an event of this kind")
    if is_number:
        return ValidationFailed.of(["body", fault.field], "customer_no", "不是客户号", "is no customer number")
    loc = ["body", "certificate", fault.field]
    return ValidationFailed.of(loc, "certificate_no", "不是该类证件的号码", "is not a certificate number of this kind")


class IdentityEventOut(OutModel):
    """What an event did."""

    reference: str
    outcome: IdentityOutcome = Field(
        description="merged, parted, renumbered, certificate_added: done; unchanged: it was so already; review: people"
        " decide, the pair stands in the review queue"
    )
    customer_id: CustomerId
    repeated: bool = Field(description="It was taken before, and did nothing now")

    @classmethod
    def of(cls, event: IdentityEvent, taken: Taken) -> Self:
        """Describe what was taken."""
        return cls(
            reference=event.reference,
            outcome=taken.outcome,
            customer_id=taken.customer_id,
            repeated=taken.is_repeated,
        )


CUSTOMER_SYSTEM: Final = service_with("identity:post")


@router.post("", operation_id="takeIdentityEvent")
@declare(
    caller=CUSTOMER_SYSTEM,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(CustomerNumberUnknown, IdentityReferenceTaken, MergeNotPossible),
)
async def take_event(
    call: ServiceCall, body: Annotated[IdentityEventIn, json_body(IdentityEventIn)]
) -> IdentityEventOut:
    """Take an event of the bank's own customer system, once for its reference; its word joins and parts customers.

    A merge and a split go through the same journal as those of people, and the same things stand against a merge: then
    `review` is answered and people decide. A number or certificate that was replaced still finds its customer, so that
    lines that have not heard of it yet make nobody new.
    """
    event = body.read(call.keys)
    return IdentityEventOut.of(event, await take_identity_event(call.session, actor=call.actor, event=event))
