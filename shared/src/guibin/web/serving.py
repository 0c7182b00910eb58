"""Running an application in this process until it is told to stop, or until the process that started it is gone."""

import asyncio
import os
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from guibin.core.logging import configure_logging, logger
from guibin.core.settings import SettingMissing, Settings
from guibin.web.checks import StartRefused

GRACE_SECONDS: Final = 20
BACKLOG: Final = 512

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def serve(app_factory: Callable[[], ASGIApp], *, host: str, port: int) -> None:
    """Serve until SIGTERM, SIGINT or the end of the pipe `GUIBIN_PARENT_PIPE`; requests in flight are finished first.

    Raises:
        SystemExit: the application did not start; the log says why.
    """
    settings = Settings()
    configure_logging(settings.log_level)
    try:
        app = app_factory()
    except (StartRefused, SettingMissing) as refused:
        logger().error("start_refused", reason=str(refused))
        raise SystemExit(1) from None
    server = _server(app, host, port)
    with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        runner.run(_serve(server, settings.parent_pipe))


async def _serve(server: uvicorn.Server, parent_pipe: int | None) -> None:
    watch = None if parent_pipe is None else asyncio.create_task(_stop_with_parent(server, parent_pipe))
    try:
        await server.serve()
    finally:
        if watch is not None:
            watch.cancel()


class _Server(uvicorn.Server):
    """Ends with 0 after a signal, where uvicorn would let the signal kill the process once it is done."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)


def _server(app: ASGIApp, host: str, port: int) -> uvicorn.Server:
    return _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="on",
            backlog=BACKLOG,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )


async def _stop_with_parent(server: uvicorn.Server, pipe: int) -> None:
    await parent_gone(pipe)
    server.should_exit = True


async def parent_gone(pipe: int) -> None:
    """Wait for the end of a pipe whose other end only the parent holds: it comes even when the parent was killed."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    os.set_blocking(pipe, False)
    loop.add_reader(pipe, _drain, pipe, ended)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(pipe)
    logger().info("parent_gone")


def _drain(pipe: int, ended: asyncio.Event) -> None:
    try:
        if not os.read(pipe, 4096):
            ended.set()
    except BlockingIOError:
        return
    except OSError:
        ended.set()
