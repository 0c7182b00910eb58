"""The catalogue as one customer sees it: the price for me, the quota left, and why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.rights.models import RightsRating, RightsSlot, SlotState
from guibin.rights.offer import Quota, Wish, classes_of, is_visible, price_of, quota_of, wallets_of
from guibin.rights.packages import Allowance
from guibin.rights.repository import catalogue as repository
from guibin.rights.repository import images, ratings, slots
from guibin.rights.repository.catalogue import CatalogueFilter, Moment, Place, Right
from guibin.rights.repository.images import ImageInfo
from guibin.rights.repository.slots import SlotFilter
from guibin.rights.rules import Decision, assess
from guibin.rights.service.redeeming import get_published
from guibin.rights.service.standing import (
    CustomerSide,
    Supply,
    offered,
    read_customer_side,
    read_profile_towards,
    read_supply,
    released_of,
)
from guibin.security.actors import Scope


@dataclass(frozen=True, slots=True)
class PriceForMe:
    """What one unit costs this customer now in a class of service and from a wallet; None: whatever class."""

    class_of_service: str | None
    wallet: str
    points: int
    money_fen: int


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A right, what one unit of it takes from this customer, all that stands in the way, and the customer's quota.

    `packages` are what the packages that the customer has chosen still give of it, `images` its pictures in order,
    without their bytes. `next_release_at` is when more of its stock comes on offer for this customer.
    """

    right: Right
    decision: Decision
    quota: Quota | None
    guest_quota: Quota | None
    prices: Sequence[PriceForMe]
    packages: Sequence[Allowance]
    images: Sequence[ImageInfo] = ()
    rating: RightsRating | None = None
    next_release_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Marks:
    """What people look at first of some rights, by right."""

    ratings: Mapping[UUID, RightsRating]
    images: Mapping[UUID, Sequence[ImageInfo]]


async def list_catalogue(
    session: AsyncSession,
    scope: Scope,
    *,
    customer_id: UUID,
    wanted: CatalogueFilter,
    affordable: bool,
    after: Place | None,
    limit: int,
) -> list[CatalogueEntry]:
    """Return the rights that a customer sees, in the order of the catalogue; `affordable` leaves out the others.

    The number of statements does not depend on the number of rights.

    Raises:
        NotFound: the customer is unknown or out of scope.
    """
    now = clock.now()
    rights = await repository.list_offered(session, wanted, now=now, after=after)
    side = await read_customer_side(session, scope, customer_id=customer_id, rights=rights, now=now)
    rights = [right for right in rights if _is_seen(right, side)]
    if affordable:
        rights = [right for right in rights if _decide(right, side, supply=None).affordable]
    rights = rights[:limit]
    supply = await read_supply(session, rights=rights, quantity=1, now=now)
    marks = await _read_marks(session, rights)
    return [_entry(right, side, supply, marks) for right in rights]


async def get_catalogue_entry(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, right_id: UUID
) -> CatalogueEntry:
    """Return one right as the customer sees it.

    Raises:
        NotFound: there is no such right for this customer.
    """
    right, now = await get_published(session, right_id=right_id), clock.now()
    side = await read_customer_side(session, scope, customer_id=customer_id, rights=[right], now=now)
    if not _is_seen(right, side):
        raise NotFound
    supply = await read_supply(session, rights=[right], quantity=1, now=now)
    return _entry(right, side, supply, await _read_marks(session, [right]))


async def list_open_slots(
    session: AsyncSession,
    scope: Scope,
    *,
    customer_id: UUID,
    right_id: UUID,
    wanted: SlotFilter,
    after: Moment | None,
    limit: int,
) -> Sequence[RightsSlot]:
    """Return the slots of a right that can be booked now, those without a place left among them.

    Raises:
        NotFound: there is no such right for this customer.
    """
    right, now = await get_published(session, right_id=right_id), clock.now()
    profile = await read_profile_towards(session, scope, customer_id=customer_id, rights=[right], now=now)
    if not is_visible(right.terms, profile.tier, profile.tags, profile.branches, now):
        raise NotFound
    if right.terms.booking is None:
        return []
    soonest = now + timedelta(hours=right.terms.booking.lead_hours)
    begin = soonest if wanted.start is None else max(wanted.start, soonest)
    wanted = replace(wanted, start=begin, state=SlotState.OPEN)
    return await slots.list_slots(session, right_id=right_id, wanted=wanted, after=after, limit=limit)


def _is_seen(right: Right, side: CustomerSide) -> bool:
    profile = side.profile
    return is_visible(right.terms, profile.tier, profile.tags, profile.branches, side.now)


def _decide(right: Right, side: CustomerSide, supply: Supply | None) -> Decision:
    known = offered(right, paying=right.wallet, stops=side.profile.stops)
    if supply is not None:
        known = supply.look_ahead(right, known, side)
    own = (price for price in _prices(right, side) if price.wallet == right.item.wallet)
    first = next(own, None)
    wish = Wish(quantity=1, class_of_service=first.class_of_service if first else None)
    return assess(right.terms, side.towards(right), known, wish, now=side.now)


async def _read_marks(session: AsyncSession, rights: Sequence[Right]) -> _Marks:
    right_ids = [right.item.id for right in rights]
    return _Marks(
        await ratings.sums_of(session, right_ids=right_ids), await images.infos_of(session, right_ids=right_ids)
    )


def _entry(right: Right, side: CustomerSide, supply: Supply, marks: _Marks) -> CatalogueEntry:
    terms, released = right.terms, released_of(right, side.profile, side.now)
    return CatalogueEntry(
        right,
        _decide(right, side, supply),
        quota_of(terms.quotas, side.tier),
        quota_of(terms.companions.quotas, side.tier),
        _prices(right, side),
        side.packages.get(right.item.id, ()),
        marks.images.get(right.item.id, ()),
        marks.ratings.get(right.item.id),
        released.next_at if released else None,
    )


def _prices(right: Right, side: CustomerSide) -> list[PriceForMe]:
    """List what one unit costs this customer now, in every class and from every wallet; without a class comes first."""
    prices = right.terms.prices
    wishes = [
        Wish(quantity=1, class_of_service=name, wallet=wallet)
        for wallet in (None, *wallets_of(prices))
        for name in (None, *classes_of(prices))
    ]
    found = ((wish, price_of(prices, side.tier, tags=side.profile.tags, wish=wish, now=side.now)) for wish in wishes)
    return [
        PriceForMe(wish.class_of_service, wish.wallet or right.item.wallet, price.points, price.money_fen)
        for wish, price in found
        if price is not None
    ]
