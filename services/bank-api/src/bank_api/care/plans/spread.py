"""How evenly contact lies over the year, on the bank port: per customer, manager and branch."""

from datetime import date
from typing import Annotated

from fastapi import Path
from pydantic import Field

from guibin.care.plans.repository import active_plan
from guibin.care.plans.terms import PlanTerms
from guibin.care.rules import percent
from guibin.care.spread import repository
from guibin.care.spread.repository import Counted
from guibin.care.spread.rules import CareYear, care_year, spread_index
from guibin.core.ids import CustomerId, ManagerId
from guibin.customers.repository import get_customer
from guibin.security.actors import Domain, Verb
from guibin.web import DataClass, OutModel, PortRouter, RateClass, StaffCall, declare, staff

router = PortRouter(prefix="/v1", tags=["care"])

READ = staff(Verb.READ, Domain.CARE)
Year = Annotated[
    int, Path(ge=2000, le=2099, description="The calendar year of the lunar New Year that ends it", examples=[2027])
]


class CareSpreadFigures(OutModel):
    """How evenly the touches of a year lie: 1 is even, twice as many before the New Year is 2."""

    customers: int = Field(description="Customers with a touch")
    touches: int
    index: float | None = Field(description="The season's share of the touches over its share of the days")
    selling_index: float | None = Field(description="The same of touches that sell alone")
    caring_index: float | None = Field(description="The same of touches of care and service alone")
    alarm: bool = Field(description="Whether the index is above the limit of the care plan")
    selling: int
    caring: int
    non_selling_percent: float | None = Field(description="Touches that sell nothing, of all")
    below_target: bool = Field(description="Whether that is less than the target of the care plan")
    caring_months: float | None = Field(
        description="In how many twelfths of the year a customer had a touch of care or service, on the average"
    )

    @classmethod
    def of(cls, one: Counted, terms: PlanTerms | None) -> dict[str, object]:
        """Make the figures of counts; without a plan there is no limit and no target."""
        index = spread_index(one.season, one.touches)
        share = percent(one.touches - one.selling, one.touches)
        return {
            "customers": one.customers,
            "touches": one.touches,
            "index": index,
            "selling_index": spread_index(one.selling_season, one.selling),
            "caring_index": spread_index(one.caring_season, one.caring),
            "alarm": terms is not None and index is not None and index * 100 > terms.spread_alarm_percent,
            "selling": one.selling,
            "caring": one.caring,
            "non_selling_percent": share,
            "below_target": terms is not None and share is not None and share < terms.service_percent,
            "caring_months": round(one.months / one.customers, 2) if one.customers else None,
        }


class CareSpreadOfBranchOut(CareSpreadFigures):
    """Of the customers of one branch."""

    branch: str = Field(description="Code of the customers' branch", examples=["000101"])


class CareSpreadOfManagerOut(CareSpreadFigures):
    """Of the touches of one manager."""

    manager_id: ManagerId | None = Field(description="Null: touches of somebody or something else")


class CareSpreadOut(OutModel):
    """The spread of a year's touches with customers in scope."""

    first: date = Field(description="The year's first day: 365 in all")
    season_from: date = Field(description="The first of the 45 days before the lunar New Year")
    last: date = Field(description="The day before the lunar New Year")
    total: CareSpreadFigures
    branches: list[CareSpreadOfBranchOut]
    managers: list[CareSpreadOfManagerOut]


class CustomerCareSpreadOut(CareSpreadFigures):
    """The spread of a year's touches with one customer."""

    customer_id: CustomerId
    first: date
    season_from: date
    last: date


@router.get("/reports/care-spread/{year}", operation_id="getCareSpread")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_care_spread(call: StaffCall, year: Year) -> CareSpreadOut:
    """Show how evenly the touches with my customers lie over the year that ends with a lunar one, in all and apart.

    Touches count in which the customer was spoken to. A year that is not over shows what there is so far.
    """
    span, terms = care_year(year), await _terms(call)
    branches = await repository.count_by_branch(call.session, call.scope, span)
    managers = await repository.count_by_manager(call.session, call.scope, span)
    total = await repository.count_of(call.session, call.scope, span)
    return CareSpreadOut.model_validate(
        {
            **_days(span),
            "total": CareSpreadFigures.of(total, terms),
            "branches": [{"branch": one.name, **CareSpreadFigures.of(one, terms)} for one in branches],
            "managers": [{"manager_id": one.name, **CareSpreadFigures.of(one, terms)} for one in managers],
        }
    )


@router.get("/customers/{customer_id}/care-spread/{year}", operation_id="getCustomerCareSpread")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def get_customer_care_spread(call: StaffCall, customer_id: CustomerId, year: Year) -> CustomerCareSpreadOut:
    """Show how evenly the touches with a customer lie over the year that ends with a lunar one."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    span = care_year(year)
    counted = await repository.count_of(call.session, call.scope, span, customer_id=customer.id)
    figures = CareSpreadFigures.of(counted, await _terms(call))
    return CustomerCareSpreadOut.model_validate({"customer_id": customer.id, **_days(span), **figures})


def _days(span: CareYear) -> dict[str, object]:
    return {"first": span.first, "season_from": span.season, "last": span.last}


async def _terms(call: StaffCall) -> PlanTerms | None:
    plan = await active_plan(call.session)
    return PlanTerms.read(plan.terms) if plan is not None else None
