"""How suppliers keep the hours that were agreed."""

from typing import Annotated, Self

from fastapi import Query
from pydantic import Field

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import RightId, SupplierId
from guibin.suppliers.repository.service_level import MonthOfService, service_by_month
from guibin.suppliers.repository.suppliers import get_supplier
from guibin.suppliers.settlements.rules import month_after, months_before
from guibin.web import DataClass, OutModel, PortRouter, RateClass, StaffCall, declare

from .router import READ

router = PortRouter(prefix="/v1/suppliers", tags=["suppliers"])

MOST_MONTHS = 36
_OF_A_YEAR = 12


class ServiceFiguresOut(OutModel):
    """How what customers ordered in a month was delivered, as of now."""

    ordered: int = Field(description="Redemptions, but those that were taken back before they were delivered")
    fulfilled: int
    failed: int = Field(description="Could not be delivered: the customer has all back")
    open: int = Field(description="Not delivered yet")
    overdue: int = Field(description="Of these those beyond the agreed hours")
    unknown: int = Field(description="Of these those of which the supplier has not said what became of them")
    in_time: int = Field(description="Delivered within the hours that the contract of its day says")
    late: int = Field(description="Delivered after them")
    agreed: int = Field(description="Redemptions for which the contract says hours")
    kept_percent: float | None = Field(
        description="In time of all that was due by the contract: in time, late, overdue or failed; null: nothing was",
        examples=[98.4],
    )
    median_hours: float | None = Field(description="From the redemption to its delivery", examples=[3.25])
    p95_hours: float | None = Field(description="19 of 20 were delivered within so many hours", examples=[22.5])

    @classmethod
    def of(cls, row: MonthOfService) -> Self:
        """Describe figures."""
        return cls.model_validate(_figures(row))


class MonthOfServiceOut(ServiceFiguresOut):
    """A month of a right, or of all rights together."""

    month: str = Field(description="In which it was ordered", examples=["2026-10"])
    right_id: RightId | None = Field(description="null: all rights of the supplier together")
    right_code: str | None

    @classmethod
    def of(cls, row: MonthOfService) -> Self:
        """Describe a month."""
        return cls.model_validate(
            _figures(row) | {"month": f"{row.month:%Y-%m}", "right_id": row.right_id, "right_code": row.right_code}
        )


class ServiceLevelOut(OutModel):
    """A supplier's service, newest month first; in each month all rights together come first."""

    items: list[MonthOfServiceOut]


def _figures(row: MonthOfService) -> dict[str, object]:
    figures: dict[str, object] = {name: getattr(row, name) for name in ServiceFiguresOut.model_fields}
    hours = {name: None if figures[name] is None else round(getattr(row, name), 2) for name in _HOURS}
    return figures | hours


_HOURS = ("median_hours", "p95_hours")


@router.get("/{supplier_id}/service-level", operation_id="getSupplierServiceLevel")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1, refusals=(NotFound,))
async def get_service_level(
    call: StaffCall,
    supplier_id: SupplierId,
    months: Annotated[int, Query(ge=1, le=MOST_MONTHS, description="This month and those before")] = _OF_A_YEAR,
) -> ServiceLevelOut:
    """Report how a supplier kept the hours of its contracts, by month and right, of the whole bank's customers.

    A redemption is of the supplier that had the price of its day, else of the one that delivers the right now; the
    hours are those of that price (`fulfil_hours`). Codes that the bank has in a pool take no time and are not counted.
    """
    await get_supplier(call.session, supplier_id)
    this = clock.today().replace(day=1)
    rows = await service_by_month(
        call.session,
        supplier_id=supplier_id,
        first=months_before(this, months - 1),
        until=month_after(this),
        now=clock.now(),
    )
    return ServiceLevelOut(items=[MonthOfServiceOut.of(row) for row in rows])
