"""Commands and reads of customers."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import RefKind
from guibin.customers.repository import find_ref


async def resolve_ref(session: AsyncSession, kind: RefKind, ref: bytes) -> UUID | None:
    """Return the customer whom a keyed hash of one kind names; None when it names nobody."""
    return await find_ref(session, kind, ref)
