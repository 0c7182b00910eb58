"""Households: who belongs to which, in which role and with how much, from day to day.

A household is locked before its members, each in the order of their ids. It is changed by who has its head in scope;
whoever joins is in scope too. The others' rows are written past the caller's scope.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit.service import record
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import new_id, to_public
from guibin.core.reasons import require_reason
from guibin.customers.repository import get_customer, lock_customers
from guibin.relations import household_repository as repository
from guibin.relations import rules
from guibin.relations.errors import (
    HouseholdNeedsHead,
    HouseholdOver,
    HouseholdTooLarge,
    MemberExists,
    SharesDoNotAddUp,
)
from guibin.relations.models import Household, HouseholdKind, HouseholdMember, HouseholdRole
from guibin.security.actors import Actor, Scope
from guibin.security.row_scope import all_rows


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants a change, whose customers they may change, and why."""

    actor: Actor
    scope: Scope
    reason: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """A customer's place in a household; without a share all that is in no household yet counts for this one.

    `shares_tier` names the member to have the head's tier, as far as the scheme in force lets heads pass theirs on.
    """

    customer_id: UUID
    role: HouseholdRole
    share_percent: int | None = None
    is_primary: bool = False
    shares_tier: bool = False


async def create(session: AsyncSession, order: Order, *, kind: HouseholdKind, places: Sequence[Place]) -> UUID:
    """Put customers together; returns the id of their household.

    Raises:
        NotFound: one of them is unknown or out of scope.
        ReasonRequired: there is no reason, or it says nothing.
        HouseholdNeedsHead: not one of them alone is the head.
        MemberExists: a customer is named twice.
        HouseholdTooLarge: they are too many.
        SharesDoNotAddUp: more than all of a customer would be in households.
    """
    require_reason(order.reason)
    joining = [await _resolved(session, order, place) for place in places]
    _check(joining)
    household = Household(id=new_id(), kind=kind, created_at=clock.now(), created_by=order.actor.id)
    async with all_rows(session):
        await lock_customers(session, [place.customer_id for place in joining])
        session.add(household)
        await session.flush()
        for place in joining:
            await _join(session, order, household.id, place)
    head = next(place.customer_id for place in joining if place.role is HouseholdRole.HEAD)
    members = _named(place.customer_id for place in joining)
    await _told(session, order, "household.create", household.id, head, kind=kind, members=members)
    return household.id


async def add_member(session: AsyncSession, order: Order, *, household_id: UUID, place: Place) -> None:
    """Let a customer join a household; a new head takes the place of the one before.

    Raises:
        NotFound, ReasonRequired, HouseholdOver, HouseholdTooLarge, MemberExists, SharesDoNotAddUp: see `create`.
    """
    require_reason(order.reason)
    await _open(session, order, household_id)
    joining = await _resolved(session, order, place)
    async with all_rows(session):
        members = await repository.members_of(session, household_id=household_id)
        stepping = _heads(members) if joining.role is HouseholdRole.HEAD else []
        await lock_customers(session, [joining.customer_id, *(head.customer_id for head in stepping)])
        if len(members) >= rules.MOST_MEMBERS:
            raise HouseholdTooLarge(allowed=rules.MOST_MEMBERS)
        await _step_down(session, order, stepping)
        await _join(session, order, household_id, joining)
    await _told(session, order, "household.join", household_id, joining.customer_id, role=place.role)


async def change_member(session: AsyncSession, order: Order, *, household_id: UUID, place: Place) -> None:
    """Give a member another role or share; a new head takes the place of the one before.

    Raises:
        NotFound, ReasonRequired, HouseholdOver, SharesDoNotAddUp: see `create`.
        HouseholdNeedsHead: the head would be nothing else, and nobody head.
    """
    require_reason(order.reason)
    await _open(session, order, household_id)
    async with all_rows(session):
        members = await repository.members_of(session, household_id=household_id)
        member = _member(members, place.customer_id)
        if place.role is not HouseholdRole.HEAD and member.role == HouseholdRole.HEAD:
            raise HouseholdNeedsHead
        others = [one for one in members if one is not member]
        stepping = _heads(others) if place.role is HouseholdRole.HEAD else []
        await lock_customers(session, [member.customer_id, *(head.customer_id for head in stepping)])
        await _step_down(session, order, stepping)
        kept = place.share_percent if place.share_percent is not None else member.share_percent
        await _leave(session, order, member)
        await _join(session, order, household_id, replace(place, share_percent=kept))
    await _told(session, order, "household.change", household_id, member.customer_id, role=place.role, share=kept)


