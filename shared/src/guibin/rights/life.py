"""How a redemption may go on: its states, the steps between them, and until when its customer may change anything."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from guibin.rights.models import Appointment, Redemption, RedemptionState
from guibin.rights.offer import Terms

HAD: Final = (RedemptionState.CONFIRMED, RedemptionState.IN_FULFILMENT, RedemptionState.FULFILLED)
"""The states in which the customer has what was redeemed, or is sure to get it."""

COUNTED: Final = (RedemptionState.AWAITING_PAYMENT, *HAD)
"""The states in which a redemption counts against stock, limit and quota; the others gave back what was taken."""

_STEPS: Final[Mapping[RedemptionState, frozenset[RedemptionState]]] = {
    RedemptionState.AWAITING_PAYMENT: frozenset(
        {RedemptionState.CONFIRMED, RedemptionState.CANCELLED, RedemptionState.UNPAID}
    ),
    RedemptionState.CONFIRMED: frozenset(
        {
            RedemptionState.IN_FULFILMENT,
            RedemptionState.FULFILLED,
            RedemptionState.CANCELLED,
            RedemptionState.REFUNDED,
            RedemptionState.FAILED,
        }
    ),
    RedemptionState.IN_FULFILMENT: frozenset({RedemptionState.FULFILLED, RedemptionState.FAILED}),
    RedemptionState.FULFILLED: frozenset({RedemptionState.REFUNDED}),
    RedemptionState.FAILED: frozenset(),
    RedemptionState.CANCELLED: frozenset(),
    RedemptionState.REFUNDED: frozenset(),
    RedemptionState.UNPAID: frozenset(),
}


def is_legal_step(before: RedemptionState, after: RedemptionState) -> bool:
    """Tell whether a redemption may go from one state to another."""
    return after in _STEPS[before]


def is_legal_path(states: Sequence[RedemptionState]) -> bool:
    """Tell whether a redemption's life begins with its confirmation, or the wait for it, and takes legal steps only."""
    begins = bool(states) and states[0] in {RedemptionState.AWAITING_PAYMENT, RedemptionState.CONFIRMED}
    return begins and all(is_legal_step(before, after) for before, after in pairwise(states))


def cancellable_until(redemption: Redemption, terms: Terms, appointment: Appointment | None) -> datetime | None:
    """Return the instant before which the customer may cancel a redemption; None when that cannot be (any more).

    With an appointment hours count back from its beginning, without one from the redemption on.
    """
    if redemption.state != RedemptionState.CONFIRMED:
        return None
    if appointment is not None:
        return _hours_before(appointment, terms.booking.cancel_hours if terms.booking else None)
    return None if terms.cancel_hours is None else redemption.created_at + timedelta(hours=terms.cancel_hours)


def changeable_until(redemption: Redemption, terms: Terms, appointment: Appointment | None) -> datetime | None:
    """Return the instant before which the customer may take another slot; None when that cannot be (any more)."""
    if redemption.state != RedemptionState.CONFIRMED or appointment is None or terms.booking is None:
        return None
    return _hours_before(appointment, terms.booking.change_hours)


def _hours_before(appointment: Appointment, hours: int | None) -> datetime | None:
    return None if hours is None else appointment.starts_at - timedelta(hours=hours)
