"""Loads a claim for a few managers, one of which a colleague of the branch disputes."""

from collections.abc import Sequence
from typing import Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import Customer
from guibin.managers.claims.disputing import dispute
from guibin.managers.claims.errors import ClaimNotPossible, DisputeNotPossible
from guibin.managers.claims.models import Claim
from guibin.managers.claims.service import enter_claim
from guibin.managers.claims.standing import is_served
from guibin.managers.models import Manager
from guibin.organisation.models import Staff
from guibin.security.actors import Actor, ActorKind, Scope

CLAIMS: Final = 3
_BANK: Final = Scope.of_job()
_REASON: Final = "演示：陪同客户到网点开户"


async def claim_customers(session: AsyncSession, people: Sequence[tuple[Manager, Staff]]) -> None:
    """Let managers have brought customers whom nobody serves; a colleague says of the first that it is theirs."""
    claimed: list[Claim] = []
    for manager, staff in people[:CLAIMS]:
        free = select(Customer.id).where(Customer.branch_id == manager.branch_id, ~is_served(col(Customer.id)))
        customers = (await session.exec(free.order_by(col(Customer.id)).offset(len(claimed)).limit(1))).all()
        head = Actor(ActorKind.STAFF, staff.id, staff.no, roles=frozenset({"branch_head"}))
        for customer_id in customers:
            try:
                claim = await enter_claim(
                    session, _BANK, actor=head, customer_id=customer_id, manager_id=manager.id, reason=_REASON
                )
                claimed.append(claim)
            except ClaimNotPossible:
                continue
    for claim in claimed[:1]:
        await _dispute(session, claim, people)


async def _dispute(session: AsyncSession, claim: Claim, people: Sequence[tuple[Manager, Staff]]) -> None:
    [branch] = [manager.branch_id for manager, _ in people if manager.id == claim.manager_id]
    for manager, staff in people:
        if manager.branch_id != branch or manager.id == claim.manager_id:
            continue
        actor = Actor(ActorKind.STAFF, staff.id, staff.no, roles=frozenset({"manager"}))
        try:
            await dispute(session, _BANK, actor=actor, claim_id=claim.id, reason="演示：九月已先行走访该客户")
        except DisputeNotPossible:
            continue
        break
