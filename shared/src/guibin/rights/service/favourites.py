"""Rights that customers mark (收藏), and whom to tell when one of these is there again."""

from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import from_public
from guibin.outbox.consumers import Event
from guibin.outbox.events import EventName, FavouriteBackInStock
from guibin.outbox.service import Publication, publish_all
from guibin.rights.errors import TooManyFavourites
from guibin.rights.repository import favourites as repository
from guibin.rights.repository.catalogue import CatalogueFilter
from guibin.rights.service.catalogue import CatalogueEntry, get_catalogue_entry, list_catalogue
from guibin.security.actors import Scope

MOST_FAVOURITES: Final = 100


async def list_favourites(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> list[CatalogueEntry]:
    """Return the rights that a customer has marked and still sees, the last marked first.

    Raises:
        NotFound: the customer is unknown or out of scope.
    """
    marked = list(await repository.marked_rights(session, customer_id=customer_id))
    entries = await list_catalogue(
        session,
        scope,
        customer_id=customer_id,
        wanted=CatalogueFilter(right_ids=tuple(marked)),
        affordable=False,
        after=None,
        limit=MOST_FAVOURITES,
    )
    return sorted(entries, key=lambda entry: marked.index(entry.right.item.id))


async def mark_favourite(session: AsyncSession, scope: Scope, *, customer_id: UUID, right_id: UUID) -> None:
    """Mark a right; marking it again changes nothing.

    Raises:
        NotFound: no right that this customer sees.
        TooManyFavourites: there are as many as there may be.
    """
    await get_catalogue_entry(session, scope, customer_id=customer_id, right_id=right_id)
    await repository.mark(session, customer_id=customer_id, right_id=right_id, at=clock.now())
    if await repository.count_marked(session, customer_id=customer_id) > MOST_FAVOURITES:
        raise TooManyFavourites(most=MOST_FAVOURITES)


async def unmark_favourite(session: AsyncSession, *, customer_id: UUID, right_id: UUID) -> None:
    """Take the mark away, whatever has become of the right."""
    await repository.unmark(session, customer_id=customer_id, right_id=right_id, at=clock.now())


class _BackInStock:
    """Tells each customer who has marked a right that it is there again."""

    name = "favourites"
    types = frozenset({EventName.RIGHT_BACK_IN_STOCK})

    async def apply(self, session: AsyncSession, event: Event) -> None:
        """Publish an event for each of them, in the transaction that keeps that this was done."""
        right_id = from_public("rgt", event.subject)
        if right_id is None:
            raise ValueError("the subject is no right")
        told = FavouriteBackInStock(free=event.data["free"])
        customers = await repository.customers_who_marked(session, right_id=right_id)
        await publish_all(session, [Publication(told, right_id, customer_id) for customer_id in customers])


FAVOURITES: Final = _BackInStock()
