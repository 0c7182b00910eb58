"""The SQL of the audit trail: rows are inserted and read, never changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import DateTime, RowMapping, Uuid, bindparam, insert, text, tuple_
from sqlalchemy import select as sql_select
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit.chain import Algorithm, Fault, Finding, Head, Link
from guibin.audit.models import AuditEntry, AuditSeal
from guibin.core.models import metadata

_ENTRIES: Final = metadata.tables["audit_entry"]
_SEALS: Final = metadata.tables["audit_seal"]
_HORIZON: Final = "(pg_snapshot_xmin(pg_current_snapshot())::text)::bigint"
"""The oldest transaction that is still open: what a younger one writes comes after all that is sealed now."""

_CHAIN_LOCK: Final = 7_301_558_207_014_422
"""The advisory lock of whoever seals."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """What is looked for; None leaves a column open. `since` is included, `until` is not."""

    owner_id: UUID | None = None
    actor_id: UUID | None = None
    action: str | None = None
    object_id: str | None = None
    result: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def insert_entry(session: AsyncSession, row: Mapping[str, object]) -> None:
    """Add a row; nothing is read back, for not every role that writes the trail may read it."""
    await session.execute(insert(_ENTRIES).values(row))


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
    for name in ("owner_id", "actor_id", "action", "object_id", "result"):
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


@dataclass(frozen=True, slots=True)
class Access:
    """One look of the bank at a customer's data, as the customer is told of it."""

    id: UUID
    at: datetime
    actor_kind: str
    roles: str
    branch_zh: str | None
    branch_en: str | None
    action: str
    permission: str


async def list_access(
    session: AsyncSession, *, customer_id: UUID, limit: int, before: tuple[datetime, UUID] | None = None
) -> list[Access]:
    """Return who looked at the data of the customer whose rows are open, newest first; for the customer port."""
    at, entry_id = before or (None, None)
    statement = text("SELECT * FROM my_access_log(:customer, :at, :id, :limit)").bindparams(
        bindparam("at", type_=DateTime(timezone=True)), bindparam("id", type_=Uuid)
    )
    values = {"customer": customer_id, "at": at, "id": entry_id, "limit": limit}
    return [Access(**row) for row in (await session.execute(statement, values)).mappings()]


async def lock_chain(session: AsyncSession) -> bool:
    """Take the right to seal until the end of the transaction; False when somebody has it."""
    taken = await session.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _CHAIN_LOCK})
    return bool(taken.scalar_one())


async def head_of_chain(session: AsyncSession) -> Head:
    """Return the last seal; the beginning when there is none."""
    last = (await session.exec(select(AuditSeal).order_by(col(AuditSeal.seq).desc()).limit(1))).first()
    if last is None:
        return Head()
    return Head(last.seq, last.hash, last.xact, last.entry_id, Algorithm(last.algorithm))


async def next_rows(session: AsyncSession, *, after: Head, limit: int) -> list[Row]:
    """Return the rows after a head whose transactions are over and have none before them that is still open."""
    place = tuple_(_ENTRIES.c.xact, _ENTRIES.c.id)
    query = (
        sql_select(_ENTRIES)
        .where(place > (after.xact, after.entry_id), _ENTRIES.c.xact < text(_HORIZON))
        .order_by(_ENTRIES.c.xact, _ENTRIES.c.id)
        .limit(limit)
    )
    return [dict(row) for row in (await session.execute(query)).mappings()]


async def insert_seals(session: AsyncSession, seals: Sequence[AuditSeal]) -> None:
    """Add links to the chain."""
    if seals:
        await session.execute(insert(_SEALS), [seal.model_dump() for seal in seals])


async def links_after(session: AsyncSession, *, seq: int, limit: int) -> list[Link]:
    """Return the next links with their rows, in the order of the chain."""
    columns = [column.label(f"row_{column.name}") for column in _ENTRIES.columns]
    joined = _SEALS.outerjoin(
        _ENTRIES, (_ENTRIES.c.owner_id == _SEALS.c.owner_id) & (_ENTRIES.c.id == _SEALS.c.entry_id)
    )
    query = sql_select(_SEALS, *columns).select_from(joined).where(_SEALS.c.seq > seq)
    found = (await session.execute(query.order_by(_SEALS.c.seq).limit(limit))).mappings()
    return [_link(row) for row in found]


async def first_row_without_seal(session: AsyncSession) -> Finding | None:
    """Return the first row that stands before the end of the chain and is not in it."""
    statement = text(
        "SELECT e.owner_id, e.id, e.xact FROM audit_entry e"
        " LEFT JOIN audit_seal s ON s.owner_id = e.owner_id AND s.entry_id = e.id"
        " WHERE s.seq IS NULL AND (e.xact, e.id) <= (SELECT xact, entry_id FROM audit_seal ORDER BY seq DESC LIMIT 1)"
        " ORDER BY e.xact, e.id LIMIT 1"
    )
    found = (await session.execute(statement)).first()
    return None if found is None else Finding(Fault.INSERTED, None, found.owner_id, found.id, found.xact)


async def count_waiting(session: AsyncSession) -> int:
    """Count the rows after the end of the chain."""
    head = await head_of_chain(session)
    statement = text("SELECT count(*) FROM audit_entry WHERE (xact, id) > (:xact, :id)")
    return int((await session.execute(statement, {"xact": head.xact, "id": head.entry_id})).scalar_one())


def _link(found: RowMapping) -> Link:
    row = {column.name: found[f"row_{column.name}"] for column in _ENTRIES.columns}
    return Link(
        seq=found["seq"],
        owner_id=found["owner_id"],
        entry_id=found["entry_id"],
        xact=found["xact"],
        algorithm=found["algorithm"],
        prev_hash=found["prev_hash"],
        hash=found["hash"],
        row=row if row["id"] is not None else None,
    )
