"""How completely customers are tagged."""

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import Field

from guibin.security.actors import Domain, Verb
from guibin.tags.runs import completion
from guibin.tags.runs.completion import Completion
from guibin.web import DataClass, OutModel, PortRouter, RateClass, StaffCall, declare, staff

router = PortRouter(prefix="/v1/reports", tags=["tags"])

READ = staff(Verb.READ, Domain.TAGS)


class CompletionOut(OutModel):
    """Customers with a tier, and how many of them are tagged on all five axes."""

    business_date: date
    branch: str | None = Field(description="Code of the branch; null for all in your scope together")
    customers: int
    complete: int = Field(description="Tagged on all five axes")
    percent: float = Field(description="Their share, in per cent with two places")
    by_axis: dict[str, int] = Field(description="Tagged on each axis", examples=[{"source": 120}])

    @classmethod
    def of(cls, found: Completion) -> "CompletionOut":
        """Describe a figure."""
        return cls.model_validate(found)


class TagCompletionOut(OutModel):
    """The completion figure of the branches in your scope, and its trend."""

    branches: list[CompletionOut] = Field(description="Of the latest day, by branch")
    days: list[CompletionOut] = Field(description="All branches in your scope together, the latest day first")


@router.get("/tag-completion", operation_id="getTagCompletion")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_completion(
    call: StaffCall, days: Annotated[int, Query(ge=1, le=366, description="How many days of the trend")] = 30
) -> TagCompletionOut:
    """Show which share of the customers with a tier is tagged on all five axes: by branch, and day by day.

    Who sees no whole branch sees no figures.
    """
    branches = await completion.completion_by_branch(call.session, call.scope)
    trend = await completion.completion_by_day(call.session, call.scope, days=days)
    return TagCompletionOut(
        branches=[CompletionOut.of(one) for one in branches], days=[CompletionOut.of(one) for one in trend]
    )
