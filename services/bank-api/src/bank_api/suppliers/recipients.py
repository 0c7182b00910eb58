"""Who received what counts for the income tax."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import Path, Query
from pydantic import Field

from guibin.core.ids import CustomerId, GiftHandoverId, GiftId, RedemptionId, RightId
from guibin.core.money import Cny
from guibin.rights.models import TaxKind
from guibin.security.actors import Domain, Verb
from guibin.suppliers.repository.recipients import Received, list_received
from guibin.suppliers.settlements.rules import month_after
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
from guibin.web.months import Month, first_of

router = PortRouter(prefix="/v1/reports", tags=["rights"])

TAXED = (TaxKind.GIFT, TaxKind.PRIZE)


class RecipientOut(OutModel):
    """What a customer received: by one redemption, or as a gift of the bank's people."""

    customer_id: CustomerId
    redemption_id: RedemptionId | None = Field(description="null: it was handed over as a gift")
    right_id: RightId | None
    right_code: str | None
    handover_id: GiftHandoverId | None = Field(description="null: it was redeemed")
    gift_id: GiftId | None
    gift_code: str | None
    tax_kind: TaxKind
    units: int = Field(description="Those that were not given back")
    points: int = Field(description="What the customer paid for it")
    value: Cny | None = Field(description="Of all units, in CNY; null: nobody has said what one is worth")
    received_at: datetime

    @classmethod
    def of(cls, row: Received) -> Self:
        """Describe what was received."""
        own = ("customer_id", "tax_kind", "units", "points", "received_at")
        what = (row.id, row.of_id, row.code)
        redemption_id, right_id, right_code = (None, None, None) if row.by_hand else what
        handover_id, gift_id, gift_code = what if row.by_hand else (None, None, None)
        return cls(
            redemption_id=redemption_id,
            right_id=right_id,
            right_code=right_code,
            handover_id=handover_id,
            gift_id=gift_id,
            gift_code=gift_code,
            value=row.value_fen,
            **{name: getattr(row, name) for name in own},
        )


@router.get("/tax-recipients/{month}", operation_id="listTaxRecipients")
@declare(caller=staff(Verb.READ, Domain.RIGHTS), rate=RateClass.READ, data=DataClass.C2)
async def list_recipients(
    call: StaffCall,
    month: Annotated[Month, Path(description="YYYY-MM", examples=["2026-10"])],
    page: Annotated[PageRequest, page_query()],
    tax_kind: Annotated[TaxKind | None, Query(description="Only of this kind; gifts and prizes otherwise")] = None,
) -> Page[RecipientOut]:
    """List what the customers in my scope received in a month that counts for their income tax, newest first.

    A redemption counts in the month in which the customer had it. A unit is worth what its code is good for, else what
    its supplier was paid on the day of the redemption. A gift that the bank's people handed over counts in the month in
    which it was signed for.
    """
    first = first_of(month)
    rows = await list_received(
        call.session,
        call.scope,
        first=first,
        until=month_after(first),
        kinds=TAXED if tax_kind is None else (tax_kind,),
        before=page.after_moment,
        limit=page.fetch,
    )
    return page.answer(rows, position=lambda row: (row.received_at, row.id), shape=RecipientOut.of)
