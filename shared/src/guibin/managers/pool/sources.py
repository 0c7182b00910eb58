"""The open list of what counts as looking after a customer; `guibin.wiring` fills it from the domains above."""

from datetime import date
from typing import Final, Protocol
from uuid import UUID

from sqlalchemy import Select


class ActivitySource(Protocol):
    """Knows which customers somebody of the bank has spoken to."""

    name: str

    def select_active(self, since: date) -> Select[UUID]:
        """Select the customers who were spoken to on a day or after it."""


_sources: Final[dict[str, ActivitySource]] = {}


def register(source: ActivitySource) -> None:
    """Add a source; again changes nothing."""
    _sources[source.name] = source


def activity() -> tuple[ActivitySource, ...]:
    """Return all sources; where there is none, nobody is known to be idle."""
    return tuple(_sources.values())
