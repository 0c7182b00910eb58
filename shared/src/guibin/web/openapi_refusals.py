"""How the OpenAPI document describes refusals: by status, with an example for each code."""

import inspect
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, Final, get_type_hints
from uuid import UUID

from pydantic_core import to_jsonable_python

from guibin.core.errors import Category, NotFound, Refusal, RetryLater, ValidationFailed
from guibin.idempotency.errors import (
    IdempotencyInProgress,
    IdempotencyKeyExpired,
    IdempotencyKeyInvalid,
    IdempotencyKeyRequired,
    IdempotencyKeyReused,
)
from guibin.security.actors import ActorKind
from guibin.security.errors import Forbidden, ReauthRequired, SelfDealing, TokenInvalid, TokenRequired
from guibin.web.bodies import JsonBody
from guibin.web.declaration import Declaration, Idempotency
from guibin.web.errors import (
    BodyTooLarge,
    CodeLocked,
    CursorInvalid,
    DailyLimit,
    DuplicateJsonKey,
    DuplicateParameter,
    LimitReached,
    MalformedJson,
    MalformedUpload,
    NotAcceptable,
    RateLimited,
    RequestTimeout,
    SensitiveInUrl,
    UnknownParameter,
    UnsupportedMediaType,
)
from guibin.web.limits import LIMITS
from guibin.web.parameters import ParameterRules
from guibin.web.problems import MEDIA_TYPE, STATUS, problem_type
from guibin.web.route import PortRoute
from guibin.web.uploads import UploadBody

PROBLEM_SCHEMAS: Final[dict[str, Any]] = {
    "Problem": {
        "type": "object",
        "title": "Problem",
        "description": "A refusal (RFC 9457). Besides these members it holds the facts of its code.",
        "required": ["type", "title", "status", "code", "request_id"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": {"type": "string", "description": "For people, in the language that the caller asked for"},
            "status": {"type": "integer"},
            "code": {"type": "string", "description": "For programs; it never changes"},
            "request_id": {"type": "string"},
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/ProblemError"}},
        },
    },
    "ProblemError": {
        "type": "object",
        "title": "ProblemError",
        "required": ["loc", "type", "message"],
        "properties": {
            "loc": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}},
            "type": {"type": "string"},
            "message": {"type": "string"},
        },
        "additionalProperties": False,
    },
}
_REQUEST_ID: Final = "01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4"
_RETRIED: Final = frozenset({Category.TOO_MANY, Category.UNAVAILABLE})
_SAMPLES: Final[dict[object, object]] = {
    bool: True,
    int: 100,
    str: "text",
    date: date(2026, 12, 31),
    datetime: datetime(2026, 12, 31, 8, tzinfo=UTC),
    UUID: UUID(_REQUEST_ID),
    int | None: 100,
    str | None: "text",
    date | None: date(2026, 12, 31),
    list[str]: ["text"],
    tuple[str, ...]: ("text",),
}
_ERROR: Final = {"loc": ["body", "field"], "type": "missing", "message": "必填"}

_SHARED: Final[dict[str, list[type[Refusal]]]] = {
    "Refused401": [TokenRequired, TokenInvalid],
    "Refused403": [Forbidden],
    "Refused404": [NotFound],
    "Refused406": [NotAcceptable],
    "Refused408": [RequestTimeout],
    "Refused413": [BodyTooLarge],
    "Refused415": [UnsupportedMediaType],
    "Refused429": [RateLimited],
    "Refused503": [RetryLater],
}

Kinds = Iterator[type[Refusal]]


def refusal_responses(
    route: PortRoute, declaration: Declaration, body: JsonBody | UploadBody | None
) -> dict[str, dict[str, Any]]:
    """Describe all refusals of a route, its own and those of the kit, by status."""
    kinds = dict.fromkeys([*_generic(route, declaration, body), *declaration.refusals])
    by_status: dict[str, list[type[Refusal]]] = {}
    for kind in kinds:
        by_status.setdefault(str(STATUS[kind.category]), []).append(kind)
    return {status: _shared(status, found) or _response(found) for status, found in by_status.items()}


