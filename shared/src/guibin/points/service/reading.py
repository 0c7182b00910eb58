"""What a customer has, and how it came about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.customers import repository as customers
from guibin.customers.origins import with_origins
from guibin.points import repository
from guibin.points.balances import Balances, balances_of
from guibin.points.models import PointsEntry
from guibin.points.repository import EntryFilter
from guibin.points.service.ledger import LotUse
from guibin.security.actors import Scope


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry with the lots that a debit drew on, or the lot that a credit made."""

    entry: PointsEntry
    lots: list[LotUse]


async def balances(session: AsyncSession, scope: Scope, *, customer_id: UUID, today: date) -> Balances:
    """Return what a customer has in every wallet that is in use or that the customer has an account of.

    Raises:
        NotFound: no such customer, or out of scope.
    """
    customer = await customers.get_customer(session, scope, customer_id=customer_id)
    facts = await repository.balance_facts(session, customer_id=customer.id)
    return balances_of(facts, today=today, now=clock.now())


async def list_entries(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, wanted: EntryFilter, limit: int
) -> Sequence[EntryView]:
    """Return a customer's history, newest first: by `seq` within a wallet, by (posted_at, id) over all wallets.

    Over all wallets the histories of those who were merged into the customer are in it; `seq` is of one account.

    Raises:
        NotFound: no such customer, or out of scope.
    """
    customer = await customers.get_customer(session, scope, customer_id=customer_id)
    async with with_origins(session, scope, customer_id=customer.id) as opened:
        entries = await repository.list_entries(session, opened, customer_id=customer.id, wanted=wanted, limit=limit)
        lots: dict[UUID, list[LotUse]] = {}
        for owner_id in {entry.customer_id for entry in entries}:
            ids = [entry.id for entry in entries if entry.customer_id == owner_id]
            for row in await repository.lots_of_entries(session, customer_id=owner_id, entry_ids=ids):
                lots.setdefault(row["entry_id"], []).append(LotUse(row["lot_id"], row["points"], row["expires_on"]))
    return [EntryView(entry, lots.get(entry.id, [])) for entry in entries]
