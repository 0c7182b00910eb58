"""What a redemption would take now, for those who only ask: nothing is locked or written."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.points.errors import WalletClosed
from guibin.points.household.errors import HouseholdPaysPointsOnly
from guibin.points.household.service import usable_beside
from guibin.rights.offer import Wish
from guibin.rights.repository import catalogue, reservations
from guibin.rights.repository.catalogue import PayingWallet, Right
from guibin.rights.rules import Decision, assess
from guibin.rights.service.booking import look_at_slot
from guibin.rights.service.giving_points import find_gift
from guibin.rights.service.redeeming import RedemptionRequest, get_published, refuse_unless_seen
from guibin.rights.service.standing import CustomerSide, offered, read_customer_side, read_supply
from guibin.security.actors import Scope
from guibin.security.ciphers import KeyRing


@dataclass(frozen=True, slots=True)
class Preview:
    """What a redemption would take now and all that stands in its way; nothing was locked or written."""

    right: Right
    decision: Decision
    available: int
    wallet: str
    side: CustomerSide


async def preview(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, request: RedemptionRequest, keys: KeyRing | None = None
) -> Preview:
    """Say what a redemption would take and all that stands in its way.

    Raises:
        NotFound: no right that this customer sees.
        Refusal: it gives points, and nobody is there to whom they can be given. Looked at with `keys` alone.
        HouseholdPointsUnavailable, HouseholdPaysPointsOnly, WalletNotPooled: the household's points do not pay for it.
    """
    right = await get_published(session, right_id=request.right_id)
    wish = request.wish(right)
    paying = await _paying_wallet(session, right, wish)
    now = clock.now()
    side = await read_customer_side(session, scope, customer_id=customer_id, rights=[right], now=now)
    refuse_unless_seen(right, side.profile, now)
    if keys is not None:
        await find_gift(session, right, request, customer_id=customer_id, keys=keys, lock=False)
    supply = await read_supply(session, rights=[right], quantity=wish.quantity, now=now)
    reserved = await _units_reserved(session, scope, customer_id, request, now)
    standing = side.towards(right, paying.code, request.package_id, reserved=reserved)
    if request.from_household:
        beside = await usable_beside(session, customer_id=customer_id, wallet=paying.code)
        standing = replace(standing, available=standing.available + beside)
    known = supply.look_ahead(right, offered(right, paying=paying, stops=side.profile.stops), side)
    if reserved is not None:
        known = replace(known, in_stock=True)
    if request.slot_id is not None:
        known = replace(known, against_slot=await look_at_slot(session, right, slot_id=request.slot_id, wish=wish))
    decision = assess(right.terms, standing, known, wish, now=now)
    if request.from_household and decision.money_fen:
        raise HouseholdPaysPointsOnly
    return Preview(right, decision, standing.available, paying.code, side)


async def _units_reserved(
    session: AsyncSession, scope: Scope, customer_id: UUID, request: RedemptionRequest, now: datetime
) -> int | None:
    """Return the units that the named reservation holds of the right; None when it holds nothing, or none is named."""
    if request.reservation_id is None:
        return None
    running = await reservations.find_running(session, scope, customer_id=customer_id, now=now)
    named = (row for row in running if (row.id, row.right_id) == (request.reservation_id, request.right_id))
    return next((row.quantity for row in named), None)


async def _paying_wallet(session: AsyncSession, right: Right, wish: Wish) -> PayingWallet:
    if wish.wallet is None:
        return right.wallet
    found = await catalogue.find_wallets(session, codes=[wish.wallet])
    if wish.wallet not in found:
        raise WalletClosed
    return found[wish.wallet]
