"""The outermost layer: every simulated call is failed as the rules say, and written to the log of requests."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from guibin_tools.wechat_simulator import request_log
from guibin_tools.wechat_simulator.answers import refuse
from guibin_tools.wechat_simulator.failures import REFUSING, FailureRule, bent
from guibin_tools.wechat_simulator.groups.tokens import kill_tokens
from guibin_tools.wechat_simulator.world import World

_PAGE = b"<html><body>bad gateway</body></html>"


@dataclass
class _Answer:
    """What the application says, kept until it is known what becomes of it."""

    status: int = 200
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    async def take(self, message: Message) -> None:
        """Stand in for the server's `send`."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


class Wire:
    """An ASGI application around the simulator's own; the control interface passes through untouched."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        if scope["type"] != "http" or scope["path"].startswith("/_sim"):
            await self._app(scope, receive, send)
            return
        raw = await _read(receive)
        query, body = dict(parse_qsl(scope["query_string"].decode())), _json(raw)
        rule = self._struck(scope["path"], {**(body if isinstance(body, dict) else {}), **query})
        answer = await self._answered(scope, raw, rule, query)
        request_log.write(
            self._world,
            method=scope["method"],
            path=scope["path"],
            query=query,
            body=body,
            status=answer.status,
            answer=answer.body,
            failure="" if rule is None else rule.effect,
        )
        await _deliver(answer, rule, receive, send)

    def _struck(self, path: str, fields: dict[str, Any]) -> FailureRule | None:
        # Every rule counts the call, so that `nth` means what it says beside other rules.
        struck = [rule for rule in self._world.rules if rule.strikes(path, fields)]
        return struck[0] if struck else None

    async def _answered(self, scope: Scope, raw: bytes, rule: FailureRule | None, query: dict[str, Any]) -> _Answer:
        """Return the application's answer, changed as the rule says."""
        answer = _Answer()
        if rule is not None and rule.effect in REFUSING:
            if rule.effect == "http":
                return _Answer(int(rule.values["status"]), [(b"content-type", b"text/html")], _PAGE)
            refused = refuse(int(rule.values["errcode"]), rule.values.get("errmsg"))
            return _Answer(200, list(refused.raw_headers), bytes(refused.body))
        if rule is not None and rule.effect == "supersede":
            kill_tokens(self._world, rule.appid, at=self._world.now())
        await self._app(scope, _replay(raw), answer.take)
        if rule is not None and rule.effect == "session_key_replaced" and answer.status == 200:  # noqa: PLR2004 - OK
            self._replace_session_key(query, answer)
        if rule is not None:
            answer.body = bent(rule, answer.body)
        return answer

    def _replace_session_key(self, query: dict[str, Any], answer: _Answer) -> None:
        said = _json(answer.body)
        if isinstance(said, dict) and "openid" in said and "appid" in query:
            self._world.new_session_key(query["appid"], said["openid"])


async def _deliver(answer: _Answer, rule: FailureRule | None, receive: Receive, send: Send) -> None:
    if rule is not None and rule.effect in {"slow", "hang"}:
        gone = await _wait(receive, float(rule.values.get("seconds", 30)))
        if gone:
            return
    headers = [(name, value) for name, value in answer.headers if name.lower() != b"content-length"]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if rule is not None and rule.effect == "reset":
        # Less than was announced: the server breaks the connection.
        await send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})
        return
    await send({"type": "http.response.body", "body": answer.body})


async def _wait(receive: Receive, seconds: float) -> bool:
    """Wait, and return whether the caller has hung up meanwhile."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True


async def _read(receive: Receive) -> bytes:
    raw = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return raw
        raw += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return raw


def _replay(raw: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": raw, "more_body": False}

    return receive


def _json(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except ValueError:
        return None
