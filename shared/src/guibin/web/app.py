"""The factory of both services' applications."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import iter_route_contexts
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute

from guibin.core.database import make_engine, make_session_factory
from guibin.core.direct import DirectPool, open_direct_pool
from guibin.core.errors import NotFound, Refusal
from guibin.core.settings import Profile, Settings
from guibin.security.ciphers import KeyRing
from guibin.web import health
from guibin.web.checks import StartRefused, check_role, check_settings
from guibin.web.counters import SharedCounters
from guibin.web.declaration import declaration_of
from guibin.web.direct import Entrance
from guibin.web.docs import add_documentation
from guibin.web.edge import add_edge, add_metrics_page
from guibin.web.errors import InternalFault, MethodNotAllowed
from guibin.web.gate import Gate
from guibin.web.identity import IdentitySource
from guibin.web.limiter import RateLimiter
from guibin.web.metrics import PortMetrics
from guibin.web.openapi import document_of
from guibin.web.paths import Paths
from guibin.web.port import Port
from guibin.web.problems import answer_refusal
from guibin.web.route import PortRoute, Shortcut
from guibin.web.shortcut import Shortcuts
from guibin.web.token_sources import TokenSource, verifier_of

Parts = Callable[[Settings, KeyRing], AbstractAsyncContextManager[object]]
"""Opens what a service has beside the kit's own parts, for the life of its process."""


class PortApplication(FastAPI):
    """A FastAPI application whose document says all that its routes declare."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = document_of(self)
        return self.openapi_schema


def create_port(
    settings: Settings,
    *,
    name: str,
    title: str,
    description: str,
    routers: Sequence[APIRouter],
    identity: IdentitySource,
    database_url: str,
    tokens: Sequence[TokenSource],
    schema_version: str | None = None,
    parts: Parts | None = None,
    entrance: Entrance | None = None,
) -> FastAPI:
    """Make the application of one port.

    `name` is shown in the database's list of connections; `schema_version` is the alembic revision that the code needs;
    `entrance` lets the callers of direct routes in, which are served like all others without one.

    Raises:
        StartRefused: a route declares nothing, or the settings are unsafe in this profile.
    """
    check_settings(settings)
    life = _Lifespan(settings, name, identity, database_url, tuple(tokens), schema_version, parts, entrance)
    app = PortApplication(
        title=title,
        description=description,
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=life,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # the port's figures are its own
    )
    app.state.life = life
    for router in (health.router, *routers):
        app.include_router(router)
    require_declarations(app)
    if settings.profile is not Profile.PRODUCTION:
        add_documentation(app)
        add_metrics_page(app, life.metrics)
    routes = [context.original_route for context in iter_route_contexts(app.routes)]
    app.state.paths = Paths(routes)
    app.add_middleware(Shortcuts, shortcuts=shortcuts_of(routes))
    add_edge(app, settings, life.metrics)
    app.add_exception_handler(Refusal, _answer_refusal)
    app.add_exception_handler(HTTPException, _answer_http_exception)
    return app


def require_declarations(app: FastAPI) -> None:
    """Hold every route to declaring itself.

    Raises:
        StartRefused: naming the first route that does not.
    """
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if not isinstance(route, PortRoute) or declaration_of(route.endpoint) is None:
            raise StartRefused(f"the route {context.path} declares nothing")


def shortcuts_of(routes: Iterable[BaseRoute]) -> dict[tuple[str, str], Shortcut]:
    """Return the shortcuts that there are, by method and path."""
    found: dict[tuple[str, str], Shortcut] = {}
    for route in routes:
        shortcut = route.shortcut() if isinstance(route, PortRoute) else None
        if isinstance(route, PortRoute) and shortcut is not None:
            found |= {(method, route.path): shortcut for method in route.methods or ()}
    return found


@dataclass(frozen=True, slots=True)
class _Lifespan:
    """Makes the parts of a port when its process starts and lets them go when it ends."""

    settings: Settings
    name: str
    identity: IdentitySource
    database_url: str
    tokens: tuple[TokenSource, ...]
    schema_version: str | None
    parts: Parts | None
    entrance: Entrance | None
    metrics: PortMetrics = field(default_factory=PortMetrics)

    @asynccontextmanager
    async def __call__(self, app: FastAPI) -> AsyncIterator[None]:
        async with self.connected() as (engine, direct):
            await check_role(engine)
            async with self.serving(app, engine, direct):
                yield

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[AsyncEngine, DirectPool]]:
        """Make both ways to the database; a connection is opened when the first call needs one."""
        size = self.settings.pool_size
        engine = make_engine(self.database_url, pool_size=size, application=self.name)
        try:
            async with open_direct_pool(self.database_url, size=size, application=self.name) as direct:
                yield engine, direct
        finally:
            await engine.dispose()

    @asynccontextmanager
    async def serving(self, app: FastAPI, engine: AsyncEngine, direct: DirectPool) -> AsyncIterator[None]:
        """Make the port, and let it go at the end."""
        port = self._port(engine, direct)
        opened = self.parts(self.settings, port.keys) if self.parts else nullcontext()
        self.metrics.watch(engine, port.gate)
        with self.metrics.listener(self.settings.metrics_port):
            async with port.tokens.fresh_keys(), opened as parts:
                app.state.port = replace(port, parts=parts)
                yield

    def _port(self, engine: AsyncEngine, direct: DirectPool) -> Port:
        settings = self.settings
        sessions = make_session_factory(engine)
        keys = KeyRing.load(settings.effective_keys_file)
        return Port(
            settings=settings,
            engine=engine,
            sessions=sessions,
            direct=direct,
            keys=keys,
            tokens=verifier_of(self.settings, self.tokens),
            limiter=RateLimiter(
                settings.profile, processes=settings.workers, shared=SharedCounters(sessions), keys=keys
            ),
            gate=Gate(places=settings.pool_size, patience=settings.effective_queue_seconds),
            identity=self.identity,
            entrance=self.entrance,
            schema_version=self.schema_version,
        )


async def _answer_refusal(request: Request, refusal: Exception) -> Response:
    if not isinstance(refusal, Refusal):
        raise TypeError("registered for refusals only")
    return answer_refusal(request, refusal)


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    """Turn what the router itself says into the product's words."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    refusal: Refusal = InternalFault()
    if status == 404:  # noqa: PLR2004 - the router's own word
        refusal = NotFound()
    elif status == 405:  # noqa: PLR2004 - the router's own word
        refusal = MethodNotAllowed(allowed=request.app.state.paths.methods_of(request.scope["path"]))
    return await _answer_refusal(request, refusal)