async def end_member(session: AsyncSession, order: Order, *, household_id: UUID, customer_id: UUID) -> None:
    """Let a member go; with the last one the household ends.

    Raises:
        NotFound, ReasonRequired, HouseholdOver: see `create`.
        HouseholdNeedsHead: the head goes, and others stay.
    """
    require_reason(order.reason)
    household = await _open(session, order, household_id)
    async with all_rows(session):
        members = await repository.members_of(session, household_id=household_id)
        member = _member(members, customer_id)
        if member.role == HouseholdRole.HEAD and len(members) > 1:
            raise HouseholdNeedsHead
        await lock_customers(session, [customer_id])
        await _leave(session, order, member)
        if len(members) == 1:
            household.ended_on = clock.today()
    await _told(session, order, "household.leave", household_id, customer_id, role=member.role)


async def end(session: AsyncSession, order: Order, *, household_id: UUID) -> None:
    """End a household: all its members leave.

    Raises:
        NotFound, ReasonRequired, HouseholdOver: see `create`.
    """
    require_reason(order.reason)
    household = await _open(session, order, household_id)
    async with all_rows(session):
        members = await repository.members_of(session, household_id=household_id)
        await lock_customers(session, [one.customer_id for one in members])
        for member in members:
            await _leave(session, order, member)
        household.ended_on = clock.today()
    left = _named(one.customer_id for one in members)
    await _told(session, order, "household.end", household_id, _head_of(members), members=left)


async def merge(session: AsyncSession, order: Order, *, household_id: UUID, other_id: UUID) -> None:
    """Let the members of another household join this one; that one ends, and its head becomes another member here.

    Who is in both keeps the place in this one, with the shares of both.

    Raises:
        NotFound, ReasonRequired, HouseholdOver, HouseholdTooLarge: see `create`.
        MemberExists: both are the same household.
    """
    require_reason(order.reason)
    if household_id == other_id:
        raise MemberExists
    opened = {one: await _open(session, order, one) for one in sorted((household_id, other_id))}
    async with all_rows(session):
        members = {one.customer_id: one for one in await repository.members_of(session, household_id=household_id)}
        coming = await repository.members_of(session, household_id=other_id)
        if len(members.keys() | {one.customer_id for one in coming}) > rules.MOST_MEMBERS:
            raise HouseholdTooLarge(allowed=rules.MOST_MEMBERS)
        await lock_customers(session, [one.customer_id for one in coming])
        for member in coming:
            await _move(session, order, member, household_id, members.get(member.customer_id))
        opened[other_id].ended_on = clock.today()
        opened[other_id].merged_into = household_id
    facts = {"other": to_public("hou", other_id), "members": _named(one.customer_id for one in coming)}
    await _told(session, order, "household.merge", household_id, _head_of(list(members.values())), **facts)


async def split(session: AsyncSession, order: Order, *, household_id: UUID, places: Sequence[Place]) -> UUID:
    """Let some members go into a household of their own, with their shares; returns its id.

    Raises:
        NotFound, ReasonRequired, HouseholdOver: see `create`; not all of them are members.
        HouseholdNeedsHead: one of the two would not have one head.
        MemberExists: a customer is named twice.
    """
    require_reason(order.reason)
    household = await _open(session, order, household_id)
    _check(places)
    begun = Household(id=new_id(), kind=household.kind, created_at=clock.now(), created_by=order.actor.id)
    async with all_rows(session):
        members = await repository.members_of(session, household_id=household_id)
        leaving = [_member(members, place.customer_id) for place in places]
        if not rules.has_one_head(HouseholdRole(one.role) for one in members if one not in leaving):
            raise HouseholdNeedsHead
        await lock_customers(session, [place.customer_id for place in places])
        session.add(begun)
        await session.flush()
        for member, place in zip(leaving, places, strict=True):
            await _leave(session, order, member)
            await _join(session, order, begun.id, replace(_place(member), role=place.role))
    facts = {"begun": to_public("hou", begun.id), "members": _named(place.customer_id for place in places)}
    await _told(session, order, "household.split", household_id, _head_of(members), **facts)
    return begun.id


