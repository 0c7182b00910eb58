"""Relations follow a customer who becomes one with another, and come back when the merge is undone."""

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import new_id
from guibin.customers.merging import Merge, MergeParticipant, Moved
from guibin.relations import link_repository as repository
from guibin.relations.models import CustomerLink


class LinksParticipant(MergeParticipant):
    """Takes the links along that have not ended, from either side; what both were to each other ends."""

    name = "links"

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """End the losing customer's own links and begin them for the surviving one; others' links point at that one."""
        survivor, loser = merge.surviving_id, merge.losing_id
        known = {_of(link) for link in await repository.lasting_links(session, customer_id=survivor, day=merge.day)}
        ended: list[list[str | None]] = []
        begun, pointed = [], []
        for link in await repository.lasting_links(session, customer_id=loser, day=merge.day):
            holder, kind, other = _of(link)
            became = (survivor if holder == loser else holder, kind, survivor if other == loser else other)
            if holder != loser and other == loser and became not in known and holder != survivor:
                link.other_id = survivor
                pointed.append([str(holder), str(link.id)])
                known.add(became)
                continue
            ended.append([str(holder), str(link.id), None if link.valid_to is None else link.valid_to.isoformat()])
            if became not in known and became[0] != became[2]:
                begun.append([str(survivor), str(_begin(session, link, merge).id)])
                known.add(became)
            link.valid_to = max(link.valid_from, merge.day)
        await session.flush()
        return {"ended": ended, "begun": begun, "pointed": pointed}

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """Let the links stand as they stood; what began with the merge ends."""
        for link in await _named(session, moved["begun"]):
            if link.valid_to is None or link.valid_to > merge.day:
                link.valid_to = max(link.valid_from, merge.day)
        for link in await _named(session, moved["pointed"]):
            link.other_id = merge.losing_id
        until = {UUID(link_id): end for _, link_id, end in moved["ended"]}
        for link in await _named(session, moved["ended"]):
            end = until[link.id]
            link.valid_to = None if end is None else date.fromisoformat(end)
        await session.flush()


PARTICIPANT: Final = LinksParticipant()

_Parties = tuple[UUID, str, UUID]


def _of(link: CustomerLink) -> _Parties:
    return link.customer_id, link.kind, link.other_id


def _begin(session: AsyncSession, link: CustomerLink, merge: Merge) -> CustomerLink:
    kept = link.model_dump(exclude={"customer_id", "id"})
    begun = CustomerLink(customer_id=merge.surviving_id, id=new_id(), **kept)
    session.add(begun)
    return begun


async def _named(session: AsyncSession, names: Sequence[Sequence[str]]) -> list[CustomerLink]:
    found = [await session.get(CustomerLink, (UUID(name[0]), UUID(name[1]))) for name in names]
    return [link for link in found if link is not None]
