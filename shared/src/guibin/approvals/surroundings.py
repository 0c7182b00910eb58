"""What four eyes have to know of the bank's people, customers and calendar; `guibin.wiring` connects who knows it."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.rules import Calendar
from guibin.security.actors import Grant, Scope


class Surroundings(Protocol):
    """The domains above, as approvals ask them."""

    async def grants_of(self, session: AsyncSession, staff_id: UUID) -> Sequence[Grant]:
        """Return the grants that a member of staff holds now; none for one who is not active."""

    async def is_same_person(self, session: AsyncSession, one: UUID, other: UUID) -> bool:
        """Tell whether two staff accounts are one person: the same, a second account, or a delegate's."""

    async def is_customer(self, session: AsyncSession, staff_id: UUID, customer_id: UUID) -> bool:
        """Tell whether a member of staff is this customer, or whom that customer became."""

    async def opens(self, session: AsyncSession, scope: Scope, customer_id: UUID) -> bool:
        """Tell whether a scope opens a customer now, or whom that customer became."""

    async def stands_over(self, session: AsyncSession, scope: Scope, branch_id: UUID) -> bool:
        """Tell whether a scope takes in a node of the organisation: the whole bank does, and a node at or above it."""

    async def calendar(self, session: AsyncSession, first: date, last: date) -> Calendar:
        """Return the days of a range that are not what their weekday says."""


class _Nobody:
    """Before anything is connected: nobody holds a grant, so nothing is carried out."""

    async def grants_of(self, session: AsyncSession, staff_id: UUID) -> Sequence[Grant]:
        return []

    async def is_same_person(self, session: AsyncSession, one: UUID, other: UUID) -> bool:
        return one == other

    async def is_customer(self, session: AsyncSession, staff_id: UUID, customer_id: UUID) -> bool:
        return False

    async def opens(self, session: AsyncSession, scope: Scope, customer_id: UUID) -> bool:
        return False

    async def stands_over(self, session: AsyncSession, scope: Scope, branch_id: UUID) -> bool:
        return False

    async def calendar(self, session: AsyncSession, first: date, last: date) -> Calendar:
        return {}


_connected: list[Surroundings] = [_Nobody()]


def connect(surroundings: Surroundings) -> None:
    """Let approvals ask these domains; again changes nothing."""
    _connected[0] = surroundings


def surroundings() -> Surroundings:
    """Return the domains to ask."""
    return _connected[0]
