"""The telephony of the tests: its secret, its simulator, and the worker's desk that speaks to it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import uvicorn

from guibin_tools.supplier_simulator.signing import signature_of
from guibin_tools.telephony_simulator.application import Exchange, create_app

TELEPHONY_URL: Final = "http://127.0.0.1:1"
TELEPHONY_SECRET: Final = "7" * 64


@asynccontextmanager
async def exchange_served() -> AsyncIterator[tuple[Exchange, str]]:
    """Serve the simulator; its address is the second of the two. It tells nobody of the ends of calls by itself."""
    exchange = Exchange(TELEPHONY_SECRET)
    server = uvicorn.Server(uvicorn.Config(create_app(exchange), port=0, log_level="critical", lifespan="off"))
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup()
    try:
        yield exchange, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await server.shutdown()


async def tell_end(bank: httpx.AsyncClient, end: dict[str, Any], *, secret: str = TELEPHONY_SECRET) -> httpx.Response:
    """Tell the bank port what came of a call, as the telephony does."""
    body = json.dumps(end).encode()
    headers = {"Content-Type": "application/json", "Guibin-Signature": signature_of(body, secret)}
    return await bank.post("/v1/callbacks/telephony", content=body, headers=headers)
