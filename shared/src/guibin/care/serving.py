"""The open place of the rights: care asks them to propose one for a need. `guibin.wiring` fills it from above."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.security.actors import Actor, Scope
from guibin.security.ciphers import KeyRing


@dataclass(frozen=True, slots=True)
class Proposed:
    """A right that is to serve a need, and in which words the customer reads of it."""

    right_id: UUID
    quantity: int
    words: str | None


class RightServer(Protocol):
    """What the rights do for care."""

    async def is_known(self, session: AsyncSession, right_id: UUID) -> bool:
        """Tell whether there is such a right."""

    async def propose(
        self, session: AsyncSession, scope: Scope, keys: KeyRing, *, actor: Actor, customer_id: UUID, wanted: Proposed
    ) -> UUID:
        """Propose a right to a customer and return the proposal's id; refused as any proposal is."""

    async def is_delivered(self, session: AsyncSession, *, customer_ids: tuple[UUID, ...], redemption_id: UUID) -> bool:
        """Tell whether a redemption is one of these customers' and was delivered."""


_servers: list[RightServer] = []


def register(server: RightServer) -> None:
    """Say who serves; again changes nothing."""
    _servers[:] = [server]


def rights() -> RightServer:
    """Return who serves.

    Raises:
        LookupError: the process did not connect its parts.
    """
    if not _servers:
        raise LookupError("guibin.wiring has not been connected")
    return _servers[0]
