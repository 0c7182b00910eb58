"""How much of a generated suite is run: at each commit a share of it, in rotation, before a merge all of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from zlib import crc32

PARTS_AT_COMMIT: Final = 16

Item = TypeVar("Item")


@dataclass(frozen=True)
class Share:
    """One part of so many: each case meets another part of the routes, so that every route meets some of the cases."""

    parts: int

    def of(self, items: Sequence[Item], case: object) -> Sequence[Item]:
        """Return the items whose turn it is with a case; there is always one."""
        first = crc32(repr(case).encode()) % min(self.parts, len(items))
        return items[first :: self.parts]
