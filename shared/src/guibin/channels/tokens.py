"""The access token of each of our accounts: one for all processes, fetched by whoever holds the lease.

No call of WeChat runs inside a transaction, so the lease is a column and not a lock: a holder that dies loses it by
time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from guibin.channels import repository
from guibin.channels.answers import TokenAnswer
from guibin.channels.errors import UpstreamBusy
from guibin.channels.models import IdentityKind, TokenKind, WechatToken
from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.errors import Refusal
from guibin.core.ids import new_id
from guibin.core.logging import logger
from guibin.security.ciphers import DecryptionFailed, KeyRing, WrappedKey

FRESH: Final = timedelta(seconds=300)
"""A token with more life than this is used as it is; WeChat lets two tokens overlap for as long."""
LEASE: Final = timedelta(seconds=10)
KEEP: Final = timedelta(seconds=30)
"""A valid token that was fetched less than this ago is not fetched again, however short its life."""
ASSUMED_LIFE_SECONDS: Final = 300
"""Of a token whose answer does not say."""
_WAIT_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class WeChatAccount:
    """One of our accounts at WeChat."""

    appid: str
    secret: str = field(repr=False)
    kind: IdentityKind


@dataclass(frozen=True, slots=True)
class HeldToken:
    """A token with its generation, by which its successor is known."""

    value: str = field(repr=False)
    generation: int


Fetch = Callable[[WeChatAccount], Awaitable[TokenAnswer]]


class AccessTokens:
    """Reads tokens, and fetches them under the lease. Each step is a short transaction of its own."""

    def __init__(self, sessions: SessionFactory, keys: KeyRing, fetch: Fetch) -> None:
        self._sessions = sessions
        self._keys = keys
        self._fetch = fetch

    async def current(self, account: WeChatAccount, *, after: int = 0, fresh: timedelta = FRESH) -> HeldToken:
        """Return a token of a generation later than `after`, with at least `fresh` to live if one can be had.

        Raises:
            UpstreamBusy: there is no valid token, and the one who fetches it is not done within two seconds.
            UpstreamTimeout, UpstreamBadAnswer, UpstreamThrottled: of the fetching.
        """
        deadline = asyncio.get_running_loop().time() + _WAIT_SECONDS
        while True:
            row = await self._row(account)
            usable = self._opened(row) if row.generation > after and _is_valid(row) else None
            if usable is not None and not _is_due(row, fresh):
                return usable
            if await self._take_lease(row):
                return await self._renew(account, row, usable)
            if usable is not None:
                return usable
            if asyncio.get_running_loop().time() >= deadline:
                raise UpstreamBusy
            await asyncio.sleep(_LOOK_SECONDS)

    async def _row(self, account: WeChatAccount) -> WechatToken:
        async with self._sessions.begin() as session:
            found = await repository.find_token(session, account.appid, TokenKind.API)
            if found is None:
                await repository.add_token(session, WechatToken(appid=account.appid, kind=TokenKind.API, id=new_id()))
                found = await repository.find_token(session, account.appid, TokenKind.API)
        if found is None:
            raise LookupError("a token's row is never deleted")
        return found

    async def _take_lease(self, row: WechatToken) -> bool:
        now = clock.now()
        async with self._sessions.begin() as session:
            return await repository.take_token_lease(session, row, now=now, until=now + LEASE)

    async def _renew(self, account: WeChatAccount, row: WechatToken, usable: HeldToken | None) -> HeldToken:
        """Fetch as the holder of the lease; while the old token is valid a failure is logged only."""
        try:
            answer = await self._fetch(account)
        except Refusal as refusal:
            await self._write(row, {"leased_until": None})
            if usable is None:
                raise
            logger().warning("wechat_token_not_renewed", appid=account.appid, code=refusal.code)
            return usable
        return await self._keep(row, answer)

    async def _keep(self, row: WechatToken, answer: TokenAnswer) -> HeldToken:
        """Write a fetched token; who lost the lease meanwhile uses it for this one call."""
        token_id, now = new_id(), clock.now()
        wrapped = self._keys.new_data_key(token_id)
        key = self._keys.open_data_key(wrapped, token_id)
        life = timedelta(seconds=answer.expires_in or ASSUMED_LIFE_SECONDS)
        values = {
            "id": token_id,
            "data_key": wrapped,
            "token_enc": key.encrypt(answer.access_token, "wechat_token", "token_enc", token_id),
            "expires_at": now + life,
            "fetched_at": now,
            "generation": row.generation + 1,
            "leased_until": None,
        }
        await self._write(row, values)
        return HeldToken(answer.access_token, row.generation + 1)

    async def _write(self, row: WechatToken, values: dict[str, object]) -> None:
        async with self._sessions.begin() as session:
            await repository.write_token(session, row, values)

    def _opened(self, row: WechatToken) -> HeldToken | None:
        if row.data_key is None or row.token_enc is None:
            return None
        try:
            key = self._keys.open_data_key(WrappedKey(row.data_key), row.id)
            return HeldToken(key.decrypt(row.token_enc, "wechat_token", "token_enc", row.id), row.generation)
        except DecryptionFailed:  # of keys that are gone: another token is fetched
            return None


def _is_valid(row: WechatToken) -> bool:
    return row.expires_at is not None and row.expires_at > clock.now()


def _is_due(row: WechatToken, fresh: timedelta) -> bool:
    """Whether a valid token is near its end and was not fetched just now."""
    now = clock.now()
    if row.expires_at is None or row.fetched_at is None:
        return True
    return row.expires_at - now <= fresh and now - row.fetched_at >= KEEP
