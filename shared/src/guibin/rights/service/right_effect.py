"""The effect of a rule of earning that gives a right: a redemption that costs neither points nor quota.

All but the price holds as for everybody else: time of sale, audience, limits, stock, codes, the bound for everybody,
the budget, what is stopped. What cannot be had is missed, and the points stay.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import from_public, to_public
from guibin.points import service as points
from guibin.points.earning.effects import Done, Effect, Given, RightEffect
from guibin.points.earning.models import EarningEffect, EffectState
from guibin.rights.life import is_legal_step
from guibin.rights.models import Fulfilment, RedemptionState, RightState
from guibin.rights.offer import Destination, Wish
from guibin.rights.repository import catalogue, pool
from guibin.rights.repository.catalogue import Right
from guibin.rights.repository.redeeming import grant_redemption
from guibin.rights.rules import assess
from guibin.rights.service.deliveries import destination_of
from guibin.rights.service.ending import lock, undo
from guibin.rights.service.redeeming import RedemptionRequest, Taking, Wanted, new_redemption
from guibin.rights.service.standing import offered, read_customer_side, released_of
from guibin.security.actors import Actor, ActorKind, Scope


class RightHandler:
    """Carries out `right`."""

    kind = "right"

    async def unknown(self, session: AsyncSession, effects: Sequence[Effect]) -> list[str]:
        """Return the rights that are not published, or ask for more than a rule knows: a slot, an address, points."""
        codes = {effect.subject for effect in effects}
        found = await catalogue.find_by_codes(session, codes=codes)
        return sorted(code for code in codes if code not in found or not _can_be_given(found[code]))

    async def carry_out(self, session: AsyncSession, given: Sequence[Given]) -> list[Done]:
        """Redeem the rights in the order of rights and customers: so two runs wait for each other in one order."""
        rights = await catalogue.find_by_codes(session, codes={one.effect.subject for one in given})
        results = {}
        for one in sorted(given, key=lambda one: (one.effect.subject, one.customer_id, one.entry_id, one.place)):
            results[one.entry_id, one.place] = await _grant(session, rights[one.effect.subject], one)
        return [results[one.entry_id, one.place] for one in given]

    async def end(self, session: AsyncSession, effect: EarningEffect) -> None:
        """Take the right back where the customer has not had it yet; what was used or delivered stays."""
        redemption_id = from_public("rdm", effect.reference or "")
        if redemption_id is None:
            return
        redemption, right = await lock(session, Scope(whole_bank=True), redemption_id)
        codes = await pool.codes_of_redemption(session, right_id=right.item.id, redemption_id=redemption.id)
        used = any(code.used_at is not None or code.spent_fen for code in codes)
        waits = redemption.state == RedemptionState.CONFIRMED
        if waits and not used and is_legal_step(RedemptionState.CONFIRMED, RedemptionState.REFUNDED):
            state, actor_id = RedemptionState.REFUNDED, redemption.actor_id
            await undo(session, redemption, right, state=state, actor_id=actor_id, now=clock.now())


RIGHT_HANDLER: Final = RightHandler()


def _can_be_given(right: Right) -> bool:
    terms = right.terms
    nowhere = destination_of(Fulfilment(right.item.fulfilment)) is Destination.NONE
    return (
        right.item.state == RightState.PUBLISHED
        and nowhere
        and terms.booking is None
        and terms.gives is None
        and terms.donates is None
    )


async def _grant(session: AsyncSession, right: Right, given: Given) -> Done:
    """Redeem a right for a customer, or say that it is missed."""
    quantity = given.effect.quantity if isinstance(given.effect, RightEffect) else 1
    if not _can_be_given(right):
        return Done(EffectState.MISSED)
    taking = await _decide(session, right, given, quantity)
    if taking is None or await grant_redemption(session, taking.document(award=str(given.entry_id))) != "done":
        return Done(EffectState.MISSED)
    return Done(EffectState.DONE, to_public("rdm", taking.redemption.id))


async def _decide(session: AsyncSession, right: Right, given: Given, quantity: int) -> Taking | None:
    """Decide as of something that is taken out of a package: neither quota nor points; None where it cannot be had."""
    await points.lock_account(session, customer_id=given.customer_id, wallet=right.item.wallet)
    now = clock.now()
    side = await read_customer_side(
        session, Scope(whole_bank=True), customer_id=given.customer_id, rights=[right], now=now
    )
    wish = Wish(quantity, package=True, slot=False, destination=Destination.NONE)
    standing = replace(side.towards(right), package_left=quantity)
    decision = assess(
        right.terms, standing, offered(right, paying=right.wallet, stops=side.profile.stops), wish, now=now
    )
    if decision.reasons:
        return None
    request = RedemptionRequest(right.item.id, quantity)
    wanted = Wanted(given.customer_id, _actor(given.actor_id), request, None)
    redemption = new_redemption(wanted, right, wish, decision, right.wallet.code, None, now)
    asked = {"day": clock.business_day(now).isoformat()}
    return Taking(wanted, right, redemption, asked, None, None, released_of(right, side.profile, now))


def _actor(actor_id: UUID) -> Actor:
    return Actor(ActorKind.SERVICE, actor_id, "earning")
