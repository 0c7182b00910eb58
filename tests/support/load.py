"""Load on a port: requests over many kept connections, as fast as they are answered or at a rate of their own."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

_LENGTH: Final = re.compile(rb"content-length: (\d+)\r\n", re.IGNORECASE)
_TICK_SECONDS: Final = 0.01

Requests = Callable[[], bytes]


@dataclass
class Outcome:
    """Statuses (0 is a connection that was closed), and how long the answers below 400 took, in seconds."""

    statuses: Counter[int] = field(default_factory=Counter)
    accepted: list[float] = field(default_factory=list)
    unsent: int = 0

    def quantile(self, share: float) -> float:
        """Return the time within which a share of the accepted calls was answered."""
        ordered = sorted(self.accepted)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Client:
    """One connection that is kept as long as the port keeps it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, request: bytes, outcome: Outcome) -> None:
        """Send one request and note what comes back."""
        began = asyncio.get_running_loop().time()
        kept = self._writer is not None
        status = await self._try(request)
        if status == 0 and kept:  # the port let an idle connection go as this was sent
            status = await self._try(request)
        outcome.statuses[status] += 1
        if 0 < status < 400:
            outcome.accepted.append(asyncio.get_running_loop().time() - began)

    async def _try(self, request: bytes) -> int:
        try:
            return await self._exchange(request)
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return 0

    async def _exchange(self, request: bytes) -> int:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        await self._reader.readexactly(int(length[1]) if length else 0)
        if b"connection: close" in head.lower():
            self.close()
        return int(head[9:12])

    def close(self) -> None:
        """Give the connection up."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


async def as_fast_as_answered(port: int, requests: Requests, *, clients: int, seconds: float) -> Outcome:
    """Let clients send one request after the other."""
    outcome = Outcome()
    end = asyncio.get_running_loop().time() + seconds

    async def one() -> None:
        client = Client(port)
        while asyncio.get_running_loop().time() < end:
            await client.send(requests(), outcome)
        client.close()

    await asyncio.gather(*(one() for _ in range(clients)))
    return outcome


async def at_a_rate(port: int, requests: Requests, *, rate: float, clients: int, seconds: float) -> Outcome:
    """Send at a rate of its own, whatever comes back; what finds no free client is counted as unsent."""
    loop = asyncio.get_running_loop()
    outcome = Outcome()
    free = [Client(port) for _ in range(clients)]
    running: set[asyncio.Task[None]] = set()

    async def one(client: Client) -> None:
        await client.send(requests(), outcome)
        free.append(client)

    began = loop.time()
    sent = 0
    while (passed := loop.time() - began) < seconds:
        while sent < passed * rate:
            sent += 1
            if free:
                task = loop.create_task(one(free.pop()))
                running.add(task)
                task.add_done_callback(running.discard)
            else:
                outcome.unsent += 1
        await asyncio.sleep(_TICK_SECONDS)
    with suppress(TimeoutError):
        async with asyncio.timeout(30):
            await asyncio.gather(*running)
    for client in free:
        client.close()
    return outcome
