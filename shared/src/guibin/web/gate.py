"""The gate before the database: so many calls at once, a short queue, and a quick 503 for whom that is too long.

Whoever holds a connection of the pool came through here, so under overload nobody waits long: calls are answered or
told to come again, and those that are answered are answered soon.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from guibin.core.errors import RetryLater

MOST_WAITING: Final = 512


class Gate:
    """Lets `places` calls through at once; the others wait in their order, `patience` seconds at most."""

    def __init__(self, *, places: int, patience: float) -> None:
        self._places = asyncio.Semaphore(places)
        self._patience = patience
        self.waiting = 0

    @asynccontextmanager
    async def enter(self) -> AsyncIterator[None]:
        """Hold a place for as long as the block runs.

        Raises:
            RetryLater: too many wait already, or no place came free in time.
        """
        if self._places.locked():
            await self._wait()
        else:
            await self._places.acquire()
        try:
            yield
        finally:
            self._places.release()

    async def _wait(self) -> None:
        if self.waiting >= MOST_WAITING:
            raise RetryLater
        self.waiting += 1
        try:
            async with asyncio.timeout(self._patience):
                await self._places.acquire()
        except TimeoutError:
            raise RetryLater from None
        finally:
            self.waiting -= 1
