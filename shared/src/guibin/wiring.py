"""The one place where open lists of lower domains are filled by upper ones; each process connects once."""

from collections.abc import Awaitable, Callable

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.organisation import defaults as organisation
from guibin.points import defaults as points

Seeder = Callable[[AsyncSession], Awaitable[int]]

SEEDERS: dict[str, Seeder] = {
    "organisation": organisation.seed,
    "points": points.seed,
}
"""What `guibin seed` adds to an empty database, in this order."""


def connect() -> None:
    """Fill the open lists; again changes nothing."""
