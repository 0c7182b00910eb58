"""Who gets which tier from the next day on: by the scheme in force, and by overrides while they last."""

from datetime import date, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.tiers import evaluation_repository, repository
from guibin.tiers.models import TierCause


async def evaluate(session: AsyncSession, *, day: date) -> dict[str, int]:
    """Give every customer the tier of the last complete month's daily average or of growth points, from the next day.

    Reads `customer_fact` and the overrides in force; a second run of the same day changes nothing. Returns the changes
    by cause.
    """
    counts = {cause.value: 0 for cause in TierCause}
    scheme = await repository.active_scheme(session)
    if scheme is None:
        return counts
    lines = await repository.lines_of(session, scheme.id)
    effective_on = day + timedelta(days=1)
    changes = await evaluation_repository.insert_changes(
        session, scheme, lines, effective_on=effective_on, at=clock.now()
    )
    for cause in changes:
        counts[cause] += 1
    return counts