def shared_responses() -> dict[str, dict[str, Any]]:
    """Describe the refusals that are the same on every route that has them."""
    return {name: _response(kinds) for name, kinds in _SHARED.items()}


def _shared(status: str, kinds: list[type[Refusal]]) -> dict[str, Any] | None:
    name = f"Refused{status}"
    return {"$ref": f"#/components/responses/{name}"} if _SHARED.get(name) == kinds else None


def _generic(route: PortRoute, declaration: Declaration, body: JsonBody | UploadBody | None) -> Kinds:
    if not declaration.is_public:
        yield from (TokenRequired, TokenInvalid, Forbidden)
        yield from _of_staff(route, declaration, body)
    yield from (NotAcceptable, RateLimited, RetryLater)
    if any(limit.is_daily for limit in LIMITS[declaration.rate]):
        yield DailyLimit
    if any(limit.lock_seconds for limit in LIMITS[declaration.rate]):
        yield CodeLocked
    rules = ParameterRules.of(route.dependant)
    yield from (ValidationFailed, UnknownParameter, SensitiveInUrl)
    if rules.query:
        yield DuplicateParameter
    if "cursor" in rules.query:
        yield CursorInvalid
    if route.param_convertors:
        yield NotFound
    yield from _of_body(body)
    yield from _of_key(declaration)


def _of_staff(route: PortRoute, declaration: Declaration, body: JsonBody | UploadBody | None) -> Kinds:
    if declaration.fresh_login:
        yield ReauthRequired
    by_staff = any(caller.kind is ActorKind.STAFF for caller in declaration.callers)
    if by_staff and route.methods != {"GET"} and (route.param_convertors or body is not None):
        yield SelfDealing


def _of_body(body: JsonBody | UploadBody | None) -> Kinds:
    if body is not None:
        yield from (RequestTimeout, BodyTooLarge, UnsupportedMediaType)
    if isinstance(body, JsonBody):
        yield from (MalformedJson, DuplicateJsonKey)
    elif isinstance(body, UploadBody):
        yield MalformedUpload


def _of_key(declaration: Declaration) -> Kinds:
    if declaration.idempotency is Idempotency.NONE:
        return
    if declaration.idempotency is Idempotency.REQUIRED:
        yield IdempotencyKeyRequired
    yield from (IdempotencyKeyInvalid, IdempotencyKeyReused, IdempotencyInProgress, IdempotencyKeyExpired)


def _response(kinds: list[type[Refusal]]) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": "; ".join(f"`{kind.code}`: {kind.en}" for kind in kinds),
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {kind.code: {"value": _example(kind)} for kind in kinds},
            }
        },
    }
    if any(kind.category in _RETRIED for kind in kinds):
        response["headers"] = {"Retry-After": _number("Seconds to wait")}
    if any(issubclass(kind, LimitReached) for kind in kinds):
        response["headers"] |= {
            "RateLimit-Limit": _number("Calls that the limit allows"),
            "RateLimit-Remaining": _number("Calls that are left of it"),
            "RateLimit-Reset": _number("Seconds until there are more"),
        }
    return response


def _number(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "integer"}}


def _example(kind: type[Refusal]) -> dict[str, Any]:
    facts = {"errors": [_ERROR]} if issubclass(kind, ValidationFailed) else _facts(kind)
    return {
        "type": problem_type(kind.code),
        "title": kind.zh,
        "status": STATUS[kind.category],
        "code": kind.code,
        "request_id": _REQUEST_ID,
        **facts,
    }


def _facts(kind: type[Refusal]) -> dict[str, Any]:
    """Make the facts of a refusal from samples of what its constructor takes; none where it takes other things."""
    hints = get_type_hints(kind.__init__)
    wanted = [
        parameter.name
        for parameter in inspect.signature(kind).parameters.values()
        if parameter.kind is not parameter.VAR_KEYWORD and parameter.default is parameter.empty
    ]
    if not all(hints.get(name) in _SAMPLES for name in wanted):
        return {}
    facts: dict[str, Any] = to_jsonable_python(kind(**{name: _SAMPLES[hints[name]] for name in wanted}).facts)
    return facts
