"""All SQL of exports."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, tuple_, update
from sqlalchemy.orm import aliased, defer
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import NotFound
from guibin.exports.models import ExportFailure, ExportState, ListExport
from guibin.organisation.models import Branch, BranchClosure, Staff
from guibin.security.actors import Scope

_NO_FILE = {"data_key": None, "content_enc": None, "link_hash": None, "link_expires_at": None}


def _own(requested_by: UUID) -> Any:
    """Select somebody's own exports, each without its file."""
    return (
        select(ListExport)
        .where(ListExport.requested_by == requested_by)
        .options(defer(col(ListExport.content_enc), raiseload=True))  # type: ignore[arg-type] # a column of SQLModel
    )


async def list_exports(
    session: AsyncSession, *, requested_by: UUID, limit: int, before: tuple[datetime, UUID] | None = None
) -> Sequence[ListExport]:
    """Return somebody's own exports, newest first."""
    query = _own(requested_by).order_by(col(ListExport.created_at).desc(), col(ListExport.id).desc()).limit(limit)
    if before is not None:
        query = query.where(tuple_(col(ListExport.created_at), col(ListExport.id)) < before)
    rows: Sequence[ListExport] = (await session.exec(query)).all()
    return rows


async def get_export(session: AsyncSession, *, requested_by: UUID, export_id: UUID) -> ListExport:
    """Return one of somebody's own exports.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    found: ListExport | None = (await session.exec(_own(requested_by).where(ListExport.id == export_id))).first()
    if found is None:
        raise NotFound
    return found


async def exports_to_make(session: AsyncSession, *, limit: int) -> Sequence[ListExport]:
    """Return exports that wait for the worker, the oldest first."""
    query = (
        select(ListExport)
        .where(ListExport.state == ExportState.WAITING)
        .order_by(col(ListExport.created_at), col(ListExport.id))
        .limit(limit)
    )
    return (await session.exec(query)).all()


async def keep_file(
    session: AsyncSession,
    export_id: UUID,
    *,
    data_key: bytes,
    content_enc: bytes,
    rows: int,
    made_at: datetime,
    expires_at: datetime,
) -> bool:
    """Keep the file of an export; False when somebody else made it meanwhile."""
    return await _end_waiting(
        session,
        export_id,
        state=ExportState.READY,
        data_key=data_key,
        content_enc=content_enc,
        rows=rows,
        made_at=made_at,
        expires_at=expires_at,
    )


async def fail(session: AsyncSession, export_id: UUID, failure: ExportFailure) -> bool:
    """Write why an export is not made; False when it does not wait any more."""
    return await _end_waiting(session, export_id, state=ExportState.FAILED, failure=failure)


async def _end_waiting(session: AsyncSession, export_id: UUID, **values: object) -> bool:
    statement = (
        update(ListExport)
        .where(col(ListExport.id) == export_id, col(ListExport.state) == ExportState.WAITING)
        .values(**values)
        .returning(col(ListExport.id))
    )
    return (await session.execute(statement.execution_options(synchronize_session=False))).first() is not None


async def expire(session: AsyncSession, *, now: datetime) -> int:
    """Empty the files whose time is over; returns how many."""
    statement = (
        update(ListExport)
        .where(col(ListExport.state) == ExportState.READY, col(ListExport.expires_at) <= now)
        .values(state=ExportState.EXPIRED, **_NO_FILE)
        .returning(col(ListExport.id))
    )
    return len((await session.execute(statement.execution_options(synchronize_session=False))).all())


async def open_link(session: AsyncSession, export_id: UUID, *, link_hash: bytes, expires_at: datetime) -> bool:
    """Let a new link open a file that lies ready; one that was open before opens nothing any more."""
    statement = (
        update(ListExport)
        .where(col(ListExport.id) == export_id, col(ListExport.state) == ExportState.READY)
        .values(link_hash=link_hash, link_expires_at=expires_at)
        .returning(col(ListExport.id))
    )
    return (await session.execute(statement.execution_options(synchronize_session=False))).first() is not None


async def take_file(
    session: AsyncSession, *, requested_by: UUID, export_id: UUID, link_hash: bytes, now: datetime
) -> ListExport | None:
    """Use up a link and empty the row; returns the export with its file, None when the link opens nothing.

    Of two at once one gets it: the other's statement finds the row changed.
    """
    opened = (
        col(ListExport.requested_by) == requested_by,
        col(ListExport.id) == export_id,
        col(ListExport.state) == ExportState.READY,
        col(ListExport.link_hash) == link_hash,
        col(ListExport.link_expires_at) > now,
        col(ListExport.expires_at) > now,
    )
    found = (await session.exec(select(ListExport).where(*opened))).first()
    emptied = {"state": ExportState.FETCHED, "fetched_at": now, **_NO_FILE}
    taken = update(ListExport).where(*opened).values(**emptied).returning(col(ListExport.id))
    done = (await session.execute(taken.execution_options(synchronize_session=False))).first()
    return None if done is None else found


async def branch_over(session: AsyncSession, scope: Scope, *, staff_id: UUID) -> UUID | None:
    """Return the lowest branch over all whose customers a scope opens; over the person's own for own customers."""
    if scope.whole_bank:
        found = select(Branch.id).where(col(Branch.parent_id).is_(None))
    elif scope.branch_roots:
        found = select(Branch.id).where(col(Branch.id).in_(scope.branch_roots))
    else:
        found = select(Staff.branch_id).where(Staff.id == staff_id)
    branches = (await session.exec(found)).all()
    above = aliased(BranchClosure)
    depth = select(func.count()).where(col(above.descendant_id) == col(BranchClosure.ancestor_id)).scalar_subquery()
    common = (
        select(BranchClosure.ancestor_id)
        .where(col(BranchClosure.descendant_id).in_(branches))
        .group_by(col(BranchClosure.ancestor_id))
        .having(func.count() == len(branches))
        .order_by(depth.desc())
        .limit(1)
    )
    return (await session.exec(common)).first()
