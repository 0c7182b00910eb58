"""The command `guibin`: what an operator types.

Each command imports what it needs when it runs, so that `guibin --help` and a refusal come at once.
"""
# ruff: noqa: PLC0415 - see above

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from guibin.core.collecting import collect_seldom
from guibin_tools.errors import OperatorError
from guibin_tools.keys.commands import keys_app
from guibin_tools.loading.commands import feed_app
from guibin_tools.postgres.commands import postgres_app
from guibin_tools.roles import Role
from guibin_tools.settings import OperatorSettings

# Plain tracebacks: the decorated ones can show local values, and with them secrets.
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The operators' command of Guibin.",
)
app.add_typer(postgres_app, name="postgres")
app.add_typer(feed_app, name="feed")
app.add_typer(keys_app, name="keys")


@app.command()
def up() -> None:
    """Start everything: Postgres, a demo bank, worker, customer port and bank port; Ctrl-C stops it."""
    from guibin_tools.supervisor.up import up as run_up

    run_up(OperatorSettings(), Console(soft_wrap=True))


@app.command()
def roles() -> None:
    """Make or mend the four database roles; prints the SQL for an administrator where we may not."""
    from guibin_tools.databases import database_at_hand, put_roles

    settings = OperatorSettings()
    typer.echo(put_roles(database_at_hand(settings), settings))


@app.command()
def migrate() -> None:
    """Bring the schema up to date."""
    from guibin_tools import migrations
    from guibin_tools.databases import url_for

    migrations.upgrade(url_for(Role.OWNER, OperatorSettings()))


@app.command()
def seed() -> None:
    """Put the defaults of every domain into the database; what a bank has changed stays."""
    from guibin_tools import seeding

    for name, added in asyncio.run(seeding.seed_database(OperatorSettings())).items():
        typer.echo(f"{name}: {added} rows added")


