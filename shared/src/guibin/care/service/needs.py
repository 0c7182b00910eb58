"""Needs: told by the customer, a right proposed for them, served, or not."""

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care import repository, rules
from guibin.care.errors import CareRecordOver, NeedNotServed
from guibin.care.models import Need, NeedState
from guibin.care.service.seen import Precondition, Seen, on_record, opened, require_ahead, seal, told
from guibin.care.service.wishes import Wish
from guibin.care.serving import Proposed, rights
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.core.reasons import require_reason
from guibin.customers.origins import with_origins
from guibin.customers.repository import get_customer
from guibin.security.actors import Actor, Scope
from guibin.security.ciphers import KeyRing


async def record_need(
    session: AsyncSession, scope: Scope, keys: KeyRing, *, actor: Actor, customer_id: UUID, wish: Wish
) -> Seen[Need]:
    """Write a need down; whoever serves the customer answers for it.

    Raises:
        NotFound: the customer is out of scope or erased.
        DueDayInvalid: the day is over, or too far ahead.
    """
    customer = await get_customer(session, scope, customer_id=customer_id)
    manager_id = await repository.serving_manager(session, customer_id=customer.id)
    row = await add_need(session, keys, actor=actor, customer_id=customer.id, manager_id=manager_id, wish=wish)
    await told(session, actor, row, "need.record", category=wish.category)
    return Seen(row, customer.id, wish.text)


async def add_need(
    session: AsyncSession,
    keys: KeyRing,
    *,
    actor: Actor,
    customer_id: UUID,
    manager_id: UUID | None,
    wish: Wish,
    touch_id: UUID | None = None,
) -> Need:
    """Add a need of a customer whom the caller has looked up."""
    require_ahead(wish.due_on)
    row = Need(
        customer_id=customer_id,
        id=new_id(),
        manager_id=manager_id,
        category=wish.category,
        due_on=wish.due_on,
        touch_id=touch_id,
        created_by=actor.id,
        created_at=clock.now(),
    )
    await seal(session, keys, row, wish.text)
    await repository.insert(session, row)
    return row


async def propose_right(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    *,
    actor: Actor,
    customer_id: UUID,
    need_id: UUID,
    precondition: Precondition,
    wanted: Proposed,
) -> Seen[Need]:
    """Propose a right to the customer that serves the need; what becomes of the proposal is read from the rights.

    Another proposal takes the place of one before, which lapses or is withdrawn by itself.

    Raises:
        NotFound, CareRecordOver, VersionConflict: there is no such need, it has ended, or it was changed meanwhile.
        Refusal: whatever refuses a proposal.
    """
    async with on_record(session, scope, Need, customer_id=customer_id, row_id=need_id) as (customer, row):
        precondition(row.revision)
        if not rules.may_end_need(NeedState(row.state), NeedState.SERVED):
            raise CareRecordOver(state=row.state)
        proposal_id = await rights().propose(session, scope, keys, actor=actor, customer_id=customer.id, wanted=wanted)
        await repository.change(
            session, row, state=NeedState.PROPOSED, right_id=wanted.right_id, proposal_id=proposal_id
        )
        await told(session, actor, row, "need.propose", right_id=to_public("rgt", wanted.right_id))
        return (await opened(session, keys, [row], customer_id=customer.id))[0]


async def end_need(
    session: AsyncSession,
    scope: Scope,
    keys: KeyRing,
    *,
    actor: Actor,
    customer_id: UUID,
    need_id: UUID,
    precondition: Precondition,
    state: NeedState,
    reason: str | None,
    redemption_id: UUID | None,
) -> Seen[Need]:
    """Say how a need ended: served by a redemption or in the way the reason tells, declined, or lapsed.

    Raises:
        NotFound, CareRecordOver, VersionConflict: there is no such need, it has ended, or it was changed meanwhile.
        ReasonRequired: without a redemption it takes a reason that says something.
        NeedNotServed: the redemption is not one of this customer's that was delivered.
    """
    customer = await get_customer(session, scope, customer_id=customer_id)
    async with with_origins(session, scope, customer_id=customer.id) as wide:
        row = await repository.find(session, wide, Need, customer_id=customer.id, row_id=need_id, lock=True)
        precondition(row.revision)
        if not rules.may_end_need(NeedState(row.state), state):
            raise CareRecordOver(state=row.state)
        if redemption_id is None:
            require_reason(reason)
        elif not await rights().is_delivered(
            session, customer_ids=(customer.id, *wide.origins), redemption_id=redemption_id
        ):
            raise NeedNotServed
        await repository.change(
            session, row, state=state, reason=reason, redemption_id=redemption_id, ended_at=clock.now()
        )
        await told(session, actor, row, f"need.{state}")
        return (await opened(session, keys, [row], customer_id=customer.id))[0]


async def serve_by_redemption(
    session: AsyncSession, *, customer_id: UUID, proposal_id: UUID, redemption_id: UUID
) -> bool:
    """Note that the proposal of a need was accepted and delivered; false where no need stands behind it."""
    query = (
        select(Need)
        .where(Need.customer_id == customer_id, Need.proposal_id == proposal_id, col(Need.ended_at).is_(None))
        .with_for_update()
    )
    row = (await session.exec(query)).first()
    if row is None:
        return False
    await repository.change(session, row, state=NeedState.SERVED, redemption_id=redemption_id, ended_at=clock.now())
    return True
