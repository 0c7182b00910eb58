"""When two customers become one, the surviving one keeps its manager, or gets the other's."""

from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.merging import Merge, MergeParticipant, Moved
from guibin.managers import repository

MERGED: Final = "customer_merged"
"""Why a coverage began or ended."""

_BY_RUN: Final = "run"


class CoverageParticipant(MergeParticipant):
    """The part of the managers."""

    name = "managers"

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """End the losing customer's coverage; where the surviving one has nobody, the same manager serves it on."""
        await repository.lock_managers(session)
        pair = (merge.losing_id, merge.surviving_id)
        standing = await repository.open_coverages(session, customer_ids=pair)
        ended = standing.get(merge.losing_id)
        if ended is None:
            return {"manager": None, "begun": False}
        day = max(merge.day, ended.valid_from)
        await repository.end_coverage(session, {merge.losing_id: day}, [ended], MERGED)
        begun = merge.surviving_id not in standing
        if begun:
            await _begin(session, merge.surviving_id, ended.manager_id, merge)
        return {"manager": str(ended.manager_id), "begun": begun}

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """Let the manager serve the customer again who comes back; what began with the merge ends."""
        if moved.get("manager") is None:
            return
        await repository.lock_managers(session)
        manager_id, survivor = UUID(moved["manager"]), merge.surviving_id
        standing = (await repository.open_coverages(session, customer_ids=[survivor])).get(survivor)
        if moved["begun"] and standing is not None and standing.reason == MERGED:
            day = max(merge.day, standing.valid_from)
            await repository.end_coverage(session, {survivor: day}, [standing], MERGED)
        await _begin(session, merge.losing_id, manager_id, merge)


PARTICIPANT: Final = CoverageParticipant()


async def _begin(session: AsyncSession, customer_id: UUID, manager_id: UUID, merge: Merge) -> None:
    await repository.begin_coverage(
        session, {customer_id: manager_id}, {customer_id: merge.day}, source=_BY_RUN, reason=MERGED
    )
