from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.idempotency.models import IdempotencyKey


async def insert_key(session: AsyncSession, *, actor_id: UUID, key: str, fingerprint: bytes, now: datetime) -> bool:
    """Take a key; False when the actor used it before. Waits for a twin in flight until the role's lock time-out."""
    statement = (
        insert(IdempotencyKey)
        .values(actor_id=actor_id, key=key, fingerprint=fingerprint, created_at=now)
        .on_conflict_do_nothing()
        .returning(col(IdempotencyKey.key))
    )
    return (await session.exec(statement)).first() is not None


async def find_answer(session: AsyncSession, *, actor_id: UUID, key: str) -> IdempotencyKey:
    """Return the row of a key that was taken before."""
    statement = select(IdempotencyKey).where(IdempotencyKey.actor_id == actor_id, IdempotencyKey.key == key)
    return (await session.exec(statement)).one()


async def update_answer(
    session: AsyncSession,
    *,
    actor_id: UUID,
    key: str,
    status: int,
    body: bytes,
    content_type: str | None,
    etag: str | None,
) -> None:
    """Write the answer into the row that this transaction took."""
    await session.exec(
        update(IdempotencyKey)
        .where(col(IdempotencyKey.actor_id) == actor_id, col(IdempotencyKey.key) == key)
        .values(status=status, body=body, content_type=content_type, etag=etag)
    )
