"""Reading the audit trail."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit.models import AuditEntry


async def list_entries(
    session: AsyncSession,
    *,
    limit: int,
    before: tuple[datetime, UUID] | None = None,
    owner_id: UUID | None = None,
    action: str | None = None,
) -> Sequence[AuditEntry]:
    """Return the newest rows first; `before` is the instant and id of the last row of the page before."""
    query = select(AuditEntry).order_by(col(AuditEntry.at).desc(), col(AuditEntry.id).desc()).limit(limit)
    if owner_id is not None:
        query = query.where(AuditEntry.owner_id == owner_id)
    if action is not None:
        query = query.where(AuditEntry.action == action)
    if before is not None:
        query = query.where(tuple_(col(AuditEntry.at), col(AuditEntry.id)) < before)
    return (await session.exec(query)).all()
