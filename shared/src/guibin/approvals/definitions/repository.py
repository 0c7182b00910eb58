"""The SQL that the versions of all kinds have in common."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import text, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.definitions.models import Version
from guibin.core.errors import NotFound

Row = TypeVar("Row", bound=Version)


async def take_turn(session: AsyncSession, table: type[Version]) -> None:
    """Wait until no other version of a kind begins or ends; whoever changes which one is in force takes the turn first.

    What is in force is read after it: while one waited, another may have begun.
    """
    key = {"key": f"definition:{table.__tablename__}"}
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)


async def list_versions(
    session: AsyncSession, table: type[Row], *, limit: int, before: tuple[datetime, UUID] | None = None
) -> Sequence[Row]:
    """Return versions in all states, newest first."""
    query = select(table).order_by(col(table.created_at).desc(), col(table.id).desc()).limit(limit)
    if before is not None:
        query = query.where(tuple_(col(table.created_at), col(table.id)) < before)
    return (await session.exec(query)).all()


async def get_version(session: AsyncSession, table: type[Row], version_id: UUID, *, lock: bool = False) -> Row:
    """Return one version; with `lock` as it stands now, locked for a change.

    Raises:
        NotFound: there is none.
    """
    query = select(table).where(table.id == version_id)
    query = query.with_for_update().execution_options(populate_existing=True) if lock else query
    found = (await session.exec(query)).first()
    if found is None:
        raise NotFound
    return found
