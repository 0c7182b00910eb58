"""Bringing the schema up to date, as the owner of the database."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from guibin_tools.errors import OperatorError

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


def upgrade(url: str) -> None:
    """Run every migration that the database does not have yet.

    Args:
        url: SQLAlchemy URL of guibin_owner.
    """
    config = Config(find_ini())
    # The ini parser takes a percent sign, which an encoded password may have, for interpolation.
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, "head")
