"""Serving the simulator on the loopback address until it is told to stop, or until its parent is gone."""

import asyncio
import os
import select
import threading

import uvicorn
from starlette.types import ASGIApp

HOST = "127.0.0.1"


def make_server(app: ASGIApp, *, port: int) -> uvicorn.Server:
    """Make the server; port 0 takes a free one."""
    config = uvicorn.Config(
        app,
        host=HOST,
        port=port,
        log_level="warning",
        access_log=False,  # URLs carry secrets here as at WeChat
        lifespan="off",
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)


def serve(app: ASGIApp, *, port: int, parent_pipe: int | None) -> None:
    """Serve until SIGTERM, SIGINT or the end of a pipe that only the parent holds open."""
    server = make_server(app, port=port)
    if parent_pipe is not None:
        threading.Thread(target=_stop_with_parent, args=(server, parent_pipe), daemon=True).start()
    asyncio.run(server.serve())


def _stop_with_parent(server: uvicorn.Server, pipe: int) -> None:
    # Selected first: other children of the same parent may have made the pipe one that does not block.
    while select.select([pipe], [], []) and os.read(pipe, 4096):
        pass
    server.should_exit = True
