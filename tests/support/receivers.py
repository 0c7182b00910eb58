"""A receiver of webhooks: a real little HTTP server that keeps what it was sent and answers as it is told."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from guibin.core.strict_json import read_object

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
BAD = b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops"
ELSEWHERE = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass
class Received:
    """One message: its headers by lower-case name and the bytes of its body."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The event that it holds."""
        return read_object(self.body, max_depth=5)


@dataclass
class Receiver:
    """What came, and what is answered: bytes, or None for no answer at all. `pause` comes before it."""

    port: int
    secure: bool = False
    answer: bytes | None = GOOD
    pause: float = 0.0
    received: list[Received] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'https' if self.secure else 'http'}://127.0.0.1:{self.port}/hook"

    def events(self, type_: str | None = None) -> list[dict[str, Any]]:
        """Return the events that came, of one type if one is given."""
        return [one.event for one in self.received if type_ is None or one.event["type"] == type_]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one message and answer it."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")[1:]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head) if name}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.received.append(Received(headers, body))
            await asyncio.sleep(self.pause)
            if self.answer is not None:
                writer.write(self.answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving(*, context: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[Receiver]:
    """Open a receiver on the loopback address, over TLS with a context."""
    receiver = Receiver(0, secure=context is not None, **options)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=context)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
