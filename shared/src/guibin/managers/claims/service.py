"""How claims come: by a touch that reached the customer, by the manager's code, by a word of the branch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import new_id, to_public
from guibin.customers.repository import get_customer
from guibin.managers import repository as managers
from guibin.managers.claims import repository
from guibin.managers.claims.errors import ClaimNotPossible, ManagerCodeUnknown, ManagerCodeUnusable
from guibin.managers.claims.models import Claim, ClaimEnd, ClaimOrigin
from guibin.managers.claims.rules import Unclaimable, unclaimable
from guibin.managers.eligibility.service import require_within
from guibin.managers.followers import Change, CoverageFollower
from guibin.managers.terms.rules import Terms
from guibin.managers.terms.service import COVERAGE_TERMS
from guibin.security.actors import Actor, Scope


@dataclass(frozen=True, slots=True)
class Asked:
    """Who shall have a claim on whom, and what gives it."""

    customer_id: UUID
    manager_id: UUID
    origin: ClaimOrigin
    touch_id: UUID | None = None


async def claim_by_touch(session: AsyncSession, *, customer_id: UUID, manager_id: UUID, touch_id: UUID) -> Claim | None:
    """Give a manager the claim on a customer whom a touch reached; None where somebody serves or claims the customer.

    The first touch is the first that is written down: a dispute is for who was there before.
    """
    return await _give(session, Asked(customer_id, manager_id, ClaimOrigin.TOUCH, touch_id))


async def take_back(session: AsyncSession, *, customer_id: UUID, touch_id: UUID) -> None:
    """Let the claim of a touch that was corrected be over; the touch that takes its place gives its own."""
    claim = await repository.claim_of_touch(session, customer_id=customer_id, touch_id=touch_id)
    if claim is not None:
        await repository.end_claim(session, claim, on_day=clock.today(), reason=ClaimEnd.CORRECTED)


async def claim_by_code(session: AsyncSession, *, actor: Actor, code: str) -> Claim:
    """Give the manager whose code the customer typed the claim on that customer.

    Raises:
        ManagerCodeUnknown: it is nobody's, or of somebody who takes nobody any more.
        ManagerCodeUnusable: somebody serves or claims the customer, or this manager cannot.
    """
    manager_id = await repository.manager_by_code(session, code)
    if manager_id is None:
        raise ManagerCodeUnknown
    asked = Asked(actor.id, manager_id, ClaimOrigin.CODE)
    present = await repository.claim_on(session, customer_id=actor.id, day=clock.today())
    if present is not None and present.manager_id == manager_id:
        return present
    against = await _against(session, asked)
    if against is Unclaimable.INACTIVE:
        raise ManagerCodeUnknown
    claim = None if against else await _give(session, asked)
    if claim is None:
        raise ManagerCodeUnusable
    await record(session, actor, claim, "claim.begin")
    return claim


async def enter_claim(
    session: AsyncSession, scope: Scope, *, actor: Actor, customer_id: UUID, manager_id: UUID, reason: str
) -> Claim:
    """Give a manager the claim on a customer whom that manager brought, on the word of who leads the branch.

    Raises:
        NotFound: the customer or the manager is out of scope.
        ClaimNotPossible: the manager cannot claim the customer.
    """
    customer = await get_customer(session, scope, customer_id=customer_id)
    await require_within(session, scope, (await managers.get_person(session, manager_id)).manager)
    asked = Asked(customer.id, manager_id, ClaimOrigin.ENTERED)
    against = await _against(session, asked)
    claim = None if against else await _give(session, asked)
    if claim is None:
        raise ClaimNotPossible(reason=against or Unclaimable.CLAIMED)
    await record(session, actor, claim, "claim.begin", scope=scope, reason=reason)
    return claim


async def _against(session: AsyncSession, asked: Asked) -> Unclaimable | None:
    today = clock.today()
    standing = await repository.standing_of(
        session, customer_id=asked.customer_id, manager_id=asked.manager_id, day=today
    )
    if standing is None:
        raise NotFound
    return unclaimable(standing, day=today)


async def _give(session: AsyncSession, asked: Asked) -> Claim | None:
    """Begin a claim where nothing stands against it; of two at once the database lets in one."""
    if await _against(session, asked) is not None:
        return None
    terms = (await COVERAGE_TERMS.in_force(session)).terms
    claim = begun(asked, clock.today(), terms)
    return claim if await repository.insert_claim(session, claim) else None


def begun(asked: Asked, day: date, terms: Terms) -> Claim:
    """Return a claim that begins on a day, for as long as the terms protect it."""
    until = day + timedelta(days=terms.claim_days)
    return Claim(
        customer_id=asked.customer_id,
        id=new_id(),
        manager_id=asked.manager_id,
        origin=asked.origin,
        touch_id=asked.touch_id,
        valid_from=day,
        valid_to=until,
        blocked_until=until + timedelta(days=terms.claim_cool_down_days),
        created_at=clock.now(),
    )


async def record(
    session: AsyncSession,
    actor: Actor,
    claim: Claim,
    action: str,
    *,
    scope: Scope | None = None,
    reason: str | None = None,
) -> None:
    """Write the row of the trail about a claim."""
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type="claim",
        object_id=to_public("clm", claim.id),
        owner_id=claim.customer_id,
        scope=scope,
        reason=reason,
        facts={"manager_id": to_public("mgr", claim.manager_id), "origin": claim.origin},
    )


class ClaimFollower(CoverageFollower):
    """Lets claims be over on customers who have a manager."""

    name = "claims"

    async def follow(self, session: AsyncSession, changes: Sequence[Change]) -> None:
        """End them on the day on which somebody serves the customer, the claimant or another one."""
        placed = {change.customer_id: change.on_day for change in changes if change.taker_id is not None}
        await repository.end_placed(session, placed)


FOLLOWER: Final = ClaimFollower()
