"""Work that waits while other work of its kind is done goes next, all of it at once: no timer, and nobody waits alone.

Who comes to a free lane does the work alone, as without this layer. Who comes meanwhile queues, and what has queued by
the end is one batch. So nothing is delayed where little is going on, and the busier a lane, the more goes at once. Who
is first and held up by something else holds the lane up no longer than the patience that is set.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Generic, TypeVar

from guibin.core.errors import RetryLater
from guibin.core.logging import error_facts, logger

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_WAITING: Final = 256
"""In one lane; who comes then is told to come again, and nothing was done for them."""


@dataclass(slots=True, eq=False)
class _Waiting(Generic[Item, Result]):
    """One piece of work in the queue. Its answer is None where it has to be done alone."""

    item: Item
    answer: "asyncio.Future[Result | None]"


@dataclass(slots=True, eq=False)
class _Lane(Generic[Item, Result]):
    waiting: "deque[_Waiting[Item, Result]]" = field(default_factory=deque)
    given_on: bool = False
    """Whether whoever came first has left it to what queued."""


class Batches(Generic[Item, Result]):
    """Does work in lanes, at most `most` pieces at once; `most` of 1 switches the layer off.

    After `patience` a lane goes on though its first piece of work is still under way.
    `together` returns one result for each item, in their order: None for one that has to be done alone. When it fails
    as a whole, each is done alone. What is cancelled in the queue is not done; what is under way goes on for all.
    """

    def __init__(
        self,
        together: Callable[[Sequence[Item]], Awaitable[Sequence[Result | None]]],
        *,
        most: int,
        patience: timedelta,
    ) -> None:
        self._together = together
        self._most = most
        self._patience = patience.total_seconds()
        self._lanes: dict[Hashable, _Lane[Item, Result]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def do(
        self,
        lane: Hashable,
        item: Item,
        alone: Callable[[Item], Awaitable[Result]],
        *,
        around: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    ) -> Result:
        """Do one piece of work, in a batch if the lane is busy, and return what came of it.

        `around` is entered while it waits for others.

        Raises:
            RetryLater: too many wait in the lane already.
        """
        if self._most == 1:
            return await alone(item)
        busy = self._lanes.get(lane)
        if busy is None:
            return await self._first(lane, item, alone)
        async with around():
            answered = await self._queue(busy, item)
        return await alone(item) if answered is None else answered

    async def _first(self, name: Hashable, item: Item, alone: Callable[[Item], Awaitable[Result]]) -> Result:
        lane: _Lane[Item, Result] = _Lane()
        self._lanes[name] = lane
        too_long = asyncio.get_running_loop().call_later(self._patience, self._go_on, name, lane)
        try:
            return await alone(item)
        finally:
            too_long.cancel()
            self._go_on(name, lane)

    async def _queue(self, lane: _Lane[Item, Result], item: Item) -> Result | None:
        if len(lane.waiting) >= MOST_WAITING:
            raise RetryLater
        mine: _Waiting[Item, Result] = _Waiting(item, asyncio.get_running_loop().create_future())
        lane.waiting.append(mine)
        return await mine.answer

    def _go_on(self, name: Hashable, lane: _Lane[Item, Result]) -> None:
        """Give a lane to what has queued in it, or close it; once."""
        if lane.given_on:
            return
        lane.given_on = True
        if not lane.waiting:
            del self._lanes[name]
            return
        task = asyncio.create_task(self._work_off(name, lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work_off(self, name: Hashable, lane: _Lane[Item, Result]) -> None:
        try:
            while batch := self._next(lane):
                await self._answer(batch)
        finally:
            del self._lanes[name]
            for left in lane.waiting:  # only where the task itself was cancelled
                _tell(left, None)

    def _next(self, lane: _Lane[Item, Result]) -> list[_Waiting[Item, Result]]:
        batch: list[_Waiting[Item, Result]] = []
        while lane.waiting and len(batch) < self._most:
            first = lane.waiting.popleft()
            if not first.answer.done():
                batch.append(first)
        return batch

    async def _answer(self, batch: Sequence[_Waiting[Item, Result]]) -> None:
        results: Sequence[Result | None] = [None] * len(batch)
        try:
            results = await self._together([one.item for one in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is: who is done alone meets it, or not
            logger().warning("batch_failed", size=len(batch), **error_facts(error))
        finally:
            for one, result in zip(batch, results, strict=True):
                _tell(one, result)


def _tell(one: _Waiting[Item, Result], result: Result | None) -> None:
    if not one.answer.done():
        one.answer.set_result(result)
