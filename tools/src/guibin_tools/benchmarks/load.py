"""Requests over kept connections, each sent when the one before is answered."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable

from guibin_tools.errors import OperatorError

CONNECTIONS = 32
_LENGTH = re.compile(rb"content-length: (\d+)\r\n", re.IGNORECASE)
_STATUS = slice(9, 12)

Requests = Callable[[], bytes]


async def ask(port: int, requests: Requests, *, seconds: float, connections: int = CONNECTIONS) -> int:
    """Send requests for so many seconds over so many connections; returns how many were answered.

    Raises:
        OperatorError: an answer is no success; a bench of refusals would measure nothing.
    """
    end = time.monotonic() + seconds
    return await _ask(port, requests, connections, lambda _answered: time.monotonic() < end)


async def ask_times(port: int, requests: Requests, *, times: int, connections: int = CONNECTIONS) -> int:
    """Send at least so many requests; as `ask`."""
    return await _ask(port, requests, connections, lambda answered: answered < times)


async def _ask(port: int, requests: Requests, connections: int, goes_on: Callable[[int], bool]) -> int:
    statuses: Counter[bytes] = Counter()

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while goes_on(statuses.total()):
            writer.write(requests())
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            await reader.readexactly(int(length[1]) if length else 0)
            statuses[head[_STATUS]] += 1
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    if wrong := {status.decode(): count for status, count in statuses.items() if not status.startswith(b"2")}:
        raise OperatorError(f"The port answered {wrong} beside {statuses.total() - sum(wrong.values())} successes.")
    return statuses.total()


def get(path: str, token: str | None = None) -> bytes:
    """Write a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{_authorisation(token)}\r\n".encode()


def post(path: str, token: str, key: str, body: bytes) -> bytes:
    """Write a POST with its key."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{_authorisation(token)}Idempotency-Key: {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _authorisation(token: str | None) -> str:
    return "" if token is None else f"Authorization: Bearer {token}\r\n"
