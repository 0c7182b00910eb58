"""An identity provider on the loopback address: a real HTTP server with a key set, and tokens signed with its keys."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from unit.security.forging import b64, ec_jwk, es256

from guibin.core import clock
from guibin.core.ids import new_id

NAME = "https://login.bank.test"


@dataclass
class IdentityProvider:
    """Publishes the keys in `published`; `status`, `body`, `more` and `delay` change what the next fetches are told."""

    name: str = NAME
    keys: dict[str, ec.EllipticCurvePrivateKey] = field(default_factory=dict)
    published: list[str] = field(default_factory=list)
    status: int = 200
    body: bytes | None = None
    more: tuple[str, ...] = ()
    delay: float = 0.0
    fetches: int = 0
    port: int = 0
    server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where the key set is."""
        return f"http://127.0.0.1:{self.port}/jwks.json"

    def add_key(self, kid: str) -> None:
        """Make a key and publish it."""
        self.keys[kid] = ec.generate_private_key(ec.SECP256R1())
        self.published.append(kid)

    def issue(self, kid: str, subject: str, audience: str, *, life: int = 300, **more: object) -> str:
        """Sign a token with one of the keys, published or not."""
        issued = int(clock.now().timestamp())
        head = {"alg": "ES256", "typ": "at+jwt", "kid": kid}
        claims: dict[str, object] = {
            "iss": self.name,
            "sub": subject,
            "aud": audience,
            "iat": issued,
            "exp": issued + life,
            "jti": str(new_id()),
            "auth_time": issued,
            "acr": "mfa",
            **more,
        }
        message = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims).encode())}"
        return f"{message}.{b64(es256(self.keys[kid])(message.encode()))}"

    async def open(self) -> None:
        """Listen, on the port of before when there was one."""
        self.server = await asyncio.start_server(self._answer, "127.0.0.1", self.port)
        self.port = int(self.server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Be away."""
        if self.server is not None:
            self.server.close()
            self.server = None

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.fetches += 1
        await asyncio.sleep(self.delay)
        body = self._document() if self.body is None else self.body
        lines = [f"HTTP/1.1 {self.status} Answer", f"Content-Length: {len(body)}", "Connection: close", *self.more]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        writer.close()

    def _document(self) -> bytes:
        entries: list[dict[str, Any]] = [ec_jwk(self.keys[kid], kid) for kid in self.published]
        return json.dumps({"keys": entries}).encode()


@asynccontextmanager
async def identity_provider() -> AsyncIterator[IdentityProvider]:
    """Run a provider with one key, `k1`."""
    provider = IdentityProvider()
    provider.add_key("k1")
    await provider.open()
    try:
        yield provider
    finally:
        await provider.close()
