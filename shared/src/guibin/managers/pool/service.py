"""The night's part: announce, let go whom somebody looked after, and return the others to the pool."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.managers.followers import Change, follow_all
from guibin.managers.models import Coverage
from guibin.managers.pool import repository
from guibin.managers.pool.sources import activity
from guibin.managers.repository import end_coverage, lock_managers
from guibin.managers.terms.service import COVERAGE_TERMS
from guibin.outbox.events import PoolNoticed, PoolReturned
from guibin.outbox.service import Publication, publish_all

BY_RUN: Final = "run"
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
    await _tell(session, returned, days)
    noticed = await repository.notice(session, from_day, terms)
    told = [(PoolNoticed(manager_id=one.manager_id, returns_on=one.returns_on), one.customer_id) for one in noticed]
    await publish_all(session, [Publication(data, customer_id, customer_id) for data, customer_id in told])
    return {"noticed": len(noticed), "returned": len(returned), "left": left}


async def _tell(session: AsyncSession, returned: Sequence[Coverage], days: Mapping[UUID, date]) -> None:
    """Let follow what follows when nobody serves customers any more, and tell others of it."""
    changes = [
        Change(one.customer_id, one.manager_id, None, days[one.customer_id], RETURNED, BY_RUN) for one in returned
    ]
    await follow_all(session, changes)
    await publish_all(
        session,
        [
            Publication(
                PoolReturned(manager_id=one.manager_id, returned_on=days[one.customer_id]),
                one.customer_id,
                one.customer_id,
            )
            for one in returned
        ],
    )
