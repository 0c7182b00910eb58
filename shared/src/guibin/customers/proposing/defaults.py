"""The model that a bank starts from."""

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.customers.models import MatchModelVersion
from guibin.customers.proposing import repository
from guibin.customers.proposing.model import DEFAULT


async def seed(session: AsyncSession) -> int:
    """Add the first model where there is none. Returns the rows added."""
    if await repository.newest_model(session) is not None:
        return 0
    session.add(MatchModelVersion(version=1, parameters=DEFAULT.as_json(), created_at=clock.now()))
    await session.flush()
    return 1
