"""What customers ask of their data, and what the bank answers within 30 days."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit.service import record
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.repository import get_customer
from guibin.privacy import rules
from guibin.privacy.errors import RequestClosed
from guibin.privacy.models import DataRequest, RequestKind, RequestState, SubjectExport
from guibin.privacy.repository import requests as repository
from guibin.security.actors import Actor, Scope
from guibin.security.ciphers import DataKey, KeyRing, WrappedKey

TABLE = DataRequest.__tablename__


@dataclass(frozen=True, slots=True)
class Opened:
    """A request with its words deciphered, and the file that answers it, if it is one for a copy."""

    row: DataRequest
    details: str | None
    answer: str | None
    export: SubjectExport | None


async def copies_left(session: AsyncSession, *, customer_id: UUID, allowed: int) -> int:
    """Return how many more copies a customer may ask for in this day of business."""
    since = clock.start_of_day(clock.today())
    return allowed - await repository.count_copies(session, customer_id=customer_id, since=since)


async def open_request(
    session: AsyncSession, keys: KeyRing, *, actor: Actor, customer_id: UUID, kind: RequestKind, details: str | None
) -> Opened:
    """Take a customer's request; a copy is made by the worker, the others wait for a person."""
    customer = await get_customer(session, Scope.of_customer(customer_id), customer_id=customer_id)
    now, request_id = clock.now(), new_id()
    key = _key_of(keys, customer.id, customer.data_key) if details is not None else None
    row = DataRequest(
        customer_id=customer.id,
        id=request_id,
        kind=kind,
        state=rules.first_state(kind),
        details_enc=key.encrypt(details, TABLE, "details_enc", request_id) if key and details else None,
        created_at=now,
        due_on=rules.due_on(clock.business_day(now)),
    )
    session.add(row)
    await session.flush()
    export = None
    if kind is RequestKind.COPY:
        export = SubjectExport(customer_id=customer.id, request_id=request_id, created_at=now)
        session.add(export)
        await session.flush()
    await _record(session, actor, row, f"data_request.{kind}")
    return Opened(row, details, None, export)


async def list_requests(
    session: AsyncSession,
    keys: KeyRing,
    scope: Scope,
    *,
    limit: int,
    customer_id: UUID | None = None,
    state: RequestState | None = None,
    kind: RequestKind | None = None,
    after: repository.Moment | None = None,
) -> list[Opened]:
    """Return requests in scope, the oldest first."""
    found = await repository.list_requests(
        session, scope, limit=limit, customer_id=customer_id, state=state, kind=kind, after=after
    )
    return [_opened(keys, *one) for one in found]


async def get_request(session: AsyncSession, keys: KeyRing, scope: Scope, *, request_id: UUID) -> Opened:
    """Return one request in scope.

    Raises:
        NotFound: there is none, or it lies elsewhere.
    """
    return _opened(keys, *await repository.get_request(session, scope, request_id=request_id))


async def begin(session: AsyncSession, keys: KeyRing, scope: Scope, *, actor: Actor, request_id: UUID) -> Opened:
    """Note that somebody works on a request.

    Raises:
        NotFound: there is none in scope.
        RequestClosed: it was answered, or somebody is at it.
    """
    return await _step(session, keys, scope, actor, request_id, RequestState.IN_PROGRESS, answer=None)


async def decide(
    session: AsyncSession, keys: KeyRing, scope: Scope, *, actor: Actor, request_id: UUID, fulfilled: bool, answer: str
) -> Opened:
    """Answer a request: done as asked, or refused, in words for the customer.

    Raises:
        NotFound: there is none in scope.
        RequestClosed: it was answered before.
    """
    state = RequestState.FULFILLED if fulfilled else RequestState.REFUSED
    return await _step(session, keys, scope, actor, request_id, state, answer=answer)


async def _step(
    session: AsyncSession,
    keys: KeyRing,
    scope: Scope,
    actor: Actor,
    request_id: UUID,
    state: RequestState,
    *,
    answer: str | None,
) -> Opened:
    found, _, data_key = await repository.get_request(session, scope, request_id=request_id)
    row = await repository.lock_request(session, customer_id=found.customer_id, request_id=request_id)
    if not rules.is_legal_step(RequestState(row.state), state):
        raise RequestClosed
    row.state = state
    if answer is not None:
        row.answer_enc = _key_of(keys, row.customer_id, data_key).encrypt(answer, TABLE, "answer_enc", row.id)
        row.decided_at, row.decided_by = clock.now(), actor.id
    await session.flush()
    await _record(session, actor, row, f"data_request.{state}")
    return await get_request(session, keys, scope, request_id=request_id)


def _opened(keys: KeyRing, row: DataRequest, export: SubjectExport | None, data_key: bytes | None) -> Opened:
    if data_key is None or (row.details_enc is None and row.answer_enc is None):
        return Opened(row, None, None, export)
    key = _key_of(keys, row.customer_id, data_key)
    details = None if row.details_enc is None else key.decrypt(row.details_enc, TABLE, "details_enc", row.id)
    answer = None if row.answer_enc is None else key.decrypt(row.answer_enc, TABLE, "answer_enc", row.id)
    return Opened(row, details, answer, export)


def _key_of(keys: KeyRing, customer_id: UUID, data_key: bytes | None) -> DataKey:
    return keys.open_data_key(WrappedKey(data_key or b""), customer_id)


async def _record(session: AsyncSession, actor: Actor, row: DataRequest, action: str) -> None:
    await record(
        session,
        actor=actor,
        action=action,
        object_type="data_request",
        object_id=to_public("dsr", row.id),
        owner_id=row.customer_id,
        facts={"kind": row.kind, "due_on": row.due_on.isoformat()},
    )
