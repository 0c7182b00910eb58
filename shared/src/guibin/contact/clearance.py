"""Leave to send one message: whoever posts to a customer holds one, and the gate alone makes them."""

from dataclasses import dataclass
from enum import StrEnum


class SecurityMessage(StrEnum):
    """The messages that pass without a decision, by name: who is at the door, and what was done to a log-in."""

    BIND = "bind"
    STEP_UP = "step_up"
    REBOUND = "rebound"
    UNBOUND = "unbound"


@dataclass(frozen=True, slots=True)
class Clearance:
    """Leave to send a message; `name` is the gateway's name of it."""

    name: str


def for_security(message: SecurityMessage) -> Clearance:
    """Return the leave for a security message."""
    return Clearance(message.value)
