"""Taking back, releasing, ending and restoring points by hand: submitted by one person, approved by another."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import CustomerId, EntryId, LotId, new_id, to_public
from guibin.core.money import format_cny
from guibin.core.reasons import require_reason
from guibin.customers import repository as customers
from guibin.points import correction_repository, ledger_repository, reasons, repository, rules
from guibin.points.errors import AlreadyRestored, NotReversible, RestoreExceedsExpired, ReversalExceedsCredit
from guibin.points.models import EntryKind, PointsEntry, PointsLot, SourceKind
from guibin.points.repository import Movement
from guibin.points.service.adjustments import scope_within_limit
from guibin.points.service.earning import return_to_budgets
from guibin.points.service.ledger import post, read_posted
from guibin.points.service.paying import pay_by_hand
from guibin.points.service.pending import activate, cancel_pending
from guibin.points.service.reversing import claw_back
from guibin.security.actors import Actor, Domain, Grant

REVERSIBLE: Final = frozenset({EntryKind.EARN, EntryKind.OPENING, EntryKind.ADJUST_CREDIT, EntryKind.PENDING_ADD})


class Correction(BaseModel):
    """What is asked for: of which credit or lot, how many points (None: all), and why. The payload of the approval."""

    model_config = ConfigDict(frozen=True)

    customer_id: CustomerId
    reason: str
    entry_id: EntryId | None = None
    lot_id: LotId | None = None
    points: int | None = None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What a correction would move, and what a point of it costs in fen."""

    wallet: str
    points: int
    cost_fen: int


