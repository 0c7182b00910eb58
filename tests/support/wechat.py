"""The simulator of WeChat as tests use it: a real server on the loopback address, in a thread of the test process."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from guibin.channels.transport import Patience
from guibin.core.settings import Settings
from guibin_tools.wechat_simulator.application import create_app
from guibin_tools.wechat_simulator.server import make_server
from guibin_tools.wechat_simulator.store import Store

MINI_PROGRAM, OFFICIAL_ACCOUNT = "wx5e00000000000001", "wx5e00000000000002"
MINI_PROGRAM_SECRET, OFFICIAL_ACCOUNT_SECRET = "mini-program-secret", "official-account-secret"
OPEN_ACCOUNT = "open-account"
CONTROL_TOKEN = "control"
LI, WANG = "li", "wang"
PHONES = {LI: "13800138001", WANG: "13900139002"}
PATIENCE = Patience(read=5.0, whole=20.0, pauses=(0.01, 0.01, 0.01))
HASTE = Patience(read=0.2, whole=2.0, pauses=())
"""Of clients under test: one that a busy machine does not disturb, one that shall run out of time."""

REDIRECT_HOST = "h5.example.test"

SEED: dict[str, Any] = {
    "accounts": [
        {"appid": MINI_PROGRAM, "secret": MINI_PROGRAM_SECRET, "kind": "mp", "open_account": OPEN_ACCOUNT},
        {
            "appid": OFFICIAL_ACCOUNT,
            "secret": OFFICIAL_ACCOUNT_SECRET,
            "kind": "oa",
            "open_account": OPEN_ACCOUNT,
            "redirect_hosts": [REDIRECT_HOST],
        },
    ],
    "users": [{"uid": uid, "phone": phone} for uid, phone in PHONES.items()],
}


@dataclass(frozen=True)
class WeChatSimulator:
    """Acts of people and of fate, over the control interface."""

    url: str
    client: httpx.Client

    def control(self, path: str, given: dict[str, Any] | None = None) -> dict[str, Any]:
        """Post to the control interface and return the answer."""
        answer = self.client.post(f"/_sim{path}", json=given or {})
        assert answer.is_success, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def reset(self) -> None:
        """Begin anew with both accounts, Li and Wang."""
        self.control("/reset", SEED)

    def login(self, uid: str = LI, appid: str = MINI_PROGRAM) -> str:
        """Return the code of wx.login."""
        return str(self.control(f"/users/{uid}/login", {"appid": appid})["code"])

    def openid(self, uid: str = LI, appid: str = MINI_PROGRAM) -> str:
        """Return who a person is at an account."""
        return str(self.control(f"/users/{uid}/login", {"appid": appid})["openid"])

    def phone_code(self, uid: str = LI, appid: str = MINI_PROGRAM) -> str:
        """Return the code of the phone button."""
        return str(self.control(f"/users/{uid}/phone_code", {"appid": appid})["code"])

    def oauth(self, uid: str = LI, *, scope: str = "snsapi_base", decision: str = "agree") -> str:
        """Return the code with which a page of the official account is called back."""
        act = {"appid": OFFICIAL_ACCOUNT, "scope": scope, "decision": decision}
        return str(self.control(f"/users/{uid}/oauth", act)["code"])

    def fail(self, match: str, kind: str, **values: Any) -> None:
        """Let calls fail; `nth`, `count`, `appid` and their like narrow the rule, the rest is the effect."""
        narrowed: dict[str, Any] = {
            name: values.pop(name)
            for name in ("nth", "count", "probability", "appid", "openid", "seed")
            if name in values
        }
        self.control("/fail", {"match": match, **narrowed, "effect": {"kind": kind, **values}})

    def heal(self) -> None:
        """Take all failures away."""
        self.client.delete("/_sim/fail").raise_for_status()

    def advance(self, seconds: float) -> None:
        """Move the virtual clock."""
        self.control("/clock", {"advance_s": seconds})

    def seed_account(self, appid: str, **values: Any) -> None:
        """Change an account of the seed."""
        account = next(account for account in SEED["accounts"] if account["appid"] == appid)
        self.control("/seed", {"accounts": [{**account, **values}]})

    def requests(self, path: str | None = None) -> list[dict[str, Any]]:
        """Return the redacted log, of one path if one is given."""
        found: list[dict[str, Any]] = self.client.get("/_sim/requests", params={"path": path} if path else {}).json()[
            "items"
        ]
        return found

    def messages(self, phone: str) -> list[dict[str, Any]]:
        """Return the text messages of a phone, newest first."""
        found: list[dict[str, Any]] = self.client.get("/_sim/sms", params={"phone": phone}).json()["items"]
        return found

    def settings(self, settings: Settings) -> Settings:
        """Return settings that point at the simulator."""
        return settings.model_copy(
            update={
                "wechat_api_url": self.url,
                "wechat_mini_program_appid": MINI_PROGRAM,
                "wechat_mini_program_secret": SecretStr(MINI_PROGRAM_SECRET),
                "wechat_official_account_appid": OFFICIAL_ACCOUNT,
                "wechat_official_account_secret": SecretStr(OFFICIAL_ACCOUNT_SECRET),
                "wechat_read_seconds": 1.0,
                "sms_url": f"{self.url}/sms/send",
            }
        )


@contextmanager
def running_simulator() -> Iterator[WeChatSimulator]:
    """Run a simulator with a file of its own in memory."""
    store = Store(":memory:")
    server = make_server(create_app(store, token=CONTROL_TOKEN), port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline, "the simulator does not come up"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    headers = {"Authorization": f"Bearer {CONTROL_TOKEN}"}
    with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=10) as client:
        yield WeChatSimulator(url, client)
    server.should_exit = True
    thread.join(10)
    store.close()
