"""Who changes what is in force takes a turn."""

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.models import SQLModel


async def take_turn(session: AsyncSession, table: type[SQLModel]) -> None:
    """Wait until no other version of a kind begins or ends; whoever changes which one is in force takes the turn first.

    What is in force is read after it: while one waited, another may have begun.
    """
    key = {"key": f"in_force:{table.__tablename__}"}
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)
