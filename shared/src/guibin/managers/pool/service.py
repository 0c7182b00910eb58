"""The night's part: announce, let go whom somebody looked after, and return the others to the pool."""

from datetime import date, timedelta
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.managers.pool import repository
from guibin.managers.pool.sources import activity
from guibin.managers.repository import end_coverage, lock_managers
from guibin.managers.terms.service import COVERAGE_TERMS

RETURNED: Final = "returned_to_pool"
"""Why a coverage ended: nobody looked after the customer for months."""


async def return_idle(session: AsyncSession, *, day: date) -> dict[str, int]:
    """Announce customers whom nobody looked after, and return those to the pool who were announced a month ago.

    Only low tiers, and nobody on stale figures. Where nothing tells who was spoken to nobody is idle. A second run of
    the same day changes nothing.
    """
    if not activity():
        return {"noticed": 0, "returned": 0, "left": 0}
    from_day = day + timedelta(days=1)
    terms = (await COVERAGE_TERMS.in_force(session)).terms
    await lock_managers(session)
    left = await repository.leave(session, from_day, terms)
    returned = await repository.due(session, from_day, terms)
    days = {one.customer_id: max(from_day, one.valid_from) for one in returned}
    await end_coverage(session, days, returned, RETURNED)
    await repository.mark_returned(session, list(days), from_day)
    noticed = await repository.notice(session, from_day, terms)
    return {"noticed": noticed, "returned": len(returned), "left": left}
