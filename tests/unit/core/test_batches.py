"""What waits while other work of its lane is done goes next, all of it at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from guibin.core import batches
from guibin.core.batches import Batches
from guibin.core.errors import RetryLater


@dataclass
class Worker:
    """Notes what was done how; each piece of work takes until it is let go. Items below zero are to be done alone."""

    batched: list[list[int]] = field(default_factory=list)
    singly: list[int] = field(default_factory=list)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    fault: Exception | None = None

    async def together(self, items: Sequence[int]) -> Sequence[str | None]:
        self.batched.append(list(items))
        self.begun.set()
        await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault
        return [f"batched {item}" if item >= 0 else None for item in items]

    async def alone(self, item: int) -> str:
        self.singly.append(item)
        await self.go.wait()
        return f"alone {item}"


def batches_of(worker: Worker, most: int, *, patience: timedelta = timedelta(minutes=1)) -> Batches[int, str]:
    return Batches(worker.together, most=most, patience=patience)


def at_work(worker: Worker, made: Batches[int, str], items: Sequence[int], lane: str = "a") -> list[asyncio.Task[str]]:
    return [asyncio.create_task(made.do(lane, item, worker.alone)) for item in items]


async def until_they_queue() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_what_queues_while_one_works_goes_at_once_in_batches_of_the_size_that_is_set() -> None:
    worker = Worker()
    tasks = at_work(worker, batches_of(worker, 3), range(6))
    await until_they_queue()
    assert (worker.singly, worker.batched) == ([0], [])
    worker.go.set()
    assert await asyncio.gather(*tasks) == ["alone 0", *(f"batched {item}" for item in range(1, 6))]
    assert worker.batched == [[1, 2, 3], [4, 5]]


async def test_who_is_held_up_holds_up_nobody_for_longer_than_the_patience() -> None:
    worker = Worker()
    made = batches_of(worker, 16, patience=timedelta(milliseconds=10))
    first, *others = at_work(worker, made, range(4))
    assert await asyncio.gather(*others) == ["batched 1", "batched 2", "batched 3"]
    assert not first.done()
    (later,) = at_work(worker, made, [4])
    worker.go.set()
    assert [await first, await later] == ["alone 0", "alone 4"]
    assert worker.batched == [[1, 2, 3]]


async def test_other_lanes_do_not_wait_and_a_lane_is_free_again_once_it_is_empty() -> None:
    worker = Worker()
    made = batches_of(worker, 16)
    tasks = [*at_work(worker, made, [0]), *at_work(worker, made, [1], "b")]
    await until_they_queue()
    assert worker.singly == [0, 1]
    worker.go.set()
    await asyncio.gather(*tasks, *at_work(worker, made, [2]))
    assert worker.singly == [0, 1, 2]


async def test_a_size_of_one_switches_the_layer_off() -> None:
    worker = Worker()
    tasks = at_work(worker, batches_of(worker, 1), range(4))
    await until_they_queue()
    assert worker.singly == [0, 1, 2, 3]
    worker.go.set()
    await asyncio.gather(*tasks)
    assert worker.batched == []


async def test_what_cannot_be_done_with_others_is_done_alone_and_the_others_are_not_touched() -> None:
    worker = Worker()
    tasks = at_work(worker, batches_of(worker, 16), [0, 1, -2, 3])
    await until_they_queue()
    worker.go.set()
    assert await asyncio.gather(*tasks) == ["alone 0", "batched 1", "alone -2", "batched 3"]


async def test_a_batch_that_fails_as_a_whole_is_done_one_by_one() -> None:
    worker = Worker(fault=OSError("away"))
    tasks = at_work(worker, batches_of(worker, 16), range(4))
    await until_they_queue()
    worker.go.set()
    assert await asyncio.gather(*tasks) == [f"alone {item}" for item in range(4)]
    assert worker.batched == [[1, 2, 3]]


@pytest.mark.parametrize("gone", [0, 2])
async def test_who_is_gone_takes_nobody_along(gone: int) -> None:
    """The first, whose work the others wait for; or one of the queue, which then is not done at all."""
    worker = Worker()
    tasks = at_work(worker, batches_of(worker, 16), range(4))
    await until_they_queue()
    tasks.pop(gone).cancel()
    worker.go.set()
    left = [item for item in range(4) if item != gone]
    answers = await asyncio.gather(*tasks)
    assert [answer.rpartition(" ")[2] for answer in answers] == [str(item) for item in left]
    assert worker.batched == [[item for item in range(1, 4) if item != gone]]


async def test_who_goes_while_a_batch_is_under_way_leaves_the_others_their_answers() -> None:
    worker = Worker()
    tasks = at_work(worker, batches_of(worker, 16), range(4))
    await until_they_queue()
    worker.go.set()
    await worker.begun.wait()
    tasks.pop(2).cancel()
    assert await asyncio.gather(*tasks) == ["alone 0", "batched 1", "batched 3"]


async def test_who_comes_to_a_queue_that_is_full_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MOST_WAITING", 2)
    worker = Worker()
    made = batches_of(worker, 16)
    tasks = at_work(worker, made, range(3))
    await until_they_queue()
    with pytest.raises(RetryLater):
        await made.do("a", 3, worker.alone)
    worker.go.set()
    await asyncio.gather(*tasks)
