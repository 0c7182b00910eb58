"""Decisions on consents, data requests, exports and restrictions, over plain values."""

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from guibin.privacy.models import ConsentChannel, ConsentState, LegalBasis, Purpose, RequestKind, RequestState

ANSWER_DAYS: Final = 30
"""Calendar days within which a data request is answered (GB/T 35273)."""

COPIES_A_DAY: Final = 3
"""Requests for a copy that one customer may make in a day of business."""

BACKUP_LIFE: Final = timedelta(days=35)
"""After so long no backup holds what was erased."""

MARKETING_CHANNELS: Final = (ConsentChannel.SMS, ConsentChannel.PHONE, ConsentChannel.WECHAT, ConsentChannel.APP)

BASIS: Final[Mapping[Purpose, LegalBasis]] = {
    purpose: LegalBasis.CONTRACT if purpose is Purpose.SERVICE else LegalBasis.CONSENT for purpose in Purpose
}
"""Serving the customer rests on the contract; everything else on a consent of its own."""


def channels_of(purpose: Purpose) -> tuple[ConsentChannel, ...]:
    """Return the channels by which a purpose is consented to: marketing by each of them, others by none."""
    return MARKETING_CHANNELS if purpose is Purpose.MARKETING else (ConsentChannel.ANY,)


def takes_consent(purpose: Purpose, channel: ConsentChannel) -> bool:
    """Tell whether a customer may say yes or no to a purpose on a channel."""
    return BASIS[purpose] is LegalBasis.CONSENT and channel in channels_of(purpose)


def next_state(before: ConsentState | None, *, granted: bool) -> ConsentState:
    """Return the state that a customer's word makes: a no after a yes is a withdrawal."""
    if granted:
        return ConsentState.GRANTED
    return ConsentState.REVOKED if before in {ConsentState.GRANTED, ConsentState.REVOKED} else ConsentState.DENIED


def due_on(day: date) -> date:
    """Return the last day on which a data request of a day may be answered."""
    return day + timedelta(days=ANSWER_DAYS)


_STEPS: Final[Mapping[RequestState, frozenset[RequestState]]] = {
    RequestState.RECEIVED: frozenset({RequestState.IN_PROGRESS, RequestState.FULFILLED, RequestState.REFUSED}),
    RequestState.IN_PROGRESS: frozenset({RequestState.FULFILLED, RequestState.REFUSED}),
    RequestState.FULFILLED: frozenset(),
    RequestState.REFUSED: frozenset(),
}


def is_legal_step(before: RequestState, after: RequestState) -> bool:
    """Tell whether a data request may go from one state to another."""
    return after in _STEPS[before]


def first_state(kind: RequestKind) -> RequestState:
    """Return the state in which a request begins: the worker sees to copies by itself, people to the others."""
    return RequestState.IN_PROGRESS if kind is RequestKind.COPY else RequestState.RECEIVED


class Act(StrEnum):
    """What a restriction can block."""

    EARN = "earn"
    REDEEM = "redeem"
    MESSAGE = "message"
    CALL = "call"
    ASSIGN = "assign"
    LOGIN = "login"
    SERVICE = "service"
