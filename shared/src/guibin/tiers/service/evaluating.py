"""Who gets which tier from the next day on: by the scheme in force, and by overrides while they last."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.outbox.events import TierWillFall
from guibin.outbox.service import Publication, publish_all
from guibin.tiers import evaluation_repository, repository, standing_repository
from guibin.tiers.figures import Scheme
from guibin.tiers.models import TierCause
from guibin.tiers.outlook import falls_on
from guibin.tiers.standing_repository import Evaluated
from guibin.tiers.terms import Terms

MOST_AT_ONCE = 1_000


async def evaluate(session: AsyncSession, *, day: date) -> dict[str, int]:
    """Evaluate the last period of the scheme in force that is over at the end of a day; tiers hold from the next day.

    Fast up, slowly down: see `standing_repository.evaluate_period`. Who stands below the line is told before anything
    is lost, and who changes; but for the night that gives a whole bank its first tiers. A second run of the same day
    changes nothing. Returns the changes by cause.
    """
    counts: dict[str, int] = {cause.value: 0 for cause in TierCause}
    effective_on = day + timedelta(days=1)
    row = await repository.scheme_on(session, effective_on)
    if row is None:
        return counts
    scheme = Scheme.of(row, await repository.lines_of(session, row.id))
    watched = await standing_repository.evaluate_period(session, scheme, day=day)
    known = await evaluation_repository.has_history(session)
    changes = await evaluation_repository.insert_changes(
        session, scheme.id, effective_on=effective_on, at=clock.now(), telling=known
    )
    await _warn(session, scheme.terms, watched, cutoff=scheme.terms.cutoff(day))
    return counts | changes


async def _warn(session: AsyncSession, terms: Terms, watched: Sequence[Evaluated], *, cutoff: date) -> None:
    """Tell, once a period, who will lose a tier when the figures stay as they are."""
    for first in range(0, len(watched), MOST_AT_ONCE):
        await publish_all(session, [_warning(terms, one, cutoff) for one in watched[first : first + MOST_AT_ONCE]])


def _warning(terms: Terms, one: Evaluated, cutoff: date) -> Publication:
    tier, months = one.tier_code or "", terms.months_of(one.tier_code or "")
    data = TierWillFall(
        tier=tier,
        next_tier=one.earned,
        months_below=one.below_months,
        months_until_lost=months,
        falls_on=falls_on(terms, cutoff=cutoff, below=one.below_months, tier=tier, valid_until=one.valid_until),
    )
    return Publication(data, one.customer_id, one.customer_id, once=f"tier:{tier}:{cutoff}")
