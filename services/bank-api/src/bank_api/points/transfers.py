"""What customers passed on to each other, for the bank's people."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from guibin.core.ids import CustomerId, EntryId, TransferId
from guibin.points import service
from guibin.points.transfer_repository import TransferRow
from guibin.points.transfer_rules import TransferSide
from guibin.security.actors import Domain, Verb
from guibin.web import (
    DataClass,
    OutModel,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    declare,
    page_query,
    staff,
)

router = PortRouter(prefix="/v1", tags=["points"])


class CustomerTransferOut(OutModel):
    """One side of a transfer of points."""

    id: TransferId = Field(description="The same on both sides")
    side: TransferSide = Field(description="out: this customer gave; in: received")
    wallet: str
    points: int
    taken_back: int = Field(description="Points of it that the bank has moved back")
    other_customer_id: CustomerId = Field(description="Who is on the other side, whoever may see that customer")
    entry_id: EntryId
    reverses: TransferId | None = Field(description="The transfer of which the bank moved this back")
    inherited: bool = Field(description="Heirs claimed it: the bank passed it on")
    posted_at: datetime

    @classmethod
    def of(cls, row: TransferRow) -> Self:
        """Describe one side of a transfer."""
        own = row.transfer
        beside = {"taken_back": row.taken_back, "other_customer_id": own.other_id}
        return cls.model_validate({**own.model_dump(), **beside, "inherited": own.inheritance_id is not None})


@router.get("/customers/{customer_id}/points/transfers", operation_id="listCustomerPointsTransfers")
@declare(caller=staff(Verb.READ, Domain.POINTS), rate=RateClass.READ, data=DataClass.C2)
async def list_transfers(
    call: StaffCall, customer_id: CustomerId, page: Annotated[PageRequest, page_query()]
) -> Page[CustomerTransferOut]:
    """List what a customer passed on and received, newest first, with the customer on the other side."""
    rows = await service.list_transfers(
        call.session, call.scope, customer_id=customer_id, before=page.after_moment, limit=page.fetch
    )
    return page.answer(
        rows, position=lambda row: (row.transfer.posted_at, row.transfer.id), shape=CustomerTransferOut.of
    )
