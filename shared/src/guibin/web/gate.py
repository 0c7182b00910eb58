"""The gate before the database: so many calls at once, a short queue, and a quick 503 for whom that is too long.

Whoever holds a connection of the pool came through here, so under overload nobody waits long: calls are answered or
told to come again, and those that are answered are answered soon. A crowd that comes at once is let through in its
order; a queue that stands for longer than that is overload. From then on everybody waits a fifth of the time, and who
comes when as many wait as are worked on is refused, until nobody was refused for a while: were overload over
as soon as its queue is empty, the next moment's crowd would fill it anew, and each of them would wait for all before.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from guibin.core.errors import RetryLater

MOST_WAITING: Final = 512
_UNDER_OVERLOAD: Final = 0.2
_LONGEST_PAUSE: Final = 0.5


class Gate:
    """Lets `places` calls through at once; the others wait in their order, `patience` seconds at most."""

    def __init__(self, *, places: int, patience: float) -> None:
        self._places = asyncio.Semaphore(places)
        self._most_under_overload = places
        self._patience = patience
        self._standing_since = 0.0
        self._overloaded_until = 0.0
        self.waiting = 0

    async def check(self) -> None:
        """Refuse a call that would wait in vain, before anything is done for it.

        It hears so after a pause: nothing more comes by its connection meanwhile, and the processor is for those who
        were let in, where it would be for refusing the same callers again and again.

        Raises:
            RetryLater: under overload, when as many wait as are worked on.
        """
        if self.waiting >= self._most_under_overload and self._is_overloaded():
            refusal = self._refusal()
            await asyncio.sleep(min(self._patience, _LONGEST_PAUSE))
            raise refusal

    def enter(self) -> AbstractAsyncContextManager[None]:
        """Hold a place for as long as the block runs.

        Raises:
            RetryLater: too many wait already, or no place came free in time.
        """
        return _Passage(self)

    @asynccontextmanager
    async def left(self) -> AsyncIterator[None]:
        """Give this call's place to others while the block waits for somebody else's host; then take one again.

        Only for blocks in which the call holds no database connection. Who came in by no gate, or has left already,
        just runs the block; a block that is cancelled takes no place again.

        Raises:
            RetryLater: see `enter`.
        """
        entry = _ENTRY.get()
        if entry is None or entry.gate is not self or not entry.holds:
            yield
            return
        entry.holds = False
        self.release()
        try:
            yield
        except Exception:
            await self._return(entry)  # a refusal is answered, and counted, inside
            raise
        await self._return(entry)

    def given_up(self) -> AbstractAsyncContextManager[None]:
        """Give this call's place to others for good while the block waits for them; what comes after goes by `held`.

        Only for blocks in which the call holds no database connection.
        """
        entry = _ENTRY.get()
        if entry is not None and entry.gate is self and entry.holds:
            entry.holds = False
            self.release()
        return nullcontext()

    def held(self) -> AbstractAsyncContextManager[None]:
        """Run a block in the place that this call holds, or in one that is entered for the block.

        Raises:
            RetryLater: see `enter`.
        """
        entry = _ENTRY.get()
        holds = entry is not None and entry.gate is self and entry.holds
        return nullcontext() if holds else self.enter()

    async def _return(self, entry: "_Entry") -> None:
        await self.take()
        entry.holds = True

    async def take(self) -> None:
        """Take a place, waiting for it as long as anybody may; for `enter`.

        Raises:
            RetryLater: see `enter`.
        """
        if self._places.locked():
            await self._wait()
        else:
            await self._places.acquire()

    def release(self) -> None:
        """Give a place to whoever waits first."""
        self._places.release()

    async def _wait(self) -> None:
        if self.waiting >= MOST_WAITING:
            raise self._refusal()
        patience = self._patience_now()
        self.waiting += 1
        try:
            async with asyncio.timeout(patience):
                await self._places.acquire()
        except TimeoutError:
            raise self._refusal() from None
        finally:
            self.waiting -= 1

    def _patience_now(self) -> float:
        """Return how long who comes now may wait."""
        if self.waiting == 0:
            self._standing_since = asyncio.get_running_loop().time()
        return self._patience * (_UNDER_OVERLOAD if self._is_overloaded() else 1.0)

    def _is_overloaded(self) -> bool:
        """Tell whether the queue has stood for long, or somebody was refused a short while ago."""
        now = asyncio.get_running_loop().time()
        stands = self.waiting > 0 and now - self._standing_since > self._patience
        return stands or now < self._overloaded_until

    def _refusal(self) -> RetryLater:
        """Return what is told to whom does not come in; overload lasts on from here."""
        self._overloaded_until = asyncio.get_running_loop().time() + self._patience
        return RetryLater()


class _Passage:
    """One way through a gate. Every call takes one, and a generator would cost it more than the place itself."""

    __slots__ = ("_before", "_entry", "_gate")

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def __aenter__(self) -> None:
        await self._gate.take()
        self._entry = _Entry(self._gate)
        self._before = _ENTRY.set(self._entry)

    async def __aexit__(self, *_: object) -> None:
        if self._entry.holds:
            self._gate.release()
        _ENTRY.reset(self._before)


@dataclass(slots=True)
class _Entry:
    """One call inside a gate, and whether it holds a place just now."""

    gate: Gate
    holds: bool = True


_ENTRY: Final[ContextVar[_Entry | None]] = ContextVar("gate_entry", default=None)
