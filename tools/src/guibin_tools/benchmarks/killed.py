"""A large bank's night that is killed with -9 in the midst of every step and taken up each time, against a calm one.

What must not differ is counted and hashed row by row in the database. Left out are ids that each night makes anew, and
the instants and numbers of its attempts.
"""

import asyncio
import os
import sys
import time
from contextlib import suppress
from typing import Final

import asyncpg
import typer

from guibin.runs.service import NIGHTLY
from guibin.runs.steps import STEPS
from guibin_tools.benchmarks.kept import KeptBank, kept_bank, kept_night
from guibin_tools.databases import given_urls
from guibin_tools.errors import OperatorError
from guibin_tools.nightly import run_nightly
from guibin_tools.roles import driver_url
from guibin_tools.settings import child_environment

_LOOK_SECONDS: Final = 0.02
_PAUSES: Final = (0.0, 0.1, 1.0)
"""For how many seconds a step is left alone before it is killed, in turn: most are short."""

_MADE_ANEW: Final = frozenset(
    {"id", "seq", "changed_in", "entry_id", "run_id", "balance_after", "sealed_in", "version"}
)
_TABLES: Final = (
    "points_account", "points_entry", "customer_fact", "customer_tag", "tier_standing", "tier_history", "coverage",
    "unassigned", "asset_award",
)  # fmt: skip
_COLUMNS: Final = (
    "SELECT a.attname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = $1::text::regclass"
    " AND a.attnum > 0 AND NOT a.attisdropped AND t.typname <> 'timestamptz' ORDER BY a.attnum"
)
_HASHED: Final = "coalesce(sum(hashtextextended(r::text, 0)::numeric), 0)::text"
_LET_GO: Final = "DELETE FROM lease WHERE name = $1"
"""Its holder is dead, so nobody has to wait until it lapses."""

_FINISHED: Final = "SELECT count(*) FROM run_step WHERE finished_at IS NOT NULL"

Digest = dict[str, tuple[int, str]]


def bench_killed(customers: int) -> bool:
    """Print what differs between the night that `bench nightly` kept and one that is killed in every step."""
    with kept_night(customers) as calm:
        expected = asyncio.run(_digest(calm))
    with kept_bank(customers) as bank:
        began = time.monotonic()
        kills = sum(asyncio.run(_killed_in(bank, position)) for position in range(len(STEPS)))
        asyncio.run(run_nightly(bank.settings, day=bank.business_date))
        found = asyncio.run(_digest(bank))
        seconds = time.monotonic() - began
    differing = [table for table in _TABLES if expected[table] != found[table]]
    rows = sum(count for count, _ in found.values())
    typer.echo(
        f"killed: {kills} of {len(STEPS)} steps of a night of {customers:,} customers, {seconds:.0f} s with its pauses"
    )
    typer.echo(f"killed: {rows:,} rows compared; tables that differ: {', '.join(differing) or 'none'}")
    return not differing


async def _killed_in(bank: KeptBank, position: int) -> int:
    """Run the night in a process of its own and kill it in one step; returns 0 for a step that was over too soon."""
    command = ("-m", "guibin_tools", "nightly", "--date", bank.business_date.isoformat())
    env = child_environment(**given_urls(bank.settings).environment, GUIBIN_STATE_DIR=str(bank.settings.state_dir))
    night = await asyncio.create_subprocess_exec(sys.executable, *command, env=env, stdout=asyncio.subprocess.DEVNULL)
    connection = await asyncpg.connect(driver_url(given_urls(bank.settings).owner))
    try:
        reached = await _until(connection, night, position)
        if reached == position:
            with suppress(TimeoutError):
                await asyncio.wait_for(night.wait(), _PAUSES[position % len(_PAUSES)])
            reached = await connection.fetchval(_FINISHED)
        if night.returncode is None:
            os.kill(night.pid, 9)
            await night.wait()
            await connection.execute(_LET_GO, NIGHTLY)
        return int(reached == position)
    finally:
        await connection.close()


async def _until(
    connection: "asyncpg.Connection[asyncpg.Record]", night: asyncio.subprocess.Process, position: int
) -> int:
    """Wait until so many steps are done; returns how many are."""
    while True:
        done: int = await connection.fetchval(_FINISHED)
        if done >= position:
            return done
        if night.returncode is not None:
            raise OperatorError(f"The night ended by itself after {done} steps (exit code {night.returncode}).")
        await asyncio.sleep(_LOOK_SECONDS)


async def _digest(bank: KeptBank) -> Digest:
    """Count the rows of each table and add up their hashes."""
    connection = await asyncpg.connect(driver_url(given_urls(bank.settings).owner))
    try:
        found: Digest = {}
        for table in _TABLES:
            names = [row[0] for row in await connection.fetch(_COLUMNS, table)]
            kept = ", ".join(f'"{name}"' for name in names if name not in _MADE_ANEW)
            query = f"SELECT count(*), {_HASHED} FROM (SELECT {kept} FROM {table}) AS r"  # noqa: S608 - our own names
            row = await connection.fetchrow(query)
            found[table] = (row[0], row[1]) if row else (0, "")
        return found
    finally:
        await connection.close()
