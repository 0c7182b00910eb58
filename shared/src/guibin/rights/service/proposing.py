"""Proposals: a manager prepares a redemption, the customer accepts or declines it, and nothing moves before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import new_id, to_public
from guibin.customers.models import Customer
from guibin.customers.repository import get_customer, lock_customers
from guibin.outbox.events import ProposalMade
from guibin.outbox.service import publish
from guibin.points.step_up import StepUpProof
from guibin.rights.models import ProposalState, RedemptionProposal, RightsItem, RightState
from guibin.rights.offer import is_visible
from guibin.rights.proposal_errors import ProposalOver, ProposalWaiting, RightNotOffered, TooManyProposals
from guibin.rights.repository import catalogue, proposals
from guibin.rights.service.deliveries import Delivery
from guibin.rights.service.redeeming import Redeemed, RedemptionRequest, redeem
from guibin.rights.service.standing import read_profile_towards
from guibin.security.actors import Actor, Scope
from guibin.security.ciphers import DataKey, KeyRing, WrappedKey

DAYS_TO_ANSWER: Final = 7
MOST_WAITING: Final = 5
"""Proposals that wait for one customer's answer at once."""

_TABLE: Final = str(RedemptionProposal.__tablename__)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a manager proposes, and in which words; None without words."""

    right_id: UUID
    quantity: int
    words: str | None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """How a customer wants what is proposed; the right and the quantity are the proposal's."""

    expected_points: int | None = None
    class_of_service: str | None = None
    wallet: str | None = None
    slot_id: UUID | None = None
    delivery: Delivery | None = None
    step_up: StepUpProof | None = None


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A proposal with its right and its words, which are None once the customer is erased."""

    row: RedemptionProposal
    right: RightsItem
    words: str | None

    def state_at(self, now: datetime) -> ProposalState:
        """Return how it stands: one that waits beyond its time has lapsed."""
        state = ProposalState(self.row.state)
        return ProposalState.LAPSED if state is ProposalState.WAITING and self.row.lapses_at <= now else state


async def propose(
    session: AsyncSession, scope: Scope, keys: KeyRing, *, actor: Actor, customer_id: UUID, new: Proposal
) -> ProposalView:
    """Prepare a redemption for a customer, who is told and has seven days to answer.

    Raises:
        NotFound: the customer is out of scope or erased.
        RightNotOffered: there is no such right on sale, or the customer does not see it.
        ProposalWaiting: this right is proposed to the customer already.
        TooManyProposals: so many wait for the customer's answer. Facts: most.
    """
    customer = await get_customer(session, scope, customer_id=customer_id)
    item = await _seen(session, scope, customer, new.right_id)
    key = _key_of(keys, customer)
    if key is None:
        raise NotFound
    await lock_customers(session, [customer.id])
    now = clock.now()
    await proposals.lapse(session, customer_id=customer.id, now=now)
    waiting = await proposals.waiting_rights(session, customer_id=customer.id)
    if item.id in waiting:
        raise ProposalWaiting
    if len(waiting) >= MOST_WAITING:
        raise TooManyProposals(most=MOST_WAITING)
    row = RedemptionProposal(
        customer_id=customer.id,
        id=new_id(),
        right_id=item.id,
        quantity=new.quantity,
        proposed_by=actor.id,
        created_at=now,
        lapses_at=now + timedelta(days=DAYS_TO_ANSWER),
    )
    row.words_enc = None if new.words is None else key.encrypt(new.words, _TABLE, "words_enc", row.id)
    await proposals.insert_proposal(session, row)
    told = ProposalMade(right_id=row.right_id, quantity=row.quantity, lapses_at=row.lapses_at)
    await publish(session, told, subject_id=row.id, customer_id=row.customer_id)
    await _record(session, actor, row, "proposal.make")
    return ProposalView(row, item, new.words)


async def withdraw(
    session: AsyncSession, scope: Scope, keys: KeyRing, *, actor: Actor, customer_id: UUID, proposal_id: UUID
) -> ProposalView:
    """Take a proposal back that waits.

    Raises:
        NotFound: there is none in scope.
        ProposalOver: it is answered, withdrawn or has lapsed. Facts: state.
    """
    row, now = await _lock_waiting(session, scope, customer_id, proposal_id)
    await proposals.end_proposal(session, row, state=ProposalState.WITHDRAWN, ended_at=now)
    await _record(session, actor, row, "proposal.withdraw")
    return (await _views(session, scope, keys, customer_id, [row]))[0]


async def accept(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    *,
    actor: Actor,
    proposal_id: UUID,
    wish: Acceptance,
) -> Redeemed:
    """Redeem what was proposed.

    What refuses the redemption leaves the proposal waiting.

    Raises:
        NotFound: there is no such proposal, or its right is not seen any more.
        ProposalOver: it is answered, withdrawn or has lapsed. Facts: state.
        Refusal: whatever refuses a redemption.
    """
    row, now = await _lock_waiting(session, scope, actor.id, proposal_id)
    request = RedemptionRequest(
        right_id=row.right_id,
        quantity=row.quantity,
        expected_points=wish.expected_points,
        class_of_service=wish.class_of_service,
        wallet=wish.wallet,
        step_up=wish.step_up,
        slot_id=wish.slot_id,
        delivery=wish.delivery,
    )
    done = await redeem(session, scope, actor=actor, customer_id=actor.id, request=request, keys=keys)
    await proposals.end_proposal(
        session, row, state=ProposalState.ACCEPTED, ended_at=now, redemption_id=done.redemption.id
    )
    return done


async def decline(
    session: AsyncSession, scope: Scope, keys: KeyRing, *, actor: Actor, proposal_id: UUID
) -> ProposalView:
    """Say no to a proposal.

    Raises:
        NotFound: there is no such proposal.
        ProposalOver: it is answered, withdrawn or has lapsed. Facts: state.
    """
    row, now = await _lock_waiting(session, scope, actor.id, proposal_id)
    await proposals.end_proposal(session, row, state=ProposalState.DECLINED, ended_at=now)
    return (await _views(session, scope, keys, actor.id, [row]))[0]


async def list_proposals(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    *,
    customer_id: UUID,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[ProposalView]:
    """Return a customer's proposals, newest first.

    Raises:
        NotFound: the customer is out of scope.
    """
    rows = await proposals.list_proposals(session, scope, customer_id=customer_id, before=before, limit=limit)
    return await _views(session, scope, keys, customer_id, rows)


async def _seen(session: AsyncSession, scope: Scope, customer: Customer, right_id: UUID) -> RightsItem:
    items = await catalogue.find_items(session, right_ids=[right_id])
    if right_id not in items or items[right_id].state != RightState.PUBLISHED:
        raise RightNotOffered
    right, now = await catalogue.get_right(session, right_id=right_id), clock.now()
    profile = await read_profile_towards(session, scope, customer_id=customer.id, rights=[right], now=now)
    if not is_visible(right.terms, profile.tier, profile.tags, profile.branches, now):
        raise RightNotOffered
    return right.item


async def _lock_waiting(
    session: AsyncSession, scope: Scope, customer_id: UUID, proposal_id: UUID
) -> tuple[RedemptionProposal, datetime]:
    row = await proposals.lock_proposal(session, scope, customer_id=customer_id, proposal_id=proposal_id)
    now = clock.now()
    if row.state != ProposalState.WAITING or row.lapses_at <= now:
        raise ProposalOver(state=row.state if row.state != ProposalState.WAITING else ProposalState.LAPSED)
    return row, now


async def _views(
    session: AsyncSession, scope: Scope, keys: KeyRing, customer_id: UUID, rows: Sequence[RedemptionProposal]
) -> list[ProposalView]:
    key = _key_of(keys, await get_customer(session, scope, customer_id=customer_id))
    rights = await catalogue.find_items(session, right_ids=[row.right_id for row in rows])
    return [ProposalView(row, rights[row.right_id], words_of(key, row)) for row in rows]


def _key_of(keys: KeyRing, customer: Customer) -> DataKey | None:
    return None if customer.data_key is None else keys.open_data_key(WrappedKey(customer.data_key), customer.id)


def words_of(key: DataKey | None, row: RedemptionProposal) -> str | None:
    """Return the words of a proposal; None without any, or without the customer's key."""
    return None if key is None or row.words_enc is None else key.decrypt(row.words_enc, _TABLE, "words_enc", row.id)


async def _record(session: AsyncSession, actor: Actor, row: RedemptionProposal, action: str) -> None:
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type="proposal",
        object_id=to_public("rpp", row.id),
        owner_id=row.customer_id,
        facts={"right_id": to_public("rgt", row.right_id), "quantity": row.quantity},
    )
