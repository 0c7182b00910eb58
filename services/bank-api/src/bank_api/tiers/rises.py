"""Who rose by parked money, on the bank port."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import Path, Query
from pydantic import Field

from guibin.core.ids import CustomerId
from guibin.holdings.months import Month as Closed
from guibin.security.actors import Domain, Verb
from guibin.suppliers.settlements.rules import month_after
from guibin.tiers.rises import Rise, list_parked_rises
from guibin.web import (
    DataClass,
    FreshnessOut,
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

router = PortRouter(prefix="/v1/reports", tags=["tiers"])


class ParkedRiseOut(OutModel):
    """A customer whose tier rose on a month that ended far above its average."""

    customer_id: CustomerId
    tier: str = Field(examples=["T2"])
    effective_on: date
    spike_percent: int = Field(description="Mean of the month's last three days against its average", examples=[260])
    freshness: FreshnessOut

    @classmethod
    def of(cls, rise: Rise) -> "ParkedRiseOut":
        """Describe a rise."""
        return cls(
            customer_id=rise.customer_id,
            tier=rise.tier,
            effective_on=rise.effective_on,
            spike_percent=rise.spike_percent,
            freshness=FreshnessOut.of(rise.figure_day),
        )


@router.get("/parked-rises/{month}", operation_id="listParkedRises")
@declare(caller=staff(Verb.READ, Domain.TIERS), rate=RateClass.READ, data=DataClass.C2)
async def get_parked_rises(
    call: StaffCall,
    month: Annotated[Month, Path(description="YYYY-MM", examples=["2026-10"])],
    page: Annotated[PageRequest, page_query()],
    least_percent: Annotated[int, Query(ge=100, le=1_000_000, description="From which ratio on")] = 150,
) -> Page[ParkedRiseOut]:
    """List my customers who rose on a month's figures though most of the money came for its last days, by id."""
    first = first_of(month)
    closed = Closed(first, month_after(first) - timedelta(days=1))
    rows = await list_parked_rises(
        call.session,
        call.scope,
        month=closed,
        least_percent=least_percent,
        limit=page.fetch,
        after=page.after_id,
    )
    return page.answer(rows, position=lambda row: str(row.customer_id), shape=ParkedRiseOut.of)
