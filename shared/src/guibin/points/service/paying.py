"""Points given by hand: paid by the budget of the customer's branch, where the bank has set one."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import to_public
from guibin.points import correction_repository, repository, rules
from guibin.points.models import EntryKind, Wallet
from guibin.points.repository import Movement
from guibin.points.service.earning import DRAWN_BY
from guibin.points.service.ledger import Posted, lock_account
from guibin.programme import repository as budgets
from guibin.programme import service as programme
from guibin.programme.errors import BudgetExhausted
from guibin.programme.service import Payer


async def pay_by_hand(session: AsyncSession, *, customer_id: UUID, wallet: str, points: int, posted: Posted) -> None:
    """Draw what was credited by hand on the budget of the customer's branch for the wallet's line and this year.

    Without such a budget nothing bounds it. Called last, since the budget's row is hot; a reversal of the entry gives
    it back. An entry that was there before has drawn before.

    Raises:
        BudgetExhausted: it has not that much left.
    """
    found = await repository.get_wallet(session, wallet)
    if found is None:
        raise NotFound
    codes, year = await correction_repository.branch_codes_of(session, {customer_id}), clock.today().year
    branch = codes.get(customer_id)
    if posted.duplicate or found.funding_line is None or branch is None:
        return
    if await budgets.find_budget(session, branch=branch, year=year, line=found.funding_line) is None:
        return
    await programme.draw(
        session,
        Payer(branch=branch, line=found.funding_line, year=year),
        source_kind=DRAWN_BY,
        source_id=to_public("ent", posted.entry_id),
        points=points,
        fen=rules.cost_of(points, found.cost_fen),
    )


async def pay_for_grants(
    session: AsyncSession, movements: Sequence[Movement], wallets: Mapping[str, Wallet]
) -> tuple[set[UUID], set[UUID]]:
    """Draw the grants among many movements on the budgets of their customers' branches, where there are such.

    Returns which entries a budget has paid for, and which no budget pays. Accounts are locked first, one budget after
    another. What is paid for and then not posted goes back by `unpay`.
    """
    grants = [one for one in movements if one.kind == EntryKind.ADJUST_CREDIT]
    codes = await correction_repository.branch_codes_of(session, {one.customer for one in grants})
    year = clock.today().year
    found = await budgets.find_budgets(session, branches=set(codes.values()), year=year)
    due = [
        (key, one)
        for one in grants
        if (key := (codes.get(one.customer, ""), wallets[one.wallet].funding_line or "")) in found
    ]
    for customer_id, wallet in sorted({(one.customer, one.wallet) for _, one in due}):
        await lock_account(session, customer_id=customer_id, wallet=wallet)
    by_budget: dict[tuple[str, str], list[Movement]] = defaultdict(list)
    for key, one in due:
        by_budget[key].append(one)
    paid, refused = set[UUID](), set[UUID]()
    for (branch, line), own in sorted(by_budget.items(), key=lambda pair: pair[0]):
        unpaid = await _draw(session, Payer(branch=branch, line=line, year=year), own, wallets)
        refused |= unpaid
        paid |= {one.entry for one in own} - unpaid
    return paid, refused


async def _draw(
    session: AsyncSession, payer: Payer, grants: Sequence[Movement], wallets: Mapping[str, Wallet]
) -> set[UUID]:
    """Draw grants on one budget: all at once, or, where they are too many, one after another as far as it goes.

    Returns the entries that it does not pay.
    """
    draws = [
        (to_public("ent", one.entry), one.points or 0, rules.cost_of(one.points or 0, wallets[one.wallet].cost_fen))
        for one in grants
    ]
    if await programme.draw_all(session, payer, draws, source_kind=DRAWN_BY):
        return set()
    refused = set()
    for one, (source, points, fen) in zip(grants, draws, strict=True):
        try:
            await programme.draw(session, payer, source_kind=DRAWN_BY, source_id=source, points=points, fen=fen)
        except BudgetExhausted:
            refused.add(one.entry)
    return refused


async def unpay(session: AsyncSession, entry_id: UUID) -> None:
    """Give all that was drawn for an entry back, for it was not posted."""
    await programme.give_back(session, source_kind=DRAWN_BY, source_id=to_public("ent", entry_id))
