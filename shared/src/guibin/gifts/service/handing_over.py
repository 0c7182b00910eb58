"""Handing a gift over: asked for by who serves the customer, signed by another person, within the year's cap.

What is asked for is set aside at once, on the shelf and of the cap, so that nobody signs what cannot be given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import BranchId, CustomerId, GiftHandoverId, GiftId, new_id, to_public
from guibin.core.money import format_cny
from guibin.customers.models import Customer
from guibin.customers.repository import get_customer
from guibin.gifts import repository
from guibin.gifts.errors import GiftCapReached, GiftNotOffered, GiftNotPossible, GiftOutOfStock
from guibin.gifts.models import Gift, GiftHandover, GiftHandoverState, GiftMovement, MovementKind, Occasion
from guibin.gifts.repository import Handed, Moment
from guibin.gifts.rules import left_of
from guibin.outbox.events import GiftHandedOver
from guibin.outbox.service import publish
from guibin.points.errors import LimitExceeded
from guibin.privacy.repository import is_blocked
from guibin.privacy.rules import Act
from guibin.security.actors import Actor, Domain, Grant, Scope, Verb, decide, limit_of
from guibin.security.row_scope import all_rows


@dataclass(frozen=True, slots=True)
class Giving:
    """What is to be given to whom; `cap_fen` is what a customer may be given in a year."""

    customer_id: UUID
    gift_id: UUID
    units: int
    occasion: Occasion
    cap_fen: int


class _Payload(BaseModel):
    """The payload of `gift.hand_over`: all that the two people sign."""

    model_config = ConfigDict(frozen=True)

    customer_id: CustomerId
    handover_id: GiftHandoverId
    gift_id: GiftId
    branch_id: BranchId
    units: int
    value_fen: int
    occasion: Occasion
    cap_fen: int


async def submit_handover(
    session: AsyncSession, scope: Scope, *, actor: Actor, grants: Sequence[Grant], wanted: Giving
) -> Approval:
    """Ask for a gift from the stock of the actor's branch; a second person signs before the customer has it.

    Raises:
        NotFound: the customer is out of scope or erased.
        LimitExceeded: it is worth more than the actor may give.
        GiftNotOffered, GiftNotPossible: there is no such gift to give, or nothing may be given to this customer.
        GiftCapReached: it would be more than the year's cap. Facts: cap, given, value, left.
        GiftOutOfStock: the branch has not that many free units. Facts: free, required.
    """
    customer = await get_customer(session, scope, customer_id=wanted.customer_id)
    gift = await repository.find_gift(session, wanted.gift_id)
    if customer.data_key is None:
        raise NotFound
    if gift is None or not gift.offered:
        raise GiftNotOffered
    limited = _scope_within_limit(actor, grants, wanted.units * gift.value_fen)
    await get_customer(session, limited, customer_id=customer.id)
    if await is_blocked(session, customer.id, Act.REDEEM, day=clock.today()):
        raise GiftNotPossible
    payload = _Payload(
        customer_id=customer.id,
        handover_id=new_id(),
        gift_id=gift.id,
        branch_id=await repository.staff_branch(session, actor.id),
        units=wanted.units,
        value_fen=wanted.units * gift.value_fen,
        occasion=wanted.occasion,
        cap_fen=wanted.cap_fen,
    )
    given = await _count(session, payload, year=clock.today().year)
    await _set_aside(session, payload)
    return await _submit(session, actor, customer, gift, payload, given)


def _scope_within_limit(actor: Actor, grants: Sequence[Grant], value_fen: int) -> Scope:
    scope = decide(grants, Verb.SUBMIT, Domain.GIFTS, staff_id=actor.id, cost_fen=value_fen)
    if scope is None:
        limit = limit_of(grants, Verb.SUBMIT, Domain.GIFTS) or 0
        raise LimitExceeded(limit=format_cny(limit), cost=format_cny(value_fen))
    return scope


async def _submit(
    session: AsyncSession, actor: Actor, customer: Customer, gift: Gift, payload: _Payload, given_fen: int
) -> Approval:
    approval = await approvals.submit(
        session,
        actor=actor,
        kind=GIFT_HANDOVER.kind,
        domain=GIFT_HANDOVER.domain,
        subject=to_public("cus", customer.id),
        payload=payload.model_dump(mode="json"),
        preview={
            "gift": gift.name_zh,
            "units": payload.units,
            "value": format_cny(payload.value_fen),
            "occasion": payload.occasion,
            "given_before": format_cny(given_fen),
            "cap": format_cny(payload.cap_fen),
        },
        owner_id=customer.id,
        cost_fen=payload.value_fen,
        branch_id=payload.branch_id,
    )
    now = clock.now()
    row = GiftHandover(
        customer_id=customer.id,
        id=payload.handover_id,
        gift_id=gift.id,
        branch_id=payload.branch_id,
        units=payload.units,
        value_fen=payload.value_fen,
        year=clock.today().year,
        occasion=payload.occasion,
        given_by=actor.id,
        approval_id=approval.id,
        created_at=now,
    )
    await repository.insert_handover(session, row)
    return approval


async def _count(session: AsyncSession, payload: _Payload, *, year: int) -> int:
    """Count a gift against the year's cap of the customer; returns what was given before it, in fen.

    Whoever was merged into the customer counts along.
    """
    async with all_rows(session):
        await repository.lock_year(session, customer_id=payload.customer_id, year=year)
        family = await repository.family_of(session, payload.customer_id)
        given = await repository.given_in(session, customer_ids=family, year=year)
        left = left_of(payload.cap_fen, given)
        if payload.value_fen > left:
            raise GiftCapReached(
                cap=format_cny(payload.cap_fen),
                given=format_cny(given),
                value=format_cny(payload.value_fen),
                left=format_cny(left),
            )
        await repository.count_given(session, customer_id=payload.customer_id, year=year, fen=payload.value_fen)
    return given


async def _set_aside(session: AsyncSession, payload: _Payload) -> None:
    stock = await repository.lock_stock(session, gift_id=payload.gift_id, branch_id=payload.branch_id)
    if stock.free < payload.units:
        raise GiftOutOfStock(free=stock.free, required=payload.units)
    await repository.change_stock(session, stock, free=-payload.units, reserved=payload.units)


class GiftHandingOver(ApprovalHandler):
    """Hands a gift over that a second person has signed for; what is not signed goes back on the shelf.

    A request is not amended: another gift is another request.
    """

    kind = "gift.hand_over"
    domain = Domain.GIFTS
    title = Label("向客户赠送礼品", "Hand a gift over to a customer")
    labels = MappingProxyType(
        {
            "gift": Label("礼品", "Gift"),
            "units": Label("数量", "Units"),
            "value": Label("价值（元）", "Value in CNY"),
            "occasion": Label("事由", "Occasion"),
            "given_before": Label("本年度已赠（元）", "Given in this year, in CNY"),
            "cap": Label("年度上限（元）", "Cap of the year, in CNY"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Give it: from the shelf, into the customer's history; the customer is told.

        Raises:
            NotFound, GiftNotPossible: the customer is gone, or may not be given anything any more.
            GiftCapReached: it waited into another year, whose cap is reached.
        """
        agreed = _Payload.model_validate(payload)
        customer = await get_customer(session, context.maker_scope, customer_id=agreed.customer_id)
        if customer.data_key is None:
            raise NotFound
        if await is_blocked(session, customer.id, Act.REDEEM, day=clock.today()):
            raise GiftNotPossible
        row = await repository.lock_handover(session, customer_id=agreed.customer_id, handover_id=agreed.handover_id)
        year = clock.today().year
        if row.year != year:
            await repository.count_given(session, customer_id=row.customer_id, year=row.year, fen=-row.value_fen)
            await _count(session, agreed, year=year)
        now, signer = clock.now(), context.approver.id
        await _take(session, row, context.maker_id, now)
        await repository.end_handover(
            session, row, state=GiftHandoverState.HANDED_OVER, year=year, signed_by=signer, ended_at=now
        )
        told = GiftHandedOver(gift_id=row.gift_id, units=row.units)
        await publish(session, told, subject_id=row.id, customer_id=customer.id)
        await _record(session, context, row)

    async def give_back(self, session: AsyncSession, payload: Mapping[str, object]) -> None:
        """Put what nobody signed for back on the shelf, and give it back to the year's cap."""
        agreed = _Payload.model_validate(payload)
        async with all_rows(session):  # who withdraws may not serve the customer any more
            await _release(session, agreed)


