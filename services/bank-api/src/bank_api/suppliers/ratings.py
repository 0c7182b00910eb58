"""What customers think of what a supplier delivers."""

from typing import Annotated, Self

from fastapi import Query
from pydantic import Field

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import RightId, SupplierId
from guibin.suppliers.repository.ratings import MonthOfStars, stars_by_month
from guibin.suppliers.repository.suppliers import get_supplier
from guibin.suppliers.settlements.rules import month_after, months_before
from guibin.web import DataClass, OutModel, PortRouter, RateClass, StaffCall, declare

from .router import READ

router = PortRouter(prefix="/v1/suppliers", tags=["suppliers"])

MOST_MONTHS = 36
_OF_A_YEAR = 12


class SupplierRatingOut(OutModel):
    """What customers thought of one right in one month."""

    month: str = Field(description="In which it was rated", examples=["2026-10"])
    right_id: RightId
    right_code: str
    ratings: int
    average: float = Field(description="Stars, 1 to 5", examples=[4.6])
    low: int = Field(description="How many gave one star or two")

    @classmethod
    def of(cls, row: MonthOfStars) -> Self:
        """Describe a month of a right."""
        return cls(
            month=f"{row.month:%Y-%m}",
            right_id=row.right_id,
            right_code=row.right_code,
            ratings=row.ratings,
            average=round(row.stars / row.ratings, 2),
            low=row.low,
        )


class SupplierRatingsOut(OutModel):
    """What customers thought of what a supplier delivered, newest month first."""

    items: list[SupplierRatingOut]


@router.get("/{supplier_id}/ratings", operation_id="listSupplierRatings")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1, refusals=(NotFound,))
async def list_ratings(
    call: StaffCall,
    supplier_id: SupplierId,
    months: Annotated[int, Query(ge=1, le=MOST_MONTHS, description="This month and those before")] = _OF_A_YEAR,
) -> SupplierRatingsOut:
    """Report the stars of a supplier's rights by month, of the whole bank's customers; nobody is named.

    A redemption is of the supplier that had the price of its day, else of the one that delivers the right now.
    """
    await get_supplier(call.session, supplier_id)
    this = clock.today().replace(day=1)
    first = months_before(this, months - 1)
    rows = await stars_by_month(call.session, supplier_id=supplier_id, first=first, until=month_after(this))
    return SupplierRatingsOut(items=[SupplierRatingOut.of(row) for row in rows])
