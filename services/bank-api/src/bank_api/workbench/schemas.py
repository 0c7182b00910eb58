"""What the workbench says."""

from datetime import date, datetime

from pydantic import Field

from guibin.core.ids import CustomerId, ManagerId
from guibin.core.money import Cny
from guibin.web import OutModel

from .sections import Section


class WorkItemOut(OutModel):
    """Something to do for a customer."""

    customer_id: CustomerId
    customer_name: str | None = Field(examples=["王*明"], description="In full for the primary manager alone")
    manager_id: ManagerId | None = Field(description="In whose book the customer is; null: in nobody's")
    subject: str | None = Field(description="Public id of what it is about; null: the customer")
    day: date = Field(description="When it is or was due, or since when it is so")
    days_left: int = Field(description="Until that day; negative: overdue by so many")
    code: str | None = Field(
        description="Kind of a task, severity, category, product, tier, wallet, or why nobody was found"
    )
    expected: Cny | None = Field(description="What is expected of an opportunity", examples=["500000.00"])
    amount: int | None = Field(
        description="Points, units, months below the line, touches that are overdue, or things that are nobody's"
    )


class WorkSectionOut(OutModel):
    """A part of the day: the first items, how many there are, and what to do."""

    section: Section
    title: str
    action: str
    count: int
    items: list[WorkItemOut]


class WorkbenchOut(OutModel):
    """A manager's day, the most urgent part before the others; parts without a grant of their domain are left out."""

    as_of: datetime
    day: date
    manager_ids: list[ManagerId] = Field(description="Whose books: the own, and those of who is away")
    total: int
    sections: list[WorkSectionOut]
