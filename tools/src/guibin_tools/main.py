"""The command `guibin`: what an operator types."""

import sys

import typer
from rich.console import Console

from guibin_tools import migrations
from guibin_tools.errors import OperatorError
from guibin_tools.roles import URL_SETTINGS, Role
from guibin_tools.settings import OperatorSettings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The operators' command of Guibin.")


@app.command()
def migrate() -> None:
    """Bring the schema of GUIBIN_DATABASE_URL up to date."""
    migrations.upgrade(_required(OperatorSettings().database_url, Role.OWNER))


def _required(url: str | None, role: Role) -> str:
    if url is None:
        raise OperatorError(f"{URL_SETTINGS[role]} is not set: it names the database as the role {role.value}.")
    return url


def run() -> None:
    """Run the command; what the operator can put right is one sentence on the error stream and exit code 1."""
    try:
        app()
    except OperatorError as error:
        Console(stderr=True, soft_wrap=True).print(str(error), markup=False, highlight=False, style="red")
        sys.exit(1)
