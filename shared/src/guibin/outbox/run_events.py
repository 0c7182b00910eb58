"""Events of nightly runs."""

from datetime import date, datetime

from pydantic import Field

from guibin.outbox.event_data import EventData, EventName


class RunOverdue(EventData):
    """A night is not done in its time, whether it hangs, fails again and again, or was not taken up. About the run."""

    type = EventName.RUN_OVERDUE
    prefix = "run"

    business_date: date
    started_at: datetime = Field(description="When the run was opened")
    step: str = Field(description="The first step that is not done")
