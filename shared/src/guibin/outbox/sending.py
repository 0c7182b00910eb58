"""One call of an address that the bank's people gave us: of a webhook or of a supplier.

Where its name leads is looked at first, and exactly that address is called. No redirects, no proxies of the
environment, no cookies, a time limit for the whole. Of a webhook's answer the status and the beginning of the text are
kept; what reads like a personal value is taken out of it.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Self

import httpx

from guibin.core.authorities import authorities
from guibin.core.redaction import redact_text
from guibin.outbox.models import DeliveryFailure
from guibin.outbox.rules import ANSWER_KEPT, Address, Networks, is_address_allowed, is_url_allowed

SECONDS: Final = 5.0
_READ: Final = 4_096
_MOST: Final = 64 * 1024
_GOOD: Final = range(200, 300)

Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call: a status with the beginning of the answer, or why there was none."""

    status: int | None = None
    answer: str | None = None
    failure: DeliveryFailure | None = None

    @property
    def delivered(self) -> bool:
        """Whether the receiver has the event: any 2xx says so."""
        return self.status in _GOOD


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """What an address answered: a status with the first 64 KiB of the body, or why there was none."""

    status: int | None = None
    body: bytes = b""
    failure: DeliveryFailure | None = None


class _AddressRefused(Exception):  # noqa: N818 - named for what happened; it never leaves this file
    """A name leads to an address that must not be called."""


async def resolve(host: str, port: int) -> Sequence[Address]:
    """Return the addresses of a name.

    Raises:
        OSError: it has none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


class WebhookSender:
    """Calls webhooks; `networks` are those of the bank's own that may be called although they are not public."""

    def __init__(
        self, *, in_development: bool, networks: Networks = (), ca_file: Path | None = None, resolve: Resolve = resolve
    ) -> None:
        for name in ("httpx", "httpcore"):  # they write whole URLs
            logging.getLogger(name).setLevel(logging.WARNING)
        self._in_development = in_development
        self._networks = networks
        self._resolve = resolve
        self._client = httpx.AsyncClient(
            verify=ssl.create_default_context(cafile=str(ca_file)) if ca_file else authorities(),
            timeout=SECONDS,
            follow_redirects=False,
            trust_env=False,
            # a kept connection belongs to an address and was opened for one name
            limits=httpx.Limits(max_connections=50, max_keepalive_connections=0),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Post an event; whatever goes wrong is an outcome."""
        answer = await self.call("POST", url, body, headers, most=_READ)
        if answer.status is None:
            return Outcome(failure=answer.failure)
        return Outcome(answer.status, _beginning(answer.body))

    async def call(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], *, most: int = _MOST
    ) -> Answer:
        """Call an address and return the status and the first bytes of the answer; whatever goes wrong is one too."""
        try:
            async with asyncio.timeout(SECONDS):
                return await self._call(method, url, body, headers, most)
        except _AddressRefused:
            return Answer(failure=DeliveryFailure.ADDRESS_NOT_ALLOWED)
        except (TimeoutError, httpx.TimeoutException):
            return Answer(failure=DeliveryFailure.TIMEOUT)
        except (OSError, httpx.HTTPError, httpx.InvalidURL):
            return Answer(failure=DeliveryFailure.UNREACHABLE)

    async def _call(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], most: int) -> Answer:
        target = httpx.URL(url)
        pinned = await self._pin(url, target)
        content = {} if body is None else {"Content-Type": "application/json"}
        request = self._client.build_request(
            method,
            pinned,
            content=body,
            headers={**headers, **content, "Host": target.netloc.decode("ascii")},
            extensions={"sni_hostname": target.host},  # the certificate is that of the name
        )
        response = await self._client.send(request, stream=True)
        try:
            return Answer(response.status_code, await _read(response, most))
        finally:
            await response.aclose()

    async def _pin(self, url: str, target: httpx.URL) -> httpx.URL:
        """Return the URL with the address that is called in place of the name.

        Raises:
            _AddressRefused: the URL is not allowed, or one of the name's addresses is not.
            OSError: the name has no address.
        """
        if not is_url_allowed(url, in_development=self._in_development, networks=self._networks):
            raise _AddressRefused
        port = target.port or (443 if target.scheme == "https" else 80)
        addresses = await self._resolve(target.host, port)
        if not addresses:
            raise OSError
        allowed = self._in_development or all(
            is_address_allowed(address, networks=self._networks) for address in addresses
        )
        if not allowed:
            raise _AddressRefused
        return target.copy_with(host=str(addresses[0]))


async def _read(response: httpx.Response, most: int) -> bytes:
    raw = bytearray()
    async for chunk in response.aiter_raw(_READ):
        raw += chunk
        if len(raw) >= most:
            break
    return bytes(raw[:most])


def _beginning(raw: bytes) -> str:
    text = raw.decode("utf-8", errors="replace")
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return redact_text(plain)[:ANSWER_KEPT]
