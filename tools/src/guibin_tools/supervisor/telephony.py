"""The simulator of the telephony, which a development run starts with a secret of its own.

The product meets it through settings only. Who has pointed `GUIBIN_TELEPHONY_URL` elsewhere gets none.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from guibin.core.settings import Profile
from guibin_tools.settings import OperatorSettings, child_environment
from guibin_tools.supervisor.children import Child, LifeLine, start

MODULE: Final = "guibin_tools.telephony_simulator"


@dataclass(frozen=True)
class Telephony:
    """The running simulator, and the secret that the services share with it."""

    child: Child
    url: str
    secret: str = field(repr=False)

    def settings_for_services(self) -> Mapping[str, str]:
        """Return what the services are to be told of it."""
        return {"GUIBIN_TELEPHONY_URL": self.url, "GUIBIN_TELEPHONY_SECRET": self.secret}


def is_telephony_wanted(settings: OperatorSettings) -> bool:
    """Say whether a run starts the simulator: in development, unless the telephony is to be somewhere else."""
    return settings.profile is Profile.DEVELOPMENT and settings.telephony_url is None


def start_telephony(settings: OperatorSettings, line: LifeLine, *, kept_away: Sequence[str]) -> Telephony:
    """Start the simulator as a child; `kept_away` are environment variables that it does not get."""
    secret = secrets.token_hex(32)
    everything = child_environment(
        GUIBIN_TELEPHONY_SIMULATOR="1",
        GUIBIN_TELEPHONY_SECRET=secret,
        GUIBIN_TELEPHONY_SIMULATOR_PORT=str(settings.telephony_simulator_port),
        GUIBIN_TELEPHONY_CALLBACK_URL=f"http://{settings.host}:{settings.bank_port}/v1/callbacks/telephony",
    )
    env = {name: value for name, value in everything.items() if name not in kept_away}
    child = start("telephony simulator", MODULE, line=line, env=env, logs=settings.state_dir / "logs")
    return Telephony(child, settings.telephony_simulator_url, secret)
