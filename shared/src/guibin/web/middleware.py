"""What stands before every route: the request's id and language, the guards of the edge, the log line, the headers."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from guibin.core import clock
from guibin.core.errors import NotFound, Refusal
from guibin.core.ids import new_id
from guibin.core.logging import error_facts, log_request, logger
from guibin.core.redaction import redact_text
from guibin.web.addresses import Networks, client_address
from guibin.web.declaration import BodyLimit
from guibin.web.errors import BadHost, HeadersTooLarge, InternalFault, NotAcceptable
from guibin.web.formats import OTHERS, names_one_of, takes_json
from guibin.web.language import preferred_language
from guibin.web.metrics import PortMetrics
from guibin.web.problems import allowance_headers, problem_response

Headers = tuple[tuple[bytes, bytes], ...]
"""Names and values of an answer."""

MOST_HEADERS: Final = 100
MOST_HEADER_BYTES: Final = 32 * 1024
MOST_PATH_BYTES: Final = 2 * 1024
MOST_QUERY_BYTES: Final = 8 * 1024

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ODD_PATH: Final = re.compile(rb"//|\\|%2f|%5c|%2e|/\.{1,2}(?:/|$)", re.IGNORECASE)
_API: Final = "/v1"
_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"})
_COMMON_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_POLICY: Final = b"content-security-policy"
_CACHING: Final = b"cache-control"
# An answer that is a page brings its own policy, a picture says how long it may be kept: what they say stands.
_API_HEADERS: Final = (
    (_CACHING, b"no-store"),
    (_POLICY, b"default-src 'none'; frame-ancestors 'none'"),
)
_PRODUCTION_HEADERS: Final = ((b"strict-transport-security", b"max-age=63072000; includeSubDomains"),)
_PAGE_POLICY: Final = (
    b"default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; worker-src 'self' blob:; "
    b"frame-ancestors 'none'"
)
_PAGE_HEADERS: Final = ((_POLICY, _PAGE_POLICY),)


class Edge:
    """Pure ASGI middleware: guards the edge and answers every fault in the product's own form."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        allowed_hosts: Iterable[str],
        metrics: PortMetrics,
        trusted_proxies: Networks = (),
        behind_tls: bool = False,
    ) -> None:
        self.app = app
        self._allowed_hosts = frozenset(host.strip().lower() for host in allowed_hosts)
        self._metrics = metrics
        self._trusted_proxies = trusted_proxies
        headers = (*_COMMON_HEADERS, *(_PRODUCTION_HEADERS if behind_tls else ()))
        self._api_headers = (headers, _API_HEADERS)
        self._page_headers = (headers, _PAGE_HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request; the lifespan passes through and web sockets are not spoken."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = _by_name(scope)
        state = scope.setdefault("state", {})
        state["request_id"] = _request_id(headers)
        state["language"] = preferred_language(",".join(headers.get("accept-language", ())))
        peer = scope["client"][0] if scope.get("client") else None
        state["peer"] = client_address(peer, headers.get("x-forwarded-for", ()), self._trusted_proxies)
        api = scope["path"].startswith(_API)
        exchange = _Exchange(scope, send, self._api_headers if api else self._page_headers)
        try:
            self._guard(scope, headers)
            if api:
                await _check_gate(scope)
            await self.app(scope, exchange.receiving(receive), exchange.send)
        except Refusal as refusal:
            await exchange.refuse(refusal, receive)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets a problem and the log its place
            logger().error("internal_fault", request_id=state["request_id"], **error_facts(error))
            await exchange.refuse(InternalFault(), receive)
        finally:
            exchange.end(self._metrics)

    def _guard(self, scope: Scope, headers: Mapping[str, list[str]]) -> None:
        """Refuse what no route should see.

        Raises:
            HeadersTooLarge, BadHost, NotFound, NotAcceptable.
        """
        size = sum([len(name) + len(value) for name, value in scope["headers"]])
        number = len(scope["headers"])
        if number > MOST_HEADERS or size > MOST_HEADER_BYTES or len(scope["query_string"]) > MOST_QUERY_BYTES:
            raise HeadersTooLarge
        hosts = headers.get("host", ())
        if len(hosts) != 1 or _host_name(hosts[0]) not in self._allowed_hosts:
            raise BadHost
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
        if len(raw_path) > MOST_PATH_BYTES or _ODD_PATH.search(raw_path):
            raise NotFound
        is_of_the_api = scope["path"].startswith(_API)
        accept = ",".join(headers.get("accept", ()))
        if is_of_the_api and accept and not (takes_json(accept) or names_one_of(accept, OTHERS)):
            raise NotAcceptable


class _Exchange:
    """One request and its answer: adds the headers, remembers the status, writes the log line, counts."""

    def __init__(self, scope: Scope, send: Send, headers: tuple[Headers, Headers]) -> None:
        self._scope = scope
        self._send = send
        self._always, self._unless_said = headers
        self._began = clock.now()
        self._status: int | None = None
        self._is_received = False

    def receiving(self, receive: Receive) -> Receive:
        """Notice when the body has come in whole."""

        async def noticed() -> Message:
            message = await receive()
            self._is_received = self._is_received or not message.get("more_body", False)
            return message

        return noticed

    async def send(self, message: Message) -> None:
        """Pass a message on, with our headers on the answer's start."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            message = {**message, "headers": self._headers(message["headers"])}
        await self._send(message)

    def _headers(self, answered: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """Put ours behind those of the answer, whose own policy and caching stand."""
        state = self._scope["state"]
        headers = [*answered, (b"x-request-id", state["request_id"].encode("ascii")), *self._always]
        allowance = state.get("allowance")
        if allowance is not None:
            headers += [
                (name.lower().encode("ascii"), value.encode("ascii"))
                for name, value in allowance_headers(allowance).items()
            ]
        said = {name for name, _ in headers}
        headers += [one for one in self._unless_said if one[0] not in said]
        # Is a body still on its way that would be read only to be thrown away?
        if not self._is_received and b"connection" not in said and _may_be_large(self._scope):
            headers.append((b"connection", b"close"))
        return headers

    async def refuse(self, refusal: Refusal, receive: Receive) -> None:
        """Answer a refusal, unless an answer has begun."""
        if self._status is None:
            state = self._scope["state"]
            state["refusal"] = refusal
            response = problem_response(refusal, request_id=state["request_id"], language=state["language"])
            await response(self._scope, receive, self.send)

    def end(self, metrics: PortMetrics) -> None:
        """Write one line about the request and count it: the template of its path, never the path itself."""
        state = self._scope["state"]
        seconds = (clock.now() - self._began).total_seconds()
        method = self._scope["method"] if self._scope["method"] in _METHODS else "other"
        route = state.get("route", "-")
        log_request(
            method=method,
            route=route,
            status=self._status,
            ms=round(seconds * 1000, 1),
            request_id=state["request_id"],
            actor=state.get("actor_kind", "-"),
        )
        metrics.observe(method=method, route=route, status=self._status, seconds=seconds)
        refusal = state.get("refusal")
        if refusal is not None:
            metrics.observe_refusal(refusal)


def _by_name(scope: Scope) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


async def _check_gate(scope: Scope) -> None:
    """Refuse a call that so busy a port would refuse after all that it takes to understand it.

    Raises:
        RetryLater.
    """
    port = getattr(scope["app"].state, "port", None)
    if port is not None:
        await port.gate.check()


def _may_be_large(scope: Scope) -> bool:
    """Tell a body of unknown length, or one that is longer than most routes take."""
    for name, value in scope["headers"]:
        if name.lower() == b"transfer-encoding":
            return True
        if name.lower() == b"content-length" and (not value.isdigit() or int(value) > BodyLimit.DEFAULT):
            return True
    return False


def _request_id(headers: Mapping[str, list[str]]) -> str:
    values = headers.get("x-request-id", ())
    if len(values) == 1 and _REQUEST_ID.fullmatch(values[0]) and redact_text(values[0]) == values[0]:
        return values[0]  # whoever sends a phone number as an id gets another: it would be kept in the trail
    return str(new_id())


def _host_name(host: str) -> str:
    """Drop the port from a Host header."""
    name, separator, port = host.strip().lower().rpartition(":")
    return name if separator and port.isdecimal() else host.strip().lower()
