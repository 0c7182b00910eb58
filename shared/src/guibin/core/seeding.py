"""How defaults come into an empty database: what is missing is added, what a bank has changed stays."""

from collections.abc import Mapping, Sequence

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession


async def add_missing(session: AsyncSession, table: type[SQLModel], rows: Sequence[Mapping[str, object]]) -> int:
    """Insert the rows whose keys are not there yet and return how many they were."""
    stored = table.__table__  # type: ignore[attr-defined] # set by SQLAlchemy
    statement = insert(stored).on_conflict_do_nothing().returning(*stored.primary_key.columns)
    return len((await session.execute(statement, [dict(row) for row in rows])).all())
