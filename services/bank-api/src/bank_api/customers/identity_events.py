"""Identity events: what the bank's own customer system says of numbers and certificates."""

from datetime import date
from typing import Annotated, Final, Self

from pydantic import ConfigDict, Field

from guibin.core import clock
from guibin.core.errors import ValidationFailed
from guibin.core.ids import CustomerId
from guibin.core.text import Code, OneLine
from guibin.customers.errors import CustomerNumberUnknown, IdentityReferenceTaken, MergeNotPossible
from guibin.customers.identifiers import normalise_certificate, normalise_number
from guibin.customers.identity_events.rules import IdentityEvent, IdentityEventKind, IdentityOutcome
from guibin.customers.identity_events.service import Taken, take_identity_event
from guibin.customers.models import CertificateType
from guibin.customers.references import certificate_ref, customer_no_ref
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
            raise ValidationFailed.of(["body", "occurred_on"], "date_out_of_range", "lies ahead")
        is_certificate = self.kind is IdentityEventKind.CERTIFICATE_CHANGED
        return IdentityEvent(
            reference=self.reference,
            kind=self.kind,
            day=self.occurred_on,
            content_hash=keys.blind_index("record", f"identity|{self.model_dump_json()}"),
            number_ref=_number(keys, "customer_no", self.customer_no),
            other_ref=None if is_certificate else _number(keys, "other_customer_no", self.other_customer_no),
            certificate_ref=self._certificate(keys, "certificate_no") if is_certificate else None,
            ended_ref=self._ended(keys) if is_certificate else None,
        )

    def _ended(self, keys: KeyRing) -> bytes | None:
        given = self.certificate is not None and self.certificate.replaces_certificate_no is not None
        return self._certificate(keys, "replaces_certificate_no") if given else None

    def _certificate(self, keys: KeyRing, field: str) -> bytes:
        found = self.certificate
        if found is None:
            raise ValidationFailed.of(["body", "certificate"], "missing", "is needed for an event of this kind")
        number = normalise_certificate(found.certificate_type, getattr(found, field), on=clock.today())
        ref = None if number is None else certificate_ref(keys, found.certificate_type, number, found.name)
        if ref is None:
            raise ValidationFailed.of(
                ["body", "certificate", field], "certificate_no", "is not a certificate number of this kind"
            )
        return ref


def _number(keys: KeyRing, field: str, given: str | None) -> bytes:
    if given is None:
        raise ValidationFailed.of(["body", field], "missing", "is needed for an event of this kind")
    number = normalise_number(given)
    ref = None if number is None else customer_no_ref(keys, number)
    if ref is None:
        raise ValidationFailed.of(["body", field], "customer_no", "is no customer number")
    return ref


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
