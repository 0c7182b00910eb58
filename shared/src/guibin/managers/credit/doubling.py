"""Double credit: it begins when a customer is handed up, and goes along when two customers become one."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import new_id
from guibin.customers.merging import Merge, MergeParticipant, Moved
from guibin.managers.credit import repository
from guibin.managers.credit.models import DoubleCredit
from guibin.managers.followers import Change, CoverageFollower
from guibin.managers.planning.applying import PLANNED
from guibin.managers.service.night import MATRIX
from guibin.managers.stability.gradual import SUCCEEDED
from guibin.managers.terms.service import COVERAGE_TERMS

HANDED_UP: Final = frozenset({SUCCEEDED, PLANNED, MATRIX})
"""Why coverage begins when a rise of the tier or a plan moves a customer; a word by hand hands nobody up."""


class DoubleCrediting(CoverageFollower):
    """Lets givers count beside takers."""

    name = "double_credit"

    async def follow(self, session: AsyncSession, changes: Sequence[Change]) -> None:
        """Begin the giver's credit for the months of the terms; who left is not credited for having left."""
        given = [
            (one, one.giver_id)
            for one in changes
            if one.giver_id is not None and one.taker_id is not None and one.reason in HANDED_UP
        ]
        terms = (await COVERAGE_TERMS.in_force(session)).terms
        if not given or not terms.double_credit_months:
            return
        await repository.begin_doubles(
            session,
            [change.customer_id for change, _ in given],
            [giver_id for _, giver_id in given],
            [change.on_day for change, _ in given],
            months=terms.double_credit_months,
        )


class DoubleCreditParticipant(MergeParticipant):
    """What counts for the losing customer's givers counts for the surviving customer; shares go with their coverage."""

    name = "double_credit"

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """End it with the losing customer and begin it anew with the surviving one, for the days that are left."""
        return {"begun": await _pass_on(session, merge.losing_id, merge.surviving_id, merge.day)}

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """Let what was moved and is not over count for the customer who comes back."""
        await _pass_on(session, merge.surviving_id, merge.losing_id, merge.day, only=moved.get("begun", []))


async def _pass_on(
    session: AsyncSession, from_id: UUID, to_id: UUID, day: date, only: Sequence[Any] | None = None
) -> list[str]:
    begun: list[str] = []
    for one in await repository.open_doubles(session, from_id, day):
        if only is not None and str(one.id) not in only:
            continue
        fresh = DoubleCredit(
            customer_id=to_id,
            id=new_id(),
            giver_id=one.giver_id,
            giver_branch_id=one.giver_branch_id,
            valid_from=max(day, one.valid_from),
            valid_to=one.valid_to,
        )
        one.valid_to = fresh.valid_from
        session.add_all((one, fresh))
        begun.append(str(fresh.id))
    await session.flush()
    return begun


FOLLOWER: Final = DoubleCrediting()
PARTICIPANT: Final = DoubleCreditParticipant()
