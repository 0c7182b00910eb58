"""When two customers become one, the higher tier stays; when they are two again, each has its own."""

from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.customers.merging import Merge, MergeParticipant, Moved
from guibin.outbox.events import TierChanged
from guibin.outbox.service import publish
from guibin.security.actors import Scope
from guibin.tiers import override_repository, repository
from guibin.tiers.models import TierCause, TierHistory, TierOverride, TierStanding

UNDONE: Final = "merge_undone"
"""Why an override ended before its time: the customer who had brought it is another one again."""


class TierParticipant(MergeParticipant):
    """The part of the tiers.

    The survivor takes over where the losing customer stands, with the months of grace that are left: else the next
    night would find it far too high, and lower it at once. A tier by hand goes along where the survivor has none.
    """

    name = "tiers"

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """Let the survivor have the losing customer's tier, if that is the higher one."""
        tiers = await repository.tiers_of(session, [merge.losing_id, merge.surviving_id], day=merge.day)
        lost, own = tiers.get(merge.losing_id), tiers.get(merge.surviving_id)
        ranks = {tier.code: tier.rank for tier in await repository.list_tiers(session)}
        if lost is None or (own is not None and ranks[own] >= ranks[lost]):
            return {"raised": False}
        before = await session.get(TierStanding, merge.surviving_id)
        saved = None if before is None else before.model_dump(mode="json")
        theirs = await session.get(TierStanding, merge.losing_id)
        if theirs is not None:
            # The period may be evaluated again on the figures of both: from the tier that stays, not from none.
            stays = {"customer_id": merge.surviving_id, "tier_before": theirs.tier_code}
            await _put_standing(session, theirs.model_dump() | stays)
        override = await _take_override(session, merge)
        await _add_history(session, merge, merge.losing_id, tier=lost, cause=TierCause.MERGED)
        return {"raised": True, "own": own, "standing": saved, "override": override and str(override)}

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """Let the survivor stand again where it stood, as far as a tier was brought."""
        if not moved.get("raised"):
            return
        if moved["override"] is not None:
            await _end_override(session, merge, UUID(moved["override"]))
        if moved["standing"] is not None:
            await _put_standing(session, TierStanding.model_validate(moved["standing"]).model_dump())
        elif (standing := await session.get(TierStanding, merge.surviving_id)) is not None:
            own = {"tier_before": moved["own"], "tier_code": moved["own"], "below_months": 0, "below_before": 0}
            await _put_standing(session, standing.model_dump() | own)
        await _add_history(session, merge, merge.surviving_id, tier=moved["own"], cause=TierCause.PARTED)


PARTICIPANT: Final = TierParticipant()


async def _put_standing(session: AsyncSession, values: dict[str, Any]) -> None:
    await session.merge(TierStanding.model_validate(values))
    await session.flush()


async def _take_override(session: AsyncSession, merge: Merge) -> UUID | None:
    """Let a tier by hand that is in force go along, where none of the survivor's is or is to come."""
    own = await override_repository.list_overrides(session, Scope.of_job(), customer_id=merge.surviving_id)
    theirs = await override_repository.list_overrides(session, Scope.of_job(), customer_id=merge.losing_id)
    found = next((one for one in theirs if one.valid_from <= merge.day < one.valid_to), None)
    if found is None or any(one.valid_to > max(merge.day, one.valid_from) for one in own):
        return None
    copy = found.model_dump() | {"customer_id": merge.surviving_id, "id": new_id(), "valid_from": merge.day}
    taken = TierOverride.model_validate(copy)
    session.add(taken)
    await session.flush()
    return taken.id


async def _end_override(session: AsyncSession, merge: Merge, override_id: UUID) -> None:
    found = await session.get(TierOverride, (merge.surviving_id, override_id))
    today = max(merge.day, clock.today())
    if found is not None and found.valid_to > today:
        found.valid_to, found.end_reason = max(found.valid_from, today), UNDONE
        await session.flush()


async def _add_history(
    session: AsyncSession, merge: Merge, origin_id: UUID, *, tier: str | None, cause: TierCause
) -> None:
    """Begin a tier of the survivor with the figures that stand beside the present one of `origin_id`."""
    row = await _last_row(session, origin_id, day=merge.day)
    if row is None:
        return
    values = {
        "customer_id": merge.surviving_id,
        "id": new_id(),
        "tier_code": tier,
        "effective_on": max(merge.day, row.effective_on),
        "cause": cause,
        "override_id": None,
        "below_months": None,
        "recorded_at": clock.now(),
    }
    before = await _last_row(session, merge.surviving_id, day=merge.day)
    began = TierHistory.model_validate(row.model_dump() | values)
    session.add(began)
    await session.flush()
    if began.tier_code != (before.tier_code if before else None):
        data = TierChanged(
            tier=began.tier_code,
            before=before.tier_code if before else None,
            cause=began.cause,
            effective_on=began.effective_on,
        )
        await publish(session, data, subject_id=merge.surviving_id, customer_id=merge.surviving_id)


async def _last_row(session: AsyncSession, customer_id: UUID, *, day: date) -> TierHistory | None:
    query = (
        select(TierHistory)
        .where(TierHistory.customer_id == customer_id, col(TierHistory.effective_on) <= day)
        .order_by(*repository.NEWEST_FIRST)
        .limit(1)
    )
    return (await session.exec(query)).first()
