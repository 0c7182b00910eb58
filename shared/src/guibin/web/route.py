"""The conductor of a request: who, how often, what body, then one unit of work around the endpoint.

FastAPI's own handler runs inside the unit of work, so the answer's bytes are known and the commit is done before the
answer leaves: a commit that fails answers 503, never 200.
"""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

from fastapi import APIRouter, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.responses import Response

from guibin.core.errors import Refusal
from guibin.core.logging import error_facts, logger
from guibin.core.unit_of_work import UnitOfWork, unit_of_work
from guibin.security.tokens import VerifiedToken
from guibin.web.bodies import JSON, JsonBody, JsonDocument, media_type_of, parse_document, read_bytes
from guibin.web.call import Call, Visit
from guibin.web.declaration import Declaration, declaration_of
from guibin.web.faults import retry_later
from guibin.web.identity import identify, permit, require_fresh_login
from guibin.web.once import Handler, key_of, meaning_of, run, run_once
from guibin.web.parameters import ParameterRules
from guibin.web.port import Port, port_of
from guibin.web.uploads import Upload, UploadBody, receive_upload


class PortRoute(APIRoute):
    """A route whose endpoint runs inside one unit of work, as it declares."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Put the conductor around FastAPI's handler; a route without a declaration is found when the port is made."""
        handler = super().get_route_handler()
        declaration = declaration_of(self.endpoint)
        if declaration is None:
            return handler
        return _Conductor(handler, declaration, ParameterRules.of(self.dependant), body_of(self.dependant)).handle


class PortRouter(APIRouter):
    """An APIRouter of PortRoutes."""

    def __init__(self, *, prefix: str = "", tags: list[str | Enum] | None = None) -> None:
        super().__init__(prefix=prefix, tags=tags, route_class=PortRoute, redirect_slashes=False)


def body_of(dependant: Dependant) -> JsonBody | UploadBody | None:
    """Return how an endpoint takes its body; None when it takes none."""
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, JsonBody | UploadBody):
            return dependency.call
    return None


@dataclass(frozen=True, slots=True)
class _Received:
    """The body as it came in, before anybody looked at it."""

    raw: bytes = b""
    upload: Upload | None = None


@dataclass(frozen=True, slots=True)
class _Conductor:
    handler: Handler
    declaration: Declaration
    rules: ParameterRules
    body: JsonBody | UploadBody | None

    async def handle(self, request: Request) -> Response:
        """Serve one request; refusals are raised for the application's handler to answer."""
        port = port_of(request)
        request.state.route = request.scope["route"].path
        token = await self._authenticate(request, port)
        try:
            async with self._receive(request) as received, unit_of_work(port.sessions) as work:
                return await self._serve(request, port, token, received, work)
        except Refusal:
            raise
        except Exception as error:
            refusal = retry_later(error)
            if refusal is None:
                raise
            logger().warning("retry_later", request_id=request.state.request_id, **error_facts(error))
            raise refusal from error

    async def _authenticate(self, request: Request, port: Port) -> VerifiedToken | None:
        """Verify the token and count the call, both before a body is read or a database connection is taken."""
        token = None
        if not self.declaration.is_public:
            token = await port.tokens.authenticate(request.headers.getlist("authorization"))
        subject = _peer(request) if token is None else f"{token.issuer} {token.subject}"
        port.limiter.count(self.declaration.rate, subject)
        return token

    @asynccontextmanager
    async def _receive(self, request: Request) -> AsyncIterator[_Received]:
        """Take the body off the wire before a database connection is held for it."""
        limit = self.declaration.body_limit
        if isinstance(self.body, JsonBody):
            yield _Received(raw=await read_bytes(request, limit))
        elif isinstance(self.body, UploadBody):
            upload = await receive_upload(request, limit)
            with upload.file:
                yield _Received(upload=upload)
        else:
            yield _Received()

    async def _serve(
        self, request: Request, port: Port, token: VerifiedToken | None, received: _Received, work: UnitOfWork
    ) -> Response:
        if token is None:
            self._understand(request, received)
            request.state.visit = Visit(**_around(request, port, work))
            return await run(self.handler, request)
        call = await self._call(request, port, token, received, work)
        request.state.visit = call
        meaning = meaning_of(request, request.state.document, received.upload)
        response = await run_once(self.handler, request, call, meaning)
        if call.dry_run:
            await work.abandon()
        return response

    async def _call(
        self, request: Request, port: Port, token: VerifiedToken, received: _Received, work: UnitOfWork
    ) -> Call:
        """Settle who calls and whether they may, and only then what they want."""
        identified = await identify(port.identity, work.session, token, self.declaration.callers)
        actor, grants = identified
        request.state.actor_kind = actor.kind
        scope = permit(identified, self.declaration.callers)
        if self.declaration.fresh_login:
            require_fresh_login(token, port.settings)
        document = self._understand(request, received)
        dry_run = self.declaration.dry_run and document is not None and document.value.get("dry_run") is True
        return Call(
            **_around(request, port, work),
            token=token,
            if_match=request.headers.get("if-match"),
            actor=actor,
            scope=scope,
            grants=tuple(grants),
            idempotency_key=None if dry_run else key_of(request, self.declaration.idempotency),
            dry_run=dry_run,
        )

    def _understand(self, request: Request, received: _Received) -> JsonDocument | None:
        """Hold parameters and body to their forms, and leave the body where its dependency finds it."""
        self.rules.check(request)
        request.state.document = None
        request.state.upload = received.upload
        if isinstance(self.body, JsonBody):
            media_type_of(request, (JSON,))
            request.state.document = parse_document(received.raw)
        document: JsonDocument | None = request.state.document
        return document


def _peer(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _around(request: Request, port: Port, work: UnitOfWork) -> dict[str, Any]:
    """Return what a visit and a call have in common."""
    return {
        "work": work,
        "port": port,
        "language": request.state.language,
        "request_id": request.state.request_id,
        "peer": _peer(request),
    }
