"""What an identity event names, as the keyed hashes by which it is carried out and known again, however it comes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from guibin.customers.identifiers import normalise_certificate, normalise_number
from guibin.customers.identity_events.rules import IdentityEvent, IdentityEventKind
from guibin.customers.models import CertificateType
from guibin.customers.references import certificate_ref, customer_no_ref
from guibin.security.ciphers import KeyRing

NUMBERS: Final = ("customer_no", "other_customer_no")


class EventFault(Exception):  # noqa: N818 - each port and file tells it in its own way
    """What an event names is missing, or no number or certificate of its kind; it never carries what was sent."""

    def __init__(self, field: str, *, is_missing: bool) -> None:
        super().__init__(field)
        self.field = field
        self.is_missing = is_missing


@dataclass(frozen=True, slots=True)
class SaidEvent:
    """An event in clear, as its sender wrote it: `named` by the names of its fields."""

    reference: str
    kind: IdentityEventKind
    day: date
    named: Mapping[str, str | None]
    certificate_type: CertificateType | None = None

    def read(self, keys: KeyRing) -> IdentityEvent:
        """Normalise and hash what it names.

        Raises:
            EventFault: with the first field that its kind needs and that is not there, or is nothing of that kind.
        """
        is_certificate = self.kind is IdentityEventKind.CERTIFICATE_CHANGED
        ends = is_certificate and self.named.get("replaces_certificate_no") is not None
        number = self._number(keys, "customer_no")
        other = None if is_certificate else self._number(keys, "other_customer_no")
        certificate = self._certificate(keys, "certificate_no") if is_certificate else None
        ended = self._certificate(keys, "replaces_certificate_no") if ends else None
        refs = [None if ref is None else ref.hex() for ref in (number, other, certificate, ended)]
        content = f"identity|{self.kind}|{self.day.isoformat()}|{refs}"
        return IdentityEvent(
            reference=self.reference,
            kind=self.kind,
            day=self.day,
            content_hash=keys.blind_index("record", content),
            number_ref=number,
            other_ref=other,
            certificate_ref=certificate,
            ended_ref=ended,
        )

    def _needed(self, field: str) -> str:
        given = self.named.get(field)
        if given is None:
            raise EventFault(field, is_missing=True)
        return given

    def _number(self, keys: KeyRing, field: str) -> bytes:
        number = normalise_number(self._needed(field))
        ref = None if number is None else customer_no_ref(keys, number)
        if ref is None:
            raise EventFault(field, is_missing=False)
        return ref

    def _certificate(self, keys: KeyRing, field: str) -> bytes:
        if self.certificate_type is None:
            raise EventFault("certificate_type", is_missing=True)
        given, name = self._needed(field), self._needed("name")
        number = normalise_certificate(self.certificate_type, given, on=self.day)
        ref = None if number is None else certificate_ref(keys, self.certificate_type, number, name)
        if ref is None:
            raise EventFault(field, is_missing=False)
        return ref
