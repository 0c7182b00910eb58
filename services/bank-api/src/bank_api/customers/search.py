"""From what a clerk types to the keyed hashes by which customers are found."""

from typing import Final

from guibin.core import clock
from guibin.core.errors import ValidationFailed
from guibin.customers.errors import SearchTooBroad
from guibin.customers.identifiers import (
    is_blocked,
    normalise_certificate,
    normalise_name,
    normalise_number,
    normalise_phone,
)
from guibin.customers.models import CertificateType
from guibin.customers.references import certificate_index, certificate_ref, customer_no_ref, name_index, phone_index
from guibin.security.ciphers import KeyRing

from .queries import Keys
from .schemas import SearchIn

_SHORTEST_NAME: Final = 2
_SHORTEST_PHONE: Final = 7
_SHORTEST_NUMBER: Final = 5
_SHORTEST_CERTIFICATE: Final = 6
_WILDCARDS: Final = frozenset("%_*?")


def keys_of(keys: KeyRing, search: SearchIn) -> Keys:
    """Normalise and hash the values of a search.

    Raises:
        SearchTooBroad: nothing is given, or a value is part of one, filler, or has a wildcard.
        ValidationFailed: a certificate number that cannot be one (type `id_no` for identity cards).
    """
    number = _certificate(search.certificate_type, search.certificate_no)
    found = Keys(
        name_idx=_name(keys, search.name),
        phone_idx=_phone(keys, search.phone),
        certificate_idx=certificate_index(keys, search.certificate_type, number),
        certificate_ref=_named_certificate(keys, search, number),
        customer_no_ref=_customer_no(keys, search.customer_no),
    )
    if found == Keys():
        raise SearchTooBroad
    return found


def _whole(text: str, shortest: int) -> str:
    if len(text) < shortest or _WILDCARDS.intersection(text) or is_blocked(text):
        raise SearchTooBroad
    return text


def _name(keys: KeyRing, name: str | None) -> bytes | None:
    return None if name is None else name_index(keys, _whole(normalise_name(name), _SHORTEST_NAME))


def _phone(keys: KeyRing, phone: str | None) -> bytes | None:
    if phone is None:
        return None
    return phone_index(keys, _whole(normalise_phone(phone) or "", _SHORTEST_PHONE))


def _customer_no(keys: KeyRing, number: str | None) -> bytes | None:
    if number is None:
        return None
    return customer_no_ref(keys, _whole(normalise_number(number) or "", _SHORTEST_NUMBER))


def _named_certificate(keys: KeyRing, search: SearchIn, number: str | None) -> bytes | None:
    if number is None or search.name is None:
        return None
    return certificate_ref(keys, search.certificate_type, number, search.name)


def _certificate(kind: CertificateType, number: str | None) -> str | None:
    if number is None:
        return None
    whole = _whole(number.strip(), _SHORTEST_CERTIFICATE)
    normalised = normalise_certificate(kind, whole, on=clock.today())
    if normalised is None:
        error = "id_no" if kind is CertificateType.ID_CARD else "certificate_no"
        raise ValidationFailed.of(
            ["body", "certificate_no"], error, "不是该类证件的号码", "is not a certificate number of this kind"
        )
    return normalised