async def _release(session: AsyncSession, agreed: _Payload) -> None:
    row = await repository.lock_handover(session, customer_id=agreed.customer_id, handover_id=agreed.handover_id)
    if row.state != GiftHandoverState.WAITING:
        return
    await repository.count_given(session, customer_id=row.customer_id, year=row.year, fen=-row.value_fen)
    stock = await repository.lock_stock(session, gift_id=row.gift_id, branch_id=row.branch_id)
    await repository.change_stock(session, stock, free=row.units, reserved=-row.units)
    await repository.end_handover(session, row, state=GiftHandoverState.RELEASED, ended_at=clock.now())


async def _take(session: AsyncSession, row: GiftHandover, giver_id: UUID, at: datetime) -> None:
    """Take what is set aside from the shelf."""
    stock = await repository.lock_stock(session, gift_id=row.gift_id, branch_id=row.branch_id)
    await repository.change_stock(session, stock, reserved=-row.units, handed_over=row.units)
    movement = GiftMovement(
        gift_id=row.gift_id,
        id=new_id(),
        branch_id=row.branch_id,
        kind=MovementKind.HANDED_OVER,
        units=-row.units,
        handover_id=row.id,
        by=giver_id,
        at=at,
    )
    await repository.insert_movement(session, movement)


async def _record(session: AsyncSession, context: ApprovalContext, row: GiftHandover) -> None:
    await audit.record(
        session,
        actor=context.approver,
        action="gift.handed_over",
        object_type="gift_handover",
        object_id=to_public("gfh", row.id),
        owner_id=row.customer_id,
        on_behalf_id=context.maker_id,
        facts={"gift_id": to_public("gft", row.gift_id), "units": row.units, "value_fen": row.value_fen},
    )


async def handovers_of(
    session: AsyncSession,
    scope: Scope,
    *,
    customer_id: UUID,
    states: tuple[GiftHandoverState, ...],
    before: Moment | None,
    limit: int,
) -> list[Handed]:
    """Return what a customer, or who was merged into it, was given, newest first.

    Raises:
        NotFound: the customer is out of scope.
    """
    customer = await get_customer(session, scope, customer_id=customer_id)
    async with all_rows(session):
        family = await repository.family_of(session, customer.id)
        return await repository.list_handovers(session, customer_ids=family, states=states, before=before, limit=limit)


GIFT_HANDOVER: Final = GiftHandingOver()
