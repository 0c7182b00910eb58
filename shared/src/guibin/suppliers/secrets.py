"""The secrets with which a supplier and we sign: 32 random bytes each, kept under the supplier's own key."""

import secrets
from datetime import datetime
from typing import Final
from uuid import UUID

from guibin.security.ciphers import DataKey, KeyRing, WrappedKey
from guibin.suppliers.models import Supplier

MARK: Final = "supsec_"
TABLE: Final = "supplier"
_BYTES: Final = 32
_COLUMN: Final = "secret_enc"


def key_of(keys: KeyRing, supplier: Supplier) -> DataKey:
    """Open the key of a supplier."""
    return keys.open_data_key(WrappedKey(supplier.data_key), supplier.id)


def new_secret(key: DataKey, supplier_id: UUID) -> bytes:
    """Make a secret as it is kept."""
    return key.encrypt(MARK + secrets.token_hex(_BYTES), TABLE, _COLUMN, supplier_id)


def secrets_of(keys: KeyRing, supplier: Supplier, *, now: datetime) -> dict[int, str]:
    """Return the secrets that are good now, by number: the current one, and for a while the one before."""
    if supplier.secret_enc is None:
        return {}
    key = key_of(keys, supplier)
    found = {supplier.secret_no: key.decrypt(supplier.secret_enc, TABLE, _COLUMN, supplier.id)}
    until = supplier.old_secret_until
    if supplier.old_secret_enc is not None and until is not None and now < until:
        found[supplier.secret_no - 1] = key.decrypt(supplier.old_secret_enc, TABLE, _COLUMN, supplier.id)
    return found
