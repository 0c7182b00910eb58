"""The calendar of contacts: made ahead by the night, and satisfied by touches as they are written down."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.days import Period, period_of
from guibin.care.followers import TouchFollower
from guibin.care.models import Touch
from guibin.care.plans import calendar_repository, repository
from guibin.care.plans.service.defining import plan_on
from guibin.care.plans.slots import slots_of
from guibin.care.plans.terms import MONTHS_OF_A_YEAR, PlanTerms
from guibin.core import clock
from guibin.organisation.calendars import special_days

MOST_ROUNDS: Final = 1_000
"""Most touches of one customer that one night looks at; the next one takes the rest."""


async def make_calendar(session: AsyncSession, *, day: date) -> dict[str, int]:
    """Bring the tasks that are due after a day, which is over, to what the plan in force asks for.

    Tiers, managers, the plan and the bank's holidays count as they stand on the next day. A second run of the same day
    changes nothing. Returns `made` (new, changed, or asked for again), `satisfied` and `lapsed`.
    """
    from_day = day + timedelta(days=1)
    plan = await plan_on(session, from_day)
    if plan is None:
        return {"made": 0, "satisfied": 0, "lapsed": 0}
    terms, now = PlanTerms.read(plan.terms), clock.now()
    last = day + timedelta(days=terms.ahead_days)
    stretch = Period(from_day, last)
    whole_years = (period_of(from_day, MONTHS_OF_A_YEAR).first, period_of(last, MONTHS_OF_A_YEAR).last)
    slots = list(slots_of(terms, stretch, await special_days(session, *whole_years)))
    earliest = day - timedelta(days=terms.clock.lapses_after)
    satisfied = await _satisfy(session, terms, day=day)
    idle = await calendar_repository.lapse_idle(session, earliest=earliest, from_day=from_day, now=now)
    made = await calendar_repository.make_tasks(session, slots, from_day=from_day, last=last, now=now)
    newly = await _satisfy(session, terms, day=day)
    return {"made": made["made"], "satisfied": satisfied + newly, "lapsed": made["lapsed"] + idle}


async def satisfy(session: AsyncSession, *, customer_id: UUID) -> int:
    """Let the touches of a customer complete the tasks of the calendar that they fit; return how many they did.

    Each touch with which the customer was spoken to completes one at most: of those that had begun by then, the one
    that was due first.
    """
    plan = await repository.active_plan(session)
    if plan is None:
        return 0
    return await _satisfy(session, PlanTerms.read(plan.terms), day=clock.today(), customer_id=customer_id)


class _Satisfying(TouchFollower):
    """Lets a touch complete the contact of the calendar that it is, beside a task that it named."""

    name = "care_calendar"

    async def follow(self, session: AsyncSession, touch: Touch) -> None:
        await satisfy(session, customer_id=touch.customer_id)


SATISFYING: Final = _Satisfying()


async def _satisfy(session: AsyncSession, terms: PlanTerms, *, day: date, customer_id: UUID | None = None) -> int:
    also, total = _also(terms), 0
    for _ in range(MOST_ROUNDS):
        found = await calendar_repository.satisfy_once(session, also, day=day, customer_id=customer_id)
        if not found:
            break
        total += found
    return total


def _also(terms: PlanTerms) -> Mapping[str, Sequence[str]]:
    contacts = ((tier, contact) for tier, of_tier in terms.contacts.items() for contact in of_tier)
    return {f"{tier}.{contact.code}": [kind.value for kind in contact.also] for tier, contact in contacts}
