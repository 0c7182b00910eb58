"""The SQL that the versions of all kinds have in common."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.definitions.models import Version
from guibin.core.errors import NotFound

Row = TypeVar("Row", bound=Version)


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
