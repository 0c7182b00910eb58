"""Running a command once per key: the key, the effect and the answer commit together."""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from guibin.core import clock
from guibin.core.errors import Category, Refusal
from guibin.idempotency.errors import IdempotencyKeyInvalid, IdempotencyKeyRequired
from guibin.idempotency.rules import CONFLICT, fingerprint, is_key, is_stored
from guibin.idempotency.service import Replay, claim, store
from guibin.web.bodies import JsonDocument
from guibin.web.call import Call
from guibin.web.declaration import Idempotency
from guibin.web.problems import MEDIA_TYPE, problem_body
from guibin.web.uploads import Upload
from guibin.web.validation import translate

Handler = Callable[[Request], Awaitable[Response]]

KEY_HEADER: Final = "Idempotency-Key"
REPLAYED_HEADER: Final = "Idempotent-Replayed"


def key_of(request: Request, idempotency: Idempotency) -> str | None:
    """Return the request's key; None where the route takes none or the caller sent none.

    Raises:
        IdempotencyKeyInvalid: the header is no key, or there are two.
        IdempotencyKeyRequired: the route needs one.
    """
    values = request.headers.getlist(KEY_HEADER)
    if idempotency is Idempotency.NONE:
        return None
    if not values:
        if idempotency is Idempotency.REQUIRED:
            raise IdempotencyKeyRequired
        return None
    if len(values) != 1 or not is_key(values[0]):
        raise IdempotencyKeyInvalid
    return values[0]


def meaning_of(request: Request, document: JsonDocument | None, upload: Upload | None) -> bytes:
    """Return the fingerprint of what the request asks for."""
    body: object = document.value if document else None
    if upload is not None:
        body = [upload.media_type, upload.sha256.hex()]
    return fingerprint(request.method, request.scope["path"], request.query_params.multi_items(), body)


async def run(handler: Handler, request: Request) -> Response:
    """Run FastAPI's handler: parameters, endpoint, answer.

    Raises:
        ValidationFailed: a parameter has the wrong form.
        Refusal: whatever the endpoint refuses.
    """
    try:
        return await handler(request)
    except RequestValidationError as error:
        raise translate(error.errors()) from None


async def run_once(handler: Handler, request: Request, call: Call, meaning: bytes) -> Response:
    """Run a command under its key, or replay the answer that the key gave before.

    Raises:
        Refusal: a refusal by the state of the data (409) is kept under the key; any other leaves the key free.
    """
    key = call.idempotency_key
    if key is None:
        return await run(handler, request)
    outcome = await claim(call.session, actor_id=call.actor.id, key=key, fingerprint=meaning, now=clock.now())
    if isinstance(outcome, Replay):
        return replayed(outcome)
    await call.work.protect()
    try:
        response = await run(handler, request)
    except Refusal as refusal:
        await _settle(call, key, refusal)
        raise
    if is_stored(response.status_code):
        await store(
            call.session,
            actor_id=call.actor.id,
            key=key,
            status=response.status_code,
            body=bytes(response.body),
            content_type=response.headers.get("content-type"),
            etag=response.headers.get("etag"),
        )
    return response


def replayed(answer: Replay) -> Response:
    """Answer what the key answered before."""
    return Response(answer.body, answer.status, {**answer.headers, REPLAYED_HEADER: "true"})


async def _settle(call: Call, key: str, refusal: Refusal) -> None:
    """Keep a refusal by the state of the data as the key's answer; give the key back for any other."""
    if refusal.category is not Category.CONFLICT:
        await call.work.abandon()
        return
    body = problem_body(refusal, request_id=call.request_id, language=call.language)
    actor_id: UUID = call.actor.id

    async def keep(session: AsyncSession) -> None:
        await store(session, actor_id=actor_id, key=key, status=CONFLICT, body=body, content_type=MEDIA_TYPE)

    call.work.survive(keep)
