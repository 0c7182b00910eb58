"""The key set of an identity provider, read over HTTPS: fetched beside the requests, kept, and believed for a day."""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpx

from guibin.core import clock
from guibin.core.logging import error_facts, logger
from guibin.core.strict_json import read_object
from guibin.security.jwks import DEEPEST, Algorithm, Jwks, JwksInvalid

REFRESHED_AFTER: Final = timedelta(minutes=5)
RETRIED_AFTER: Final = timedelta(minutes=1)
BELIEVED_FOR: Final = timedelta(hours=24)
LARGEST_SET: Final = 64 * 1024
PATIENCE_SECONDS: Final = 3

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class HostedJwks:
    """Public signing keys that live at a URL.

    They are fetched again every five minutes while requests come, and at once, at most once a minute, when a token
    names a key that is not among them. A fetch holds up nobody who does not need it, and there is one at a time. While
    the host is away, or answers with something else than a key set, the last keys serve for a day; then none does.
    """

    def __init__(self, url: str, *, plain_on_loopback: bool = False) -> None:
        """Take the URL; `plain_on_loopback` also lets http in, from this machine alone.

        Raises:
            JwksInvalid: the URL is not https, or carries credentials.
        """
        parts = urlsplit(url)
        if not _is_safe(parts, plain_on_loopback=plain_on_loopback):
            raise JwksInvalid("the URL of a key set begins with https:// and carries no credentials")
        self._url = url
        self._trust = ssl.create_default_context()  # reading the system's authorities takes too long for a request
        self._keys: Jwks | None = None
        self._fetched_at: datetime | None = None
        self._attempted_at: datetime | None = None
        self._demanded_at: datetime | None = None
        self._fetching: asyncio.Task[None] | None = None

    def key_for(self, kid: str, algorithm: Algorithm) -> Mapping[str, str] | None:
        """Return the key with this id as a JWK if it serves the algorithm and the set is not too old, else None."""
        if self._keys is None or _has_passed(self._fetched_at, BELIEVED_FOR):
            return None
        return self._keys.key_for(kid, algorithm)

    async def renew(self) -> bool:
        """Fetch the set because a key is missing in it; False when that was done less than a minute ago."""
        if self._fetching is None and not _has_passed(self._demanded_at, RETRIED_AFTER):
            return False
        self._demanded_at = clock.now()
        await asyncio.shield(self._fetch_once())
        return True

    def refresh(self) -> None:
        """Begin to fetch the set when it is due, and let nobody wait for it."""
        fresh = not _has_passed(self._fetched_at, REFRESHED_AFTER)
        if fresh or self._fetching is not None or not _has_passed(self._attempted_at, RETRIED_AFTER):
            return
        self._fetch_once()

    async def close(self) -> None:
        """Stop a fetch that is under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    def _fetch_once(self) -> asyncio.Task[None]:
        if self._fetching is None:
            self._attempted_at = clock.now()
            self._fetching = asyncio.create_task(self._fetch())
            self._fetching.add_done_callback(self._fetched)
        return self._fetching

    def _fetched(self, _task: asyncio.Task[None]) -> None:
        self._fetching = None

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                raw = await self._read()
            keys = Jwks.from_document(read_object(raw, max_depth=DEEPEST))
        except Exception as error:  # noqa: BLE001 - whatever a foreign host does, the keys that are here go on serving
            logger().warning("key_set_unavailable", url=self._url, **error_facts(error))
            return
        self._keys, self._fetched_at = keys, clock.now()

    async def _read(self) -> bytes:
        """Read the document as it travels, so that a small answer cannot become a large one by being unpacked."""
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        raw = b""
        async with (
            httpx.AsyncClient(verify=self._trust, trust_env=False, follow_redirects=False) as client,
            client.stream("GET", self._url, headers=headers) as answer,
        ):
            if answer.status_code != httpx.codes.OK or "content-encoding" in answer.headers:
                raise JwksInvalid(f"the host answered {answer.status_code}, or packed its answer")
            async for chunk in answer.aiter_raw():
                raw += chunk
                if len(raw) > LARGEST_SET:
                    raise JwksInvalid("the key set is larger than any key set")
        return raw


def _is_safe(parts: SplitResult, *, plain_on_loopback: bool) -> bool:
    if not parts.hostname or parts.username is not None or parts.password is not None:
        return False
    return parts.scheme == "https" or (plain_on_loopback and parts.scheme == "http" and parts.hostname in _LOOPBACK)


def _has_passed(since: datetime | None, period: timedelta) -> bool:
    return since is None or clock.now() - since >= period
