"""The catalogue as one customer sees it: the price for me, the quota left, and why not."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.rights.repository import catalogue as repository
from guibin.rights.repository.catalogue import CatalogueFilter, Moment, Right
from guibin.rights.rules import Decision, Quota, assess, quota_of
from guibin.rights.service.redeeming import get_visible_right
from guibin.rights.service.standing import CustomerSide, find_in_stock, offered, read_customer_side
from guibin.security.actors import Scope


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A right, what one unit of it takes from this customer, all that stands in the way, and the customer's quota."""

    right: Right
    decision: Decision
    quota: Quota | None


async def list_catalogue(
    session: AsyncSession,
    scope: Scope,
    *,
    customer_id: UUID,
    wanted: CatalogueFilter,
    affordable: bool,
    after: Moment | None,
    limit: int,
) -> list[CatalogueEntry]:
    """Return the rights that a customer sees, oldest first; `affordable` leaves out those for which points are missing.

    The number of statements does not depend on the number of rights.

    Raises:
        NotFound: the customer is unknown or out of scope.
    """
    now = clock.now()
    rights = await repository.list_offered(session, wanted, now=now, after=after, limit=None if affordable else limit)
    side = await read_customer_side(session, scope, customer_id=customer_id, rights=rights, now=now)
    if affordable:
        rights = [right for right in rights if _entry(right, side, in_stock=True).decision.affordable][:limit]
    in_stock = await find_in_stock(session, rights=rights, quantity=1)
    return [_entry(right, side, in_stock=right.item.id in in_stock) for right in rights]


async def get_catalogue_entry(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, right_id: UUID
) -> CatalogueEntry:
    """Return one right as the customer sees it.

    Raises:
        NotFound: there is no such right for customers.
    """
    right = await get_visible_right(session, right_id=right_id)
    side = await read_customer_side(session, scope, customer_id=customer_id, rights=[right], now=clock.now())
    in_stock = await find_in_stock(session, rights=[right], quantity=1)
    return _entry(right, side, in_stock=bool(in_stock))


def _entry(right: Right, side: CustomerSide, *, in_stock: bool) -> CatalogueEntry:
    decision = assess(right.terms, side.towards(right), offered(right, in_stock=in_stock), quantity=1, now=clock.now())
    return CatalogueEntry(right, decision, quota_of(right.terms.quotas, side.tier))
