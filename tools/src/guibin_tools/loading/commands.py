"""`guibin feed`: takes files as a line delivers them, and a real bank's files."""
# ruff: noqa: PLC0415 - each command imports what it needs when it runs

import asyncio
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from guibin.core import clock
from guibin.core.lines import Line
from guibin.feeds.models import FeedKind, FeedMode
from guibin_tools.settings import OperatorSettings

feed_app = typer.Typer(no_args_is_help=True, help="Feeds: the lines' files coming in.")
DateOption = Annotated[
    datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Business date; default yesterday")
]


@feed_app.command()
def load(
    line: Annotated[Line, typer.Argument(help="Business line")],
    kind: Annotated[FeedKind, typer.Argument(help="What the file tells")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV with a header, or JSON lines")],
    *,
    day: DateOption = None,
    mode: Annotated[FeedMode, typer.Option(help="full: what is not in the file has ended")] = FeedMode.DELTA,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Store nothing")] = False,
) -> None:
    """Take one file; refused rows are listed with their line, the whole file is refused when it cannot be read."""
    from guibin_tools.loading.feeds import load_file

    taking = load_file(
        OperatorSettings(), file, line=line, kind=kind, business_date=_business_date(day), mode=mode, dry_run=dry_run
    )
    result = asyncio.run(taking)
    again = " (this content was taken before)" if result.repeated else ""
    typer.echo(
        f"{result.rows_read} rows read, {result.rows_accepted} accepted, {result.rows_changed} changed, "
        f"{result.rows_rejected} rejected{again}"
    )
    for reject in result.rejects:
        typer.echo(f"  line {reject.row}: {reject.code}{f' in {reject.column}' if reject.column else ''}")


@feed_app.command()
def watch(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder in which batches are laid down")],
    *,
    once: Annotated[bool, typer.Option("--once", help="Take what lies there and end")] = False,
) -> None:
    """Take batches that are laid down with manifest.json and the marker SEALED; move them to done or refused."""
    from guibin_tools.loading.drop_folder import watch as look

    refused = asyncio.run(look(OperatorSettings(), folder, once=once, show=typer.echo))
    raise typer.Exit(code=1 if refused else 0)


@feed_app.command("load-berka")
def load_berka(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of the bank's files")],
    day: DateOption = None,
) -> None:
    """Map and load the Czech bank's files; GUIBIN_BERKA_SCALE multiplies its amounts."""
    from guibin_tools.loading.banks import load_berka as load

    business_date = _business_date(day)
    asyncio.run(load(OperatorSettings(), folder, business_date=business_date, show=typer.echo))
    typer.echo(f"The bank is loaded, as of {business_date}. Run `guibin nightly` next.")


def _business_date(day: datetime | None) -> date:
    return day.date() if day else clock.last_closed_day()
