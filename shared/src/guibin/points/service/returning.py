"""Events that are undone at their line, as a whole or in part: what they earned is taken back, by their reference.

Each credit of the event gives back its share, as a reversal by hand does: out of its own lot, others, then as debt.
An event that is undone as a whole is no step to a goal any more.
"""

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound, RetryLater
from guibin.core.lines import Line
from guibin.customers.origins import with_origins
from guibin.holdings.models import EventState
from guibin.points import correction_repository, ledger_repository, reasons
from guibin.points.earning import event_repository
from guibin.points.earning.event_repository import RecordedEvent
from guibin.points.earning.models import EarningAward, EventReturned
from guibin.points.errors import AmountOutOfRange, ReturnReferenceTaken
from guibin.points.models import SourceKind
from guibin.points.rules import ReturnedPart
from guibin.points.service.earning import earn_events, return_to_budgets
from guibin.points.service.ledger import lock_account
from guibin.points.service.pending import cancel_pending
from guibin.points.service.reversing import claw_back
from guibin.security.actors import Scope


@dataclass(frozen=True, slots=True)
class EventReturn:
    """What a line tells: its own number of the return, of which event, and of how much of its amount; None: all."""

    line: Line
    reference: str
    returns: str
    amount_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Returned:
    """What was taken back; `replayed` where exactly this return had been told before, and nothing moved now."""

    customer_id: UUID
    points: int
    replayed: bool


async def return_event(session: AsyncSession, *, actor_id: UUID, told: EventReturn) -> Returned:
    """Take back what an event earned, or the share of an amount; one that had not earned yet never will.

    Raises:
        NotFound: the line has told of no such event.
        AmountOutOfRange: a part of an event without an amount, or parts that are together more than it was.
        ReturnReferenceTaken: the line has told of another return under this number.
        AccountClosed: the account does not move.
        RetryLater: a merge of customers, or its undoing, took the event along at the same moment.
    """
    event = await event_repository.find_event(session, line=told.line, reference=told.returns)
    if event is None:
        raise NotFound
    if told.amount_fen is not None and not 0 < told.amount_fen <= (event.amount_fen or 0):
        raise AmountOutOfRange
    if await _is_known(session, told):
        return Returned(event.customer_id, 0, replayed=True)
    if event.state is EventState.PENDING:
        await earn_events(session, keys=[(told.line, told.returns)], actor_id=actor_id)
    part = None if told.amount_fen is None else await _add_part(session, event, told, told.amount_fen)
    async with with_origins(session, Scope.of_job(), customer_id=event.customer_id) as scope:
        awards = await event_repository.awards_of_event(
            session, (event.customer_id, *scope.origins), source_id=f"{told.line}:{told.returns}"
        )
        taken = [await _take_back(session, award, part, told, actor_id) for award in awards]
    if part is None or part.is_last:
        await event_repository.mark_returned(session, line=told.line, reference=told.returns)
    by_now = await event_repository.find_event(session, line=told.line, reference=told.returns)
    if by_now is None or by_now.customer_id != event.customer_id:
        raise RetryLater
    return Returned(event.customer_id, sum(taken), replayed=False)


async def _add_part(session: AsyncSession, event: RecordedEvent, told: EventReturn, amount_fen: int) -> ReturnedPart:
    """Add a part to what was returned of an event; parts that are told at once wait for each other here."""
    whole_fen = event.amount_fen or 0
    until_fen = await event_repository.add_returned(
        session, line=told.line, reference=told.returns, amount_fen=amount_fen
    )
    if until_fen > whole_fen:
        raise AmountOutOfRange
    return ReturnedPart(from_fen=until_fen - amount_fen, until_fen=until_fen, whole_fen=whole_fen)


async def _is_known(session: AsyncSession, told: EventReturn) -> bool:
    """Tell whether exactly this was told before; whoever tells the same at the same moment is waited for."""
    content = (told.returns, told.amount_fen)
    row = EventReturned(
        reference=told.reference,
        line=told.line,
        returns=told.returns,
        amount_fen=told.amount_fen,
        told_at=clock.now(),
    )
    before = await event_repository.note_return(session, row)
    if before is not None and (before.returns, before.amount_fen) != content:
        raise ReturnReferenceTaken
    return before is not None


async def _take_back(
    session: AsyncSession, award: EarningAward, part: ReturnedPart | None, told: EventReturn, actor_id: UUID
) -> int:
    """Take back the share of one credit, and return how many points."""
    customer_id, entry_id = award.customer_id, award.entry_id
    await lock_account(session, customer_id=customer_id, wallet=award.wallet)
    before = await correction_repository.sum_taken_back(session, customer_id=customer_id, entry_id=entry_id)
    left = award.points - before
    wanted = left if part is None else await _share(session, award, part, left)
    if wanted <= 0:
        return 0
    zh, en = reasons.RETURNED
    lot = await correction_repository.lot_of_entry(session, customer_id=customer_id, entry_id=entry_id)
    waits = lot is not None and lot.pending
    take = cancel_pending if waits else partial(claw_back, source_kind=SourceKind.EVENT)
    posted = await take(
        session,
        customer_id=customer_id,
        entry_id=entry_id,
        points=wanted,
        reason_zh=zh,
        reason_en=en,
        source_id=f"{told.line}:{told.reference}",
        actor_id=actor_id,
    )
    if posted.duplicate:
        return 0
    went = wanted if waits else posted.debt_change - posted.points
    await return_to_budgets(session, customer_id=customer_id, entry_id=entry_id, points=went, left=left - wanted)
    return went


async def _share(session: AsyncSession, award: EarningAward, part: ReturnedPart, left: int) -> int:
    """Return how much of what is left of a credit goes back with a part of its event.

    What came over when a merge was undone stands for what had not been returned by then, and not for the whole event.
    """
    entry = await ledger_repository.find_entry(session, customer_id=award.customer_id, entry_id=award.entry_id)
    if entry is not None and entry.source_kind == SourceKind.MERGE:
        return part.share_of_rest(left)
    return min(left, part.share_of(award.points))
