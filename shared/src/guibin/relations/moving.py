"""Relations follow a customer who becomes one with another, and come back when the merge is undone."""

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.customers.merging import Merge, MergeParticipant, Moved
from guibin.customers.names import names_of
from guibin.relations import household_repository as households
from guibin.relations import link_repository as repository
from guibin.relations.models import CustomerLink, HouseholdMember, HouseholdRole
from guibin.relations.rules import left_of


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
                begun.append([str(survivor), str(_begin(session, link, survivor).id)])
                known.add(became)
            link.valid_to = max(link.valid_from, merge.day)
        await session.flush()
        return {"ended": ended, "begun": begun, "pointed": pointed}

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """Let the links stand as they stood, or as their lines have said since; what began with the merge ends.

        Those of which lines told since by a name of the losing customer are that one's.
        """
        begun = await _named(session, moved["begun"])
        names = await names_of(session, merge.losing_id)
        since = await repository.links_named(session, customer_id=merge.surviving_id, names=names)
        said = {(link.kind, link.other_id, link.valid_from): link for link in begun}
        until = {UUID(link_id): end for _, link_id, end in moved["ended"]}
        for link in await _named(session, moved["ended"]):
            end, copy = until[link.id], said.get((link.kind, link.other_id, link.valid_from))
            link.valid_to = None if end is None else date.fromisoformat(end)
            if copy is not None and link.customer_id == merge.losing_id:
                link.valid_to, link.ended_by = copy.valid_to, copy.ended_by
        for link in await _named(session, moved["pointed"]):
            link.other_id = merge.losing_id
        for link in since:
            if link.customer_id != merge.surviving_id:
                link.other_id = merge.losing_id
            elif link not in begun:
                _begin(session, link, merge.losing_id)
                begun.append(link)
        for link in begun:
            if link.valid_to is None or link.valid_to > merge.day:
                link.valid_to = max(link.valid_from, merge.day)
        await session.flush()


class HouseholdsParticipant(MergeParticipant):
    """Takes the places in households along: as far as shares allow, and as the head where the losing customer was."""

    name = "households"

    async def lock(self, session: AsyncSession, *, losing_id: UUID, surviving_id: UUID) -> None:
        """Lock the households of both, as whoever changes one does."""
        of_both = [await households.memberships_of(session, customer_id=one) for one in (losing_id, surviving_id)]
        for household_id in sorted({member.household_id for members in of_both for member in members}):
            await households.lock_household(session, household_id=household_id)

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """End the losing customer's places and begin them for the surviving one where it has none."""
        own = {
            one.household_id: one for one in await households.memberships_of(session, customer_id=merge.surviving_id)
        }
        ended: list[list[str]] = []
        begun: list[list[str]] = []
        for member in await households.memberships_of(session, customer_id=merge.losing_id):
            there = own.get(member.household_id)
            ended.append(await _end_place(session, member, merge))
            if there is None:
                left = left_of([one.share_percent for one in own.values()])
                place = _begin_place(
                    session, member, merge, min(member.share_percent, left), HouseholdRole(member.role)
                )
            elif member.role == HouseholdRole.HEAD:
                ended.append(await _end_place(session, there, merge))
                place = _begin_place(session, there, merge, there.share_percent, HouseholdRole.HEAD)
            else:
                continue
            own[member.household_id] = place
            begun.append([str(place.customer_id), str(place.id)])
            await households.settle_primary(session, customer_id=merge.surviving_id)
        return {"ended": ended, "begun": begun}

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """End what began with the merge; who left comes back, unless the household is over or has another head."""
        for member in await _places(session, moved["begun"]):
            if member.valid_to is None:
                await _end_place(session, member, merge)
        for member in await _places(session, moved["ended"]):
            household = await households.get_household(session, household_id=member.household_id)
            standing = await households.members_of(session, household_id=member.household_id)
            is_taken = member.role == HouseholdRole.HEAD and any(one.role == HouseholdRole.HEAD for one in standing)
            is_back = any(one.customer_id == member.customer_id for one in standing)
            if household.ended_on is None and not is_taken and not is_back:
                member.valid_to, member.ended_by = None, None
                await session.flush()
        for customer_id in (merge.surviving_id, merge.losing_id):
            await households.settle_primary(session, customer_id=customer_id)


PARTICIPANTS: Final = (LinksParticipant(), HouseholdsParticipant())

_Parties = tuple[UUID, str, UUID]


def _of(link: CustomerLink) -> _Parties:
    return link.customer_id, link.kind, link.other_id


def _begin(session: AsyncSession, link: CustomerLink, customer_id: UUID) -> CustomerLink:
    kept = link.model_dump(exclude={"customer_id", "id"})
    begun = CustomerLink(customer_id=customer_id, id=new_id(), **kept)
    session.add(begun)
    return begun


async def _named(session: AsyncSession, names: Sequence[Sequence[str]]) -> list[CustomerLink]:
    found = [await session.get(CustomerLink, (UUID(name[0]), UUID(name[1]))) for name in names]
    return [link for link in found if link is not None]


async def _end_place(session: AsyncSession, member: HouseholdMember, merge: Merge) -> list[str]:
    member.valid_to, member.ended_by = max(member.valid_from, merge.day), merge.actor_id
    await session.flush()
    return [str(member.customer_id), str(member.id)]


def _begin_place(
    session: AsyncSession, like: HouseholdMember, merge: Merge, share: int, role: HouseholdRole
) -> HouseholdMember:
    place = HouseholdMember(
        customer_id=merge.surviving_id,
        id=new_id(),
        household_id=like.household_id,
        role=role,
        is_primary=like.is_primary,
        share_percent=share,
        shares_tier=like.shares_tier,
        valid_from=merge.day,
        set_by=merge.actor_id,
        set_at=clock.now(),
    )
    session.add(place)
    return place


async def _places(session: AsyncSession, names: Sequence[Sequence[str]]) -> list[HouseholdMember]:
    found = [await session.get(HouseholdMember, (UUID(name[0]), UUID(name[1]))) for name in names]
    return [member for member in found if member is not None]
