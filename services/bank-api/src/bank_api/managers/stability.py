"""How long customers keep their manager, on the bank port: in all, per branch and manager, and who changes often."""

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import Field

from guibin.core import clock
from guibin.core.ids import ManagerId
from guibin.managers.stability import constancy
from guibin.managers.stability.constancy import Counted
from guibin.managers.terms.service import COVERAGE_TERMS
from guibin.security.actors import Domain, Verb
from guibin.web import (
    DataClass,
    Day,
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

from .schemas import CustomerStabilityOut

router = PortRouter(prefix="/v1/reports/stability", tags=["managers"])

READ = staff(Verb.READ, Domain.MANAGERS)
AsOf = Annotated[Day | None, Query(description="The day to look at; today where it is left out")]


class StabilityFigures(OutModel):
    """How long customers have the same manager."""

    customers: int = Field(description="Customers with a manager on that day")
    alarms: int = Field(
        description="Those who had more managers in the 24 months before than the terms of coverage bear"
    )
    months: float | None = Field(description="Whole months with the same manager, on the average", examples=[17.4])
    managers: float | None = Field(description="Managers in the 24 months before, on the average", examples=[1.2])

    @classmethod
    def of(cls, one: Counted) -> dict[str, object]:
        """Round the means."""
        return {
            "customers": one.customers,
            "alarms": one.alarms,
            "months": None if one.months is None else round(one.months, 1),
            "managers": None if one.managers is None else round(one.managers, 2),
        }


class StabilityOfBranchOut(StabilityFigures):
    """Of the customers of one branch."""

    branch: str = Field(description="Code of the customers' branch", examples=["000101"])


class StabilityOfManagerOut(StabilityFigures):
    """Of the customers in one manager's book on that day."""

    manager_id: ManagerId


class StabilityOut(OutModel):
    """The stability of the customers in scope on a day."""

    as_of: date
    most_managers: int = Field(description="What the terms of coverage bear in 24 months")
    total: StabilityFigures
    branches: list[StabilityOfBranchOut]
    managers: list[StabilityOfManagerOut]


@router.get("", operation_id="getStability")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_stability(call: StaffCall, as_of: AsOf = None) -> StabilityOut:
    """Show how long my customers have the same manager, and how many managers they had in 24 months.

    Only primary managers count; who stands in while another is away changes nothing. A time without a manager is no
    change where the same one comes back.
    """
    day = as_of or clock.today()
    terms = (await COVERAGE_TERMS.in_force(call.session)).terms
    most = terms.most_managers
    total = await constancy.count_all(call.session, call.scope, day=day, most=most)
    branches = await constancy.count_by_branch(call.session, call.scope, day=day, most=most)
    managers = await constancy.count_by_manager(call.session, call.scope, day=day, most=most)
    return StabilityOut.model_validate(
        {
            "as_of": day,
            "most_managers": most,
            "total": StabilityFigures.of(total),
            "branches": [{"branch": one.name, **StabilityFigures.of(one)} for one in branches],
            "managers": [{"manager_id": one.name, **StabilityFigures.of(one)} for one in managers],
        }
    )


@router.get("/alarms", operation_id="listStabilityAlarms")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_stability_alarms(
    call: StaffCall, page: Annotated[PageRequest, page_query()], as_of: AsOf = None
) -> Page[CustomerStabilityOut]:
    """List the customers who had more managers in 24 months than the terms of coverage bear, by customer id."""
    day = as_of or clock.today()
    terms = (await COVERAGE_TERMS.in_force(call.session)).terms
    most = terms.most_managers
    rows = await constancy.list_alarms(
        call.session, call.scope, day=day, most=most, limit=page.fetch, after=page.after_id
    )
    return page.answer(
        rows,
        position=lambda row: str(row.customer_id),
        shape=lambda row: CustomerStabilityOut.of(row, day=day, most=most),
    )
