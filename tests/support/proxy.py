"""A small TCP proxy that can be cut: what a service sees when its database goes away, or the way to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

_COMMIT = b"COMMIT;"
_WRITES_A_REDEMPTION = b'"fingerprint"'
"""Stands in what `rights_redeem` is given: a statement of the direct path, which is its own transaction."""


class Proxy:
    """Forwards connections to a target until it is cut; afterwards it refuses new ones.

    With `commits_to_loss` a connection breaks once: of so many COMMITs that are sent, or redemptions that are written,
    the last is carried out, and its answer does not come back.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self.commits_to_loss = 0

    async def open(self) -> int:
        """Listen on a free port of the loopback address and return it."""
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    def cut(self) -> None:
        """Break every connection and take no new one."""
        if self._server is not None:
            self._server.close()
        self.drop()

    def drop(self) -> None:
        """Break every connection; new ones are taken."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back_reader, back_writer = await asyncio.open_connection(*self._target)
        self._writers += [writer, back_writer]
        lost = asyncio.Event()
        await asyncio.gather(self._ask(reader, back_writer, lost), _copy(back_reader, writer, lost))

    async def _ask(self, reader: asyncio.StreamReader, back: asyncio.StreamWriter, lost: asyncio.Event) -> None:
        """Copy what the client sends; of what is waited for the answer is lost."""
        try:
            while data := await reader.read(65536):
                if self.commits_to_loss and (_COMMIT in data or _WRITES_A_REDEMPTION in data):
                    self.commits_to_loss -= 1
                    if not self.commits_to_loss:
                        lost.set()
                back.write(data)
                await back.drain()
        except ConnectionError:
            return
        finally:
            back.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lost: asyncio.Event) -> None:
    try:
        while data := await reader.read(65536):
            if lost.is_set():
                writer.transport.abort()
                return
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        return
    finally:
        writer.close()


@asynccontextmanager
async def proxied(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """Put a proxy before the host of a database URL; yields it with the URL that leads through it."""
    parts = urlsplit(url)
    proxy = Proxy(parts.hostname or "127.0.0.1", parts.port or 5432)
    port = await proxy.open()
    try:
        yield proxy, urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}"))
    finally:
        proxy.cut()
