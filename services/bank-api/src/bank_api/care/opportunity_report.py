"""The funnel of opportunities on the bank port."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import Field

from guibin.care.opportunities.report_repository import FunnelCount, funnel_between
from guibin.care.rules import percent
from guibin.core.ids import ManagerId
from guibin.core.money import Cny
from guibin.security.actors import Domain, Verb
from guibin.web import DataClass, Day, OutModel, PortRouter, RateClass, StaffCall, check_range, declare, staff

from .grouping import figures_apart

router = PortRouter(prefix="/v1", tags=["care"])

READ = staff(Verb.READ, Domain.CARE)


class FunnelFigures(OutModel):
    """What became of opportunities that were opened in a range of days, as they stand now."""

    opened: int = Field(description="All of them")
    won: int
    refused: int = Field(description="By the customer")
    lost: int
    lapsed: int
    still_open: int
    won_percent: float | None = Field(description="Won ones of those that have ended; null: none has", examples=[37.5])
    expected: Cny = Field(description="What was expected of all of them")
    won_amount: Cny = Field(description="What was said to be won")
    proved: int = Field(description="Won ones of a product of which a holding that was opened since is seen")
    proved_percent: float | None = Field(
        description="Those of all won of a product; null: none was won", examples=[80.0]
    )

    @classmethod
    def of(cls, rows: Iterable[FunnelCount]) -> dict[str, int | float | None]:
        """Add counts up."""
        found = list(rows)
        summed = ("opened", "won", "refused", "lost", "lapsed", "proved")
        figures = {name: sum(getattr(one, name) for one in found) for name in summed}
        ended = figures["won"] + figures["refused"] + figures["lost"] + figures["lapsed"]
        return {
            **figures,
            "still_open": figures["opened"] - ended,
            "won_percent": percent(figures["won"], ended),
            "expected": sum(one.expected_fen for one in found),
            "won_amount": sum(one.won_fen for one in found),
            "proved_percent": percent(figures["proved"], sum(one.provable for one in found)),
        }


class FunnelOfBranchOut(FunnelFigures):
    """With the customers of one branch."""

    branch: str = Field(description="Code of the customers' branch", examples=["000101"])


class FunnelOfManagerOut(FunnelFigures):
    """Of one manager, who answers for them now or did when they ended."""

    manager_id: ManagerId | None = Field(description="Null: nobody served the customers")


class FunnelOut(OutModel):
    """The opportunities with customers in scope that were opened in a range of days."""

    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    total: FunnelFigures
    branches: list[FunnelOfBranchOut]
    managers: list[FunnelOfManagerOut]


@router.get("/reports/opportunities", operation_id="reportOpportunities")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def report_opportunities(
    call: StaffCall,
    first: Annotated[Day, Query(alias="from", description="First day")],
    last: Annotated[Day, Query(alias="to", description="Last day, included")],
) -> FunnelOut:
    """Count what became of the opportunities with my customers that were opened in some days: in all and apart."""
    check_range(first, last)
    rows = await funnel_between(call.session, call.scope, first=first, last=last)
    return FunnelOut.model_validate(
        {
            "first": first,
            "last": last,
            "total": FunnelFigures.of(rows),
            "branches": figures_apart(rows, "branch", lambda one: one.branch, FunnelFigures.of),
            "managers": figures_apart(rows, "manager_id", lambda one: one.manager_id, FunnelFigures.of),
        }
    )
