"""WeChat as the product uses it: who is at the door, and which phone number they gave.

No method is called inside a transaction that has begun: each waits for the network.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, TypeVar

from guibin.channels.answers import OAuthAnswer, PhoneAnswer, SessionAnswer, TokenAnswer
from guibin.channels.errors import UpstreamBadAnswer, UpstreamBusy, WeChatCodeInvalid, WeChatLoginBlocked
from guibin.channels.models import IdentityKind
from guibin.channels.rules import MINI_PROGRAM_LOGIN, OAUTH_LOGIN, PHONE_NUMBER, STABLE_TOKEN
from guibin.channels.tokens import AccessTokens, WeChatAccount
from guibin.channels.transport import Patience, TokenRejected, WeChatTransport, make_http_client
from guibin.core.database import make_engine, make_session_factory
from guibin.core.logging import logger
from guibin.core.settings import Settings
from guibin.security.ciphers import KeyRing

_CODE: Final = re.compile(r"[\x21-\x7e]{1,512}")
_MAINLAND: Final = "86"
_CONNECTIONS: Final = 2
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class WeChatLogin:
    """Who logged in: ids of a person at WeChat, which say nothing about a customer of the bank."""

    appid: str
    openid: str = field(repr=False)
    unionid: str | None = field(default=None, repr=False)
    kind: IdentityKind = IdentityKind.MINI_PROGRAM


class WeChat:
    """The client of both of our accounts."""

    def __init__(
        self,
        transport: WeChatTransport,
        tokens: AccessTokens,
        *,
        mini_program: WeChatAccount | None,
        official_account: WeChatAccount | None,
    ) -> None:
        self._transport = transport
        self._tokens = tokens
        self._mini_program = mini_program
        self._official_account = official_account

    async def mini_program_login(self, code: str) -> WeChatLogin:
        """Trade the code of `wx.login` for who logged in.

        Raises:
            WeChatCodeInvalid, WeChatLoginBlocked: log in again, or otherwise.
            UpstreamBusy, UpstreamTimeout, UpstreamBadAnswer, UpstreamThrottled: about WeChat, or it is not set up.
        """
        account = _set_up(self._mini_program)
        query = {
            "appid": account.appid,
            "secret": account.secret,
            "js_code": _checked(code),
            "grant_type": "authorization_code",
        }
        answer = await self._transport.call(MINI_PROGRAM_LOGIN, SessionAnswer, appid=account.appid, query=query)
        return WeChatLogin(account.appid, answer.openid, answer.unionid, account.kind)

    async def official_account_login(self, code: str) -> WeChatLogin:
        """Trade the code with which WeChat called a page of the official account back for who logged in.

        Raises:
            WeChatLoginBlocked: also for the made-up person of a snapshot page (`reason` `snapshot_page`).
            WeChatCodeInvalid, UpstreamBusy, UpstreamTimeout, UpstreamBadAnswer, UpstreamThrottled: see above.
        """
        account = _set_up(self._official_account)
        query = {
            "appid": account.appid,
            "secret": account.secret,
            "code": _checked(code),
            "grant_type": "authorization_code",
        }
        answer = await self._transport.call(OAUTH_LOGIN, OAuthAnswer, appid=account.appid, query=query)
        if answer.is_snapshotuser:
            raise WeChatLoginBlocked(reason="snapshot_page")
        return WeChatLogin(account.appid, answer.openid, answer.unionid, account.kind)

    async def phone_number(self, code: str, *, openid: str) -> str:
        """Trade the code of the phone button for the phone number of the person behind an openid of the mini program.

        Returns digits without a country code for the mainland, `+` and the country code before them elsewhere.

        Raises:
            WeChatCodeInvalid: also when the code is another person's.
            UpstreamBusy, UpstreamTimeout, UpstreamBadAnswer, UpstreamThrottled: about WeChat.
        """
        account = _set_up(self._mini_program)
        body = {"code": _checked(code), "openid": openid}

        async def ask(token: str) -> PhoneAnswer:
            return await self._transport.call(
                PHONE_NUMBER, PhoneAnswer, appid=account.appid, query={"access_token": token}, body=body
            )

        phone = (await self._with_token(account, ask)).phone_info
        if phone.watermark.appid != account.appid:
            raise UpstreamBadAnswer
        country = phone.country_code.removeprefix("+")
        return phone.pure_phone_number if country == _MAINLAND else f"+{country}{phone.pure_phone_number}"

    async def keep_token(self, *, fresh: timedelta) -> None:
        """Fetch the mini program's next token if the one at hand has less than `fresh` to live.

        Raises:
            UpstreamBusy, UpstreamTimeout, UpstreamBadAnswer, UpstreamThrottled: about WeChat, or it is not set up.
        """
        await self._tokens.current(_set_up(self._mini_program), fresh=fresh)

    async def _with_token(self, account: WeChatAccount, ask: Callable[[str], Awaitable[Result]]) -> Result:
        """Call with the account's token; when WeChat rejects it once more with another one, and never again."""
        held = await self._tokens.current(account)
        try:
            return await ask(held.value)
        except TokenRejected:
            held = await self._tokens.current(account, after=held.generation)
        try:
            return await ask(held.value)
        except TokenRejected:
            logger().error("wechat_token_rejected_twice", appid=account.appid)
            raise UpstreamBusy from None


@asynccontextmanager
async def open_wechat(
    settings: Settings, keys: KeyRing, *, database_url: str, patience: Patience | None = None
) -> AsyncIterator[WeChat]:
    """Open the client for the life of a process.

    It has two database connections of its own for the tokens: a request that waits for WeChat holds none of the port's.
    """
    patience = patience or Patience(read=settings.wechat_read_seconds)
    engine = make_engine(database_url, pool_size=_CONNECTIONS, application="guibin-wechat")
    try:
        async with make_http_client(settings.wechat_api_url, patience) as client:
            transport = WeChatTransport(client, patience)
            yield WeChat(
                transport,
                AccessTokens(make_session_factory(engine), keys, _fetcher(transport)),
                mini_program=_account(settings, "mini_program", IdentityKind.MINI_PROGRAM),
                official_account=_account(settings, "official_account", IdentityKind.OFFICIAL_ACCOUNT),
            )
    finally:
        await engine.dispose()


def _fetcher(transport: WeChatTransport) -> Callable[[WeChatAccount], Awaitable[TokenAnswer]]:
    """Return how a token is fetched: with stable_token, which gives all processes the same one while it is valid."""

    async def fetch(account: WeChatAccount) -> TokenAnswer:
        body = {
            "grant_type": "client_credential",
            "appid": account.appid,
            "secret": account.secret,
            "force_refresh": False,
        }
        return await transport.call(STABLE_TOKEN, TokenAnswer, appid=account.appid, query={}, body=body)

    return fetch


def _account(settings: Settings, name: str, kind: IdentityKind) -> WeChatAccount | None:
    appid, secret = getattr(settings, f"wechat_{name}_appid"), getattr(settings, f"wechat_{name}_secret")
    return None if appid is None or secret is None else WeChatAccount(appid, secret.get_secret_value(), kind)


def _set_up(account: WeChatAccount | None) -> WeChatAccount:
    if account is None:
        logger().error("wechat_not_set_up")
        raise UpstreamBusy
    return account


def _checked(code: str) -> str:
    """Return a code that can be one; anything else is not even sent."""
    if _CODE.fullmatch(code) is None:
        raise WeChatCodeInvalid
    return code