class CorrectionHandler(ApprovalHandler):
    """Base of the corrections: each examines what it would move, and moves it once another person has agreed."""

    domain = Domain.POINTS
    labels = MappingProxyType(
        {
            "wallet": Label("积分类别", "Kind of points"),
            "points": Label("积分数量", "Points"),
            "cost": Label("成本（元）", "Cost in CNY"),
            "entry": Label("原流水", "Entry"),
            "lot": Label("批次", "Lot"),
            "expires_on": Label("到期日", "Last day"),
            "reason": Label("原因", "Reason"),
        }
    )

    @abstractmethod
    async def examine(self, session: AsyncSession, correction: Correction) -> Effect:
        """Return what it would move now; refuses what could not be posted."""

    @abstractmethod
    async def carry_out(self, session: AsyncSession, correction: Correction, *, source: str, actor_id: UUID) -> None:
        """Post it; `source` names the approval."""

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Post what was approved; a refusal makes the approval `failed`."""
        correction = Correction.model_validate(payload)
        await customers.get_customer(session, context.maker_scope, customer_id=correction.customer_id)
        source = to_public("apr", context.approval_id)
        await self.carry_out(session, correction, source=source, actor_id=context.maker_id)


async def submit_correction(
    session: AsyncSession,
    handler: CorrectionHandler,
    *,
    actor: Actor,
    grants: Sequence[Grant],
    correction: Correction,
) -> Approval:
    """Submit a correction; nothing moves before another person approves. What it costs counts against the limits.

    Raises:
        ReasonRequired: the reason says nothing.
        LimitExceeded: it costs more than the actor may submit.
        NotFound: no such customer, entry or lot, out of scope, or nothing of it is left to move.
        ReversalExceedsCredit, RestoreExceedsExpired, AlreadyRestored: more than there is.
        NotReversible: the entry gave nothing.
    """
    require_reason(correction.reason)
    scope = scope_within_limit(actor, grants, 0)
    await customers.get_customer(session, scope, customer_id=correction.customer_id)
    effect = await handler.examine(session, correction)
    cost_fen = rules.cost_of(effect.points, effect.cost_fen)
    scope = scope_within_limit(actor, grants, cost_fen)
    customer = await customers.get_customer(session, scope, customer_id=correction.customer_id)
    fixed = correction.model_copy(update={"points": effect.points})
    preview: dict[str, object] = {
        "wallet": effect.wallet,
        "points": effect.points,
        "cost": format_cny(cost_fen),
        "reason": correction.reason,
    }
    if correction.entry_id is not None:
        preview["entry"] = to_public("ent", correction.entry_id)
    if correction.lot_id is not None:
        preview["lot"] = to_public("lot", correction.lot_id)
    if correction.expires_on is not None:
        preview["expires_on"] = correction.expires_on.isoformat()
    return await approvals.submit(
        session,
        actor=actor,
        kind=handler.kind,
        domain=handler.domain,
        subject=to_public("cus", customer.id),
        payload=fixed.model_dump(mode="json"),
        preview=preview,
        owner_id=customer.id,
        cost_fen=cost_fen,
        branch_id=customer.branch_id,
    )


class Reversal(CorrectionHandler):
    """Takes back what a credit gave, or a part: from its lot, then from others, then as debt."""

    kind = "points.reverse"
    title = Label("积分冲回", "Take back points")

    async def examine(self, session: AsyncSession, correction: Correction) -> Effect:
        """Hold it to what the credit gave and what was taken back before."""
        customer_id, entry = correction.customer_id, await _entry(session, correction)
        if entry.kind not in REVERSIBLE:
            raise NotReversible(kind=entry.kind)
        before = await correction_repository.sum_taken_back(session, customer_id=customer_id, entry_id=entry.id)
        left = entry.points - entry.debt_change + entry.pending_change - before
        points = left if correction.points is None else correction.points
        if points > left or left <= 0:
            raise ReversalExceedsCredit
        lot = await correction_repository.lot_of_entry(session, customer_id=customer_id, entry_id=entry.id)
        return Effect(entry.wallet, points, await _cost_of(session, entry.wallet, lot))

    async def carry_out(self, session: AsyncSession, correction: Correction, *, source: str, actor_id: UUID) -> None:
        """Cancel what is still pending, claw the rest back."""
        customer_id, entry = correction.customer_id, await _entry(session, correction)
        lot = await correction_repository.lot_of_entry(session, customer_id=customer_id, entry_id=entry.id)
        if lot is not None and lot.pending:
            await _cancel(session, correction, source=source, actor_id=actor_id)
            return
        reason_zh, reason_en = reasons.texts_of(reasons.TAKEN_BACK, correction.reason)
        posted = await claw_back(
            session,
            customer_id=customer_id,
            entry_id=entry.id,
            points=correction.points or 0,
            reason_zh=reason_zh,
            reason_en=reason_en,
            source_kind=SourceKind.APPROVAL,
            source_id=source,
            actor_id=actor_id,
        )
        await _return_to_budgets(session, entry, 0 if posted.duplicate else posted.debt_change - posted.points)


class PendingActivation(CorrectionHandler):
    """Lets pending points be spent before their day."""

    kind = "points.activate_pending"
    title = Label("提前生效待生效积分", "Let pending points be spent")

    async def examine(self, session: AsyncSession, correction: Correction) -> Effect:
        """Show all that is pending of the credit."""
        lot = await _pending(session, correction)
        return Effect(lot.wallet, lot.remaining, lot.cost_fen)

    async def carry_out(self, session: AsyncSession, correction: Correction, *, source: str, actor_id: UUID) -> None:
        """Activate what is left."""
        del source  # a credit is activated once, whoever asks
        reason_zh, reason_en = reasons.texts_of(reasons.RELEASED, correction.reason)
        await activate(
            session,
            customer_id=correction.customer_id,
            entry_id=_named(correction.entry_id),
            reason_zh=reason_zh,
            reason_en=reason_en,
            actor_id=actor_id,
        )


class PendingCancellation(CorrectionHandler):
    """Takes pending points back before they come free."""

    kind = "points.cancel_pending"
    title = Label("取消待生效积分", "Cancel pending points")

    async def examine(self, session: AsyncSession, correction: Correction) -> Effect:
        """Hold it to what is pending of the credit."""
        lot = await _pending(session, correction)
        points = lot.remaining if correction.points is None else correction.points
        if points > lot.remaining:
            raise ReversalExceedsCredit
        return Effect(lot.wallet, points, lot.cost_fen)

    async def carry_out(self, session: AsyncSession, correction: Correction, *, source: str, actor_id: UUID) -> None:
        """Cancel it."""
        await _cancel(session, correction, source=source, actor_id=actor_id)


class EarlyExpiry(CorrectionHandler):
    """Ends a lot before its day: all of it that is not held."""

    kind = "points.expire_lot"
    title = Label("批次提前到期", "End a lot early")

    async def examine(self, session: AsyncSession, correction: Correction) -> Effect:
        """Show what is free in the lot."""
        lot = await _lot(session, correction)
        free = lot.remaining - lot.held
        if lot.pending or free <= 0:
            raise NotFound
        return Effect(lot.wallet, free, lot.cost_fen)

    async def carry_out(self, session: AsyncSession, correction: Correction, *, source: str, actor_id: UUID) -> None:
        """Let what is free by then expire: what was spent meanwhile is gone."""
        lot, at = await _lot(session, correction), clock.now()
        reason_zh, reason_en = reasons.texts_of(reasons.ENDED_EARLY, correction.reason)
        movement = Movement(
            customer=lot.customer_id,
            wallet=lot.wallet,
            kind=EntryKind.EXPIRE_EARLY,
            points=None,
            entry=new_id(),
            lot=lot.id,
            expires_on=None,
            reason_zh=reason_zh,
            reason_en=reason_en,
            source_kind=SourceKind.APPROVAL,
            source_id=source,
            actor=actor_id,
            at=at,
            day=clock.business_day(at),
        )
        read_posted(await repository.post(session, movement), required=0)


class Restoration(CorrectionHandler):
    """Gives back what has expired of a lot, as goodwill: once, and the entry names the lot."""

    kind = "points.restore_lot"
    title = Label("恢复已到期积分", "Give expired points back")

    async def examine(self, session: AsyncSession, correction: Correction) -> Effect:
        """Hold it to what has expired of the lot."""
        lot = await _lot(session, correction)
        expired = await correction_repository.sum_expired(session, customer_id=lot.customer_id, lot_id=lot.id)
        if expired == 0:
            raise NotFound
        if await _is_restored(session, lot):
            raise AlreadyRestored
        points = expired if correction.points is None else correction.points
        if points > expired:
            raise RestoreExceedsExpired(expired=expired)
        return Effect(lot.wallet, points, await _cost_of(session, lot.wallet, None))

    async def carry_out(self, session: AsyncSession, correction: Correction, *, source: str, actor_id: UUID) -> None:
        """Post the credit; it can be spent for the wallet's days of grace unless a day was approved."""
        del source  # the entry names the lot, and so it is posted once
        lot = await _lot(session, correction)
        wallet = await repository.get_wallet(session, lot.wallet)
        if wallet is None:
            raise NotFound
        reason_zh, reason_en = reasons.texts_of(reasons.RESTORED, correction.reason)
        posted = await post(
            session,
            customer_id=lot.customer_id,
            wallet=lot.wallet,
            kind=EntryKind.ADJUST_CREDIT,
            points=correction.points or 0,
            reason_zh=reason_zh,
            reason_en=reason_en,
            source_kind=SourceKind.ENTRY,
            source_id=_restoring(lot),
            actor_id=actor_id,
            expires_on=correction.expires_on or clock.today() + timedelta(days=wallet.refund_grace_days),
        )
        if posted.duplicate:
            raise AlreadyRestored
        await pay_by_hand(
            session, customer_id=lot.customer_id, wallet=lot.wallet, points=correction.points or 0, posted=posted
        )


