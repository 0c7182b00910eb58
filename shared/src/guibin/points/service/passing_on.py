"""What events earned for a survivor goes with them when the merge is undone.

It is taken back there and earned by the other customer, by an entry of each that says so: as much as is left in the lot
of the credit, with its last day, and what is pending stays so. What was spent meanwhile stays spent, as it does of the
points that the merge took over, and nobody owes anything for it.
"""

from functools import partial
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.merging import Merge
from guibin.points import correction_repository, ledger_repository, repository
from guibin.points.earning import event_repository
from guibin.points.earning.models import EarningAward
from guibin.points.earning.service.effects import pass_effects
from guibin.points.models import EntryKind, PointsLot, SourceKind
from guibin.points.repository import Movement
from guibin.points.service.ledger import read_posted
from guibin.points.service.pending import cancel_pending
from guibin.points.service.reversing import claw_back

LEAVES: Final = ("撤销合并：所归事项属另一客户", "Merge undone: earned by what another customer did")
COMES: Final = ("（撤销合并后归还）", " (came back when a merge was undone)")


async def pass_on(session: AsyncSession, merge: Merge) -> None:
    """Let the losing customer have what its events, which went back before, earned for the survivor.

    The bounds of a rule count it with whose event it is from then on. What else a rule did goes over with the points: a
    tag, a right that nobody has used; what the survivor had of it already stays. Points of a kind that is off by now
    stay where they are. The budgets that paid have paid.

    Raises:
        AccountClosed: an account of either does not move.
    """
    awards = await event_repository.awards_of_anothers(session, holder=merge.surviving_id, owner=merge.losing_id)
    active = {wallet.code for wallet in await repository.list_wallets(session) if wallet.active}
    for award in awards:
        if award.wallet in active:
            entry_id = await _pass(session, merge, award)
            await pass_effects(session, award, to_id=merge.losing_id, entry_id=entry_id, actor_id=merge.actor_id)


async def _pass(session: AsyncSession, merge: Merge, award: EarningAward) -> UUID | None:
    """Move what is left of a credit; returns the entry that brings it, None where nothing is left."""
    lot = await correction_repository.lot_of_entry(session, customer_id=award.customer_id, entry_id=award.entry_id)
    taken = 0 if lot is None else await _take(session, merge, award, lot)
    entry_id = None
    if lot is not None and taken:
        entry_id = await _give(session, merge, award, lot, taken)
        own = {
            "customer_id": merge.losing_id,
            "entry_id": entry_id,
            "posted_on": clock.today(),
            "points": taken,
            "cost_fen": award.cost_fen * taken // award.points,
        }
        session.add(EarningAward.model_validate(award.model_dump() | own))
    award.passed_to = merge.losing_id
    session.add(award)
    await session.flush()
    return entry_id


async def _take(session: AsyncSession, merge: Merge, award: EarningAward, lot: PointsLot) -> int:
    """Take back what is left in the lot of a credit, but for what is set aside; returns how many points."""
    before = await correction_repository.sum_taken_back(session, customer_id=award.customer_id, entry_id=award.entry_id)
    left = min(lot.remaining - lot.held, award.points - before)
    if left <= 0 or (lot.expires_on is not None and lot.expires_on < clock.today()):
        return 0
    take = cancel_pending if lot.pending else partial(claw_back, source_kind=SourceKind.MERGE)
    zh, en = LEAVES
    await take(
        session,
        customer_id=award.customer_id,
        entry_id=award.entry_id,
        points=left,
        reason_zh=zh,
        reason_en=en,
        source_id=f"{to_public('mrg', merge.id)}/{award.source_id}",
        actor_id=merge.actor_id,
    )
    return left


async def _give(session: AsyncSession, merge: Merge, award: EarningAward, lot: PointsLot, points: int) -> UUID:
    """Credit points as the survivor's credit was; returns the entry."""
    first = await ledger_repository.find_entry(session, customer_id=award.customer_id, entry_id=award.entry_id)
    now = clock.now()
    movement = Movement(
        customer=merge.losing_id,
        wallet=award.wallet,
        kind=EntryKind.PENDING_ADD if lot.pending else EntryKind.EARN,
        points=points,
        entry=new_id(),
        lot=new_id(),
        expires_on=lot.expires_on,
        reason_zh=("" if first is None else first.reason_zh) + COMES[0],
        reason_en=("" if first is None else first.reason_en) + COMES[1],
        source_kind=SourceKind.MERGE,
        source_id=award.source_id,
        actor=merge.actor_id,
        at=now,
        day=clock.business_day(now),
        pending_until=lot.pending_until if lot.pending else None,
    )
    return read_posted(await repository.post(session, movement), required=points).entry_id
