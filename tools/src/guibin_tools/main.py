"""The command `guibin`: what an operator types."""

import sys

import typer
from pydantic import ValidationError
from rich.console import Console

from guibin_tools.errors import OperatorError
from guibin_tools.postgres.commands import postgres_app
from guibin_tools.roles import URL_SETTINGS, Role
from guibin_tools.settings import OperatorSettings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The operators' command of Guibin.")
app.add_typer(postgres_app, name="postgres")


@app.command()
def up() -> None:
    """Start everything: Postgres, a demo bank, worker, customer port and bank port; Ctrl-C stops it."""
    from guibin_tools.supervisor.up import up as run_up  # noqa: PLC0415 - keeps the other commands quick

    run_up(OperatorSettings(), Console(soft_wrap=True))


@app.command()
def roles() -> None:
    """Make or mend the four database roles; prints the SQL for an administrator where we may not."""
    from guibin_tools.databases import given_database, put_roles  # noqa: PLC0415

    settings = OperatorSettings()
    typer.echo(put_roles(given_database(settings), settings))


@app.command()
def migrate() -> None:
    """Bring the schema of GUIBIN_DATABASE_URL up to date."""
    from guibin_tools import migrations  # noqa: PLC0415

    migrations.upgrade(_owner_url())


def _owner_url() -> str:
    if (url := OperatorSettings().database_url) is None:
        raise OperatorError(f"{URL_SETTINGS[Role.OWNER]} is not set: it names the database as the role {Role.OWNER}.")
    return url


def run() -> None:
    """Run the command; what the operator can put right is one sentence on the error stream and exit code 1."""
    try:
        app()
    except OperatorError as error:
        _complain(str(error))
    except ValidationError as error:
        _complain("; ".join(f"{_setting(fault['loc'])}: {fault['msg']}" for fault in error.errors()))


def _setting(location: tuple[int | str, ...]) -> str:
    name = str(location[0] if location else "?").upper()
    return name if name.startswith("GUIBIN_") else f"GUIBIN_{name}"


def _complain(sentence: str) -> None:
    Console(stderr=True, soft_wrap=True).print(sentence, markup=False, highlight=False, style="red")
    sys.exit(1)
