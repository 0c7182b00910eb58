"""Refunds by the bank: of units or of all that still stands, at once when they are small, by four eyes otherwise."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.errors import StateConflict
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.ids import RedemptionId, to_public
from guibin.core.money import format_cny
from guibin.core.reasons import require_reason
from guibin.customers import repository as customers
from guibin.outbox.events import RedemptionRefunded
from guibin.outbox.service import publish
from guibin.points import repository as points
from guibin.points.errors import RefundExceedsPaid
from guibin.points.rules import cost_of
from guibin.points.service.adjustments import scope_within_limit
from guibin.rights.errors import AlreadyUsed, NotRefundable
from guibin.rights.life import is_legal_step
from guibin.rights.models import Fulfilment, Redemption, RedemptionState
from guibin.rights.parts import Part, part_of, untouched
from guibin.rights.repository import catalogue, pool
from guibin.rights.service.donating import refuse_handed_over
from guibin.rights.service.ending import complete, lock, undo
from guibin.rights.service.giving_back import Because, give_back_part, return_codes, standing_of_redemption
from guibin.rights.service.holding import RedemptionView, get_redemption
from guibin.security.actors import Actor, Domain, Grant, Scope

AT_ONCE_FEN: Final = 500_00
"""As long as no more than this of a redemption goes back, the lowest limit of adjustments, one person is enough."""


class Refund(BaseModel):
    """Of what how many units (None: all that stand) are given back, and why. The payload of the approval."""

    model_config = ConfigDict(frozen=True)

    redemption_id: RedemptionId
    units: int | None
    reason: str


async def request_refund(
    session: AsyncSession, scope: Scope, *, actor: Actor, grants: Sequence[Grant], refund: Refund
) -> RedemptionView | Approval:
    """Refund a redemption, or submit it where it costs more than `AT_ONCE_FEN`; then nothing moves until it is agreed.

    Raises:
        ReasonRequired: the reason says nothing.
        NotFound: there is none in scope.
        LimitExceeded: it costs more than the actor may have moved.
        StateConflict: it does not stand, or is on its way. Facts: from, to.
        RefundExceedsPaid: more than what still stands. Facts: refundable, in units.
        NotRefundable: a part of what is given back as a whole only.
        AlreadyUsed: more than the units whose codes nobody used. Facts: used_at, refundable, in units.
        GivenPointsSpent: it gave points, which are not all there any more.
        DonationHandedOver: it is a donation whose month is over.
        AccountClosed: the account does not move.
    """
    require_reason(refund.reason)
    found, _ = await lock(session, scope, refund.redemption_id)
    part = await _part(session, found, refund.units)
    await refuse_handed_over(session, found)
    cost_fen = await _cost_of(session, found, part)
    within = scope_within_limit(actor, grants, cost_fen)
    customer = await customers.get_customer(session, within, customer_id=found.customer_id)
    if cost_fen <= AT_ONCE_FEN:
        await _carry_out(session, within, refund, actor_id=actor.id)
        await _record(session, actor, found, part, refund.reason)
        return await get_redemption(session, scope, redemption_id=found.id)
    item = (await catalogue.get_right(session, right_id=found.right_id)).item
    return await approvals.submit(
        session,
        actor=actor,
        kind=RefundHandler.kind,
        domain=RefundHandler.domain,
        subject=to_public("rdm", found.id),
        payload=refund.model_copy(update={"units": part.units}).model_dump(mode="json"),
        preview={
            "right": item.name_zh,
            "units": part.units,
            "points": part.points,
            "cost": format_cny(cost_fen),
            "reason": refund.reason,
        },
        owner_id=customer.id,
        cost_fen=cost_fen,
        branch_id=customer.branch_id,
    )


async def _part(session: AsyncSession, redemption: Redemption, units: int | None) -> Part:
    """Return what would go back of a redemption; refuses what does not stand, more than there is, and used codes."""
    state, standing = RedemptionState(redemption.state), standing_of_redemption(redemption)
    if state is RedemptionState.REFUNDED:
        raise RefundExceedsPaid(refundable=0)
    if not is_legal_step(state, RedemptionState.REFUNDED):
        raise StateConflict(**{"from": state, "to": RedemptionState.REFUNDED})
    codes = await pool.codes_of_redemption(session, right_id=redemption.right_id, redemption_id=redemption.id)
    refundable = len(untouched(codes)) if codes else standing.units
    wanted = standing.units if units is None else units
    if wanted > standing.units:
        raise RefundExceedsPaid(refundable=refundable)
    if wanted < standing.units and redemption.companions:
        raise NotRefundable(quantity=standing.units)
    if wanted > refundable:
        used_at = next((code.used_at for code in codes if code.used_at is not None), None)
        raise AlreadyUsed(used_at=used_at, refundable=refundable)
    return part_of(standing, wanted)


async def _cost_of(session: AsyncSession, redemption: Redemption, part: Part) -> int:
    """Return what the bank will have given back with a part: points, or what its budget paid where that is more.

    What went back before counts too: nobody gives back by parts, alone, what as a whole takes two.
    """
    wallet = await points.get_wallet(session, redemption.wallet)
    worth = cost_of(redemption.points_refunded + part.points, wallet.cost_fen if wallet else 0)
    units = redemption.quantity_refunded + part.units
    return max(worth, redemption.cost_fen * units // redemption.quantity)


async def _carry_out(session: AsyncSession, scope: Scope, refund: Refund, *, actor_id: UUID) -> None:
    """Give back what is asked for, as the redemption stands under its lock."""
    redemption, right = await lock(session, scope, refund.redemption_id)
    part = await _part(session, redemption, refund.units)
    await refuse_handed_over(session, redemption)
    if part == standing_of_redemption(redemption):
        await undo(session, redemption, right, state=RedemptionState.REFUNDED, actor_id=actor_id, now=clock.now())
        return
    told = RedemptionRefunded(
        right_id=redemption.right_id,
        quantity=part.units,
        wallet=redemption.wallet,
        fulfilment=redemption.fulfilment,
        points=part.points,
    )
    await publish(session, told, subject_id=redemption.id, customer_id=redemption.customer_id)
    if right.terms.gives is not None:
        raise NotRefundable(quantity=standing_of_redemption(redemption).units)
    all_used = await return_codes(session, redemption, units=part.units)
    await give_back_part(session, redemption, right, part, because=Because("部分退还", "Refunded in part", actor_id))
    if all_used and redemption.fulfilment == Fulfilment.CODE and redemption.state == RedemptionState.CONFIRMED:
        await complete(session, redemption, actor_id=actor_id, now=clock.now())


async def _record(session: AsyncSession, actor: Actor, redemption: Redemption, part: Part, reason: str) -> None:
    await audit.record(
        session,
        actor=actor,
        action="redemption.refund",
        object_type="redemption",
        object_id=to_public("rdm", redemption.id),
        owner_id=redemption.customer_id,
        reason=reason,
        facts={
            "right_id": to_public("rgt", redemption.right_id),
            "units": part.units,
            "points": part.points,
        },
    )


class RefundHandler(ApprovalHandler):
    """Carries out an approved refund, if the redemption still stands so far that it can."""

    kind = "redemption.refund"
    domain = Domain.POINTS
    title = Label("兑换单退还", "Refund a redemption")
    labels = MappingProxyType(
        {
            "right": Label("权益", "Right"),
            "units": Label("退还数量", "Units"),
            "points": Label("退还积分", "Points"),
            "cost": Label("成本（元）", "Cost in CNY"),
            "reason": Label("原因", "Reason"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Give back what was approved; a refusal makes the approval `failed`."""
        refund = Refund.model_validate(payload)
        await _carry_out(session, context.maker_scope, refund, actor_id=context.maker_id)
