"""Adjustments by hand: always submitted by one person and approved by another."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import Amended, ApprovalContext, ApprovalHandler, Label, read_changes
from guibin.approvals.models import Approval
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import CustomerId, to_public
from guibin.core.invalid import invalid_input
from guibin.core.money import format_cny
from guibin.core.reasons import require_reason
from guibin.core.text import Code, Note
from guibin.customers import repository as customers
from guibin.customers.models import Customer
from guibin.points import repository, rules
from guibin.points.errors import InsufficientPoints, LimitExceeded, WalletClosed
from guibin.points.models import EntryKind, SourceKind
from guibin.points.reasons import AdjustmentReason, adjusted
from guibin.points.service.ledger import post
from guibin.points.service.paying import pay_by_hand
from guibin.points.service.reading import balances
from guibin.security.actors import Actor, Domain, Grant, Scope, Verb, decide, limit_of


class Adjustment(BaseModel):
    """Points to add (positive) or take away (negative), and why. Its JSON form is the payload of the approval."""

    model_config = ConfigDict(frozen=True)

    customer_id: CustomerId
    wallet: str
    points: int
    reason: str
    reason_code: AdjustmentReason = AdjustmentReason.OTHER

    @property
    def kind(self) -> EntryKind:
        """The kind of entry that it becomes."""
        return EntryKind.ADJUST_CREDIT if self.points > 0 else EntryKind.ADJUST_DEBIT


async def submit_adjustment(
    session: AsyncSession, *, actor: Actor, grants: Sequence[Grant], adjustment: Adjustment
) -> Approval:
    """Submit an adjustment of a customer's points; nothing moves before another person approves.

    Raises:
        ReasonRequired: the reason says nothing.
        LimitExceeded: it costs more than the actor may submit.
        NotFound: no such customer or wallet, or out of scope.
        WalletClosed, InsufficientPoints: it could not be posted as things stand now.
    """
    request, customer = await _examine(session, actor, grants, adjustment)
    return await approvals.submit(
        session,
        actor=actor,
        kind=AdjustmentHandler.kind,
        domain=AdjustmentHandler.domain,
        subject=to_public("cus", customer.id),
        payload=request.payload,
        preview=request.preview,
        owner_id=customer.id,
        cost_fen=request.cost_fen,
        branch_id=request.branch_id,
    )


async def _examine(
    session: AsyncSession, actor: Actor, grants: Sequence[Grant], adjustment: Adjustment
) -> tuple[Amended, Customer]:
    """Hold an adjustment to what can be posted now and what the actor may submit, and show what it does."""
    require_reason(adjustment.reason)
    wallet = await repository.get_wallet(session, adjustment.wallet)
    if wallet is None:
        raise NotFound
    cost_fen = rules.cost_of(adjustment.points, wallet.cost_fen)
    scope = scope_within_limit(actor, grants, cost_fen)
    customer = await customers.get_customer(session, scope, customer_id=adjustment.customer_id)
    if not wallet.active:
        raise WalletClosed
    before = await _available(session, scope, customer.id, adjustment)
    texts = adjusted(adjustment.reason_code, adjustment.reason)
    request = Amended(
        payload=adjustment.model_copy(update={"customer_id": customer.id}).model_dump(mode="json"),
        preview={
            "points": adjustment.points,
            "available_before": before,
            "available_after": before + adjustment.points,
            "cost": format_cny(cost_fen),
            "reason_zh": texts[0],
            "reason_en": texts[1],
        },
        cost_fen=cost_fen,
        branch_id=customer.branch_id,
    )
    return request, customer


def scope_within_limit(actor: Actor, grants: Sequence[Grant], cost_fen: int) -> Scope:
    """Return whose points the actor may have moved at a cost.

    Raises:
        LimitExceeded: it costs more than any of the grants allows.
    """
    scope = decide(grants, Verb.SUBMIT, Domain.POINTS, staff_id=actor.id, cost_fen=cost_fen)
    if scope is None:
        limit = limit_of(grants, Verb.SUBMIT, Domain.POINTS) or 0
        raise LimitExceeded(limit=format_cny(limit), cost=format_cny(cost_fen))
    return scope


async def _available(session: AsyncSession, scope: Scope, customer_id: UUID, adjustment: Adjustment) -> int:
    """Return what can be spent now; refuses a debit of more, so that nobody approves what cannot be posted."""
    found = await balances(session, scope, customer_id=customer_id, today=clock.today())
    available = next((own.available for own in found.wallets if own.wallet.code == adjustment.wallet), 0)
    if available + adjustment.points < 0:
        required = -adjustment.points
        raise InsufficientPoints(required=required, available=available, missing=required - available)
    return available


def _not_zero(points: int) -> int:
    if points == 0:
        raise invalid_input("zero", "不能为零", "must not be zero")
    return points


class Changes(BaseModel):
    """What the maker may change when an approver asks for it: all but whose points they are."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    wallet: Code | None = None
    points: Annotated[int, Field(ge=-rules.MAX_POINTS, le=rules.MAX_POINTS), AfterValidator(_not_zero)] | None = None
    reason: Annotated[str, Note(200)] | None = None
    reason_code: Annotated[AdjustmentReason, Field(strict=False)] | None = None


class AdjustmentHandler(ApprovalHandler):
    """Posts an approved adjustment; the entry names the approval, which names both people."""

    kind = "points.adjust"
    domain = Domain.POINTS
    title = Label("积分调整", "Adjust points")
    labels = MappingProxyType(
        {
            "points": Label("调整积分", "Points"),
            "available_before": Label("调整前可用积分", "Available before"),
            "available_after": Label("调整后可用积分", "Available after"),
            "cost": Label("成本（元）", "Cost in CNY"),
            "reason_zh": Label("客户所见原因（中文）", "What the customer reads, in Chinese"),
            "reason_en": Label("客户所见原因（英文）", "What the customer reads, in English"),
        }
    )

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Post the entry, to whom the customer became if it was merged meanwhile; a refusal makes it `failed`.

        A credit is paid by the branch's budget, where there is one.
        """
        adjustment = Adjustment.model_validate(payload)
        customer = await customers.get_customer(session, context.maker_scope, customer_id=adjustment.customer_id)
        reason_zh, reason_en = adjusted(adjustment.reason_code, adjustment.reason)
        posted = await post(
            session,
            customer_id=customer.id,
            wallet=adjustment.wallet,
            kind=adjustment.kind,
            points=abs(adjustment.points),
            reason_zh=reason_zh,
            reason_en=reason_en,
            source_kind=SourceKind.APPROVAL,
            source_id=to_public("apr", context.approval_id),
            actor_id=context.maker_id,
        )
        if adjustment.points > 0:
            await pay_by_hand(
                session, customer_id=customer.id, wallet=adjustment.wallet, points=adjustment.points, posted=posted
            )

    async def amend(
        self,
        session: AsyncSession,
        payload: Mapping[str, object],
        changes: Mapping[str, object],
        *,
        maker: Actor,
        grants: Sequence[Grant],
    ) -> Amended:
        """Examine the adjustment again with other points, another wallet or another reason."""
        changed = read_changes(Changes, changes).model_dump(exclude_none=True)
        adjustment = Adjustment.model_validate({**payload, **changed})
        request, _ = await _examine(session, maker, grants, adjustment)
        return request
