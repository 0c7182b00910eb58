"""How good the review queue's ranking is, next to plain Splink in the same run, and how long and large a pass is."""

import asyncio
import resource
import time
from functools import partial
from pathlib import Path
from typing import Final

import typer

from guibin.core import clock
from guibin.customers.proposing.service import propose
from guibin.security.ciphers import KeyRing
from guibin_tools.benchmarks.machine import describe_machine, fresh_database
from guibin_tools.benchmarks.matching.labelled import febrl, made_up
from guibin_tools.benchmarks.matching.ranking import ours, plain_splink, report
from guibin_tools.loading.banks import load_demo
from guibin_tools.roles import Role
from guibin_tools.sessions import sessions_as
from guibin_tools.settings import OperatorSettings

PEOPLE: Final = 5_000
GOAL_F1, FLOOR_F1 = 0.98, 0.95
AT_ONCE: Final = 1_000
SEED: Final = 7


def bench_matching(customers: int, febrl_folder: Path | None) -> bool:
    """Print precision, recall and F1 of both rankings, and the pass over a demo bank; say whether F1 kept its floor."""
    labelled = made_up(PEOPLE)
    found = report(labelled, "this ranking", ours(labelled))
    report(labelled, "plain Splink", plain_splink(labelled))
    if febrl_folder is not None:
        public = febrl(febrl_folder)
        report(public, "this ranking", ours(public))
        report(public, "plain Splink", plain_splink(public))
    with fresh_database() as settings:
        day = clock.last_closed_day()
        asyncio.run(load_demo(settings, customers=customers, seed=SEED, business_date=day, show=lambda _line: None))
        _pass_over(settings)
    typer.echo(f"goal F1 {GOAL_F1}, floor {FLOOR_F1} on what is made up; {describe_machine()}")
    return found.f1 >= FLOOR_F1


def _pass_over(settings: OperatorSettings) -> None:
    before, begun = _most_mb(), time.monotonic()
    compared = asyncio.run(_compare_all(settings))
    seconds = time.monotonic() - begun
    typer.echo(
        f"matching: {compared} records of a demo bank compared in {seconds:.1f} s ({compared / seconds:.0f} a second);"
        f" the process held {_most_mb():.0f} MB at most, {before:.0f} MB before"
    )


async def _compare_all(settings: OperatorSettings) -> int:
    """Compare as the worker does, in its role, until nothing is due."""
    open_keys, total = partial(KeyRing.load, settings.effective_keys_file), 0
    async with sessions_as(Role.WORKER, settings) as factory:
        while True:
            async with factory.begin() as session:
                done = await propose(session, open_keys=open_keys, limit=AT_ONCE)
            total += done
            if done < AT_ONCE:
                return total


def _most_mb() -> float:
    """Return the most memory that this process has held (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
