"""The words of care at rest: under the key of the customer of whom they were written, bound to column and row."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import Customer
from guibin.security.ciphers import DataKey, KeyRing, WrappedKey


@dataclass(frozen=True, slots=True)
class Words:
    """Opens and seals words of some customers; of one whose key is gone nothing is opened, and nothing kept."""

    _keys: Mapping[UUID, DataKey]

    def knows(self, customer_id: UUID) -> bool:
        """Tell whether words of a customer can be kept."""
        return customer_id in self._keys

    def seal(self, text: str | None, table: str, column: str, *, customer_id: UUID, row_id: UUID) -> bytes | None:
        """Return the ciphertext of words of one row; None without words or without a key."""
        key = self._keys.get(customer_id)
        return None if text is None or key is None else key.encrypt(text, table, column, row_id)

    def open(self, sealed: bytes | None, table: str, column: str, *, customer_id: UUID, row_id: UUID) -> str | None:
        """Return the words of one row; None without any, or without a key."""
        key = self._keys.get(customer_id)
        return None if sealed is None or key is None else key.decrypt(sealed, table, column, row_id)


async def words_of(session: AsyncSession, keys: KeyRing, customer_ids: Collection[UUID]) -> Words:
    """Open the keys of some customers, as their rows stand now."""
    query = select(Customer.id, Customer.data_key).where(col(Customer.id).in_(set(customer_ids)))
    found = (await session.exec(query)).all()
    return Words({one: keys.open_data_key(WrappedKey(wrapped), one) for one, wrapped in found if wrapped is not None})
