"""Taking something else in place of a redemption that failed: a redemption of its own that is known to replace it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.approvals.models import Approval
from guibin.core import clock
from guibin.core.ids import to_public
from guibin.points.step_up import StepUpProof
from guibin.rights import terms
from guibin.rights.models import RightState
from guibin.rights.repository import catalogue, redemptions, substitutions
from guibin.rights.repository.catalogue import Right
from guibin.rights.service.administration import refuse_strange_substitutes
from guibin.rights.service.beneficiaries import Person
from guibin.rights.service.deliveries import Delivery
from guibin.rights.service.publication import submit_terms
from guibin.rights.service.redeeming import Redeemed, RedemptionRequest, redeem
from guibin.rights.service.substitutes import came_back, is_like
from guibin.rights.substitute_errors import NotASubstitute, NothingToReplace, SubstituteTooDear
from guibin.rights.substitutes import PriceRule, cap_of, is_too_dear, rule_towards, wallet_towards
from guibin.security.actors import Actor, Scope
from guibin.security.ciphers import KeyRing


@dataclass(frozen=True, slots=True)
class SubstituteWish:
    """What a customer takes instead; how many units, and which points pay, follows from what failed."""

    right_id: UUID
    expected_points: int | None = None
    class_of_service: str | None = None
    slot_id: UUID | None = None
    beneficiary: Person | None = None
    delivery: Delivery | None = None
    step_up: StepUpProof | None = None


async def take_substitute(
    session: AsyncSession, scope: Scope, keys: KeyRing, *, actor: Actor, redemption_id: UUID, wish: SubstituteWish
) -> Redeemed:
    """Redeem a substitute of a failed redemption, for as many units as came back. What refuses it changes nothing.

    Raises:
        NotFound: there is no such redemption, or no such right for this customer.
        NothingToReplace: it did not fail, was replaced before, or the time is over. Facts: replaced_by, until.
        NotASubstitute: the bank does not offer this right in its place.
        SubstituteTooDear: it costs more than came back. Facts: points, most.
        Refusal: whatever refuses a redemption.
    """
    redemption = await redemptions.get_redemption(session, scope, redemption_id=redemption_id)
    failed = await substitutions.lock_substitution(session, customer_id=actor.id, redemption_id=redemption.id)
    now = clock.now()
    if failed is None:
        raise NothingToReplace
    if failed.replaced_by is not None or failed.open_until <= now:
        raise NothingToReplace(
            replaced_by=failed.replaced_by and to_public("rdm", failed.replaced_by), until=failed.open_until
        )
    other, price = await _substitute(session, failed.right_id, wish.right_id)
    back = came_back(failed)
    rule = rule_towards(price, back)
    request = RedemptionRequest(
        right_id=wish.right_id,
        quantity=failed.units,
        expected_points=wish.expected_points,
        class_of_service=wish.class_of_service,
        wallet=wallet_towards(rule, back, other.item.wallet),
        step_up=wish.step_up,
        beneficiary=wish.beneficiary,
        delivery=wish.delivery,
        slot_id=wish.slot_id,
        at_most=cap_of(rule, back),
    )
    done = await redeem(session, scope, actor=actor, customer_id=actor.id, request=request, keys=keys)
    if is_too_dear(rule, back, done.redemption.points_charged):
        raise SubstituteTooDear(points=done.redemption.points_charged, most=back.points)
    await substitutions.note_replaced(session, failed, redemption_id=done.redemption.id, at=now)
    return done


async def _substitute(session: AsyncSession, failed_id: UUID, wanted_id: UUID) -> tuple[Right, PriceRule]:
    failed = await catalogue.get_right(session, right_id=failed_id)
    wanted = (await catalogue.find_items(session, right_ids=[wanted_id])).get(wanted_id)
    named = next((one for one in failed.terms.substitutes if wanted and one.right == wanted.code), None)
    if named is None:
        raise NotASubstitute
    other = await catalogue.get_right(session, right_id=wanted_id)
    if not is_like(other, failed):
        raise NotASubstitute
    return other, named.price


async def name_substitutes(
    session: AsyncSession, *, actor: Actor, right: Right, substitutes: Sequence[Mapping[str, Any]]
) -> Approval:
    """Submit the terms in force with another list of substitutes, the first to be offered first; it may be empty.

    Raises:
        StateConflict: other terms of it are drafted or submitted, or it was never published.
        ValidationFailed: a substitute is unknown, of another category, or the right itself.
        VersionConflict: somebody else changed the right meanwhile.
    """
    item = right.item
    if item.draft_terms is not None or item.state not in {RightState.PUBLISHED, RightState.SUSPENDED}:
        raise StateConflict(**{"from": RightState.DRAFT, "to": RightState.PENDING})
    kept = {name: value for name, value in terms.document_of(item).items() if name != "substitutes"}
    document = kept | {"substitutes": list(substitutes)} if substitutes else kept
    await refuse_strange_substitutes(session, document, code=item.code, category=item.category, at=("body",))
    await catalogue.update_right(session, right_id=item.id, revision=item.revision, values={"draft_terms": document})
    return await submit_terms(session, actor=actor, right_id=item.id)
