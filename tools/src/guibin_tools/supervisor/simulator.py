"""The simulator of WeChat and of the text-message gateway, which a development run starts beside the product.

The product meets it through settings only. Who has pointed `GUIBIN_WECHAT_API_URL` elsewhere gets none.
"""

import http.client
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from guibin.core.settings import Profile
from guibin_tools.errors import OperatorError
from guibin_tools.postgres.cluster import HOST
from guibin_tools.settings import OperatorSettings, child_environment
from guibin_tools.supervisor.children import Child, LifeLine, start

MODULE: Final = "guibin_tools.wechat_simulator"
_READY_SECONDS: Final = 30
_OPEN_ACCOUNT: Final = "demo"

# Shorter than production takes: these open nothing but the simulator.
MINI_PROGRAM: Final = {"appid": "wxdemo0000000mp", "secret": "simulated", "kind": "mp", "open_account": _OPEN_ACCOUNT}
OFFICIAL_ACCOUNT: Final = {
    "appid": "wxdemo0000000oa",
    "secret": "simulated",
    "kind": "oa",
    "open_account": _OPEN_ACCOUNT,
    "redirect_hosts": ["127.0.0.1", "localhost"],
}


@dataclass(frozen=True)
class Simulator:
    """The running simulator and the token that controls it."""

    child: Child
    port: int
    token: str = field(repr=False)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"

    def login(self, people: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        """Return what `demo.json` says of it."""
        return {
            "simulator": self.url,
            "control_token": self.token,
            "mini_program": MINI_PROGRAM["appid"],
            "official_account": OFFICIAL_ACCOUNT["appid"],
            "people": list(people),
        }

    def open_accounts(self) -> None:
        """Wait until it answers, and put in the demo accounts: a service that is told of none stops its channel.

        Raises:
            OperatorError: it ended, or does not answer after half a minute.
        """
        deadline = time.monotonic() + _READY_SECONDS
        while self.child.exit_code is None and time.monotonic() < deadline:
            if self._takes({"accounts": [MINI_PROGRAM, OFFICIAL_ACCOUNT]}):
                return
            time.sleep(0.1)
        raise OperatorError(f"The {self.child.name} does not answer:\n{self.child.last_words()}")

    def seed(self, people: Sequence[Mapping[str, str]]) -> None:
        """Put in people who have the phone numbers of customers.

        Raises:
            OperatorError: it does not take them.
        """
        users = [{"uid": person["uid"], "phone": person["phone"]} for person in people]
        if not self._takes({"users": users}):
            raise OperatorError(f"The {self.child.name} took no seed:\n{self.child.last_words()}")

    def _takes(self, seed: Mapping[str, object]) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            connection.request("POST", "/_sim/seed", json.dumps(seed), headers)
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def is_wanted(settings: OperatorSettings) -> bool:
    """Say whether a run starts the simulator: in development, unless WeChat is to be somewhere else."""
    return settings.profile is Profile.DEVELOPMENT and "wechat_api_url" not in settings.model_fields_set


def start_simulator(settings: OperatorSettings, line: LifeLine, *, kept_away: Sequence[str]) -> Simulator:
    """Start the simulator as a child; `kept_away` are environment variables that it does not get."""
    token = secrets.token_urlsafe(24)
    everything = child_environment(
        GUIBIN_WECHAT_SIMULATOR="1",
        GUIBIN_SIMULATOR_TOKEN=token,
        GUIBIN_SIMULATOR_PORT=str(settings.simulator_port),
        GUIBIN_STATE_DIR=str(settings.state_dir),
    )
    env = {name: value for name, value in everything.items() if name not in kept_away}
    child = start("WeChat simulator", MODULE, line=line, env=env, logs=settings.state_dir / "logs")
    return Simulator(child, settings.simulator_port, token)


def settings_for_services(settings: OperatorSettings, simulator: Simulator) -> dict[str, str]:
    """Return the environment variables that point a service at the simulator; what the operator has set stays."""
    pointing = {
        "wechat_api_url": simulator.url,
        "wechat_mini_program_appid": str(MINI_PROGRAM["appid"]),
        "wechat_mini_program_secret": str(MINI_PROGRAM["secret"]),
        "wechat_official_account_appid": str(OFFICIAL_ACCOUNT["appid"]),
        "wechat_official_account_secret": str(OFFICIAL_ACCOUNT["secret"]),
        "sms_url": f"{simulator.url}/sms/send",
    }
    given = settings.model_fields_set
    return {f"GUIBIN_{name.upper()}": value for name, value in pointing.items() if name not in given}
