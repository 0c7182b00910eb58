"""How long a demo bank takes: generated and loaded through the feed loader; the nightly run is timed apart."""

import asyncio
import time

import typer

from guibin.core import clock
from guibin_tools.benchmarks.machine import describe_machine, fresh_database
from guibin_tools.loading.banks import load_demo
from guibin_tools.nightly import run_nightly

GOAL_SECONDS = 60
FLOOR_SECONDS = 120
SEED = 7


def bench_demo(customers: int) -> bool:
    """Print the seconds of loading and of the nightly run; say whether loading kept its floor."""
    business_date = clock.last_closed_day()
    with fresh_database() as settings:
        begun = time.monotonic()
        asyncio.run(load_demo(settings, customers=customers, seed=SEED, business_date=business_date, show=_nothing))
        loaded = time.monotonic()
        asyncio.run(run_nightly(settings, day=business_date))
        ended = time.monotonic()
    seconds = loaded - begun
    typer.echo(
        f"demo: {customers} customers generated and loaded in {seconds:.1f} s ({customers / seconds:.0f} a second)"
    )
    typer.echo(f"demo: nightly run in {ended - loaded:.1f} s")
    typer.echo(f"goal {GOAL_SECONDS} s, floor {FLOOR_SECONDS} s for 20000 customers; {describe_machine()}")
    return seconds <= FLOOR_SECONDS


def _nothing(_detail: str) -> None:
    """Show nothing: a bench measures the work alone."""
