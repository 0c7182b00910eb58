"""Decisions about opportunities, on plain values."""

from collections.abc import Mapping
from typing import Final

from guibin.care.models import TaskOrigin
from guibin.care.opportunities.models import OpportunityResult, OpportunitySource, OpportunityState

RESULTS: Final[Mapping[OpportunityState, frozenset[OpportunityResult]]] = {
    OpportunityState.WON: frozenset({OpportunityResult.BOUGHT, OpportunityResult.NEED_MET}),
    OpportunityState.REFUSED: frozenset(
        {
            OpportunityResult.NO_NEED,
            OpportunityResult.TERMS,
            OpportunityResult.RISK,
            OpportunityResult.NOT_NOW,
            OpportunityResult.NO_OFFERS,
        }
    ),
    OpportunityState.LOST: frozenset(
        {
            OpportunityResult.COMPETITOR,
            OpportunityResult.NOT_ELIGIBLE,
            OpportunityResult.NOT_AVAILABLE,
            OpportunityResult.UNREACHABLE,
        }
    ),
    OpportunityState.LAPSED: frozenset(
        {OpportunityResult.OVERDUE, OpportunityResult.CUSTOMER_MERGED, OpportunityResult.ERASED}
    ),
}
"""The results of each state in which an opportunity has ended."""


def belongs(result: OpportunityResult, state: OpportunityState) -> bool:
    """Tell whether a result is one of a state's."""
    return result in RESULTS.get(state, frozenset())


def source_of(*, wished: bool, in_touch: bool, completed: TaskOrigin | None) -> OpportunitySource:
    """Return from where an opportunity is known that somebody writes down: what the customer says counts first.

    `completed` is what made the task that the touch did.
    """
    if wished:
        return OpportunitySource.WISH
    if completed is TaskOrigin.TRIGGER:
        return OpportunitySource.TRIGGER
    return OpportunitySource.TOUCH if in_touch else OpportunitySource.STAFF
