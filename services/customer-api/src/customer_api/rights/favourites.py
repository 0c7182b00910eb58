"""My favourites: rights that I have marked, and am told of when they are there again."""

from guibin.core.errors import NotFound
from guibin.core.ids import RightId
from guibin.rights import service
from guibin.rights.errors import TooManyFavourites
from guibin.web import CustomerCall, DataClass, Idempotency, OutModel, PortRouter, RateClass, customer, declare

from .catalogue_schemas import RightOut

router = PortRouter(prefix="/v1/me/favourites", tags=["rights"])


class FavouritesOut(OutModel):
    """What I have marked and may still have, the last marked first."""

    items: list[RightOut]


@router.get("", operation_id="listMyFavourites")
@declare(caller=customer("points:read"), rate=RateClass.READ, data=DataClass.C2)
async def list_favourites(call: CustomerCall) -> FavouritesOut:
    """List the rights that I have marked, each as in the catalogue."""
    entries = await service.list_favourites(call.session, call.scope, customer_id=call.actor.id)
    return FavouritesOut(items=[RightOut.of(entry, call.language) for entry in entries])


@router.put("/{right_id}", status_code=204, operation_id="markMyFavourite")
@declare(
    caller=customer("points:read"),
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound, TooManyFavourites),
)
async def mark_favourite(call: CustomerCall, right_id: RightId) -> None:
    """Mark a right. When it is there again after it had run out I am told."""
    await service.mark_favourite(call.session, call.scope, customer_id=call.actor.id, right_id=right_id)


@router.delete("/{right_id}", status_code=204, operation_id="unmarkMyFavourite")
@declare(caller=customer("points:read"), rate=RateClass.WRITE, data=DataClass.C1)
async def unmark_favourite(call: CustomerCall, right_id: RightId) -> None:
    """Take the mark away; a right that is not marked stays so."""
    await service.unmark_favourite(call.session, customer_id=call.actor.id, right_id=right_id)
