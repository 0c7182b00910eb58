"""The SQL of the audit trail: rows are inserted and read, never changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit.models import AuditEntry
from guibin.core.models import metadata


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """What is looked for; None leaves a column open. `since` is included, `until` is not."""

    owner_id: UUID | None = None
    actor_id: UUID | None = None
    action: str | None = None
    object_id: str | None = None
    result: str | None = None
    request_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def insert_entry(session: AsyncSession, row: Mapping[str, object]) -> None:
    """Add a row; nothing is read back, for not every role that writes the trail may read it."""
    await session.execute(insert(metadata.tables[AuditEntry.__tablename__]).values(row))


async def list_entries(
    session: AsyncSession,
    *,
    limit: int,
    before: tuple[datetime, UUID] | None = None,
    wanted: TrailFilter | None = None,
) -> Sequence[AuditEntry]:
    """Return the newest rows first; `before` is the instant and id of the last row of the page before."""
    query = select(AuditEntry).order_by(col(AuditEntry.at).desc(), col(AuditEntry.id).desc()).limit(limit)
    wanted = wanted or TrailFilter()
    for name in ("owner_id", "actor_id", "action", "object_id", "result", "request_id"):
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(getattr(AuditEntry, name) == value)
    if wanted.since is not None:
        query = query.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditEntry.at < wanted.until)
    if before is not None:
        query = query.where(tuple_(col(AuditEntry.at), col(AuditEntry.id)) < before)
    return (await session.exec(query)).all()
