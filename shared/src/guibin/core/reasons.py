"""Reasons that people give for what they do to a customer: long enough, and more than one key held down."""

from typing import Final

from guibin.core.errors import ReasonRequired

SHORTEST: Final = 10
LONGEST: Final = 200
_LEAST_LETTERS: Final = 3


def is_sufficient(reason: str) -> bool:
    """Tell whether a reason has 10 to 200 characters, not counting blanks at its ends, and 3 different ones."""
    said = reason.strip()
    return len(said) >= SHORTEST and len(reason) <= LONGEST and len(set(said)) >= _LEAST_LETTERS


def require_reason(reason: str | None) -> str:
    """Return the reason as it was given.

    Raises:
        ReasonRequired: there is none, or it says nothing.
    """
    if reason is None or not is_sufficient(reason):
        raise ReasonRequired(min_length=SHORTEST, max_length=LONGEST)
    return reason
