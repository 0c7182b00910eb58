"""A colleague says that a claim is theirs; who leads the branch and is no party decides."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import new_id
from guibin.managers import repository as managers
from guibin.managers.claims import repository
from guibin.managers.claims.errors import DisputeNotPossible, NoOpenDispute, PartyDecides
from guibin.managers.claims.models import Claim, ClaimDispute, ClaimDisputeState, ClaimEnd, ClaimOrigin
from guibin.managers.claims.rules import Disputed, Indisputable, indisputable, is_contestable
from guibin.managers.claims.service import Asked, begun, record
from guibin.managers.eligibility.service import require_within
from guibin.managers.service.by_hand import Move, Order, assign_by_hand
from guibin.managers.terms.rules import Terms
from guibin.managers.terms.service import COVERAGE_TERMS
from guibin.security.actors import Actor, Scope
from guibin.security.row_scope import all_rows


@dataclass(frozen=True, slots=True)
class Ruling:
    """Whether the claim goes to who disputes it, and why."""

    moves: bool
    reason: str


async def dispute(session: AsyncSession, scope: Scope, *, actor: Actor, claim_id: UUID, reason: str) -> ClaimDispute:
    """Say, as a manager, that a claim of a colleague is the caller's own.

    Raises:
        NotFound: there is no such claim in scope or in the caller's branch.
        DisputeNotPossible: the caller is no manager, or cannot dispute this claim now.
    """
    async with all_rows(session):  # nobody serves the customer, so that colleagues do not reach the rows
        claim = await repository.find_claim(session, scope, claim_id=claim_id, colleague_id=actor.id, lock=True)
        manager_id = await managers.manager_of_staff(session, staff_id=actor.id)
        if manager_id is None:
            raise DisputeNotPossible(reason=Indisputable.NOT_A_MANAGER)
        against = await _against(session, claim, manager_id)
        if against is not None:
            raise DisputeNotPossible(reason=against)
        row = ClaimDispute(
            customer_id=claim.customer_id,
            id=new_id(),
            claim_id=claim.id,
            manager_id=manager_id,
            reason=reason,
            opened_by=actor.id,
            opened_at=clock.now(),
        )
        session.add(row)
        await session.flush()
        await record(session, actor, claim, "claim.dispute", reason=reason)
        return row


async def _against(session: AsyncSession, claim: Claim, manager_id: UUID) -> Indisputable | None:
    today = clock.today()
    standing = await repository.standing_of(session, customer_id=claim.customer_id, manager_id=manager_id, day=today)
    if standing is None:
        raise NotFound
    terms = (await COVERAGE_TERMS.in_force(session)).terms
    disputed = await _disputed(session, claim)
    return indisputable(disputed, manager_id, standing, day=today, dispute_days=terms.claim_dispute_days)


async def _disputed(session: AsyncSession, claim: Claim) -> Disputed:
    serving = await managers.open_coverages(session, customer_ids=[claim.customer_id])
    served = serving.get(claim.customer_id)
    return Disputed(
        claim.manager_id,
        claim.valid_from,
        claim.valid_to,
        claim.end_reason,
        None if served is None else served.manager_id,
        await repository.open_dispute(session, claim) is not None,
    )


async def decide(session: AsyncSession, scope: Scope, *, actor: Actor, claim_id: UUID, ruling: Ruling) -> Claim:
    """Let a claim stay, or let it go to who disputes it; returns the claim that stands then.

    Where the claimant serves the customer by now, the customer goes along. Who loses cannot claim the customer again
    for the days of the terms.

    Raises:
        NotFound: the customer or one of the two managers is out of scope.
        NoOpenDispute: nobody disputes it, or there is nothing left to decide about.
        PartyDecides: the caller is a party.
        AssigneeInvalid, VersionConflict: as `assign_by_hand`, where the customer goes along.
    """
    claim = await repository.find_claim(session, scope, claim_id=claim_id, lock=True)
    row = await repository.open_dispute(session, claim)
    disputed = await _disputed(session, claim)
    if row is None or not is_contestable(disputed, day=clock.today()):
        raise NoOpenDispute
    parties = (claim.manager_id, row.manager_id)
    for manager_id in parties:
        await require_within(session, scope, (await managers.get_person(session, manager_id)).manager)
    if actor.id in {row.opened_by, *await repository.staff_of(session, parties)}:
        raise PartyDecides
    terms = (await COVERAGE_TERMS.in_force(session)).terms
    _rule(row, actor, ruling, terms)
    session.add(row)
    if not ruling.moves:
        await record(session, actor, claim, "claim.decide", scope=scope, reason=ruling.reason)
        return claim
    return await _move(session, scope, actor, claim, row, terms)


def _rule(row: ClaimDispute, actor: Actor, ruling: Ruling, terms: Terms) -> None:
    row.state = ClaimDisputeState.MOVED if ruling.moves else ClaimDisputeState.STAYED
    row.ruling, row.decided_by, row.decided_at = ruling.reason, actor.id, clock.now()
    row.blocked_until = None if ruling.moves else _blocked(terms)


def _blocked(terms: Terms) -> date:
    return clock.today() + timedelta(days=terms.claim_cool_down_days)


async def _move(
    session: AsyncSession, scope: Scope, actor: Actor, claim: Claim, row: ClaimDispute, terms: Terms
) -> Claim:
    today, was_placed = clock.today(), claim.end_reason == ClaimEnd.PLACED
    await repository.end_claim(session, claim, on_day=today, reason=ClaimEnd.MOVED, blocked_until=_blocked(terms))
    if was_placed:  # the assignment leaves the one row of this command in the trail
        order = Order(actor, scope, row.ruling or row.reason, None)
        await assign_by_hand(session, Move(claim.customer_id, row.manager_id), order)
        return claim
    moved = begun(Asked(claim.customer_id, row.manager_id, ClaimOrigin.DISPUTE), today, terms)
    if not await repository.insert_claim(session, moved):
        raise NoOpenDispute
    await record(session, actor, moved, "claim.decide", scope=scope, reason=row.ruling)
    return moved
