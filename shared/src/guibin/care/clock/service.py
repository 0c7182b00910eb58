"""The night of the clock: delays are told once each, to the manager and then to the head."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.clock import repository
from guibin.care.clock.repository import Late
from guibin.care.clock.rules import last_due_for_leader
from guibin.care.plans.repository import active_plan
from guibin.care.plans.terms import CareClock, PlanTerms
from guibin.core.ids import to_public
from guibin.managers.absences.repository import stand_ins
from guibin.organisation.calendars import special_days
from guibin.outbox.care_events import CareTaskOverdue
from guibin.outbox.service import Publication, publish_all

MANAGER: Final = 1
LEADER: Final = 2
_LOOKED_BACK: Final = timedelta(days=90)
_TOLD: Final = {MANAGER: "manager", LEADER: "branch_head"}
_AT_ONCE: Final = 5_000


async def tell_delays(session: AsyncSession, *, day: date) -> dict[str, int]:
    """Tell of every open task that was due by the end of a day: the manager first, the branch's head later.

    While the manager is away the one who stands in is told in the same time: the clock does not stop. Each level is
    told once. Returns how many `manager` and `branch_head` were told of.
    """
    plan, on_day = await active_plan(session), day + timedelta(days=1)
    clock = PlanTerms.read(plan.terms).clock if plan is not None else CareClock()
    calendar = await special_days(session, day - _LOOKED_BACK, day)
    last_due = {MANAGER: day, LEADER: last_due_for_leader(day, clock.leader_after, calendar)}
    covers, counts = await stand_ins(session, on_day), {}
    for level, told in _TOLD.items():
        late = await repository.escalate(session, level=level, last_due=last_due[level], on_day=on_day)
        for start in range(0, len(late), _AT_ONCE):
            await publish_all(session, _events(late[start : start + _AT_ONCE], told, covers))
        counts[told] = len(late)
    return counts


def _events(late: Sequence[Late], told: str, covers: Mapping[UUID, UUID]) -> list[Publication]:
    return [
        Publication(
            CareTaskOverdue(
                task_id=one.task_id,
                kind=one.kind,
                due_on=one.due_on,
                told=told,
                manager_id=_now_serving(one.manager_id, covers),
            ),
            one.customer_id,
            one.customer_id,
            once=f"care:{to_public('tsk', one.task_id)}:{told}",
        )
        for one in late
    ]


def _now_serving(manager_id: UUID | None, covers: Mapping[UUID, UUID]) -> UUID | None:
    return None if manager_id is None else covers.get(manager_id, manager_id)
