"""Personal fields at rest: each row's owner has a data key, each field is bound to its table, column and row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from guibin.customers.models import Customer
from guibin.security.ciphers import DataKey, KeyRing, WrappedKey
from guibin.security.masking import CertificateNo, PersonName, Phone

FIELDS: Final = ("name", "certificate_no", "phone", "birth_date", "address", "employer")
"""The personal fields of customers and of source records; column `<field>_enc` holds the ciphertext."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a customer is, opened. Name, phone and certificate print and serialise masked."""

    name: PersonName | None
    phone: Phone | None
    certificate_no: CertificateNo | None
    birth_date: date | None


def seal(key: DataKey, table: str, row_id: UUID, values: Mapping[str, str | None]) -> dict[str, bytes | None]:
    """Encrypt fields of one row; returns ciphertexts by column, None for empty fields."""
    return {
        f"{field}_enc": None if value is None else key.encrypt(value, table, f"{field}_enc", row_id)
        for field, value in values.items()
    }


def unseal(
    keys: KeyRing, table: str, row: Mapping[str, Any], *, fields: Sequence[str] = FIELDS
) -> dict[str, str | None]:
    """Decrypt personal fields of a row of `customer` or `source_record`; all None after erasure.

    Raises:
        DecryptionFailed: the row was not written with this key ring.
    """
    wrapped: bytes | None = row["data_key"]
    if wrapped is None:
        return dict.fromkeys(fields)
    row_id: UUID = row["id"]
    key = keys.open_data_key(WrappedKey(wrapped), row_id)
    found: dict[str, str | None] = {}
    for field in fields:
        column = f"{field}_enc"
        found[field] = None if row[column] is None else key.decrypt(row[column], table, column, row_id)
    return found


def identity_of(keys: KeyRing, customer: Customer) -> Identity:
    """Open who a customer is."""
    columns = ("id", "data_key", *(f"{field}_enc" for field in FIELDS))
    opened = unseal(keys, "customer", {column: getattr(customer, column) for column in columns})
    name, phone, number, born = (opened[field] for field in ("name", "phone", "certificate_no", "birth_date"))
    return Identity(
        name=None if name is None else PersonName(name),
        phone=None if phone is None else Phone(phone),
        certificate_no=None if number is None else CertificateNo(number),
        birth_date=None if born is None else date.fromisoformat(born),
    )
