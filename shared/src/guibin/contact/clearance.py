"""Leave to send one message: whoever posts to a customer holds one, and the gate alone makes them."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from guibin.contact.errors import ContactOver
from guibin.contact.models import ContactDecision, ContactState


class SecurityMessage(StrEnum):
    """The messages that pass without a decision, by name: who is at the door, and what was done to a log-in."""

    BIND = "bind"
    STEP_UP = "step_up"
    REBOUND = "rebound"
    UNBOUND = "unbound"


@dataclass(frozen=True, slots=True)
class Clearance:
    """Leave to send a message; `name` is the gateway's name of it, `contact_id` the decision that gives the leave."""

    name: str
    contact_id: UUID | None = None


def for_security(message: SecurityMessage) -> Clearance:
    """Return the leave for a security message."""
    return Clearance(message.value)


def of_decision(row: ContactDecision) -> Clearance:
    """Return the leave that a decision of the gate gives.

    Raises:
        ContactOver: it was refused, or its place is not held any more.
    """
    if row.state != ContactState.HELD:
        raise ContactOver(state=row.state)
    return Clearance(row.purpose, row.id)
