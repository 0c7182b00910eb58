"""The SQL that the terms of all kinds have in common."""

from collections.abc import Sequence
from typing import TypeVar

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.terms.models import TermsVersion

Row = TypeVar("Row", bound=TermsVersion)


async def list_newest(session: AsyncSession, table: type[Row], *, limit: int) -> Sequence[Row]:
    """Return the versions as they stand now, the newest first."""
    query = select(table).order_by(col(table.version).desc()).limit(limit)
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def newest(session: AsyncSession, table: type[Row]) -> Row | None:
    """Return the version in force; None while the bank goes by what it starts from."""
    return next(iter(await list_newest(session, table, limit=1)), None)
