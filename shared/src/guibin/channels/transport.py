"""Calls of WeChat over HTTP: time limits, a bounded number of tries, a circuit per account, and nothing in the log.

Secrets, tokens, codes and openids travel in URLs there. So errors of the HTTP library, which know the URL, end here,
and what is logged is the path, the errcode and WeChat's own request id (`rid`).
"""

import asyncio
import json
import logging
import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from guibin.channels.breaker import Breaker
from guibin.channels.errors import (
    UpstreamBadAnswer,
    UpstreamBusy,
    UpstreamThrottled,
    UpstreamTimeout,
    WeChatCodeInvalid,
    WeChatLoginBlocked,
)
from guibin.channels.rules import Behaviour, Endpoint
from guibin.core.authorities import authorities
from guibin.core.errors import Refusal
from guibin.core.logging import logger
from guibin.core.strict_json import StrictJsonError, read_object

PAUSE_SECONDS: Final = 60
_LARGEST_ANSWER: Final = 64 * 1024
_DEEPEST: Final = 10
_RID: Final = re.compile(r"rid: ?([0-9A-Za-z-]{1,64})")
_OK: Final = 200
_FAULT: Final = 500

Answer = Mapping[str, object]
Model = TypeVar("Model", bound=BaseModel)


class TokenRejected(Exception):  # noqa: N818 - named for what happened; it never leaves this domain
    """WeChat does not take the access token of a call."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call may take, in seconds: to connect, to read, with all its tries, and the pauses between these."""

    connect: float = 2.0
    read: float = 5.0
    whole: float = 8.0
    pauses: tuple[float, ...] = (0.1, 0.2, 0.4)


def make_http_client(base_url: str, patience: Patience) -> httpx.AsyncClient:
    """Make the client of an outside service: no redirects, no proxies of the environment, no lines in the log."""
    for name in ("httpx", "httpcore"):  # they write whole URLs
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.AsyncClient(
        base_url=base_url,
        verify=authorities(),
        timeout=httpx.Timeout(patience.read, connect=patience.connect),
        follow_redirects=False,
        trust_env=False,
        limits=httpx.Limits(max_connections=50, max_keepalive_connections=10, keepalive_expiry=30),
    )


