"""What a customer can have now in place of a redemption that failed: read when it fails and when it is looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.rights.models import Redemption, RightState, Substitution
from guibin.rights.offer import Wish, classes_of, is_visible, price_of
from guibin.rights.parts import Part
from guibin.rights.repository import catalogue, substitutions
from guibin.rights.repository.catalogue import PayingWallet, Right
from guibin.rights.rules import Decision, assess
from guibin.rights.service.standing import CustomerSide, Supply, offered, read_customer_side, read_supply
from guibin.rights.substitutes import (
    OPEN_FOR,
    CameBack,
    PriceRule,
    Substitute,
    cap_of,
    is_too_dear,
    rule_towards,
    wallet_towards,
)
from guibin.security.actors import Scope

_ALL: Final = Scope.of_job()


@dataclass(frozen=True, slots=True)
class Alternative:
    """A right that a customer can have instead, and what all units of it take from which wallet now."""

    right: Right
    points: int
    quota_used: int
    wallet: str
    price: PriceRule


@dataclass(frozen=True, slots=True)
class Replacing:
    """How a redemption stands to others: which one it replaced, and what replaced it or can."""

    replaces: Substitution | None = None
    failed: Substitution | None = None
    alternatives: Sequence[Alternative] = ()


@dataclass(frozen=True, slots=True)
class Replaceable:
    """A failed redemption with its right, and what its customer can have instead now."""

    failed: Substitution
    right: Right
    alternatives: Sequence[Alternative]


def came_back(row: Substitution) -> CameBack:
    """Return what came back of a failed redemption."""
    return CameBack(row.units, row.free_units, row.points, row.wallet)


async def keep_failure(
    session: AsyncSession, redemption: Redemption, right: Right, part: Part, *, now: datetime
) -> list[Alternative]:
    """Keep that a redemption failed, after all of it came back, and return what its customer can have instead now."""
    row = Substitution(
        customer_id=redemption.customer_id,
        redemption_id=redemption.id,
        right_id=redemption.right_id,
        units=part.units,
        free_units=part.units if redemption.package_id is not None else part.quota,
        points=part.points,
        wallet=redemption.wallet,
        failed_at=now,
        open_until=now + OPEN_FOR,
    )
    await substitutions.insert_substitution(session, row)
    return await alternatives_to(session, _ALL, row, right)


async def look_at_replacing(session: AsyncSession, scope: Scope, *, redemption: Redemption) -> Replacing:
    """Return how a redemption in scope stands to others."""
    rows = await substitutions.find_substitutions(session, scope, redemption=redemption)
    failed = next((row for row in rows if row.redemption_id == redemption.id), None)
    replaces = next((row for row in rows if row.replaced_by == redemption.id), None)
    if failed is None or failed.replaced_by is not None or failed.open_until <= clock.now():
        return Replacing(replaces, failed)
    if failed.customer_id in scope.origins:  # what replaces it would stand under its customer, who redeems no more
        return Replacing(replaces)
    right = await catalogue.get_right(session, right_id=failed.right_id)
    return Replacing(replaces, failed, await alternatives_to(session, scope, failed, right))


async def find_replaceable(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> Replaceable | None:
    """Return the latest redemption of a customer that can be replaced, where there is something to have instead now."""
    failed = await substitutions.latest_open(session, scope, customer_id=customer_id, now=clock.now())
    if failed is None:
        return None
    right = await catalogue.get_right(session, right_id=failed.right_id)
    found = await alternatives_to(session, scope, failed, right)
    return Replaceable(failed, right, found) if found else None


async def alternatives_to(session: AsyncSession, scope: Scope, failed: Substitution, right: Right) -> list[Alternative]:
    """Return what a customer can have now in place of a right, in the bank's order.

    Of the substitutes that its terms name those of its category that the customer sees and may have in that quantity,
    at a price that the bank allows.
    """
    if not right.terms.substitutes:
        return []
    found = await catalogue.find_by_codes(session, codes=[one.right for one in right.terms.substitutes])
    named = [(one, found[one.right]) for one in right.terms.substitutes if one.right in found]
    named = [(one, other) for one, other in named if is_like(other, right)]
    rights, now = [other for _, other in named], clock.now()
    side = await read_customer_side(session, scope, customer_id=failed.customer_id, rights=rights, now=now)
    supply = await read_supply(session, rights=rights, quantity=failed.units, now=now)
    wallets = await catalogue.find_wallets(session, codes=[failed.wallet])
    back = came_back(failed)
    alternatives = (_alternative(one, other, back, side, supply, wallets[failed.wallet]) for one, other in named)
    return [one for one in alternatives if one is not None]


def is_like(other: Right, right: Right) -> bool:
    """Tell whether a right on sale serves the same as another one."""
    return other.item.state == RightState.PUBLISHED and other.item.category == right.item.category


def _alternative(
    named: Substitute, other: Right, back: CameBack, side: CustomerSide, supply: Supply, paid_from: PayingWallet
) -> Alternative | None:
    profile, rule = side.profile, rule_towards(named.price, back)
    if not is_visible(other.terms, profile.tier, profile.tags, profile.branches, side.now):
        return None
    paying = other.wallet if wallet_towards(rule, back, other.item.wallet) == other.item.wallet else paid_from
    wallet = None if paying.code == other.item.wallet else paying.code
    wish = Wish(quantity=back.units, wallet=wallet, at_most=cap_of(rule, back))
    decision = _decide(other, wish, side, supply, paying)
    if not decision.eligible or is_too_dear(rule, back, decision.points):
        return None
    return Alternative(other, decision.points, decision.quota_used, paying.code, named.price)


def _decide(other: Right, wish: Wish, side: CustomerSide, supply: Supply, paying: PayingWallet) -> Decision:
    """Decide on the first class of service that has a price for this customer; none at all comes first."""
    prices, tags = other.terms.prices, side.profile.tags
    wishes = [
        Wish(wish.quantity, class_of_service=name, wallet=wish.wallet, at_most=wish.at_most)
        for name in (None, *classes_of(prices))
    ]
    priced = (one for one in wishes if price_of(prices, side.tier, tags=tags, wish=one, now=side.now) is not None)
    known = supply.look_ahead(other, offered(other, paying=paying, stops=side.profile.stops), side)
    return assess(other.terms, side.towards(other, paying.code), known, next(priced, wish), now=side.now)
