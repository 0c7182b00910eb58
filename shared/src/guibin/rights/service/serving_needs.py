"""What the rights do for care: a right is proposed for a need, and what is delivered has served it."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.service import serve_by_redemption
from guibin.care.serving import Proposed, RightServer
from guibin.core.ids import from_public
from guibin.outbox.consumers import Event
from guibin.outbox.events import EventName
from guibin.rights.models import Redemption, RedemptionProposal, RedemptionState, RightsItem
from guibin.rights.service.proposing import Proposal, propose
from guibin.security.actors import Actor, Scope
from guibin.security.ciphers import KeyRing


class RightsForNeeds(RightServer):
    """Proposes rights and knows what was delivered."""

    async def is_known(self, session: AsyncSession, right_id: UUID) -> bool:
        """Tell whether there is such a right."""
        return (await session.exec(select(RightsItem.id).where(RightsItem.id == right_id))).first() is not None

    async def propose(
        self, session: AsyncSession, scope: Scope, keys: KeyRing, *, actor: Actor, customer_id: UUID, wanted: Proposed
    ) -> UUID:
        """Propose a right as a manager does; refused as any proposal is."""
        new = Proposal(wanted.right_id, wanted.quantity, wanted.words)
        return (await propose(session, scope, keys, actor=actor, customer_id=customer_id, new=new)).row.id

    async def is_delivered(self, session: AsyncSession, *, customer_ids: Sequence[UUID], redemption_id: UUID) -> bool:
        """Tell whether a redemption is one of these customers' and was delivered."""
        query = select(Redemption.id).where(
            col(Redemption.customer_id).in_(customer_ids),
            Redemption.id == redemption_id,
            Redemption.state == RedemptionState.FULFILLED,
        )
        return (await session.exec(query)).first() is not None


class ServedNeeds:
    """Notes that a need is served once the redemption that came of its proposal is delivered."""

    name = "served_needs"
    types = frozenset({EventName.REDEMPTION_FULFILLED})

    async def apply(self, session: AsyncSession, event: Event) -> None:
        """Look for the proposal behind the redemption, and for the need behind the proposal."""
        redemption_id = from_public("rdm", event.subject)
        if redemption_id is None or event.customer_id is None:
            return
        query = select(RedemptionProposal.id).where(
            RedemptionProposal.customer_id == event.customer_id, RedemptionProposal.redemption_id == redemption_id
        )
        proposal_id = (await session.exec(query)).first()
        if proposal_id is not None:
            await serve_by_redemption(
                session, customer_id=event.customer_id, proposal_id=proposal_id, redemption_id=redemption_id
            )


RIGHTS_FOR_NEEDS = RightsForNeeds()
SERVED_NEEDS = ServedNeeds()