class WeChatTransport:
    """Makes calls and turns what comes back into an answer or a refusal."""

    def __init__(self, client: httpx.AsyncClient, patience: Patience | None = None) -> None:
        self._client = client
        self._patience = patience or Patience()
        self._breaker = Breaker()

    async def call(
        self,
        endpoint: Endpoint,
        model: type[Model],
        *,
        appid: str,
        query: Mapping[str, str],
        body: Mapping[str, object] | None = None,
    ) -> Model:
        """Make one call for an account and return its answer in the form of a model.

        Raises:
            TokenRejected: fetch another access token and call again, once.
            WeChatCodeInvalid, WeChatLoginBlocked: about the person.
            UpstreamBusy, UpstreamTimeout, UpstreamBadAnswer, UpstreamThrottled: about WeChat.
        """
        self._refuse_if_open(appid, endpoint)
        try:
            async with asyncio.timeout(self._patience.whole):
                behaviour, answer = await self._try(endpoint, query, body)
        except TimeoutError:
            raise self._failure(appid, endpoint, UpstreamTimeout()) from None
        except Refusal as refusal:
            raise self._failure(appid, endpoint, refusal) from None
        except BaseException:
            self._breaker.release(appid)
            raise
        self._judge(appid, endpoint, behaviour, answer)
        try:
            read = model.model_validate(answer)
        except ValidationError:
            raise self._failure(appid, endpoint, UpstreamBadAnswer()) from None
        self._breaker.succeeded(appid)
        return read

    def _refuse_if_open(self, appid: str, endpoint: Endpoint) -> None:
        now = time.monotonic()
        if pause := self._breaker.paused(_bucket(appid, endpoint), now):
            raise UpstreamThrottled(retry_after=int(pause) + 1)
        if pause := self._breaker.wait(appid, now):
            raise UpstreamBusy(retry_after=int(pause) + 1)

    async def _try(
        self, endpoint: Endpoint, query: Mapping[str, str], body: Mapping[str, object] | None
    ) -> tuple[Behaviour, Answer]:
        """Call until WeChat is not busy, or the tries are used up."""
        for pause in (*self._patience.pauses, None):
            answer = await self._once(endpoint, query, body)
            behaviour = _behaviour(endpoint, answer)
            if behaviour is not Behaviour.RETRY or pause is None:
                break
            await asyncio.sleep(pause * random.uniform(0.75, 1.25))  # noqa: S311 - spreads callers, keeps no secret
        return behaviour, answer

    async def _once(self, endpoint: Endpoint, query: Mapping[str, str], body: Mapping[str, object] | None) -> Answer:
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = None if body is None else {"Content-Type": "application/json"}
        request = self._client.build_request(
            endpoint.method, endpoint.path, params=dict(query), content=content, headers=headers
        )
        try:
            response = await self._client.send(request, stream=True)
            try:
                return await _read(response)
            finally:
                await response.aclose()
        except httpx.TimeoutException:
            raise UpstreamTimeout from None
        except (httpx.DecodingError, httpx.InvalidURL):
            raise UpstreamBadAnswer from None
        except httpx.HTTPError:  # refused or broken off: as if WeChat had said that it is busy
            return {"errcode": -1}

    def _failure(self, appid: str, endpoint: Endpoint, refusal: Refusal) -> Refusal:
        opened = self._breaker.failed(appid, time.monotonic())
        logger().warning("wechat_failed", path=endpoint.path, appid=appid, code=refusal.code, circuit_opened=opened)
        return refusal

    def _judge(self, appid: str, endpoint: Endpoint, behaviour: Behaviour, answer: Answer) -> None:
        """Raise what an answer means that does not say yes."""
        if behaviour is Behaviour.OK:
            return
        if behaviour is Behaviour.RETRY:
            raise self._failure(appid, endpoint, UpstreamBusy())
        if behaviour is Behaviour.CONFIGURATION:
            self._breaker.stop(appid, time.monotonic())
        else:
            self._breaker.succeeded(appid)
        self._log(appid, endpoint, behaviour, answer)
        if behaviour is Behaviour.THROTTLE_ACCOUNT:
            self._breaker.pause(_bucket(appid, endpoint), time.monotonic(), PAUSE_SECONDS)
        raise _refusal(behaviour)

    @staticmethod
    def _log(appid: str, endpoint: Endpoint, behaviour: Behaviour, answer: Answer) -> None:
        ours = behaviour in {Behaviour.CONFIGURATION, Behaviour.CONTENT, Behaviour.UNKNOWN}
        rid = _RID.search(str(answer.get("errmsg", "")))
        logger().log(
            logging.ERROR if ours else logging.INFO,
            "wechat_refused",
            path=endpoint.path,
            appid=appid,
            errcode=errcode_of(answer),
            behaviour=behaviour.value,
            rid=rid[1] if rid else None,
        )


def errcode_of(answer: Answer) -> int:
    """Return the errcode of an answer; 0 where there is none.

    Raises:
        UpstreamBadAnswer: it is no number.
    """
    code = answer.get("errcode", 0)
    try:
        return int(code) if isinstance(code, int | str) else int("")
    except ValueError:
        raise UpstreamBadAnswer from None


def _behaviour(endpoint: Endpoint, answer: Answer) -> Behaviour:
    return endpoint.behaviour_of(errcode_of(answer))


def _refusal(behaviour: Behaviour) -> Exception:
    if behaviour is Behaviour.TOKEN:
        return TokenRejected()
    if behaviour is Behaviour.CODE:
        return WeChatCodeInvalid()
    if behaviour is Behaviour.BLOCKED:
        return WeChatLoginBlocked()
    if behaviour in {Behaviour.THROTTLE_CALL, Behaviour.THROTTLE_ACCOUNT}:
        return UpstreamThrottled(retry_after=PAUSE_SECONDS)
    if behaviour is Behaviour.CONFIGURATION:
        return UpstreamBusy()
    return UpstreamBadAnswer()


def _bucket(appid: str, endpoint: Endpoint) -> str:
    return f"{appid} {endpoint.path}"


async def _read(response: httpx.Response) -> Answer:
    """Read the JSON object of an answer, whatever its Content-Type says.

    Raises:
        UpstreamBadAnswer: another status, too long, or no JSON object.
    """
    if response.status_code >= _FAULT:
        return {"errcode": -1}
    if response.status_code != _OK:
        raise UpstreamBadAnswer
    raw = bytearray()
    async for chunk in response.aiter_bytes():
        raw += chunk
        if len(raw) > _LARGEST_ANSWER:
            raise UpstreamBadAnswer
    try:
        return read_object(bytes(raw), max_depth=_DEEPEST)
    except StrictJsonError:
        raise UpstreamBadAnswer from None
