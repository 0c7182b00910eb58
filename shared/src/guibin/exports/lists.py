"""What a list is to this domain: something that counts and reads its rows within a scope, for a viewer."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.exports.models import ListKind
from guibin.security.actors import Scope
from guibin.security.ciphers import KeyRing

Filters = Mapping[str, str]
"""The filters that are set, by name, as callers write them."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """For whom rows are masked: a member of staff with the roles of this moment."""

    staff_id: UUID
    roles: frozenset[str]


class ListSource(Protocol):
    """One kind of list, as the service that knows the screen reads it."""

    @property
    def columns(self) -> Sequence[str]:
        """The titles of the columns, for people."""

    async def count(self, session: AsyncSession, scope: Scope, *, filters: Filters) -> int:
        """Count the rows in scope."""

    def read(
        self, session: AsyncSession, keys: KeyRing, scope: Scope, *, viewer: Viewer, filters: Filters
    ) -> AsyncIterator[list[list[str]]]:
        """Yield the rows in scope, some at a time, with personal values as the viewer may see them."""


Lists = Mapping[ListKind, ListSource]
"""Every kind of list with its source."""
