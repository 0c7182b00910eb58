"""The telephony's API: `POST /calls`; a while later the call ends and the bank is told."""

import asyncio
import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from typing import Any

import httpx
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from guibin_tools.supplier_simulator.signing import is_signed, signature_of

SEALED_FOR = b"guibin telephony callee"
_NONCE_BYTES = 12


@dataclass
class Exchange:
    """What the telephony knows. `result` is how the next calls end, `after` how many seconds later."""

    secret: str
    callback_url: str | None = None
    result: str = "reached"
    after: float = 3.0
    refuse_with: int | None = None
    calls: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: list[int] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def take(self, request: Request) -> Response:
        """Connect an agent and a callee; the same number again is the same call."""
        body = await request.body()
        if not is_signed(request.headers.get("guibin-signature"), body, self.secret):
            return JSONResponse({"error": "signature"}, 401)
        if self.refuse_with is not None:
            return JSONResponse({"error": "busy"}, self.refuse_with)
        order = json.loads(body)
        number = order["call_no"]
        if number not in self.calls:
            try:
                callee = self.open(order["callee"], number)
            except InvalidTag:
                return JSONResponse({"error": "callee"}, 422)
            self.calls[number] = {"agent": order["agent"], "callee": callee}
            if self.callback_url is not None:
                task = asyncio.create_task(self._end_later(number))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return JSONResponse({"call_no": number}, 202)

    def open(self, sealed: str, number: str) -> str:
        """Open a number that was sealed for this call."""
        key = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=SEALED_FOR).derive(self.secret.encode())
        raw = urlsafe_b64decode(sealed)
        return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], number.encode()).decode()

    async def control(self, request: Request) -> Response:
        """Change how the next calls end; answer how many there were. Numbers that were called are never told."""
        if request.method == "PUT":
            wanted = await request.json()
            self.result = str(wanted.get("result", self.result))
            self.after = float(wanted.get("after", self.after))
        return JSONResponse(
            {"result": self.result, "after": self.after, "calls": sorted(self.calls), "callbacks": self.answers}
        )

    async def _end_later(self, number: str) -> None:
        await asyncio.sleep(self.after)
        seconds = 95 if self.result == "reached" else 0
        await self.tell(
            {"call_no": number, "result": self.result, "seconds": seconds, "recording_ref": f"SIM-{number[-12:]}"}
        )

    async def tell(self, end: dict[str, Any]) -> None:
        """Tell the bank what came of a call."""
        if self.callback_url is None:
            return
        body = json.dumps(end).encode()
        headers = {"Content-Type": "application/json", "Guibin-Signature": signature_of(body, self.secret)}
        async with httpx.AsyncClient(trust_env=False) as client:
            self.answers.append((await client.post(self.callback_url, content=body, headers=headers)).status_code)


def create_app(exchange: Exchange) -> Starlette:
    """Make the application over an exchange."""
    return Starlette(
        routes=[
            Route("/calls", exchange.take, methods=["POST"]),
            Route("/_sim", exchange.control, methods=["GET", "PUT"]),
        ]
    )
