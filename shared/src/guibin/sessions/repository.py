"""All SQL of sessions, tickets and one-time passwords. What belongs to a customer takes a scope."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.security.actors import Scope
from guibin.sessions.models import BindingTicket, CodePurpose, CodeQuota, CustomerSession, OneTimeCode, SessionEnd
from guibin.sessions.rules import MOST_TRIES, Standing


async def find_standing(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> Standing | None:
    """Return what the bank says of a customer now."""
    query = select(Customer.status, Customer.merged_into, Customer.data_key, Customer.not_before).where(
        Customer.id == customer_id, visible(scope, col(Customer.id), col(Customer.branch_id))
    )
    found = (await session.exec(query)).first()
    if found is None:
        return None
    status, merged_into, data_key, not_before = found
    return Standing(status, merged_into, data_key is None, not_before)


async def customers_of_phone(session: AsyncSession, scope: Scope, *, phone_idx: bytes) -> Sequence[Customer]:
    """Return who has this phone in the bank's own record; it may be a family."""
    query = select(Customer).where(
        Customer.phone_idx == phone_idx,
        col(Customer.merged_into).is_(None),
        visible(scope, col(Customer.id), col(Customer.branch_id)),
    )
    return (await session.exec(query.order_by(col(Customer.id)))).all()


async def add_session(session: AsyncSession, row: CustomerSession) -> None:
    """Add a session."""
    session.add(row)
    await session.flush()


async def lock_session(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, session_id: UUID
) -> CustomerSession | None:
    """Return a session and let nobody else change it until the transaction ends."""
    query = (
        select(CustomerSession)
        .where(
            CustomerSession.customer_id == customer_id,
            CustomerSession.id == session_id,
            visible(scope, col(CustomerSession.customer_id)),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(query)).first()


async def list_sessions(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, now: datetime
) -> Sequence[CustomerSession]:
    """Return the sessions that can still be refreshed, the newest first."""
    query = select(CustomerSession).where(
        CustomerSession.customer_id == customer_id,
        visible(scope, col(CustomerSession.customer_id)),
        col(CustomerSession.revoked_at).is_(None),
        CustomerSession.expires_at > now,
        CustomerSession.idle_expires_at > now,
    )
    return (await session.exec(query.order_by(col(CustomerSession.id).desc()))).all()


async def rotate_session(session: AsyncSession, row: CustomerSession, values: Mapping[str, Any]) -> None:
    """Write the next generation of a session that this transaction has locked."""
    await session.exec(
        update(CustomerSession)
        .where(col(CustomerSession.customer_id) == row.customer_id, col(CustomerSession.id) == row.id)
        .values(**values)
    )


async def end_sessions(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, reason: SessionEnd, now: datetime, **only: Any
) -> list[UUID]:
    """End the sessions of a customer that have these values in these columns; returns which were ended."""
    statement = update(CustomerSession).where(
        col(CustomerSession.customer_id) == customer_id,
        visible(scope, col(CustomerSession.customer_id)),
        col(CustomerSession.revoked_at).is_(None),
        col(CustomerSession.expires_at) > now,
    )
    for name, value in only.items():
        statement = statement.where(getattr(CustomerSession, name) == value)
    ended = statement.values(revoked_at=now, end_reason=reason).returning(col(CustomerSession.id))
    return [row[0] for row in await session.execute(ended)]


async def refuse_tokens_before(session: AsyncSession, scope: Scope, *, customer_id: UUID, now: datetime) -> bool:
    """Let access tokens of an earlier instant count no more; False when there is no such customer in scope."""
    changed = await session.execute(
        update(Customer)
        .where(col(Customer.id) == customer_id, visible(scope, col(Customer.id), col(Customer.branch_id)))
        .values(not_before=now)
        .returning(col(Customer.id))
    )
    return changed.first() is not None


async def add_ticket(session: AsyncSession, ticket: BindingTicket) -> None:
    """Add a ticket."""
    session.add(ticket)
    await session.flush()


async def find_ticket(session: AsyncSession, *, ref: bytes, now: datetime, lock: bool = False) -> BindingTicket | None:
    """Return a ticket that can still be used; with `lock` nobody else uses it until the transaction ends."""
    query = select(BindingTicket).where(
        BindingTicket.ref == ref, col(BindingTicket.used_at).is_(None), BindingTicket.expires_at > now
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(query)).first()


async def update_ticket(session: AsyncSession, *, ref: bytes, values: Mapping[str, Any]) -> None:
    """Change columns of a ticket."""
    await session.exec(update(BindingTicket).where(col(BindingTicket.ref) == ref).values(**values))


async def lock_quota(session: AsyncSession, *, subject: bytes) -> list[datetime]:
    """Return when codes were asked for by a subject, and let others of the same wait."""
    await session.execute(insert(CodeQuota).values(subject=subject, asked_at=[]).on_conflict_do_nothing())
    query = select(CodeQuota.asked_at).where(CodeQuota.subject == subject).with_for_update()
    return list((await session.exec(query)).one())


async def write_quota(session: AsyncSession, *, subject: bytes, asked_at: list[datetime]) -> None:
    """Write when codes were asked for by a subject that this transaction has locked."""
    await session.exec(update(CodeQuota).where(col(CodeQuota.subject) == subject).values(asked_at=asked_at))


async def put_code(session: AsyncSession, code: OneTimeCode) -> None:
    """Write a code in place of the one before for the same phone, purpose and ticket."""
    values = code.model_dump()
    statement = insert(OneTimeCode).values(values)
    keys = {"phone_idx", "purpose", "bound_to"}
    changed = {name: statement.excluded[name] for name in values if name not in keys}
    await session.execute(statement.on_conflict_do_update(index_elements=sorted(keys), set_=changed))


async def count_try(
    session: AsyncSession, *, phone_idx: bytes, purpose: CodePurpose, bound_to: bytes, now: datetime
) -> bytes | None:
    """Count a try and return the hash of the code it is for; None when there is no code that may be tried.

    Counted before anything is compared: of many tries at one moment no more than allowed see the hash.
    """
    counted = await session.execute(
        update(OneTimeCode)
        .where(
            *_code(phone_idx, purpose, bound_to),
            col(OneTimeCode.used_at).is_(None),
            col(OneTimeCode.expires_at) > now,
            col(OneTimeCode.tries) < MOST_TRIES,
        )
        .values(tries=col(OneTimeCode.tries) + 1)
        .returning(col(OneTimeCode.code_hash))
    )
    found = counted.first()
    return None if found is None else bytes(found[0])


async def use_code(
    session: AsyncSession, *, phone_idx: bytes, purpose: CodePurpose, bound_to: bytes, now: datetime
) -> None:
    """Let a code serve once."""
    await session.exec(update(OneTimeCode).where(*_code(phone_idx, purpose, bound_to)).values(used_at=now))


def _code(phone_idx: bytes, purpose: CodePurpose, bound_to: bytes) -> tuple[Any, ...]:
    return (
        col(OneTimeCode.phone_idx) == phone_idx,
        col(OneTimeCode.purpose) == purpose,
        col(OneTimeCode.bound_to) == bound_to,
    )
