"""How defaults come into an empty database: what is missing is added, what a bank has changed stays."""

from collections.abc import Mapping, Sequence

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession


async def add_missing(session: AsyncSession, table: type[SQLModel], rows: Sequence[Mapping[str, object]]) -> int:
    """Insert the rows whose keys are not there yet and return how many they were."""
    statement = insert(table).values([dict(row) for row in rows]).on_conflict_do_nothing()
    target = statement.returning(*table.__table__.primary_key.columns)  # type: ignore[attr-defined] # set by SQLAlchemy
    return len((await session.execute(target)).all())
