"""What customers donated, by cause and month: what the bank owes the organisations."""

from typing import Annotated

from fastapi import Path
from pydantic import Field

from guibin.core.ids import RightId
from guibin.core.money import Cny
from guibin.rights import service
from guibin.security.actors import Domain, Verb
from guibin.suppliers.settlements.rules import month_after
from guibin.web import DataClass, OutModel, PortRouter, RateClass, StaffCall, declare, staff
from guibin.web.months import Month, first_of

router = PortRouter(prefix="/v1/reports", tags=["rights"])


class CauseOut(OutModel):
    """What customers in my scope donated for a cause, less what was given back."""

    right_id: RightId
    right_code: str
    organisation: str
    project: str
    donations: int
    units: int
    points: int
    value: Cny = Field(description="What the organisation is to receive")


class DonationsOut(OutModel):
    """The donations of a month by cause, the most valued first."""

    month: str = Field(examples=["2026-11"])
    items: list[CauseOut]


@router.get("/donations/{month}", operation_id="getDonations")
@declare(caller=staff(Verb.READ, Domain.RIGHTS), rate=RateClass.READ, data=DataClass.C1)
async def get_donations(
    call: StaffCall, month: Annotated[Month, Path(description="YYYY-MM", examples=["2026-10"])]
) -> DonationsOut:
    """Sum what was donated in a month by cause. A month that is over does not change: nothing of it is given back."""
    first = first_of(month)
    rows = await service.total_causes(call.session, call.scope, first=first, until=month_after(first))
    english = call.language == "en"
    items = [
        CauseOut(
            right_id=row.right_id,
            right_code=row.right_code,
            organisation=row.organisation_en if english else row.organisation_zh,
            project=row.project_en if english else row.project_zh,
            donations=row.donations,
            units=row.units,
            points=row.points,
            value=row.value_fen,
        )
        for row in rows
    ]
    return DonationsOut(month=month, items=items)
