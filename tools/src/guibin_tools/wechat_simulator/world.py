"""What the simulated WeChat knows: its clock, accounts, people and the codes that it has given out."""

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from guibin_tools.wechat_simulator.answers import WeChatError
from guibin_tools.wechat_simulator.failures import FailureRule
from guibin_tools.wechat_simulator.store import Row, Store

CODE_SECONDS = 300
SESSION_KEY_SECONDS = 3 * 86_400
_BEIJING = timedelta(hours=8)
QUOTAS = {
    "token_day": 2_000,
    "stable_minute": 10_000,
    "stable_day": 500_000,
    "force_day": 20,
    "login_minute_user": 100,
    "oauth_minute": 50_000,
    "reset_minute": 60_000,
    "phone_minute": 10_000,
}
"""As documented; an account may have others."""


@dataclass
class World:
    """The state behind all endpoints. `offset` moves the virtual clock, which drives every expiry."""

    store: Store
    token: str
    offset: float = 0.0
    rules: list[FailureRule] = field(default_factory=list)

    def now(self) -> float:
        """Return the virtual time, in seconds since 1970."""
        return time.time() + self.offset

    def reset(self) -> None:
        """Forget everything."""
        self.store.clear()
        self.rules.clear()
        self.offset = 0.0

    def account(self, appid: str) -> Row | None:
        """Return an account with its lists and quotas as values."""
        found = self.store.row("SELECT * FROM account WHERE appid = :appid", appid=appid)
        if found is None:
            return None
        opened = {name: json.loads(found[name]) for name in ("redirect_hosts", "ip_list", "quotas")}
        return {**found, **opened}

    def put_account(self, given: dict[str, Any]) -> None:
        """Add or replace an account: `appid`, `secret`, `kind` (mp, oa, app) and whatever differs from the default."""
        self.store.put(
            "account",
            {
                "appid": given["appid"],
                "secret": given["secret"],
                "kind": given["kind"],
                "open_account": given.get("open_account"),
                "redirect_hosts": json.dumps(given.get("redirect_hosts", [])),
                "ip_list": json.dumps(given.get("ip_list", [])),
                "frozen": bool(given.get("frozen", False)),
                "quotas": json.dumps({**QUOTAS, **given.get("quotas", {})}),
            },
        )

    def put_user(self, given: dict[str, Any]) -> None:
        """Add or replace a person: `uid`, `phone` (without country code), `country`, `nickname`, `blocked`."""
        self.store.put(
            "user",
            {
                "uid": given["uid"],
                "phone": given.get("phone"),
                "country": given.get("country", "86"),
                "nickname": given.get("nickname", given["uid"]),
                "blocked": bool(given.get("blocked", False)),
            },
        )

    def user(self, uid: str) -> Row:
        """Return a person.

        Raises:
            KeyError: nobody was seeded under this uid.
        """
        found = self.store.row("SELECT * FROM user WHERE uid = :uid", uid=uid)
        if found is None:
            raise KeyError(uid)
        return found

    def openid(self, appid: str, uid: str) -> str:
        """Return the openid of a person at an account: always the same, and another at every account."""
        openid = "o" + _name(f"openid|{appid}|{uid}")
        self.store.execute(
            "INSERT OR IGNORE INTO identity (appid, openid, uid, subscribed, since)"
            " VALUES (:appid, :openid, :uid, 0, NULL)",
            appid=appid,
            openid=openid,
            uid=uid,
        )
        return openid

    def identity(self, appid: str, openid: str) -> Row | None:
        """Return who an openid of an account is."""
        return self.store.row(
            "SELECT * FROM identity WHERE appid = :appid AND openid = :openid", appid=appid, openid=openid
        )

    def unionid(self, account: Row, uid: str) -> str | None:
        """Return the unionid of a person; None when the account is bound to no Open Platform account."""
        owner = account["open_account"]
        return None if owner is None else "u" + _name(f"unionid|{owner}|{uid}")

    def give_code(self, kind: str, appid: str, uid: str, *, scope: str = "", snapshot: bool = False) -> str:
        """Give a person a code: `login` (wx.login), `phone` (the phone button) or `oauth` (the web page)."""
        self.user(uid)
        code = secrets.token_urlsafe(24)
        self.store.put(
            "code",
            {
                "code": code,
                "kind": kind,
                "appid": appid,
                "uid": uid,
                "scope": scope,
                "snapshot": snapshot,
                "expires": self.now() + CODE_SECONDS,
                "used": False,
            },
        )
        return code

    def code(self, code: str, kind: str) -> Row:
        """Return a code that is of the right kind, unused and not expired; nothing is used up.

        Raises:
            WeChatError: 40029 for all that is wrong with it, 40163 when it was used.
        """
        found = self.store.row("SELECT * FROM code WHERE code = :code", code=code)
        if found is None or found["kind"] != kind:
            raise WeChatError(40029)
        if found["used"]:
            raise WeChatError(40163)
        if found["expires"] <= self.now():
            raise WeChatError(40029)
        return found

    def use_up(self, code: Row) -> None:
        """Mark a code as used."""
        self.store.execute("UPDATE code SET used = 1 WHERE code = :code", code=code["code"])

    def new_session_key(self, appid: str, openid: str, *, expires: float | None = None) -> str:
        """Give a person's session at an account a new key; the one before is dead."""
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        until = expires or self.now() + SESSION_KEY_SECONDS
        self.store.put("session_key", {"appid": appid, "openid": openid, "key": key, "expires": until})
        return key

    def session_key(self, appid: str, openid: str) -> Row | None:
        """Return the key of a person's session."""
        return self.store.row(
            "SELECT * FROM session_key WHERE appid = :appid AND openid = :openid", appid=appid, openid=openid
        )

    def count(self, account: Row, quota: str, errcode: int, who: str = "") -> None:
        """Count a call against a quota; days are Beijing's, whatever ends in `day` is one, everything else a minute.

        Raises:
            WeChatError: with `errcode` once the quota is gone.
        """
        local = datetime.fromtimestamp(self.now(), UTC) + _BEIJING
        bucket = f"{local:%Y-%m-%d}" if quota.endswith("day") else f"{local:%Y-%m-%d %H:%M}"
        name = f"{account['appid']} {quota} {who}"
        row = self.store.row("SELECT n FROM counter WHERE name = :name AND bucket = :bucket", name=name, bucket=bucket)
        n = row["n"] if row else 0
        if n >= account["quotas"][quota]:
            raise WeChatError(errcode)
        self.store.put("counter", {"name": name, "bucket": bucket, "n": n + 1})


def _name(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()[:27]