REVERSAL: Final = Reversal()
PENDING_ACTIVATION: Final = PendingActivation()
PENDING_CANCELLATION: Final = PendingCancellation()
EARLY_EXPIRY: Final = EarlyExpiry()
RESTORATION: Final = Restoration()
CORRECTIONS: Final = (REVERSAL, PENDING_ACTIVATION, PENDING_CANCELLATION, EARLY_EXPIRY, RESTORATION)
"""All corrections, for the wiring."""


def _named(value: UUID | None) -> UUID:
    if value is None:
        raise NotFound
    return value


def _restoring(lot: PointsLot) -> str:
    return f"{to_public('lot', lot.id)}:restored"


async def _is_restored(session: AsyncSession, lot: PointsLot) -> bool:
    return await correction_repository.has_entry_of(
        session,
        customer_id=lot.customer_id,
        wallet=lot.wallet,
        kind=EntryKind.ADJUST_CREDIT,
        source_kind=SourceKind.ENTRY,
        source_id=_restoring(lot),
    )


async def _entry(session: AsyncSession, correction: Correction) -> PointsEntry:
    entry = await ledger_repository.find_entry(
        session, customer_id=correction.customer_id, entry_id=_named(correction.entry_id)
    )
    if entry is None:
        raise NotFound
    return entry


async def _lot(session: AsyncSession, correction: Correction) -> PointsLot:
    lot = await correction_repository.find_lot(
        session, customer_id=correction.customer_id, lot_id=_named(correction.lot_id)
    )
    if lot is None:
        raise NotFound
    return lot


async def _pending(session: AsyncSession, correction: Correction) -> PointsLot:
    lot = await correction_repository.lot_of_entry(
        session, customer_id=correction.customer_id, entry_id=_named(correction.entry_id)
    )
    if lot is None or not lot.pending or lot.remaining == 0:
        raise NotFound
    return lot


async def _cost_of(session: AsyncSession, wallet: str, lot: PointsLot | None) -> int:
    """Return what a point cost when it was issued, or costs now where no lot says it."""
    if lot is not None:
        return lot.cost_fen
    found = await repository.get_wallet(session, wallet)
    return 0 if found is None else found.cost_fen


async def _cancel(session: AsyncSession, correction: Correction, *, source: str, actor_id: UUID) -> None:
    reason_zh, reason_en = reasons.texts_of(reasons.CANCELLED, correction.reason)
    await cancel_pending(
        session,
        customer_id=correction.customer_id,
        entry_id=_named(correction.entry_id),
        points=correction.points or 0,
        reason_zh=reason_zh,
        reason_en=reason_en,
        source_id=source,
        actor_id=actor_id,
    )
    await _return_to_budgets(session, await _entry(session, correction), correction.points or 0)


async def _return_to_budgets(session: AsyncSession, entry: PointsEntry, points: int) -> None:
    """Let the budgets that paid for an earning have what was taken back of it."""
    taken = await correction_repository.sum_taken_back(session, customer_id=entry.customer_id, entry_id=entry.id)
    given = entry.points - entry.debt_change + entry.pending_change
    await return_to_budgets(
        session, customer_id=entry.customer_id, entry_id=entry.id, points=points, left=given - taken
    )
