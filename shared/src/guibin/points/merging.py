"""Points go along when two customers become one, by paired entries; and back, as far as they are left.

No row of the ledger moves. Pending points stay with their origin until they are activated; what comes free there later,
a refund for example, goes over within a minute. Points that are set aside are waited for.
"""

from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.customers.merging import Merge, MergeParticipant, Moved
from guibin.points import correction_repository, merge_repository, repository
from guibin.points.errors import AccountClosed
from guibin.points.merge_repository import Passage, Way
from guibin.points.models import AccountState
from guibin.points.service.passing_on import pass_on
from guibin.security.actors import NIGHTLY_JOB

TAKEN_OVER: Final = (
    ["并入合并后的客户", "由合并前的客户号并入"],
    ["Passed to the customer it became", "Passed on from the customer that was merged"],
)
GIVEN_BACK: Final = (
    ["撤销合并：退回", "撤销合并：收回"],
    ["Merge undone: given back", "Merge undone: come back"],
)


class PointsParticipant(MergeParticipant):
    """The ledger's part."""

    name = "points"

    async def lock(self, session: AsyncSession, *, losing_id: UUID, surviving_id: UUID) -> None:
        """Lock the accounts of both, in the one order of locks: nothing is posted or set aside until the end.

        The losing one has an account by then for what comes free later with those who were merged into it.
        """
        now = clock.now()
        passes_on = await merge_repository.wallets_of_merged(session, losing_id)
        for customer_id in sorted((losing_id, surviving_id)):
            own = {account.wallet for account in await merge_repository.accounts_of(session, customer_id)}
            for wallet in sorted(own.union(passes_on if customer_id == losing_id else ())):
                await repository.lock_account(
                    session, customer_id=customer_id, wallet=wallet, at=now, day=clock.business_day(now)
                )

    async def objection(self, session: AsyncSession, *, losing_id: UUID, surviving_id: UUID) -> str | None:
        """Object to points that are set aside, and to an account that was closed for good."""
        losing = await merge_repository.accounts_of(session, losing_id)
        if any(account.held for account in losing):
            return "open_holds"
        surviving = await merge_repository.accounts_of(session, surviving_id)
        closed = {account.wallet for account in surviving if account.state == AccountState.CLOSED}
        moving = {account.wallet for account in losing if account.balance or account.pending or account.debt}
        return "account_closed" if closed & moving else None

    async def move(self, session: AsyncSession, merge: Merge) -> Moved:
        """Take over balances and debts, and freeze what was frozen: the stricter of both states stays."""
        frozen = []
        for account in await merge_repository.accounts_of(session, merge.losing_id):
            await _take_over(
                session, Way(merge.id, merge.losing_id, merge.surviving_id, account.wallet), merge.actor_id
            )
            if account.state == AccountState.FROZEN and await _put_state(
                session, merge.surviving_id, account.wallet, AccountState.FROZEN
            ):
                frozen.append(account.wallet)
        return {"frozen": frozen}

    async def give_back(self, session: AsyncSession, merge: Merge, moved: Moved) -> None:
        """Give back what is left of the lots that came over, and of what events earned that went back since.

        What the merge froze with the other is opened.
        """
        wallets = await merge_repository.wallets_taken_over(session, customer_id=merge.surviving_id, merge_id=merge.id)
        for wallet in wallets:
            back = Way(merge.id, merge.surviving_id, merge.losing_id, wallet)
            row = await merge_repository.give_back(session, await _passage(session, back, merge.actor_id, GIVEN_BACK))
            if row["outcome"] == "account_closed":
                raise AccountClosed
        await pass_on(session, merge)
        for wallet in moved["frozen"]:
            await _put_state(session, merge.surviving_id, wallet, AccountState.OPEN)


PARTICIPANT: Final = PointsParticipant()


async def take_over_later(session: AsyncSession, *, limit: int) -> int:
    """Take over what has come free with merged customers since they were merged; returns how many accounts it was."""
    found = await merge_repository.waiting(session, limit=limit)
    for way in found:
        passage = await _passage(session, way, NIGHTLY_JOB.id, TAKEN_OVER)
        if await merge_repository.stands(session, way):  # its undoing may have been waited for just now
            await merge_repository.take_over(session, passage, expiry=new_id())
    return len(found)


async def _take_over(session: AsyncSession, way: Way, actor_id: UUID) -> None:
    passage = await _passage(session, way, actor_id, TAKEN_OVER)
    await merge_repository.take_over(session, passage, expiry=new_id())


async def _put_state(session: AsyncSession, customer_id: UUID, wallet: str, state: AccountState) -> bool:
    """Freeze or open an account; tells whether it was otherwise before."""
    now = clock.now()
    outcome, _ = await correction_repository.put_state(
        session, customer_id=customer_id, wallet=wallet, state=state, at=now, day=clock.business_day(now)
    )
    return outcome == "changed"


async def _passage(session: AsyncSession, way: Way, actor_id: UUID, reasons: tuple[list[str], list[str]]) -> Passage:
    """Lock both accounts, so that no lot is added while ids are counted, and make the arguments."""
    now = clock.now()
    day = clock.business_day(now)
    for customer_id in sorted((way.giver, way.taker)):
        await repository.lock_account(session, customer_id=customer_id, wallet=way.wallet, at=now, day=day)
    lots = await merge_repository.count_lots(session, customer_id=way.giver, wallet=way.wallet)
    return Passage(
        merge=way.merge,
        giver=way.giver,
        taker=way.taker,
        wallet=way.wallet,
        ids=[new_id(), new_id(), new_id()],
        lots=sorted(new_id() for _ in range(lots)),
        reasons_zh=reasons[0],
        reasons_en=reasons[1],
        actor=actor_id,
        at=now,
        day=day,
    )
