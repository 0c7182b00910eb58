"""Sealing the audit trail: one at a time, in the order of the writing transactions, each row once and none left out."""

from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import repository
from guibin.audit.chain import Algorithm, Head, seal_hash
from guibin.audit.models import AuditSeal
from guibin.core import clock

BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a round did: how many rows it sealed, and the head of the chain after it; none when another was sealing."""

    rows: int
    head: Head | None


async def seal(session: AsyncSession, *, algorithm: Algorithm | None = None, limit: int = BATCH) -> Sealed:
    """Seal the next rows, at most `limit`, while nobody else does; `algorithm` is the chain's own where it is None.

    Only rows of transactions below the oldest that is still open are taken: nothing can appear before them any more.
    """
    if not await repository.lock_chain(session):
        return Sealed(0, None)
    head = await repository.head_of_chain(session)
    used = algorithm or head.algorithm or Algorithm.SHA256
    seals, now = [], clock.now()
    rows = await repository.next_rows(session, after=head, limit=limit)
    for row in rows:
        seal = AuditSeal(
            seq=head.seq + 1,
            owner_id=row["owner_id"],
            entry_id=row["id"],
            xact=row["xact"],
            algorithm=used,
            prev_hash=head.hash,
            hash=seal_hash(used, row, head.hash),
            sealed_at=now,
        )
        seals.append(seal)
        head = Head(seal.seq, seal.hash, seal.xact, seal.entry_id, used)
    await repository.insert_seals(session, seals)
    return Sealed(len(seals), head)
