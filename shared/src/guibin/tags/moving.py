"""Tags set by hand or imported follow a customer who becomes one with another; tags by rule follow from the facts."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from sqlalchemy import RowMapping
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.customers.changes.repository import note_change
from guibin.customers.merging import Merge, MergeParticipant, Moved
from guibin.tags import moving_repository as repository
from guibin.tags.moving_repository import Membership


class TagsParticipant(MergeParticipant):
    """Takes along what was set by hand or imported when customers are merged, and tells who comes and who goes."""

    name = "tags"

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """Give the surviving customer what the losing one was given, as it was given; the losing one's tags end."""
        given = await repository.give(session, losing_id=merge.losing_id, surviving_id=merge.surviving_id)
        await note_change(session, [merge.surviving_id])
        ended = await repository.end_all(session, customer_id=merge.losing_id, day=clock.today())
        return {"given": _listed(given), "ended": _listed(ended)}

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """End what the surviving customer was given; what the losing one had lasts again, by rule until the night."""
        day = clock.today()
        await note_change(session, [merge.surviving_id, merge.losing_id])
        await repository.end(session, _read(moved["given"]), customer_id=merge.surviving_id, day=day)
        await repository.let_last_again(session, _read(moved["ended"]), customer_id=merge.losing_id, day=day)


def _listed(rows: Iterable[RowMapping]) -> list[list[str]]:
    return sorted([row["tag_code"], row["source"], row["since"].isoformat(), row["value"]] for row in rows)


def _read(listed: Iterable[Sequence[str]]) -> list[Membership]:
    """Read memberships of a journal; those of old merges name no value."""
    return [
        Membership(code, source, date.fromisoformat(since), *(value or [""])) for code, source, since, *value in listed
    ]


PARTICIPANT: Final = TagsParticipant()
