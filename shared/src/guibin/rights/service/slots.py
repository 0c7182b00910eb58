"""The bank's slots: added, shown, and closed, when whoever holds a place gets everything back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.errors import Refusal
from guibin.core.ids import new_id, to_public
from guibin.core.logging import logger
from guibin.core.reasons import require_reason
from guibin.rights.life import is_legal_step
from guibin.rights.models import RedemptionState, RightsSlot, SlotState
from guibin.rights.repository import catalogue, slots
from guibin.rights.service.ending import lock, undo
from guibin.security.actors import NIGHTLY_JOB, Actor, Scope

_BATCH: Final = 20
"""Slots that one look of the worker takes up."""


@dataclass(frozen=True, slots=True)
class NewSlot:
    """When and where a right is served, and how many people at once."""

    city_code: str
    place: str
    starts_at: datetime
    ends_at: datetime
    capacity: int


async def add_slots(
    session: AsyncSession, *, actor: Actor, right_id: UUID, new: Sequence[NewSlot]
) -> list[RightsSlot | None]:
    """Add slots to a right; None for each that is there already: in a place there is one open slot at a time.

    Raises:
        NotFound: there is no such right.
    """
    right = await catalogue.get_right(session, right_id=right_id)
    now = clock.now()
    rows: list[dict[str, Any]] = [
        {
            "right_id": right.item.id,
            "id": new_id(),
            "city_code": one.city_code,
            "place": one.place,
            "starts_at": one.starts_at,
            "ends_at": one.ends_at,
            "capacity": one.capacity,
            "taken": 0,
            "state": SlotState.OPEN,
            "created_by": actor.id,
            "created_at": now,
        }
        for one in new
    ]
    added = await slots.insert_slots(session, rows)
    await _record(session, actor, "right.slots", right_id, facts={"sent": len(rows), "added": len(added)})
    return [RightsSlot(**row) if row["id"] in added else None for row in rows]


async def close_slot(
    session: AsyncSession, *, actor: Actor, right_id: UUID, slot_id: UUID, reason: str | None
) -> RightsSlot:
    """Let nobody book a slot any more; the worker gives back what was booked (`tend_slots`), then it is closed.

    Raises:
        ReasonRequired: the reason says nothing.
        NotFound: there is no such slot.
        StateConflict: it is not open. Facts: from, to.
    """
    said = require_reason(reason)
    slot = await slots.get_slot(session, right_id=right_id, slot_id=slot_id)
    if not await slots.begin_to_close(session, right_id=right_id, slot_id=slot_id, reason=said):
        raise StateConflict(**{"from": slot.state, "to": SlotState.CLOSED})
    await slots.close_when_empty(session, right_id=right_id, slot_id=slot_id)
    facts = {"slot_id": to_public("slt", slot_id), "taken": slot.taken}
    await _record(session, actor, "right.slot_close", right_id, facts=facts, reason=said)
    return await slots.get_slot(session, right_id=right_id, slot_id=slot_id)


async def tend_slots(sessions: SessionFactory) -> int:
    """Give back what was booked of slots that are being closed, each redemption in a transaction of its own.

    One that cannot be given back, for a code of it was used or its account is closed, holds up no other: its slot stays
    `closing` until somebody has settled it. Returns how many were given back.
    """
    async with sessions() as session:
        closing = await slots.closing_slots(session, limit=_BATCH)
        held = {slot.id: await slots.holders_of(session, slot) for slot in closing}
    given = 0
    for slot in closing:
        for redemption_id in held[slot.id]:
            given += await _give_back(sessions, redemption_id)
        async with sessions.begin() as session:
            await slots.close_when_empty(session, right_id=slot.right_id, slot_id=slot.id)
    return given


async def _give_back(sessions: SessionFactory, redemption_id: UUID) -> bool:
    try:
        async with sessions.begin() as session:
            redemption, right = await lock(session, Scope.of_job(), redemption_id)
            awaited = redemption.state == RedemptionState.AWAITING_PAYMENT
            ended = RedemptionState.UNPAID if awaited else RedemptionState.FAILED
            if not is_legal_step(RedemptionState(redemption.state), ended):
                return False
            await undo(session, redemption, right, state=ended, actor_id=NIGHTLY_JOB.id, now=clock.now())
    except Refusal as refusal:
        logger().warning("slot_not_given_back", redemption=str(redemption_id), code=refusal.code)
        return False
    return True


async def _record(
    session: AsyncSession,
    actor: Actor,
    action: str,
    right_id: UUID,
    *,
    facts: dict[str, object],
    reason: str | None = None,
) -> None:
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type="right",
        object_id=to_public("rgt", right_id),
        facts=facts,
        reason=reason,
    )
