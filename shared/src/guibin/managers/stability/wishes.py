"""A customer keeps the manager or asks for another; the bank answers."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.repository import get_customer
from guibin.managers.errors import AssigneeInvalid
from guibin.managers.service.by_hand import Move, Order, assign_by_hand
from guibin.managers.service.people import manager_of
from guibin.managers.stability import repository
from guibin.managers.stability.errors import NoManager, NoOpenWish, SuccessorMissing
from guibin.managers.stability.models import ManagerWish, Wish, WishReason, WishState
from guibin.security.actors import Actor, Scope


@dataclass(frozen=True)
class Answer:
    """Whether a wish is agreed to, why, and who serves the customer where the customer may change."""

    agreed: bool
    reason: str
    manager_id: UUID | None = None


async def utter(session: AsyncSession, scope: Scope, *, actor: Actor, wish: Wish, reason: WishReason) -> ManagerWish:
    """Note what a customer wishes; it takes the place of an earlier wish, and the same again changes nothing.

    Raises:
        NoManager: nobody in particular serves the customer.
    """
    served = await manager_of(session, scope, customer_id=actor.id)
    if served is None:
        raise NoManager
    await repository.lock_wishes(session, actor.id)
    present = await repository.latest_wish(session, customer_id=actor.id)
    same = (wish, reason, served.person.manager.id, WishState.OPEN)
    if present and (present.wish, present.reason, present.manager_id, present.state) == same:
        return present
    await repository.supersede_wishes(session, [actor.id])
    row = ManagerWish(
        customer_id=actor.id,
        id=new_id(),
        manager_id=served.person.manager.id,
        wish=wish,
        reason=reason,
        uttered_at=clock.now(),
    )
    session.add(row)
    await session.flush()
    return row


async def answer(session: AsyncSession, scope: Scope, *, actor: Actor, customer_id: UUID, given: Answer) -> ManagerWish:
    """Answer a customer's wish; a change that is agreed to lets the named manager serve from today on.

    Raises:
        NotFound: the customer is out of scope.
        NoOpenWish: there is none, or it is answered.
        SuccessorMissing: a change is agreed to without a manager, or a manager is named for something else.
        AssigneeInvalid, VersionConflict: as `assign_by_hand`; the manager named is the present one.
    """
    customer = await get_customer(session, scope, customer_id=customer_id)
    state = WishState.ACCEPTED if given.agreed else WishState.DECLINED
    row = await repository.answer_wish(session, customer_id=customer.id, state=state, by=actor.id, at=clock.now())
    if row is None:
        raise NoOpenWish
    changes = given.agreed and row.wish == Wish.CHANGE
    if changes != (given.manager_id is not None):
        raise SuccessorMissing
    if given.manager_id is not None:  # the assignment leaves the one row of this command in the trail
        if given.manager_id == row.manager_id:
            raise AssigneeInvalid(reason="is_primary")
        order = Order(actor, scope, given.reason, None)
        await assign_by_hand(session, Move(customer.id, given.manager_id), order)
        return row
    await audit.record(
        session,
        actor=actor,
        action="coverage.wish_answer",
        object_type="customer",
        object_id=to_public("cus", customer.id),
        owner_id=customer.id,
        reason=given.reason,
        scope=scope,
        facts={"wish": row.wish, "agreed": given.agreed},
    )
    return row
