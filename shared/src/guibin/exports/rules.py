"""Decisions on exports over plain values."""

from typing import Final

MOST_ROWS: Final = 100_000
"""No list is longer, whatever a grant allows: the worker writes a file in memory."""


def row_limit(granted: int | None) -> int:
    """Return how many rows a list may have under a grant's limit; None is a grant without one."""
    return MOST_ROWS if granted is None else min(granted, MOST_ROWS)


def is_narrowed(rows: int, *, of: int) -> bool:
    """Tell whether a filter leaves anybody out: one that does not is no filter, whatever it names."""
    return rows < of
