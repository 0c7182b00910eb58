"""Bodies, read by the product's own reader: under a limit, strictly, and never slower than a patient server waits."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from guibin.core.errors import ValidationFailed
from guibin.core.strict_json import StrictJsonError, read
from guibin.web.errors import BodyTooLarge, DuplicateJsonKey, MalformedJson, RequestTimeout, UnsupportedMediaType
from guibin.web.validation import translate

Model = TypeVar("Model", bound=BaseModel)

JSON: Final = "application/json"
MAX_DEPTH: Final = 20
PATIENCE_SECONDS: Final = 8
SLOWEST_BYTES_PER_SECOND: Final = 32 * 1024

_JSON_PARAMETERS: Final = re.compile(r"(\s*;\s*charset\s*=\s*\"?utf-8\"?)?\s*", re.IGNORECASE)
_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_BLANK: Final = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class JsonDocument:
    """A body that is one JSON object: its bytes, and its value as the strict reader understood it."""

    raw: bytes
    value: dict[str, Any]


async def chunks_of(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Yield the body as it arrives.

    Raises:
        BodyTooLarge: more bytes than `limit`, announced or sent.
        RequestTimeout: the body comes slower than the slowest rate after a time of grace.
    """
    _hold_to(limit, request)
    started = asyncio.get_running_loop().time()
    received = 0
    stream = request.stream()
    while (chunk := await _next(stream, started + PATIENCE_SECONDS + received / SLOWEST_BYTES_PER_SECOND)) is not None:
        received += len(chunk)
        if received > limit:
            raise BodyTooLarge(limit=limit)
        yield chunk


async def _next(stream: AsyncIterator[bytes], deadline: float) -> bytes | None:
    try:
        async with asyncio.timeout_at(deadline):
            return await anext(stream, None)
    except (TimeoutError, ClientDisconnect):
        raise RequestTimeout from None


async def read_bytes(request: Request, limit: int) -> bytes:
    """Read the whole body under a limit; refuses as `chunks_of` does, with one watch over all that comes."""
    _hold_to(limit, request)
    started = asyncio.get_running_loop().time()
    chunks: list[bytes] = []
    received = 0
    try:
        async with asyncio.timeout_at(started + PATIENCE_SECONDS) as watch:
            async for chunk in request.stream():
                chunks.append(chunk)
                received += len(chunk)
                if received > limit:
                    raise BodyTooLarge(limit=limit)
                if chunk:
                    watch.reschedule(started + PATIENCE_SECONDS + received / SLOWEST_BYTES_PER_SECOND)
    except (TimeoutError, ClientDisconnect):
        raise RequestTimeout from None
    return b"".join(chunks)


def _hold_to(limit: int, request: Request) -> None:
    """Refuse a body that is announced as longer."""
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limit:
        raise BodyTooLarge(limit=limit)


def media_type_of(request: Request, accepted: tuple[str, ...]) -> str:
    """Return the media type of the body, which must be one of those accepted.

    Raises:
        UnsupportedMediaType: another type, none, two, a charset other than UTF-8 for JSON, or an encoded body.
    """
    values = request.headers.getlist("content-type")
    encodings = request.headers.getlist("content-encoding")
    name, separator, parameters = (values[0] if len(values) == 1 else "").partition(";")
    media_type = name.strip().lower()
    plain = media_type != JSON or _JSON_PARAMETERS.fullmatch(separator + parameters) is not None
    if media_type not in accepted or not plain or any(value.strip().lower() != "identity" for value in encodings):
        raise UnsupportedMediaType(accepted=accepted)
    return media_type


def parse_document(raw: bytes) -> JsonDocument:
    """Read bytes as one JSON object.

    Raises:
        MalformedJson, DuplicateJsonKey: no JSON, or JSON that two readers could understand in two ways.
        ValidationFailed: JSON, but no object, or text with half a surrogate pair.
    """
    if not raw.strip(_BLANK):
        raise ValidationFailed.of(["body"], "missing", "必填", "is required")
    try:
        value = read(raw, max_depth=MAX_DEPTH)
    except StrictJsonError as error:
        if error.kind == "duplicate_json_key":
            raise DuplicateJsonKey from None
        raise MalformedJson(position=error.position) from None
    if not isinstance(value, dict):
        raise ValidationFailed.of(["body"], "object", "须为 JSON 对象", "must be a JSON object")
    if _SURROGATE_ESCAPE.search(raw):
        _refuse_lone_surrogates(value, ["body"])
    return JsonDocument(raw, value)


def _refuse_lone_surrogates(value: object, loc: list[str | int]) -> None:
    if isinstance(value, dict):
        for name, item in value.items():
            _refuse_lone_surrogates(name, loc)
            _refuse_lone_surrogates(item, [*loc, name])
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _refuse_lone_surrogates(item, [*loc, index])
    elif isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        error = {"loc": tuple(loc), "type": "bad_unicode", "msg": "must be valid Unicode text"}
        raise translate([error])


class JsonBody:
    """The dependency behind `json_body`: validates the document that the route's conductor read."""

    def __init__(self, model: type[BaseModel]) -> None:
        self.model = model

    async def __call__(self, request: Request) -> BaseModel:
        """Return the validated body.

        Raises:
            ValidationFailed: with the location, type and message of each fault.
        """
        document = request.state.document
        if not isinstance(document, JsonDocument):
            raise TypeError("a JSON body is read by the route of a PortRouter")
        return self.validate(document.raw)

    def validate(self, raw: bytes) -> BaseModel:
        """Return the body of these bytes, which were read strictly.

        Raises:
            ValidationFailed: with the location, type and message of each fault.
        """
        return _validated(self.model, raw)


def _validated(model: type[Model], raw: bytes) -> Model:
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise translate(error.errors(include_url=False), within=("body",)) from None


@dataclass(frozen=True, slots=True)
class SignedBody:
    """A body whose signature its endpoint checks before it is understood."""

    raw: bytes

    def read(self, model: type[Model]) -> Model:
        """Return the body as a model.

        Raises:
            ValidationFailed: with the location, type and message of each fault.
        """
        return _validated(model, self.raw)


class _SignedJson(JsonBody):
    """The dependency behind `signed_body`: hands the bytes over as they came."""

    def validate(self, raw: bytes) -> Any:
        return SignedBody(raw)


def signed_body(model: type[BaseModel]) -> Any:
    """Annotate the parameter that takes a signed body, a `SignedBody`, which is to be read as this model."""
    return Depends(_SignedJson(model))


def json_body(model: type[BaseModel]) -> Any:
    """Annotate the parameter that takes the body: one JSON object of this model."""
    return Depends(JsonBody(model))
