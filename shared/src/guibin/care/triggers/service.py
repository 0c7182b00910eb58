"""The night of triggers, and how a customer keeps birthdays."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.care.plans.service import plan_on
from guibin.care.plans.terms import CareOccasion, PlanTerms
from guibin.care.triggers import repository
from guibin.care.triggers.lunar import births_kept_on
from guibin.care.triggers.models import BirthdayCalendar, CarePreference
from guibin.care.triggers.rules import Due, days_of_year, dues_of
from guibin.core import clock
from guibin.core.ids import to_public
from guibin.organisation.calendars import special_days
from guibin.security.actors import Actor

_AROUND: Final = timedelta(days=280)
"""Further than any offset and holiday reaches."""


async def notice(session: AsyncSession, *, day: date) -> dict[str, int]:
    """Make the tasks of all triggers of the plan in force after a day, which is over; a second run makes none.

    Returns how many of each kind of occasion were made.
    """
    plan = await plan_on(session, day + timedelta(days=1))
    if plan is None:
        return {}
    terms, counts = PlanTerms.read(plan.terms), dict.fromkeys(CareOccasion, 0)
    calendar = await special_days(session, day - _AROUND, day + _AROUND)
    lunar = await repository.keeps_lunar(session)
    for trigger in terms.triggers:
        dues = list(dues_of(trigger, day, calendar)) if trigger.enabled else []
        if dues:
            counts[trigger.on] += await repository.make_tasks(
                session,
                trigger,
                dues,
                list(_keys(dues, lunar=lunar and trigger.on is CareOccasion.BIRTHDAY)),
                minutes=terms.minutes.get(trigger.kind),
                from_day=day + timedelta(days=1),
                now=clock.now(),
            )
    return {on.value: count for on, count in counts.items()}


def _keys(dues: Sequence[Due], *, lunar: bool) -> Iterator[dict[str, object]]:
    for day in {one.occasion for one in dues}:
        for mmdd in days_of_year(day):
            yield {"occasion": day.isoformat(), "mmdd": mmdd, "year": None, "lunar": False}
        for born in births_kept_on(day) if lunar else ():
            yield {"occasion": day.isoformat(), "mmdd": f"{born:%m%d}", "year": born.year, "lunar": True}


async def keep_birthday(
    session: AsyncSession, *, actor: Actor, customer_id: UUID, birthday: BirthdayCalendar
) -> CarePreference:
    """Write down by which calendar a customer, whom the caller may see, keeps the birthday."""
    row = await session.get(CarePreference, customer_id, with_for_update=True)
    if row is None:
        row = CarePreference(customer_id=customer_id, birthday=birthday)
    else:
        row.birthday, row.revision = birthday, row.revision + 1
    session.add(row)
    await session.flush()
    await audit.record(
        session,
        actor=actor,
        owner_id=customer_id,
        action="care_preference.write",
        object_type="customer",
        object_id=to_public("cus", customer_id),
        facts={"birthday": birthday.value},
    )
    return row
