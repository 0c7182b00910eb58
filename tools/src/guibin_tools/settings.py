"""The settings of the operators' command: those of every process, and the embedded server's."""

import os
from pathlib import Path

from pydantic import AliasChoices, Field

from guibin.core.settings import Settings


class OperatorSettings(Settings):
    """What `guibin` reads beside the product's own settings."""

    admin_database_url: str | None = Field(
        default=None, description="URL of a role that may create roles; read by `guibin roles` only"
    )
    pg_data: Path | None = Field(default=None, description="Data directory of the embedded server; STATE_DIR/pg")
    pg_bin: Path | None = Field(default=None, description="Folder of Postgres programs to use instead of the package's")
    pg_port: int = Field(
        default=55433,
        ge=1,
        le=65535,
        validation_alias=AliasChoices("GUIBIN_PG_PORT", "GUIBIN_POSTGRES_PORT"),
        description="Port of the embedded server",
    )
    simulator_port: int = Field(default=8003, ge=1, le=65535, description="Port of the simulator of WeChat")
    supplier_simulator_port: int = Field(
        default=8004, ge=1, le=65535, description="Port of the simulator of the demo bank's supplier"
    )
    telephony_simulator_port: int = Field(
        default=8005, ge=1, le=65535, description="Port of the simulator of the telephony"
    )
    demo_customers: int = Field(default=2_000, ge=1, description="Customers of the demo bank that `guibin up` makes")

    @property
    def effective_pg_data(self) -> Path:
        """The data directory that is in force, as an absolute path."""
        return (self.pg_data or self.state_dir / "pg").absolute()

    @property
    def supplier_simulator_url(self) -> str:
        """Where the simulator of the demo bank's supplier listens."""
        return f"http://127.0.0.1:{self.supplier_simulator_port}"

    @property
    def telephony_simulator_url(self) -> str:
        """Where the simulator of the telephony listens."""
        return f"http://127.0.0.1:{self.telephony_simulator_port}"

    @property
    def logins_file(self) -> Path:
        """Where the demo logins are kept."""
        return self.state_dir / "demo.json"


def child_environment(**values: str) -> dict[str, str]:
    """Return this process's environment with some values set, for a child process."""
    return {**os.environ, **values}
