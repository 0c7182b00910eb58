"""The contact policy with which a bank begins."""

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.contact.models import ContactPolicy
from guibin.contact.rules import DEFAULT_TERMS
from guibin.core import clock
from guibin.core.seeding import add_missing


async def seed(session: AsyncSession) -> int:
    """Add the first version where there is none. Returns the rows added."""
    row = {"version": 1, "terms": DEFAULT_TERMS.model_dump(mode="json"), "in_force_from": clock.now(), "set_by": None}
    return await add_missing(session, ContactPolicy, [row])