@app.command()
def nightly(
    day: Annotated[datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Default: yesterday")] = None,
    *,
    without_awaited: Annotated[
        bool, typer.Option("--without-awaited", help="Do not wait for lines that are not in")
    ] = False,
) -> None:
    """Run the nightly run of a business day; it takes up a run that was cut short."""
    from guibin_tools.loading.feeds import written
    from guibin_tools.nightly import run_nightly

    def show(name: str, counts: dict[str, int]) -> None:
        typer.echo(f"{name}: {written(counts)}")

    business_date = day.date() if day else None
    running = run_nightly(OperatorSettings(), day=business_date, progress=show, without_awaited=without_awaited)
    run = asyncio.run(running)
    typer.echo(f"The night of {run.business_date} is {run.state}.")


@app.command("check-ledger")
def check_ledger() -> None:
    """Check every invariant of the ledger; exit code 1 and the offending rows when one fails."""
    from guibin_tools.ledger import check_ledger as check

    violations = asyncio.run(check(OperatorSettings()))
    for violation in violations:
        typer.echo(f"{violation.id} {violation.text}: {violation.key}")
    typer.echo("The ledger holds." if not violations else f"{len(violations)} violations.")
    if violations:
        raise typer.Exit(1)


@app.command("check-audit")
def check_audit() -> None:
    """Check that the audit trail is as it was sealed and anchored; exit code 1 and the first bad row when it is not."""
    from guibin.audit.anchors import AnchorInvalid
    from guibin_tools.trail import check_trail

    try:
        verdict = asyncio.run(check_trail(OperatorSettings()))
    except AnchorInvalid as error:
        raise OperatorError(str(error)) from None
    typer.echo(f"{verdict.sealed} rows sealed, {verdict.waiting} waiting, {verdict.anchors} anchors.")
    typer.echo(f"First seal: {verdict.first_seq or '-'}.")
    bad = verdict.finding
    if bad is not None:
        typer.echo(f"First bad row: {bad.fault}, seal {bad.seq or '-'}, row {bad.entry_id or '-'}.")
        raise typer.Exit(1)
    typer.echo("The audit trail is intact.")


@app.command("train-matching")
def train_matching() -> None:
    """Learn from the pairs that people have decided how much each field says; the review queue is weighed anew."""
    from guibin_tools.matching import train_matching as train

    learnt = asyncio.run(train(OperatorSettings()))
    typer.echo(f"Model {learnt.version} is in force, learnt from {learnt.decisions} decided pairs.")


@app.command()
def retention(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would be removed, and remove nothing")] = False,
) -> None:
    """Remove what has outlived its period; run it every day, as guibin_owner."""
    from guibin.privacy.retention import ARCHIVE
    from guibin_tools.retention import run_retention

    for one in asyncio.run(run_retention(OperatorSettings(), dry_run=dry_run)):
        what = "due for the archive" if one.subject == ARCHIVE else "would go" if dry_run else "removed"
        typer.echo(f"{one.table}: {one.rows} {what} (before {one.cut:%Y-%m-%d})")


@app.command()
def demo(
    customers: Annotated[int, typer.Option(help="Number of customers")] = 2_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same bank")] = 7,
    day: Annotated[datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Default: yesterday")] = None,
) -> None:
    """Load a synthetic bank through the feed loader; the same bank again changes nothing."""
    from guibin.core import clock
    from guibin_tools.loading.banks import load_demo

    business_date = day.date() if day else clock.last_closed_day()
    loading = load_demo(
        OperatorSettings(), customers=customers, seed=seed, business_date=business_date, show=typer.echo
    )
    asyncio.run(loading)
    typer.echo(f"A bank of {customers} customers is loaded, as of {business_date}. Run `guibin nightly` next.")


@app.command()
def next_day(
    seed: Annotated[int, typer.Option(help="The same seed makes the same day")] = 7,
) -> None:
    """Let the demo bank's lines send the day after their last one: what moved, happened and came."""
    from guibin_tools.loading.next_day import load_next_day

    day = asyncio.run(load_next_day(OperatorSettings(), seed=seed, show=typer.echo))
    if day is None:
        typer.echo("The lines have sent every closed day: come back tomorrow.")
    else:
        typer.echo(f"The lines have sent {day}. Run `guibin nightly --date {day}` next.")


@app.command()
def bench(
    name: Annotated[
        str,
        typer.Argument(
            help="demo, balance, redeem, accrual, matching, memory, nightly, ordinary, killed, reads, tags or tiers"
        ),
    ] = "demo",
    customers: Annotated[
        int | None, typer.Option(help="Number of customers; default 20,000, of tags a million")
    ] = None,
    pgledger: Annotated[
        list[Path] | None, typer.Option(help="An SQL file of pgledger, to be held against; several in their order")
    ] = None,
    febrl: Annotated[Path | None, typer.Option(help="The folder of FEBRL's files, for matching")] = None,
) -> None:
    """Measure on a server of its own; exit code 1 below the floor."""
    from guibin_tools.benchmarks import BENCHES, Options

    if name not in BENCHES:
        raise OperatorError(f"There is no bench {name}; there are: {', '.join(BENCHES)}.")
    if not BENCHES[name](Options(customers, pgledger or (), febrl)):
        raise typer.Exit(1)


@app.command()
def token(
    customer: Annotated[str | None, typer.Option(help="Public id of a customer (cus_...)")] = None,
    bank_app: Annotated[
        str | None, typer.Option(help="The same: what the bank's own app trades for a session, for five minutes")
    ] = None,
    staff: Annotated[str | None, typer.Option(help="Number of a member of staff")] = None,
    service: Annotated[str | None, typer.Option(help="Name of a service client")] = None,
) -> None:
    """Print a development token that lives for 24 hours; name one caller."""
    from guibin_tools.tokens import issue_token

    issuing = issue_token(OperatorSettings(), customer=customer, bank_app=bank_app, staff=staff, service=service)
    typer.echo(asyncio.run(issuing))


@app.command()
def openapi() -> None:
    """Write the OpenAPI documents of both ports into docs/openapi."""
    from guibin_tools.openapi import write_documents

    for path in write_documents():
        typer.echo(f"Wrote {path.name}.")


def run() -> None:
    """Run the command; what the operator can put right is one sentence on the error stream and exit code 1."""
    collect_seldom()
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
