"""What the simulator reads from its environment; it has no other configuration."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self


class StartRefused(Exception):  # noqa: N818 - reads as the sentence that the operator sees
    """The simulator must not run like this; the message says why."""


@dataclass(frozen=True)
class SimulatorSettings:
    """Where it listens, where it keeps its state, and who may control it."""

    port: int
    file: Path
    token: str
    parent_pipe: int | None = None

    @classmethod
    def from_environment(cls) -> Self:
        """Read the settings.

        Raises:
            StartRefused: nobody said that this machine may run a simulator, or the control token is missing.
        """
        if os.environ.get("GUIBIN_WECHAT_SIMULATOR") != "1":
            raise StartRefused("The simulator of WeChat starts only with GUIBIN_WECHAT_SIMULATOR=1.")
        if not (token := os.environ.get("GUIBIN_SIMULATOR_TOKEN", "")):
            raise StartRefused("Set GUIBIN_SIMULATOR_TOKEN, then start again.")
        folder = Path(os.environ.get("GUIBIN_STATE_DIR") or ".guibin")
        pipe = os.environ.get("GUIBIN_PARENT_PIPE")
        return cls(
            port=int(os.environ.get("GUIBIN_SIMULATOR_PORT") or 8003),
            file=folder / "wechat-simulator.sqlite",
            token=token,
            parent_pipe=int(pipe) if pipe else None,
        )
