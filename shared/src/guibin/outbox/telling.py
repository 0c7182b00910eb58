"""The open place of the contact policy's word on events that a customer is to hear of; `guibin.wiring` fills it.

An event travels with the word of the moment at which it is handed on, at each try anew: what was written in the night
would speak of the night's quiet hours, and a try of tomorrow of yesterday's caps.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.outbox.consumers import Event

Words = Mapping[UUID, Mapping[str, Any]]
"""By the id of the event; events that are for no customer to hear have none."""


class Teller(Protocol):
    """Knows whether customers may be told of what happened to them."""

    async def words_on(self, session: AsyncSession, events: Sequence[Event]) -> Words:
        """Return the word on each of some events, as JSON values; no call of the network, and nothing is written."""


class _Nobody:
    """Says nothing."""

    async def words_on(self, session: AsyncSession, events: Sequence[Event]) -> Words:
        return {}


_teller: list[Teller] = [_Nobody()]


def register(teller: Teller) -> None:
    """Say who knows; again changes nothing."""
    _teller[:] = [teller]


def teller() -> Teller:
    """Return who knows."""
    return _teller[0]
