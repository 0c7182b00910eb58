"""The SQL of data requests and of the files that answer them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, text, tuple_, update
from sqlalchemy.orm import defer
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import NotFound
from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.privacy.models import DataRequest, RequestKind, RequestState, SubjectExport
from guibin.security.actors import Scope

Moment = tuple[datetime, UUID]
Found = tuple[DataRequest, SubjectExport | None, bytes | None]
"""A request, its file without the content, and the data key under which its words lie; none once it is destroyed."""


async def count_copies(session: AsyncSession, *, customer_id: UUID, since: datetime) -> int:
    """Count a customer's requests for a copy since an instant; who counts at the same moment waits."""
    key = int.from_bytes(customer_id.bytes[8:], "big", signed=True)
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
    query = select(func.count()).where(
        DataRequest.customer_id == customer_id,
        DataRequest.kind == RequestKind.COPY,
        col(DataRequest.created_at) >= since,
    )
    return (await session.exec(query)).one()


async def list_requests(
    session: AsyncSession,
    scope: Scope,
    *,
    limit: int,
    customer_id: UUID | None = None,
    state: RequestState | None = None,
    kind: RequestKind | None = None,
    after: Moment | None = None,
) -> list[Found]:
    """Return requests in scope, the oldest first, which is the order in which they fall due."""
    query = _with_files(scope).order_by(col(DataRequest.created_at), col(DataRequest.id)).limit(limit)
    if customer_id is not None:
        query = query.where(DataRequest.customer_id == customer_id)
    if state is not None:
        query = query.where(DataRequest.state == state)
    if kind is not None:
        query = query.where(DataRequest.kind == kind)
    if after is not None:
        query = query.where(tuple_(col(DataRequest.created_at), col(DataRequest.id)) > after)
    return [tuple(found) for found in (await session.exec(query)).all()]


async def get_request(session: AsyncSession, scope: Scope, *, request_id: UUID) -> Found:
    """Return one request in scope.

    Raises:
        NotFound: there is none, or it lies elsewhere.
    """
    found = (await session.exec(_with_files(scope).where(DataRequest.id == request_id))).first()
    if found is None:
        raise NotFound
    return found[0], found[1], found[2]


def _with_files(scope: Scope) -> Any:
    together = (col(SubjectExport.customer_id) == col(DataRequest.customer_id)) & (
        col(SubjectExport.request_id) == col(DataRequest.id)
    )
    owner = (col(Customer.id) == col(DataRequest.customer_id)) & col(Customer.merged_into).is_(None)
    return (
        select(DataRequest, SubjectExport, Customer.data_key)
        .join(SubjectExport, together, isouter=True)
        .join(Customer, owner, isouter=True)
        .options(defer(col(SubjectExport.content), raiseload=True))  # type: ignore[arg-type] # a column of SQLModel
        .where(visible(scope, col(DataRequest.customer_id)))
    )


async def lock_request(session: AsyncSession, *, customer_id: UUID, request_id: UUID) -> DataRequest:
    """Lock a request for a decision and return it as it stands now."""
    query = (
        select(DataRequest)
        .where(DataRequest.customer_id == customer_id, DataRequest.id == request_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(query)).one()


async def exports_to_make(session: AsyncSession, *, limit: int, after: Moment | None = None) -> Sequence[SubjectExport]:
    """Return files that are asked for and not made, the oldest first; not those whose request a person closed."""
    place = (col(SubjectExport.created_at), col(SubjectExport.request_id))
    asked = (col(DataRequest.customer_id) == col(SubjectExport.customer_id)) & (
        col(DataRequest.id) == col(SubjectExport.request_id)
    )
    query = (
        select(SubjectExport)
        .join(DataRequest, asked)
        .where(col(SubjectExport.made_at).is_(None), DataRequest.state == RequestState.IN_PROGRESS)
        .order_by(*place)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(*place) > after)
    return (await session.exec(query)).all()


async def keep_file(
    session: AsyncSession,
    export: SubjectExport,
    *,
    content: bytes,
    password_enc: bytes,
    made_at: datetime,
    expires_at: datetime,
) -> bool:
    """Keep the file of an export; False when somebody else made it meanwhile."""
    statement = (
        update(SubjectExport)
        .where(
            col(SubjectExport.customer_id) == export.customer_id,
            col(SubjectExport.request_id) == export.request_id,
            col(SubjectExport.made_at).is_(None),
        )
        .values(content=content, password_enc=password_enc, made_at=made_at, expires_at=expires_at)
        .returning(col(SubjectExport.request_id))
        .execution_options(synchronize_session=False)
    )
    return (await session.execute(statement)).first() is not None


async def close_request(
    session: AsyncSession, *, customer_id: UUID, request_id: UUID, state: RequestState, at: datetime
) -> bool:
    """Write that the worker has answered a request; False when somebody else closed it meanwhile."""
    statement = (
        update(DataRequest)
        .where(
            col(DataRequest.customer_id) == customer_id,
            col(DataRequest.id) == request_id,
            col(DataRequest.state) == RequestState.IN_PROGRESS,
        )
        .values(state=state, decided_at=at)
        .returning(col(DataRequest.id))
        .execution_options(synchronize_session=False)
    )
    return (await session.execute(statement)).first() is not None


async def drop_files(session: AsyncSession, *, now: datetime, customer_id: UUID | None = None) -> int:
    """Empty the files whose time is over, or all of a customer; returns how many."""
    statement = update(SubjectExport).where(col(SubjectExport.content).is_not(None))
    if customer_id is None:
        statement = statement.where(col(SubjectExport.expires_at) <= now)
    else:
        statement = statement.where(col(SubjectExport.customer_id) == customer_id)
    emptied = {"content": None, "password_enc": None, "link_hash": None, "link_expires_at": None}
    dropped = statement.values(**emptied).returning(col(SubjectExport.request_id))
    return len((await session.execute(dropped.execution_options(synchronize_session=False))).all())


async def open_link(
    session: AsyncSession, *, customer_id: UUID, request_id: UUID, link_hash: bytes, expires_at: datetime
) -> None:
    """Let a new link open a file; one that was open before opens nothing any more."""
    await session.execute(
        update(SubjectExport)
        .where(col(SubjectExport.customer_id) == customer_id, col(SubjectExport.request_id) == request_id)
        .values(link_hash=link_hash, link_expires_at=expires_at)
        .execution_options(synchronize_session=False)
    )


async def take_file(session: AsyncSession, *, customer_id: UUID, link_hash: bytes, now: datetime) -> bytes | None:
    """Use up a link of this customer and return the file; None when it opens nothing. Of two at once one gets it."""
    statement = (
        update(SubjectExport)
        .where(
            col(SubjectExport.customer_id) == customer_id,
            col(SubjectExport.link_hash) == link_hash,
            col(SubjectExport.link_expires_at) > now,
            col(SubjectExport.expires_at) > now,
        )
        .values(link_hash=None, link_expires_at=None, fetched_at=now)
        .returning(col(SubjectExport.content))
        .execution_options(synchronize_session=False)
    )
    content: bytes | None = (await session.execute(statement)).scalar_one_or_none()
    return content
