"""The night of opportunities: what was won is looked for, what is long overdue lapses, rules open new ones."""

from datetime import date, timedelta
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.days import SEARCHED_DAYS, business_day_near
from guibin.care.opportunities import night_repository as night
from guibin.care.opportunities.terms import OpportunityTerms
from guibin.care.plans.service import plan_on
from guibin.care.plans.terms import PlanTerms
from guibin.contact.repository import policy_in_force
from guibin.core import clock
from guibin.organisation.calendars import special_days

_LONGEST: Final = timedelta(days=730 + SEARCHED_DAYS)


async def tend_opportunities(session: AsyncSession, *, day: date) -> dict[str, int]:
    """Do what follows from a day, which is over, by the plan in force on the next; a second run changes nothing.

    Returns how many were `proved`, `lapsed` and `opened`.
    """
    from_day, now = day + timedelta(days=1), clock.now()
    plan = await plan_on(session, from_day)
    terms = OpportunityTerms() if plan is None else PlanTerms.read(plan.terms).opportunities
    counts = {
        "proved": await night.prove(session, day=from_day),
        "lapsed": await night.lapse(session, earliest=from_day - timedelta(days=terms.lapses_after), now=now),
        "opened": 0,
    }
    rules = [rule for rule in terms.rules if rule.enabled]
    if not rules:
        return counts
    pushes = (await policy_in_force(session)).terms.product_pushes
    calendar = await special_days(session, from_day, from_day + _LONGEST)
    for rule in rules:
        due_on = business_day_near(from_day + timedelta(days=rule.due_days), calendar, back=False)
        counts["opened"] += await night.open_by(session, rule, from_day=from_day, due_on=due_on, pushes=pushes, now=now)
    return counts
