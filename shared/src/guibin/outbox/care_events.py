"""Events of the care of customers."""

from datetime import date

from pydantic import Field

from guibin.core.ids import CareTaskId, ManagerId
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


class CareTaskOverdue(EventData):
    """A care task is late: told to the manager once its day is over, and to the branch's head some business days later.

    The subject is the customer; `GET /v1/care-tasks` shows the task to who may see it.
    """

    type = EventName.CARE_TASK_OVERDUE
    prefix = "cus"

    task_id: CareTaskId
    kind: str = Field(description="What was to be done, for example call")
    due_on: date
    told: str = Field(description="Whose turn it is: `manager` or `branch_head`")
    manager_id: ManagerId | None = Field(description="Who serves the customer now, a stand-in on leave; null: nobody")


class HandoverReady(EventData):
    """Both managers signed that a customer changes hands: the customer is told, and may confirm. About the handover."""

    type = EventName.HANDOVER_READY
    prefix = "hnd"

    on_day: date = Field(description="From when on the new manager serves the customer")
    joint_until: date = Field(description="Until when both answer; `on_day`: the new one alone")


class HandoverOverdue(EventData):
    """A handover was not signed in time: told once, for who leads the branch. The subject is the handover."""

    type = EventName.HANDOVER_OVERDUE
    prefix = "hnd"

    due_on: date
