"""Appointments: the terms on which slots are booked, and what follows for one booking. Decisions over plain values."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from guibin.rights.models import Appointment, Redemption, RedemptionState

MOST_HOURS: Final = 24 * 90
"""Longest time before a slot that its terms speak of."""


class NoShow(StrEnum):
    """What becomes of the points and the quota of somebody who does not come."""

    KEPT = "kept"
    BACK = "back"


class AppointmentState(StrEnum):
    """How an appointment stands: what its redemption and its own marks come to."""

    BOOKED = "booked"
    CONFIRMED = "confirmed"
    SERVED = "served"
    MISSED = "missed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Booking:
    """How a right is booked. A slot is taken at the latest `lead_hours` before it begins.

    It is cancelled until `cancel_hours` before, and exchanged for another until `change_hours` before; None: never.
    """

    lead_hours: int = 0
    cancel_hours: int | None = None
    change_hours: int | None = None
    no_show: NoShow = NoShow.KEPT


def state_of(appointment: Appointment, redemption: Redemption) -> AppointmentState:
    """Tell how an appointment stands."""
    if appointment.missed_at is not None:
        return AppointmentState.MISSED
    match RedemptionState(redemption.state):
        case RedemptionState.FULFILLED:
            return AppointmentState.SERVED
        case RedemptionState.AWAITING_PAYMENT | RedemptionState.CONFIRMED | RedemptionState.IN_FULFILMENT:
            return AppointmentState.BOOKED if appointment.confirmed_at is None else AppointmentState.CONFIRMED
        case _:
            return AppointmentState.ENDED
