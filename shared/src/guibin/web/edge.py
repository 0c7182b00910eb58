"""What an application has around its routes: the edge, pages of other origins if some may call, and the figures."""

from typing import Final

from fastapi import FastAPI, Request
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from guibin.core.settings import Profile, Settings
from guibin.web.addresses import networks_of
from guibin.web.metrics import MEDIA_TYPE, PortMetrics
from guibin.web.middleware import Edge

_ASKED: Final = ("Authorization", "Content-Type", "Accept-Language", "Idempotency-Key", "If-Match", "X-Request-ID")
_SHOWN: Final = (
    "ETag",
    "Idempotent-Replayed",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "X-Request-ID",
)


def add_edge(app: FastAPI, settings: Settings, metrics: PortMetrics) -> None:
    """Put the edge around an application; inside it, what answers pages of the origins that may call."""
    origins = tuple(origin.strip() for origin in settings.allowed_origins.split(",") if origin.strip())
    if origins:
        app.add_middleware(OtherOrigins, origins=origins)
    app.add_middleware(
        Edge,
        allowed_hosts=settings.allowed_hosts.split(","),
        metrics=metrics,
        trusted_proxies=networks_of(settings.trusted_proxies),
        behind_tls=settings.profile is Profile.PRODUCTION,
    )


def add_metrics_page(app: FastAPI, metrics: PortMetrics) -> None:
    """Serve `/metrics` on the port itself; in production it has a listener of its own."""

    async def page(_request: Request) -> Response:
        return Response(metrics.page(), media_type=MEDIA_TYPE)

    app.router.add_route("/metrics", page, methods=["GET"], include_in_schema=False)


class OtherOrigins:
    """Lets pages of the listed origins call; for every other origin the port looks as if it knew none."""

    def __init__(self, app: ASGIApp, *, origins: tuple[str, ...]) -> None:
        self._app = app
        self._origins = frozenset(origins)
        self._cors = _Cors(
            app,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=_ASKED,
            expose_headers=_SHOWN,
            max_age=600,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        known = scope["type"] == "http" and Headers(scope=scope).get("origin") in self._origins
        await (self._cors if known else self._app)(scope, receive, send)


class _Cors(CORSMiddleware):
    """Answers a page's question before its call with what is allowed; the browser decides from that."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer 204: a method or header that is not allowed is simply not listed."""
        answer = super().preflight_response(request_headers)
        kept = {name: value for name, value in answer.headers.items() if not name.startswith("content-")}
        return Response(status_code=204, headers=kept)
