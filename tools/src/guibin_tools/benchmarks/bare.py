"""What a balance costs before anything of ours: its statement, asked by an ASGI application without a framework.

It believes the path, which names the customer: no token, no limit, no log, and the answer is what the database says.
"""

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack
from typing import Any, Final
from uuid import UUID

from guibin.core import clock
from guibin.core.direct import DirectPool, open_direct_pool
from guibin.core.settings import Settings
from guibin.web.serving import serve

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_BALANCE: Final = """
    SELECT e.status, e.merged_into, e.has_data_key, e.in_force, w.found
      FROM customer_enter($1, NULL, $2) AS e
      LEFT JOIN LATERAL (SELECT points_balances($1)::text AS found WHERE e.in_force OFFSET 0) AS w ON true
"""


class Bare:
    """The application; it opens its pool with the server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool: DirectPool | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request, or live as long as the server."""
        if self._pool is None:
            await self._live(receive, send)
            return
        row = await self._pool.row(_BALANCE, UUID(scope["path"][1:]), clock.now())
        body = str(row["found"] if row else None).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _live(self, receive: Receive, send: Send) -> None:
        url, size = self._settings.required("customer_database_url"), self._settings.pool_size
        async with AsyncExitStack() as stack:
            self._pool = await stack.enter_async_context(open_direct_pool(url, size=size, application="bench"))
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


if __name__ == "__main__":
    serve(lambda: Bare(Settings()), host="127.0.0.1", port=int(sys.argv[1]))
