"""The keyed hashes by which customers are found: one value of one kind always gives the same reference."""

from guibin.core.lines import Line
from guibin.customers.identifiers import is_blocked, normalise_name
from guibin.customers.models import CertificateType
from guibin.customers.rules import Party
from guibin.security.ciphers import KeyRing


def record_ref(keys: KeyRing, line: Line, record_id: str) -> bytes:
    """Return the reference of a line's record."""
    return keys.blind_index("record", f"{line}|{record_id}")


def customer_no_ref(keys: KeyRing, number: str) -> bytes | None:
    """Return the reference of a normalised customer number; None when it is filler, which names nobody."""
    return None if is_blocked(number) else keys.blind_index("customer_no", number)


def certificate_ref(keys: KeyRing, kind: CertificateType, number: str, name: str) -> bytes | None:
    """Return the reference of a normalised certificate with the name on it; None when the number is filler."""
    if is_blocked(number):
        return None
    return keys.blind_index("certificate", f"{kind}|{number}|{normalise_name(name)}")


def certificate_index(keys: KeyRing, kind: CertificateType | None, number: str | None) -> bytes | None:
    """Return the index by which a normalised certificate is searched for; None without one, or when it is filler."""
    if kind is None or number is None or is_blocked(number):
        return None
    return keys.blind_index("certificate", f"{kind}|{number}")


def refs_of(keys: KeyRing, party: Party) -> tuple[bytes | None, bytes | None]:
    """Return the references of the customer number and of the certificate that a record carries."""
    number = None if party.customer_no is None else customer_no_ref(keys, party.customer_no)
    if party.certificate_type is None or party.certificate_no is None:
        return number, None
    return number, certificate_ref(keys, party.certificate_type, party.certificate_no, party.name)


def name_index(keys: KeyRing, name: str) -> bytes:
    """Return the index by which a name is searched for."""
    return keys.blind_index("name", normalise_name(name))


def phone_index(keys: KeyRing, phone: str) -> bytes | None:
    """Return the index by which a normalised phone is searched for; None when the number is filler."""
    return None if is_blocked(phone) else keys.blind_index("phone", phone)
