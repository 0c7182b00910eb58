"""The customers of a list that somebody gives, each by id or by the bank's customer number."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import NotFound
from guibin.core.ids import from_public
from guibin.customers.identifiers import normalise_number
from guibin.customers.models import Customer
from guibin.customers.references import customer_no_ref
from guibin.customers.repository import customers_of_refs, get_customer
from guibin.security.actors import Scope
from guibin.security.ciphers import KeyRing


async def find_listed(
    session: AsyncSession, scope: Scope, keys: KeyRing, names: Sequence[str]
) -> list[Customer | None]:
    """Find the customers of a list, in its order; None where a row names nobody in scope."""
    hashed = {name: ref for name in names if (ref := _number_ref(keys, name)) is not None}
    owners = await customers_of_refs(session, list(hashed.values()))
    ids = [from_public("cus", name) or owners.get(hashed.get(name, b"")) for name in names]
    return [await _find(session, scope, one) for one in ids]


def _number_ref(keys: KeyRing, name: str) -> bytes | None:
    number = normalise_number(name)
    return None if number is None else customer_no_ref(keys, number)


async def _find(session: AsyncSession, scope: Scope, customer_id: UUID | None) -> Customer | None:
    if customer_id is None:
        return None
    try:
        return await get_customer(session, scope, customer_id=customer_id)
    except NotFound:
        return None
