"""`guibin postgres`: the embedded server by itself, without the product."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from guibin_tools.errors import OperatorError
from guibin_tools.postgres.cluster import HOST, Cluster, open_cluster
from guibin_tools.roles import DATABASE
from guibin_tools.settings import OperatorSettings

_STOPPED = 3

postgres_app = typer.Typer(no_args_is_help=True, help="The embedded Postgres server of this checkout.")
DataOption = Annotated[Path | None, typer.Option("--data", help="Data directory; default GUIBIN_PG_DATA")]
PortOption = Annotated[int | None, typer.Option("--port", help="Port, 0 for a free one; default GUIBIN_PG_PORT")]


@postgres_app.command("up")
def start(data: DataOption = None, port: PortOption = None) -> None:
    """Start the server, or adopt the one that runs; print its port."""
    settings = OperatorSettings()
    typer.echo(_cluster(data).start(settings.pg_port if port is None else port).port)


@postgres_app.command("down")
def stop(data: DataOption = None) -> None:
    """Stop the server."""
    typer.echo("stopped" if _cluster(data).stop() else "was not running")


@postgres_app.command()
def status(data: DataOption = None) -> None:
    """Print the port of the running server; exit code 3 when it is stopped."""
    port = _cluster(data).running_port()
    typer.echo("stopped" if port is None else port)
    if port is None:
        raise typer.Exit(_STOPPED)


@postgres_app.command()
def url(data: DataOption = None) -> None:
    """Print the superuser's URL."""
    cluster = _cluster(data)
    typer.echo(cluster.superuser_url(_port(cluster), DATABASE))


@postgres_app.command()
def psql(data: DataOption = None) -> None:
    """Open psql on the product's database as the superuser."""
    cluster = _cluster(data)
    target = cluster.superuser_url(_port(cluster), DATABASE)
    program = str(cluster.program("psql"))
    sys.stdout.flush()
    os.execv(program, [program, target])  # noqa: S606 - the program is our own and no shell is wanted


@postgres_app.command()
def drop(data: DataOption = None) -> None:
    """Stop the server and delete its data."""
    _cluster(data).remove()
    typer.echo("deleted")


def _cluster(data: Path | None) -> Cluster:
    settings = OperatorSettings()
    return open_cluster(data or settings.effective_pg_data, pg_bin=settings.pg_bin)


def _port(cluster: Cluster) -> int:
    if (port := cluster.running_port()) is None:
        raise OperatorError(f"The embedded Postgres on {HOST} is stopped: run `guibin postgres up`.")
    return port
