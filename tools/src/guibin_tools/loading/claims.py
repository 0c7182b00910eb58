"""Loads a claim for a few managers, one of which a colleague of the branch disputes."""

from collections.abc import Sequence
from typing import Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import Customer
from guibin.managers.claims.disputing import dispute
from guibin.managers.claims.errors import ClaimNotPossible, DisputeNotPossible
from guibin.managers.claims.service import enter_claim
from guibin.managers.claims.standing import is_served
from guibin.managers.models import Manager
from guibin.organisation.models import Staff
from guibin.security.actors import Actor, ActorKind, Scope

CLAIMS: Final = 3
_BANK: Final = Scope.of_job()


async def claim_customers(session: AsyncSession, people: Sequence[tuple[Manager, Staff]]) -> None:
    """Let managers have brought customers whom nobody serves; a colleague says of the first that it is theirs."""
    claimed = 0
    for manager, staff in people:
        free = select(Customer.id).where(Customer.branch_id == manager.branch_id, ~is_served(col(Customer.id)))
        customer_id = (await session.exec(free.order_by(col(Customer.id)).offset(claimed).limit(1))).first()
        if customer_id is None or claimed == CLAIMS:
            continue
        head = Actor(ActorKind.STAFF, staff.id, staff.no, roles=frozenset({"branch_head"}))
        try:
            claim = await enter_claim(
                session,
                _BANK,
                actor=head,
                customer_id=customer_id,
                manager_id=manager.id,
                reason="演示：陪同客户到网点开户",
            )
            claimed += 1
            if claimed == 1:
                colleague = next(one for other, one in people if other.id != manager.id)
                actor = Actor(ActorKind.STAFF, colleague.id, colleague.no, roles=frozenset({"manager"}))
                await dispute(session, _BANK, actor=actor, claim_id=claim.id, reason="演示：九月已先行走访该客户")
        except (ClaimNotPossible, DisputeNotPossible):
            continue
