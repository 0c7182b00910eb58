"""Which tags stand on the data of the last closed day, and which are stale: nobody may take the one for the other."""

from collections.abc import Iterable
from datetime import date

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.tags.models import COMPUTED, Tag, TagState, UpdatePolicy
from guibin.tags.runs.repository import fresh_among


async def stale_among(session: AsyncSession, tags: Iterable[Tag], *, day: date) -> frozenset[str]:
    """Return the codes of those tags that a run should have given anew for a day of business, and none did.

    What is suspended is stale: no run gives it. Tags by hand, imported ones, and those that run when somebody lets them
    are never stale.
    """
    nightly = {tag.code: tag for tag in tags if tag.kind in COMPUTED and tag.update_policy == UpdatePolicy.DAILY}
    fresh = await fresh_among(session, nightly.keys(), day=day)
    frozen = {code for code, tag in nightly.items() if tag.state == TagState.SUSPENDED}
    return frozenset(nightly.keys() - fresh | frozen)
