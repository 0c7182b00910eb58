"""When two customers become one, the surviving one keeps its manager, or gets the other's; the teams become one."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.merging import Merge, MergeParticipant, Moved
from guibin.managers import repository
from guibin.managers.joint import repository as joint
from guibin.managers.joint.repository import Accompanied
from guibin.managers.models import Coverage, CoverageRole
from guibin.managers.stability import gradual
from guibin.managers.stability.repository import supersede_wishes

MERGED: Final = "customer_merged"
"""Why a coverage began or ended."""

_BY_RUN: Final = "run"


class CoverageParticipant(MergeParticipant):
    """The part of the managers."""

    name = "managers"

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """End the losing customer's coverage; where the surviving one has nobody, the same manager serves it on.

        Whoever served the losing customer in another role serves the surviving one in it; who only accompanied it does
        so no longer. Nobody comes gradually any more, and what the losing customer wished of the manager is over: the
        night and the customer say it anew.
        """
        await repository.lock_managers(session)
        pair = (merge.losing_id, merge.surviving_id)
        await gradual.cancel(session, pair, on_day=merge.day)
        await supersede_wishes(session, [merge.losing_id])
        team = await self._move_team(session, merge)
        accompanied = await self._end_joint(session, merge)
        standing = await repository.open_coverages(session, customer_ids=pair)
        ended = standing.get(merge.losing_id)
        if ended is None:
            return {"manager": None, "begun": False, "team": team, "accompanied": accompanied}
        await _end(session, [ended], merge.day)
        begun = merge.surviving_id not in standing
        if begun:
            await _begin(session, merge.surviving_id, ended.manager_id, merge)
        return {"manager": str(ended.manager_id), "begun": begun, "team": team, "accompanied": accompanied}

    async def _end_joint(self, session: AsyncSession, merge: Merge) -> list[tuple[str, str]]:
        """Let nobody accompany the losing customer any more; returns who did, and until when."""
        ends = await joint.ends_of(session, customer_id=merge.losing_id, day=merge.day)
        await joint.end(session, customer_ids=[merge.losing_id], day=merge.day, reason=MERGED)
        return [(str(manager_id), over.isoformat()) for manager_id, over in ends]

    async def _move_team(self, session: AsyncSession, merge: Merge) -> list[dict[str, Any]]:
        pair = (merge.losing_id, merge.surviving_id)
        rows = await repository.open_team(session, customer_ids=pair)
        kept = {(one.manager_id, one.role) for one in rows if one.customer_id == merge.surviving_id}
        ended = [one for one in rows if one.customer_id == merge.losing_id]
        await _end(session, ended, merge.day)
        moved = []
        for one in ended:
            begun = (one.manager_id, one.role) not in kept
            if begun:
                await _begin(session, merge.surviving_id, one.manager_id, merge, CoverageRole(one.role))
            moved.append({"manager": str(one.manager_id), "role": one.role, "begun": begun})
        return moved

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """Let those serve the customer again who comes back; what began with the merge ends."""
        await repository.lock_managers(session)
        await self._give_team_back(session, merge, moved.get("team", []))
        again = [
            Accompanied(merge.losing_id, UUID(manager_id), merge.day, date.fromisoformat(over), _BY_RUN, MERGED)
            for manager_id, over in moved.get("accompanied", ())
        ]
        await joint.begin(session, again, day=merge.day)
        if moved.get("manager") is None:
            return
        manager_id, survivor = UUID(moved["manager"]), merge.surviving_id
        standing = (await repository.open_coverages(session, customer_ids=[survivor])).get(survivor)
        if moved["begun"] and standing is not None and standing.reason == MERGED:
            await _end(session, [standing], merge.day)
        await _begin(session, merge.losing_id, manager_id, merge)

    async def _give_team_back(self, session: AsyncSession, merge: Merge, team: Sequence[Mapping[str, Any]]) -> None:
        standing = await repository.open_team(session, customer_ids=[merge.surviving_id])
        begun = {(UUID(one["manager"]), one["role"]) for one in team if one["begun"]}
        came = [one for one in standing if (one.manager_id, one.role) in begun and one.reason == MERGED]
        await _end(session, came, merge.day)
        for one in team:
            await _begin(session, merge.losing_id, UUID(one["manager"]), merge, CoverageRole(one["role"]))


PARTICIPANT: Final = CoverageParticipant()


async def _end(session: AsyncSession, ended: Sequence[Coverage], day: date) -> None:
    for one in ended:
        await repository.end_coverage(session, {one.customer_id: max(day, one.valid_from)}, [one], MERGED)


async def _begin(
    session: AsyncSession,
    customer_id: UUID,
    manager_id: UUID,
    merge: Merge,
    role: CoverageRole = CoverageRole.PRIMARY,
) -> None:
    await repository.begin_coverage(
        session, {customer_id: manager_id}, {customer_id: merge.day}, source=_BY_RUN, reason=MERGED, role=role
    )
