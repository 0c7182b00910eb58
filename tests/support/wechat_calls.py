"""Plain calls of the simulated WeChat, as a client that is not ours would make them."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

from support.wechat import (
    LI,
    MINI_PROGRAM,
    MINI_PROGRAM_SECRET,
    OFFICIAL_ACCOUNT,
    OFFICIAL_ACCOUNT_SECRET,
    WeChatSimulator,
)

TOKEN, STABLE = "/cgi-bin/token", "/cgi-bin/stable_token"
LOGIN, CHECK = "/sns/jscode2session", "/wxa/checksession"
RESET, PHONE = "/wxa/resetusersessionkey", "/wxa/business/getuserphonenumber"
OAUTH, REFRESH = "/sns/oauth2/access_token", "/sns/oauth2/refresh_token"
USERINFO, AUTH, FOLLOWER = "/sns/userinfo", "/sns/auth", "/cgi-bin/user/info"

SECRETS = {MINI_PROGRAM: MINI_PROGRAM_SECRET, OFFICIAL_ACCOUNT: OFFICIAL_ACCOUNT_SECRET}


@dataclass(frozen=True)
class Calls:
    """One call for each endpoint that is right unless a value is changed; None leaves a value out."""

    simulator: WeChatSimulator

    def ask(self, method: str, path: str, query: dict[str, Any], body: Any = None, **sent: Any) -> dict[str, Any]:
        """Make a call and return the answer, which is HTTP 200 and plain text whatever it says."""
        given = {name: value for name, value in query.items() if value is not None}
        if body is not None:
            sent["json"] = {name: value for name, value in body.items() if value is not None}
        answer = self.simulator.client.request(method, path, params=given, **sent)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/plain;charset=utf-8"
        said: dict[str, Any] = answer.json()
        return said

    def token(self, appid: str = MINI_PROGRAM, *, method: str = "GET", **changed: Any) -> dict[str, Any]:
        """Ask for a new access token."""
        query = {"grant_type": "client_credential", "appid": appid, "secret": SECRETS.get(appid)}
        return self.ask(method, TOKEN, query | changed)

    def stable(self, appid: str = MINI_PROGRAM, *, method: str = "POST", **changed: Any) -> dict[str, Any]:
        """Ask for the stable access token."""
        body = {"grant_type": "client_credential", "appid": appid, "secret": SECRETS.get(appid)}
        return self.ask(method, STABLE, {}, body | changed)

    def access(self, appid: str = MINI_PROGRAM) -> str:
        """Return a good access token."""
        return str(self.stable(appid)["access_token"])

    def login(self, *, method: str = "GET", **changed: Any) -> dict[str, Any]:
        """Log Li in to the mini program."""
        query = {"appid": MINI_PROGRAM, "secret": MINI_PROGRAM_SECRET, "grant_type": "authorization_code"}
        code = {} if "js_code" in changed else {"js_code": self.simulator.login()}
        return self.ask(method, LOGIN, query | code | changed)

    def signed(self, path: str, *, method: str = "GET", key: str | None = None, **changed: Any) -> dict[str, Any]:
        """Call what is signed with a session_key; without one Li logs in first."""
        held = key or str(self.login()["session_key"])
        query = {
            "access_token": self.access(),
            "openid": self.simulator.openid(),
            "signature": hmac.new(held.encode(), b"", hashlib.sha256).hexdigest(),
            "sig_method": "hmac_sha256",
        }
        return self.ask(method, path, query | changed)

    def phone(self, *, method: str = "POST", access: Any = ..., **changed: Any) -> dict[str, Any]:
        """Ask for Li's phone number."""
        token = self.access() if access is ... else access
        body = {"openid": self.simulator.openid()}
        code = {} if "code" in changed else {"code": self.simulator.phone_code()}
        return self.ask(method, PHONE, {"access_token": token}, body | code | changed)

    def oauth(self, *, method: str = "GET", scope: str = "snsapi_userinfo", **changed: Any) -> dict[str, Any]:
        """Log Li in to a page of the official account."""
        query = {"appid": OFFICIAL_ACCOUNT, "secret": OFFICIAL_ACCOUNT_SECRET, "grant_type": "authorization_code"}
        code = {} if "code" in changed else {"code": self.simulator.oauth(LI, scope=scope)}
        return self.ask(method, OAUTH, query | code | changed)

    def refresh(self, *, method: str = "GET", **changed: Any) -> dict[str, Any]:
        """Trade a person's refresh token."""
        query: dict[str, Any] = {"appid": OFFICIAL_ACCOUNT, "grant_type": "refresh_token"}
        held = {} if "refresh_token" in changed else {"refresh_token": self.oauth()["refresh_token"]}
        return self.ask(method, REFRESH, query | held | changed)

    def person(
        self, path: str, *, method: str = "GET", scope: str = "snsapi_userinfo", **changed: Any
    ) -> dict[str, Any]:
        """Call with a person's own access token."""
        held = self.oauth(scope=scope)
        return self.ask(method, path, {"access_token": held["access_token"], "openid": held["openid"]} | changed)

    def follower(self, *, method: str = "GET", **changed: Any) -> dict[str, Any]:
        """Ask who Li is to the official account."""
        openid = self.simulator.openid(LI, OFFICIAL_ACCOUNT)
        query = {"access_token": self.access(OFFICIAL_ACCOUNT), "openid": openid, "lang": "zh_CN"}
        return self.ask(method, FOLLOWER, query | changed)
