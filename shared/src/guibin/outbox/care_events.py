"""Events of the care of customers."""

from datetime import date

from pydantic import Field

from guibin.outbox.event_data import EventData, EventName


class ComplaintOpened(EventData):
    """A customer complained. The subject is the complaint; its words are for who serves the customer alone."""

    type = EventName.COMPLAINT_OPENED
    prefix = "cmp"

    category: str
    severity: str
    resolve_due_on: date = Field(description="By when there is to be a resolution")


class ComplaintClosed(EventData):
    """A complaint is closed. The subject is the complaint."""

    type = EventName.COMPLAINT_CLOSED
    prefix = "cmp"

    category: str
    severity: str
    satisfied: bool = Field(description="Whether the customer was content with the resolution")
