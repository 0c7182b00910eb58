import asyncio

import pytest

from guibin.core.errors import RetryLater
from guibin.web.gate import Gate


async def hold(gate: Gate, until: asyncio.Event) -> None:
    async with gate.enter():
        await until.wait()


async def started(*tasks: "asyncio.Task[None]") -> None:
    for _ in tasks:
        await asyncio.sleep(0)


async def test_calls_beyond_the_places_wait_in_their_order() -> None:
    gate, order = Gate(places=1, patience=5), []

    async def call(name: str) -> None:
        async with gate.enter():
            order.append(name)
            await asyncio.sleep(0)

    await asyncio.gather(*(call(name) for name in "abcd"))
    assert order == ["a", "b", "c", "d"]
    assert gate.waiting == 0


async def test_who_waits_too_long_is_told_to_come_again() -> None:
    gate, end = Gate(places=1, patience=0.01), asyncio.Event()
    holder = asyncio.create_task(hold(gate, end))
    await started(holder)
    with pytest.raises(RetryLater):
        async with gate.enter():
            raise AssertionError("let in")
    end.set()
    await holder
    async with gate.enter():
        assert gate.waiting == 0


async def test_a_full_queue_takes_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guibin.web.gate.MOST_WAITING", 1)
    gate, end = Gate(places=1, patience=60), asyncio.Event()
    tasks = [asyncio.create_task(hold(gate, end)) for _ in range(2)]
    await started(*tasks)
    assert gate.waiting == 1
    with pytest.raises(RetryLater):
        async with gate.enter():
            raise AssertionError("let in")
    end.set()
    await asyncio.gather(*tasks)


async def test_a_call_that_fails_or_goes_away_gives_its_place_back() -> None:
    gate = Gate(places=1, patience=60)
    with pytest.raises(ZeroDivisionError):
        async with gate.enter():
            raise ZeroDivisionError
    end = asyncio.Event()
    holder, waiter = (asyncio.create_task(hold(gate, end)) for _ in range(2))
    await started(holder, waiter)
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
    assert gate.waiting == 0
    end.set()
    await holder
    async with gate.enter():
        pass


async def test_a_queue_that_stands_makes_everybody_wait_less() -> None:
    gate, end = Gate(places=1, patience=0.2), asyncio.Event()
    holder = asyncio.create_task(hold(gate, end))
    await started(holder)
    loop = asyncio.get_running_loop()
    waits: list[float] = []

    async def wait() -> None:
        began = loop.time()
        with pytest.raises(RetryLater):
            async with gate.enter():
                raise AssertionError("let in")
        waits.append(loop.time() - began)

    crowd = []
    for _ in range(12):
        crowd.append(asyncio.create_task(wait()))
        await asyncio.sleep(0.03)
    await asyncio.gather(*crowd)
    assert max(waits) >= 0.2
    assert min(waits) < 0.1
    waits.clear()
    await asyncio.sleep(0.21)
    await wait()
    assert waits[0] >= 0.2
    end.set()
    await holder


async def test_overload_lasts_until_nobody_was_refused_for_a_while() -> None:
    gate, end = Gate(places=1, patience=0.2), asyncio.Event()
    holder = asyncio.create_task(hold(gate, end))
    await started(holder)
    with pytest.raises(RetryLater):
        async with gate.enter():
            raise AssertionError("let in")
    assert gate.waiting == 0
    await gate.check()
    crowd = [asyncio.create_task(hold(gate, end))]
    await started(*crowd)
    began = asyncio.get_running_loop().time()
    with pytest.raises(RetryLater):
        await gate.check()
    assert asyncio.get_running_loop().time() - began >= 0.2  # nothing more comes by its connection meanwhile
    end.set()
    await holder
    assert isinstance(crowd[0].exception(), RetryLater)  # who waited meanwhile waited less
    await asyncio.sleep(0.21)
    end.clear()
    crowd = [asyncio.create_task(hold(gate, end)) for _ in range(9)]
    await started(*crowd)
    await gate.check()
    end.set()
    await asyncio.gather(*crowd)


async def test_who_waits_for_another_host_leaves_the_place_to_others() -> None:
    gate, answered = Gate(places=1, patience=5), asyncio.Event()

    async def ask() -> None:
        async with gate.enter(), gate.left(), gate.left():  # leaving twice gives one place away
            await answered.wait()

    outside = asyncio.create_task(ask())
    await started(outside)
    async with gate.enter():
        assert gate._places.locked()  # noqa: SLF001 - the places under test
        answered.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert (outside.done(), gate.waiting) == (False, 1)
    await outside
    assert gate._places._value == 1  # noqa: SLF001


@pytest.mark.parametrize("ending", ["refused", "cancelled", "too late"])
async def test_a_call_that_ends_outside_gives_no_place_back_twice(ending: str) -> None:
    gate, answered, end = Gate(places=1, patience=0.01), asyncio.Event(), asyncio.Event()

    async def ask() -> None:
        async with gate.enter(), gate.left():
            await answered.wait()
            if ending == "refused":
                raise ZeroDivisionError

    outside = asyncio.create_task(ask())
    await started(outside)
    holder = asyncio.create_task(hold(gate, end))
    await started(holder)
    if ending == "cancelled":
        outside.cancel()
    if ending == "refused":
        end.set()
        await holder
    answered.set()
    expected = {"refused": ZeroDivisionError, "cancelled": asyncio.CancelledError, "too late": RetryLater}
    with pytest.raises(expected[ending]):
        await outside
    end.set()
    await holder
    assert gate._places._value == 1  # noqa: SLF001 - the places under test
