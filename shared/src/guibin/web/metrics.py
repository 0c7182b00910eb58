"""What a process tells Prometheus. Labels are templates, codes and names of limits: never an id or a value."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
    start_http_server,
)
from sqlalchemy import QueuePool
from sqlalchemy.ext.asyncio import AsyncEngine

from guibin.core.errors import Category, Refusal
from guibin.core.logging import logger
from guibin.web.errors import LimitReached
from guibin.web.gate import Gate

LOOPBACK: Final = "127.0.0.1"
MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The figures of one process: of the process itself, and what the parts below add."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)

    def page(self) -> bytes:
        """Write all figures in Prometheus' text format."""
        return generate_latest(self.registry)

    @contextmanager
    def listener(self, port: int | None) -> Iterator[None]:
        """Serve the page on a listener of its own, on the loopback address, for as long as the block runs."""
        if port is None:
            yield
            return
        server, thread = start_http_server(port, addr=LOOPBACK, registry=self.registry)
        logger().info("metrics_listen", port=port)
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class PortMetrics(Metrics):
    """The figures of a port: requests, refusals, limits, failed logins, database connections."""

    def __init__(self) -> None:
        super().__init__()
        self._requests = Counter(
            "guibin_requests", "Requests by template of the path", ["method", "route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "guibin_request_seconds",
            "Time until the answer was sent",
            ["method", "route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._counted: dict[tuple[str, str, int | None], tuple[Counter, Histogram]] = {}
        self._refusals = Counter("guibin_refusals", "Refusals by code", ["code"], registry=self.registry)
        self._limited = Counter("guibin_rate_limited", "Calls beyond a limit", ["limit"], registry=self.registry)
        self._strangers = Counter(
            "guibin_authentication_failures", "Refused tokens by code", ["code"], registry=self.registry
        )
        self._connections = Gauge(
            "guibin_database_connections", "Connections of the pool", ["state"], registry=self.registry
        )
        self._places = Gauge("guibin_database_waiting", "Calls that wait for a connection", registry=self.registry)

    def observe(self, *, method: str, route: str, status: int | None, seconds: float) -> None:
        """Count one request; `status` is None when its caller was gone before the answer."""
        kind = (method, route, status)
        counted = self._counted.get(kind)
        if counted is None:  # looking a figure up by its labels takes longer than counting
            requests = self._requests.labels(method, route, str(status or "-"))
            counted = self._counted[kind] = requests, self._seconds.labels(method, route)
        counted[0].inc()
        counted[1].observe(max(0.0, seconds))

    def observe_refusal(self, refusal: Refusal) -> None:
        """Count one refusal, the limit that it names, and a token that was not accepted."""
        self._refusals.labels(refusal.code).inc()
        if isinstance(refusal, LimitReached):
            self._limited.labels(refusal.limit).inc()
        if refusal.category is Category.UNAUTHENTICATED:
            self._strangers.labels(refusal.code).inc()

    def watch(self, engine: AsyncEngine, gate: Gate) -> None:
        """Read the pool and the queue before it whenever the page is asked for."""
        pool = engine.pool
        if not isinstance(pool, QueuePool):
            raise TypeError("a port has a pool of connections")
        self._connections.labels("used").set_function(pool.checkedout)
        self._connections.labels("free").set_function(lambda: pool.size() - pool.checkedout())
        self._places.set_function(lambda: gate.waiting)


class WorkerMetrics(Metrics):
    """The figures of the worker: nightly runs and their steps."""

    def __init__(self) -> None:
        super().__init__()
        self._runs = Counter("guibin_nightly_runs", "Nightly runs by how they ended", ["state"], registry=self.registry)
        self._ended = Gauge(
            "guibin_nightly_run_end_seconds",
            "When a run last ended so, in Unix time",
            ["state"],
            registry=self.registry,
        )
        self._took = Gauge("guibin_nightly_run_took_seconds", "How long the last run took", registry=self.registry)
        self._step = Gauge(
            "guibin_nightly_step_took_seconds",
            "How long each step of the last run took",
            ["step"],
            registry=self.registry,
        )
        self._outbox = Gauge(
            "guibin_outbox", "Events and deliveries that wait, fail or are dead", ["state"], registry=self.registry
        )
        self._oldest = Gauge(
            "guibin_outbox_oldest_seconds", "How long the oldest of them has waited", registry=self.registry
        )
        self._faults = Gauge(
            "guibin_ledger_faults",
            "Rows that break a promise of the ledger, by the last reconciliation",
            registry=self.registry,
        )

    def observe_outbox(self, *, waiting: int, oldest: float, failing: int, dead: int) -> None:
        """Note what waits in the outbox, for how many seconds at most, how many tries failed, and what was given up."""
        for state, count in (("waiting", waiting), ("failing", failing), ("dead", dead)):
            self._outbox.labels(state).set(count)
        self._oldest.set(oldest)

    def observe_step(self, step: str, *, seconds: float) -> None:
        """Note how long a step took."""
        self._step.labels(step).set(seconds)

    def observe_faults(self, faults: int) -> None:
        """Note what the last reconciliation found: anything above 0 is an alert."""
        self._faults.set(faults)

    def observe_failure(self) -> None:
        """Count a run, or a look for one, that failed and will be tried again."""
        self._runs.labels("failed").inc()

    def observe_run(self, state: str, *, ended_at: datetime, seconds: float) -> None:
        """Count a run that came to its end."""
        self._runs.labels(state).inc()
        self._ended.labels(state).set(ended_at.timestamp())
        self._took.set(seconds)
