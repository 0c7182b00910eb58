"""When two customers become one, of two claims the older one stays; who has a manager is nobody's to claim."""

from datetime import date
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import new_id
from guibin.customers.merging import Merge, MergeParticipant, Moved
from guibin.managers.claims import repository
from guibin.managers.claims.models import Claim, ClaimEnd
from guibin.managers.repository import open_coverages


class ClaimParticipant(MergeParticipant):
    """The part of claims, after that of the managers: by then it is known who serves the surviving customer."""

    name = "claims"

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """End the losing customer's claim; the surviving customer has it where it is the older one."""
        losing = await repository.claim_on(session, customer_id=merge.losing_id, day=merge.day)
        if losing is None:
            return {}
        moved: Moved = {"claim": str(losing.id), "until": losing.valid_to.isoformat()}
        await repository.end_claim(session, losing, on_day=merge.day, reason=ClaimEnd.MERGED)
        survivor = merge.surviving_id
        present = await repository.claim_on(session, customer_id=survivor, day=merge.day)
        served = survivor in await open_coverages(session, customer_ids=[survivor])
        if served or (present is not None and present.created_at <= losing.created_at):
            return moved
        if present is not None:
            moved |= {"replaced": str(present.id), "replaced_until": present.valid_to.isoformat()}
            await repository.end_claim(session, present, on_day=merge.day, reason=ClaimEnd.MERGED)
        return moved | {"begun": str((await _anew(session, merge, losing, survivor, moved["until"])).id)}

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """Let the claims count again that counted before, as far as their days are not over."""
        if "claim" not in moved:
            return
        present = await repository.claim_on(session, customer_id=merge.surviving_id, day=merge.day)
        if present is not None and str(present.id) == moved.get("begun"):
            await repository.end_claim(session, present, on_day=merge.day, reason=ClaimEnd.MERGED)
            if "replaced" in moved:
                await _again(session, merge, merge.surviving_id, moved["replaced"], moved["replaced_until"])
        await _again(session, merge, merge.losing_id, moved["claim"], moved["until"])


async def _again(session: AsyncSession, merge: Merge, customer_id: UUID, claim_id: str, until: str) -> None:
    claim = await session.get_one(Claim, (customer_id, UUID(claim_id)))
    await _anew(session, merge, claim, customer_id, until)


async def _anew(session: AsyncSession, merge: Merge, claim: Claim, customer_id: UUID, until: str) -> Claim:
    """Begin on the day of the merge what a claim had left, of the same origin and as old."""
    last = date.fromisoformat(until)
    fresh = Claim(
        customer_id=customer_id,
        id=new_id(),
        manager_id=claim.manager_id,
        origin=claim.origin,
        touch_id=claim.touch_id,
        valid_from=merge.day,
        valid_to=max(last, merge.day),
        created_at=claim.created_at,
    )
    await repository.insert_claim(session, fresh)
    return fresh


PARTICIPANT: Final = ClaimParticipant()
