"""Bringing the schema up to date, as the owner of the database."""

from pathlib import Path

import asyncpg

from guibin.core.schema import SCHEMA_VERSION
from guibin_tools.connections import connected
from guibin_tools.errors import OperatorError
from guibin_tools.roles import URL_SETTINGS, Role

INI_FILE = "alembic.ini"


def find_ini() -> Path:
    """Return alembic.ini: in the working directory, else in the checkout that this package is installed from.

    Raises:
        OperatorError: it is in neither place.
    """
    for folder in (Path.cwd(), *Path(__file__).resolve().parents):
        if (folder / INI_FILE).is_file():
            return folder / INI_FILE
    raise OperatorError(f"There is no {INI_FILE} here: run the command in the folder that holds the migrations.")


async def is_current(url: str) -> bool:
    """Say whether a database has the schema that this version of the code needs.

    Args:
        url: SQLAlchemy URL of guibin_owner.
    """
    async with connected(url, URL_SETTINGS[Role.OWNER]) as connection:
        try:
            return bool(await connection.fetchval("SELECT version_num FROM alembic_version") == SCHEMA_VERSION)
        except asyncpg.UndefinedTableError:
            return False


def upgrade(url: str) -> None:
    """Run every migration that the database does not have yet.

    Args:
        url: SQLAlchemy URL of guibin_owner.
    """
    from alembic import command  # noqa: PLC0415 - most starts have nothing to migrate
    from alembic.config import Config  # noqa: PLC0415 - the same

    config = Config(find_ini())
    # The ini parser takes a percent sign, which an encoded password may have, for interpolation.
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, "head")