async def _open(session: AsyncSession, order: Order, household_id: UUID) -> Household:
    """Lock a household whose head the caller may change.

    Raises:
        NotFound: there is none, or its head is out of scope.
        HouseholdOver: it has ended.
    """
    if not await repository.is_seen(session, order.scope, household_id=household_id):
        raise NotFound
    household = await repository.lock_household(session, household_id=household_id)
    if household.ended_on is not None:
        raise HouseholdOver
    if not await repository.is_seen(session, order.scope, household_id=household_id, role=HouseholdRole.HEAD):
        raise NotFound
    return household


async def _resolved(session: AsyncSession, order: Order, place: Place) -> Place:
    customer = await get_customer(session, order.scope, customer_id=place.customer_id)
    return replace(place, customer_id=customer.id)


def _check(places: Sequence[Place]) -> None:
    if len({place.customer_id for place in places}) < len(places):
        raise MemberExists
    if len(places) > rules.MOST_MEMBERS:
        raise HouseholdTooLarge(allowed=rules.MOST_MEMBERS)
    if not rules.has_one_head(place.role for place in places):
        raise HouseholdNeedsHead


def _member(members: Sequence[HouseholdMember], customer_id: UUID) -> HouseholdMember:
    found = next((one for one in members if one.customer_id == customer_id), None)
    if found is None:
        raise NotFound
    return found


def _place(member: HouseholdMember) -> Place:
    return Place(
        member.customer_id, HouseholdRole(member.role), member.share_percent, member.is_primary, member.shares_tier
    )


async def _join(session: AsyncSession, order: Order, household_id: UUID, place: Place) -> None:
    known = await repository.memberships_of(session, customer_id=place.customer_id)
    if any(one.household_id == household_id for one in known):
        raise MemberExists
    left = rules.left_of([one.share_percent for one in known])
    share = left if place.share_percent is None else place.share_percent
    if share > left:
        raise SharesDoNotAddUp(left=left)
    is_primary = place.is_primary or not any(one.is_primary for one in known)
    if is_primary:
        for one in known:
            one.is_primary = False
    row = HouseholdMember(
        customer_id=place.customer_id,
        id=new_id(),
        household_id=household_id,
        role=place.role,
        is_primary=is_primary,
        share_percent=share,
        shares_tier=place.shares_tier,
        valid_from=clock.today(),
        set_by=order.actor.id,
        set_at=clock.now(),
    )
    session.add(row)
    await session.flush()


async def _leave(session: AsyncSession, order: Order, member: HouseholdMember) -> None:
    await repository.end_membership(session, member, day=clock.today(), ended_by=order.actor.id)


async def _step_down(session: AsyncSession, order: Order, heads: Sequence[HouseholdMember]) -> None:
    """Let heads, whose customers are locked, be other members."""
    for head in heads:
        await _leave(session, order, head)
        await _join(session, order, head.household_id, replace(_place(head), role=HouseholdRole.OTHER))


async def _move(
    session: AsyncSession, order: Order, member: HouseholdMember, to_id: UUID, there: HouseholdMember | None
) -> None:
    """Let a member of one household be one of another, or add the share to the place that is there."""
    await _leave(session, order, member)
    if there is None:
        role = HouseholdRole.OTHER if member.role == HouseholdRole.HEAD else HouseholdRole(member.role)
        await _join(session, order, to_id, replace(_place(member), role=role))
        return
    await _leave(session, order, there)
    both = there.share_percent + member.share_percent
    is_primary = there.is_primary or member.is_primary
    await _join(session, order, to_id, replace(_place(there), share_percent=both, is_primary=is_primary))


async def _told(
    session: AsyncSession, order: Order, action: str, household_id: UUID, owner_id: UUID, **facts: object
) -> None:
    await record(
        session,
        actor=order.actor,
        action=action,
        object_type="household",
        object_id=to_public("hou", household_id),
        owner_id=owner_id,
        reason=order.reason,
        facts=facts,
    )


def _heads(members: Sequence[HouseholdMember]) -> list[HouseholdMember]:
    return [one for one in members if one.role == HouseholdRole.HEAD]


def _head_of(members: Sequence[HouseholdMember]) -> UUID:
    return _heads(members)[0].customer_id


def _named(ids: Iterable[UUID]) -> list[str]:
    return [to_public("cus", one) for one in ids]
