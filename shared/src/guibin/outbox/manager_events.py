"""Events of who serves customers, and of who should."""

from datetime import date

from pydantic import Field

from guibin.core.ids import ManagerId
from guibin.outbox.event_data import EventData, EventName


class PoolNoticed(EventData):
    """Nobody looked after a customer for months: told to the manager a month before the return. About the customer."""

    type = EventName.POOL_NOTICED
    prefix = "cus"

    manager_id: ManagerId = Field(description="Whose book the customer leaves")
    returns_on: date = Field(description="From which the customer is in the pool, unless somebody looks after them")


class PoolReturned(EventData):
    """A customer is in the pool: in nobody's book until somebody assigns or claims them. About the customer."""

    type = EventName.POOL_RETURNED
    prefix = "cus"

    manager_id: ManagerId = Field(description="Whose book the customer has left")
    returned_on: date


class UnassignedTooLong(EventData):
    """A customer waits for a manager longer than the rule of the branch allows: told once for a wait, for its head."""

    type = EventName.UNASSIGNED_TOO_LONG
    prefix = "cus"

    since: date = Field(description="Since when the customer waits")
    tier: str
    cause: str = Field(description="Why nobody was found, for example no_capacity")
