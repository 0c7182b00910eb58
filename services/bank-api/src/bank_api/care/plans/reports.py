"""The figures of care on the bank port: how much of what was due was kept."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated

from fastapi import Path
from pydantic import Field

from bank_api.care.grouping import figures_apart
from guibin.care.clock.repository import KeptCount, kept_between
from guibin.care.rules import percent
from guibin.core import clock
from guibin.core.ids import ManagerId
from guibin.security.actors import Domain, Verb
from guibin.suppliers.settlements.rules import month_after
from guibin.web import DataClass, OutModel, PortRouter, RateClass, StaffCall, declare, staff
from guibin.web.months import Month, first_of

router = PortRouter(prefix="/v1", tags=["care"])

READ = staff(Verb.READ, Domain.CARE)


class CareKeptFigures(OutModel):
    """What became of care tasks that were due."""

    due: int = Field(description="All of them; what nothing asks for any more is not counted")
    kept: int = Field(description="Done by their due day")
    late: int = Field(description="Done after it")
    broken: int = Field(description="Not done, and due before today")
    skipped: int = Field(description="Skipped by a person with a reason, which is not kept")
    kept_percent: float | None = Field(description="Kept ones of those due; null: none was due", examples=[92.5])

    @classmethod
    def of(cls, rows: Iterable[KeptCount]) -> dict[str, int | float | None]:
        """Add counts up."""
        found = list(rows)
        kept, late = sum(one.kept for one in found), sum(one.late for one in found)
        broken, skipped = sum(one.broken for one in found), sum(one.skipped for one in found)
        due = kept + late + broken + skipped
        counts = {"due": due, "kept": kept, "late": late, "broken": broken, "skipped": skipped}
        return {**counts, "kept_percent": percent(kept, due)}


class CareKeptOfBranchOut(CareKeptFigures):
    """Of the customers of one branch."""

    branch: str = Field(description="Code of the customers' branch", examples=["000101"])


class CareKeptOfManagerOut(CareKeptFigures):
    """Of the tasks of one manager: who served the customer on the due day, or was given the task."""

    manager_id: ManagerId | None = Field(description="Null: nobody served the customers")


class CareKeptOfItemOut(CareKeptFigures):
    """Of the tasks that one item of a plan, or somebody, asked for."""

    item: str = Field(description="A plan's contact, a trigger, or what else asked for the tasks", examples=["T1.call"])


class CareKeptOut(OutModel):
    """The tasks of customers in scope that were due in a month."""

    month: Month
    total: CareKeptFigures
    branches: list[CareKeptOfBranchOut]
    managers: list[CareKeptOfManagerOut]
    items: list[CareKeptOfItemOut]


@router.get("/reports/care-kept/{month}", operation_id="getCareKept")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_care_kept(
    call: StaffCall, month: Annotated[Month, Path(description="YYYY-MM", examples=["2026-10"])]
) -> CareKeptOut:
    """Count what became of the care tasks of my customers that were due in a month: in all and apart.

    What is due today or later counts only once it is done; what nothing asks for any more is not counted.
    """
    first = first_of(month)
    last = month_after(first) - timedelta(days=1)
    rows = await kept_between(call.session, call.scope, first=first, last=last, today=clock.today())
    return CareKeptOut.model_validate(
        {
            "month": month,
            "total": CareKeptFigures.of(rows),
            "branches": figures_apart(rows, "branch", lambda one: one.branch, CareKeptFigures.of),
            "managers": figures_apart(rows, "manager_id", lambda one: one.manager_id, CareKeptFigures.of),
            "items": figures_apart(rows, "item", lambda one: one.item, CareKeptFigures.of),
        }
    )
