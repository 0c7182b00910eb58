"""Taking a transfer back by hand: what the receiver has not spent of it goes back, once another person has agreed."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.handlers import Label
from guibin.approvals.models import Approval
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import new_id
from guibin.points import ledger_repository, repository, transfer_repository
from guibin.points.errors import ReceiverUnavailable, ReversalExceedsCredit, TransferSpent
from guibin.points.models import EntryKind, SourceKind
from guibin.points.service.correcting import REVERSAL, Correction, CorrectionHandler, Effect, submit_correction
from guibin.points.service.ledger import refuse_unless_posted
from guibin.points.transfer_models import PointsTransfer
from guibin.points.transfer_repository import Passing
from guibin.points.transfer_rules import TransferSide
from guibin.security.actors import Actor, Grant
from guibin.security.row_scope import all_rows

REASON_ZH: Final = "银行撤回积分转赠"
REASON_EN: Final = "The bank took back points that were passed on"
INHERITED_ZH: Final = "银行撤回积分继承"
INHERITED_EN: Final = "The bank took back points that were inherited"


async def submit_reversal(
    session: AsyncSession, *, actor: Actor, grants: Sequence[Grant], correction: Correction
) -> Approval:
    """Submit that what an entry did is taken back: a credit, or points that the customer passed on.

    Raises:
        As `submit_correction`, and TransferSpent: the receiver has spent too much of them.
    """
    entry = correction.entry_id and await ledger_repository.find_entry(
        session, customer_id=correction.customer_id, entry_id=correction.entry_id
    )
    passed_on = entry and entry.kind == EntryKind.TRANSFER_OUT
    handler = TRANSFER_REVERSAL if passed_on else REVERSAL
    return await submit_correction(session, handler, actor=actor, grants=grants, correction=correction)


class TransferReversal(CorrectionHandler):
    """Moves points that a customer passed on back: out of the lots that they became, with their last day and cost.

    What the receiver has spent, what has expired and what paid the receiver's debt stays as it is: nobody owes for a
    gift. The receiver's account may be frozen. What heirs claimed comes back in the same way.
    """

    kind = "points.reverse_transfer"
    title = Label("撤回积分转赠", "Take back points that were passed on")

    async def examine(self, session: AsyncSession, correction: Correction) -> Effect:
        """Hold it to what was passed on, what was taken back before, and what the receiver still has of it."""
        given = await _given(session, correction)
        async with all_rows(session):
            received = await transfer_repository.find_transfer(
                session, customer_id=given.other_id, transfer_id=given.id
            )
            left = 0
            if received is not None:
                left = await transfer_repository.sum_left(
                    session, customer_id=given.other_id, entry_id=received.entry_id, today=clock.today()
                )
        points = left if correction.points is None else correction.points
        if points > given.points:
            raise ReversalExceedsCredit
        if points > left or left == 0:
            raise TransferSpent(left=left)
        wallet = await repository.get_wallet(session, given.wallet)
        return Effect(given.wallet, points, 0 if wallet is None else wallet.cost_fen)

    async def carry_out(self, session: AsyncSession, correction: Correction, *, source: str, actor_id: UUID) -> None:
        """Move it back; what the receiver spent meanwhile is gone, and then nothing moves."""
        given, points, now = await _given(session, correction), correction.points or 0, clock.now()
        async with all_rows(session):
            lots = await transfer_repository.count_lots(session, customer_id=given.other_id, wallet=given.wallet)
            row = await transfer_repository.pass_on(
                session,
                Passing(
                    transfer=new_id(),
                    giver=given.other_id,
                    receiver=given.customer_id,
                    wallet=given.wallet,
                    points=points,
                    reverses=given.id,
                    entries=[new_id(), new_id()],
                    lots=sorted(new_id() for _ in range(lots)),
                    reasons_zh=[INHERITED_ZH if given.inheritance_id else REASON_ZH] * 2,
                    reasons_en=[INHERITED_EN if given.inheritance_id else REASON_EN] * 2,
                    source_kind=SourceKind.APPROVAL,
                    source_id=source,
                    actor=actor_id,
                    at=now,
                    day=clock.business_day(now),
                ),
            )
        if row["outcome"] == "insufficient_points":
            raise TransferSpent(left=row["available_after"])
        if row["outcome"] == "receiver_unavailable":
            raise ReceiverUnavailable
        refuse_unless_posted(row["outcome"], required=points, available=0)


TRANSFER_REVERSAL: Final = TransferReversal()


async def _given(session: AsyncSession, correction: Correction) -> PointsTransfer:
    """Return the giver's side of the transfer that an entry of the customer posted."""
    if correction.entry_id is None:
        raise NotFound
    found = await transfer_repository.transfer_of_entry(
        session, customer_id=correction.customer_id, entry_id=correction.entry_id
    )
    if found is None or found.side != TransferSide.OUT or found.reverses is not None:
        raise NotFound
    return found
