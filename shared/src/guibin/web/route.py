"""The conductor of a request: who, how often, what body, then one unit of work around the endpoint.

FastAPI's own handler runs inside the unit of work, so the answer's bytes are known and the commit is done before the
answer leaves: a commit that fails answers 503, never 200.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.responses import Response

from guibin.core.direct import OrdinaryWay
from guibin.core.errors import Refusal
from guibin.core.logging import error_facts, logger
from guibin.core.unit_of_work import UnitOfWork, unit_of_work
from guibin.security.actors import Scope
from guibin.security.ciphers import DecryptionFailed
from guibin.security.tokens import VerifiedToken
from guibin.web.accompanying import accompanying, reaches_accompanied
from guibin.web.addresses import counted_as
from guibin.web.bodies import JSON, JsonBody, JsonDocument, media_type_of, parse_document, read_bytes
from guibin.web.call import Call, Visit
from guibin.web.declaration import Declaration, RateClass, declaration_of
from guibin.web.direct import DirectCall
from guibin.web.errors import InternalFault
from guibin.web.faults import retry_later
from guibin.web.formats import hold_to_formats
from guibin.web.identity import Identified, identify, open_rows_of, permit, refuse_own_account, require_fresh_login
from guibin.web.once import Handler, key_of, meaning_of, run, run_once
from guibin.web.parameters import ParameterRules
from guibin.web.port import Port, port_of
from guibin.web.trail import KEPT, RouteTrail
from guibin.web.uploads import Upload, UploadBody, receive_upload

Shortcut = Callable[[Request], Coroutine[Any, Any, Response | None]]
"""Answers a call past the framework, or leaves it to the ordinary way; refusals are raised."""


class PortRoute(APIRoute):
    """A route whose endpoint runs inside one unit of work, as it declares."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Put the conductor around FastAPI's handler; a route without a declaration is found when the port is made."""
        conductor = self._conductor()
        return super().get_route_handler() if conductor is None else conductor.handle

    def shortcut(self) -> Shortcut | None:
        """Return what answers this route's direct calls past the framework; none where the path has parameters."""
        conductor = self._conductor()
        if conductor is None or conductor.declaration.direct is None or "{" in self.path:
            return None
        if isinstance(conductor.body, UploadBody):
            return None
        return partial(conductor.shortcut, self.path)

    def _conductor(self) -> "_Conductor | None":
        declaration = declaration_of(self.endpoint)
        if declaration is None:
            return None
        rules, body = ParameterRules.of(self.dependant), body_of(self.dependant)
        return _Conductor(super().get_route_handler(), declaration, rules, body, self.operation_id or self.name)


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
    operation: str

    async def handle(self, request: Request) -> Response:
        """Serve one request; refusals are raised for the application's handler to answer."""
        port = port_of(request)
        template = request.state.route = request.scope["route"].path
        request.app.state.paths.hold(template=template, method=request.method, path=request.scope["path"])
        hold_to_formats(request, self.declaration.formats)
        with _faults(request):
            token = await self._authenticate(request, port)
            async with self._receive(request, port, token) as received:
                answered = await self._try_directly(request, port, token, received)
                if answered is not None:
                    return answered
                await self._count_together(request, port, token)
                async with self._place(port):
                    return await self._work(request, port, token, received)

    async def shortcut(self, template: str, request: Request) -> Response | None:
        """Answer a direct call; None when it is not in order, which the ordinary way refuses."""
        port = port_of(request)
        request.state.route = template
        hold_to_formats(request, self.declaration.formats)
        with _faults(request):
            token = await self._authenticate(request, port)
            raw = await self._read(request) if isinstance(self.body, JsonBody) else b""
            return await self._try_directly(request, port, token, _Received(raw))

    async def _authenticate(self, request: Request, port: Port) -> VerifiedToken | None:
        """Verify the token and count the call, both before a body is read or a database connection is taken."""
        token = None
        if not self.declaration.is_public:
            token = await port.tokens.authenticate(request.headers.getlist("authorization"))
        if not hasattr(request.state, "allowance"):  # the shortcut has counted what it did not answer
            request.state.allowance = port.limiter.count_here(self.declaration.rate, _subject(request, token))
        if self.declaration.direct is None:
            await self._count_together(request, port, token)
        return token

    async def _count_together(self, request: Request, port: Port, token: VerifiedToken | None) -> None:
        """Count the call where all processes count its class together; a direct one counts itself."""
        if request.state.allowance is None:
            async with port.gate.enter():
                request.state.allowance = await port.limiter.count_together(
                    self.declaration.rate, _subject(request, token)
                )

    def _direct_call(
        self, request: Request, port: Port, token: VerifiedToken | None, received: _Received
    ) -> DirectCall | None:
        """Return a call of a direct route that is in order; None for any other, which the ordinary way answers."""
        entrance, state = port.entrance, request.state
        if self.declaration.direct is None or token is None or entrance is None:
            return None
        found = entrance.caller(token)
        if found is None:
            return None
        actor, entry = found
        try:
            permit((actor, []), self.declaration.callers)
            document = self._understand(request, received)
            key = key_of(request, self.declaration.idempotency)
            body = self.body.validate(document.raw) if isinstance(self.body, JsonBody) and document else None
        except Refusal:
            return None
        if self.declaration.dry_run and document is not None and document.value.get("dry_run") is True:
            return None
        counted = state.allowance is not None
        return DirectCall(
            request=request,
            pool=port.direct,
            gate=port.gate,
            entrance=entrance,
            entry=entry,
            token=token,
            actor=actor,
            language=state.language,
            request_id=state.request_id,
            peer=state.peer,
            key=key,
            meaning=meaning_of(request, document, None) if key else b"",
            body=body,
            counting=None if counted else port.limiter.counting(self.declaration.rate, _subject(request, token)),
        )

    async def _try_directly(
        self, request: Request, port: Port, token: VerifiedToken | None, received: _Received
    ) -> Response | None:
        """Answer a direct call that is in order, trying once; None for all others, which the ordinary way answers."""
        if getattr(request.state, "tried", False):
            return None
        request.state.tried = True
        call = self._direct_call(request, port, token, received)
        if call is not None:
            with suppress(OrdinaryWay):
                return await self._answer_directly(request, port, call)
        return None

    async def _answer_directly(self, request: Request, port: Port, call: DirectCall) -> Response:
        """Answer a call that is in order; what has to be kept of a refusal is kept as everywhere, by a unit of work."""
        if self.declaration.direct is None:
            raise TypeError("the route is not direct")
        request.state.actor_kind = call.actor.kind
        try:
            async with port.gate.enter():
                return await self.declaration.direct(call)
        except (Refusal, DecryptionFailed) as error:
            if call.counting is not None:
                await self._count_together(request, port, call.token)
            if isinstance(error, Refusal) and error.category not in KEPT:
                raise
            async with port.gate.enter(), unit_of_work(port.sessions) as work:
                with self._trail(request, port, work) as trail:
                    trail.name_actor(call.actor)
                    trail.name_scope(call.scope)
                    await open_rows_of(work, (call.actor, []))
                    raise

    @asynccontextmanager
    async def _receive(self, request: Request, port: Port, token: VerifiedToken | None) -> AsyncIterator[_Received]:
        """Take the body off the wire while no database connection is held for it."""
        if isinstance(self.body, JsonBody):
            yield _Received(raw=await self._read(request))
        elif isinstance(self.body, UploadBody):
            await self._vouch(request, port, token)
            upload = await receive_upload(request, self.declaration.body_limit, self.body.accepted)
            with upload.file:
                yield _Received(upload=upload)
        else:
            yield _Received()

    async def _read(self, request: Request) -> bytes:
        """Return the body, which comes in once: the shortcut has read that of a call which it did not answer."""
        raw: bytes | None = getattr(request.state, "raw", None)
        if raw is None:
            raw = request.state.raw = await read_bytes(request, self.declaration.body_limit)
        return raw

    async def _vouch(self, request: Request, port: Port, token: VerifiedToken | None) -> None:
        """Settle, before the first byte of what may be large, whether it may be sent and the rest is in order."""
        if token is not None:
            async with port.gate.enter(), unit_of_work(port.sessions) as work:
                with self._trail(request, port, work) as trail:
                    await self._admit(request, port, token, work, trail)
        self.rules.check(request)
        key_of(request, self.declaration.idempotency)

    def _place(self, port: Port) -> AbstractAsyncContextManager[None]:
        """Enter the gate before the database; whether the process is alive is told to whoever asks."""
        return nullcontext() if self.declaration.rate is RateClass.HEALTH else port.gate.enter()

    async def _work(self, request: Request, port: Port, token: VerifiedToken | None, received: _Received) -> Response:
        """Do one unit of work; a wrong guess is counted after it, when its connection is free again."""
        try:
            async with unit_of_work(port.sessions) as work:
                return await self._serve(request, port, token, received, work)
        except Refusal as refusal:
            if refusal.answers_a_guess:
                await port.limiter.count_wrong(self.declaration.rate, _subject(request, token))
            raise

    async def _serve(
        self, request: Request, port: Port, token: VerifiedToken | None, received: _Received, work: UnitOfWork
    ) -> Response:
        with self._trail(request, port, work) as trail:
            if token is None:
                self._understand(request, received)
                request.state.visit = Visit(**_around(request, port, work))
                return await run(self.handler, request)
            call = await self._call(request, port, token, received, work, trail)
            return await self._carry_out(request, call, received, trail)

    @contextmanager
    def _trail(self, request: Request, port: Port, work: UnitOfWork) -> Iterator[RouteTrail]:
        """Open the trail of a unit of work, which keeps what has to be kept of a refusal."""
        trail = RouteTrail(work.session, request, self.declaration, self.operation, self.rules.query)
        trail.begin(port.keys, request.state.peer)
        try:
            yield trail
        except Refusal as refusal:
            kept = trail.refusal(refusal)
            if kept is not None:
                work.survive(kept)
            raise
        except DecryptionFailed as error:
            logger().error("value_damaged", request_id=request.state.request_id, **error_facts(error))
            work.survive(trail.damage(error))
            raise InternalFault from error

    async def _carry_out(self, request: Request, call: Call, received: _Received, trail: RouteTrail) -> Response:
        request.state.visit = call

        async def handler(request: Request) -> Response:
            response = await self.handler(request)
            if not call.dry_run:
                await trail.end(response.status_code)
            return response

        meaning = meaning_of(request, request.state.document, received.upload)
        response = await run_once(handler, request, call, meaning)
        if call.dry_run:
            await call.work.abandon()
        return response

    async def _call(
        self,
        request: Request,
        port: Port,
        token: VerifiedToken,
        received: _Received,
        work: UnitOfWork,
        trail: RouteTrail,
    ) -> Call:
        """Settle who calls and whether they may, and only then what they want."""
        (actor, grants), scope = await self._admit(request, port, token, work, trail)
        document = self._understand(request, received)
        if request.method != "GET":
            named = [*request.path_params.values(), document.value if document else None]
            await refuse_own_account(port.identity, work.session, actor, named)
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

    async def _admit(
        self, request: Request, port: Port, token: VerifiedToken, work: UnitOfWork, trail: RouteTrail
    ) -> tuple[Identified, Scope]:
        """Settle who calls, whether they may, and on whose data."""
        actor, grants = await identify(port.identity, work.session, token, self.declaration.callers)
        if self._reaches_accompanied(request):
            grants = accompanying(grants, self.declaration)
        identified = actor, grants
        request.state.actor_kind = actor.kind
        trail.name_actor(actor)
        scope = permit(identified, self.declaration.callers)
        trail.name_scope(scope)
        await open_rows_of(work, identified)
        if self.declaration.fresh_login:
            require_fresh_login(token, port.settings)
        return identified, scope

    def _reaches_accompanied(self, request: Request) -> bool:
        return reaches_accompanied(self.declaration, method=request.method, path=request.scope["route"].path)

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


@contextmanager
def _faults(request: Request) -> Iterator[None]:
    """Refuse for now what a database that cannot answer lets fail."""
    try:
        yield
    except Refusal:
        raise
    except Exception as error:
        refusal = retry_later(error)
        if refusal is None:
            raise
        logger().warning("retry_later", request_id=request.state.request_id, **error_facts(error))
        raise refusal from error


def _subject(request: Request, token: VerifiedToken | None) -> str:
    """Return whose calls are counted together: those of a token's subject, else those of an address."""
    if token is None:
        return counted_as(request.state.peer)
    return token.holder


def _around(request: Request, port: Port, work: UnitOfWork) -> dict[str, Any]:
    """Return what a visit and a call have in common."""
    return {
        "work": work,
        "port": port,
        "language": request.state.language,
        "request_id": request.state.request_id,
        "peer": request.state.peer,
    }
