"""A large bank's night that is killed with -9 in every step, at several places of each, against a calm one.

Each time it is taken up in a new process, until the next place. At the end everything that the two nights made is
counted and hashed row by row in the database. Left out are ids that each night makes anew, and the instants and numbers
of its attempts.
"""

import asyncio
import signal
import sys
import time
from typing import Final

import asyncpg
import typer

from guibin.runs.service import NIGHTLY
from guibin.runs.steps import STEPS
from guibin_tools.benchmarks.kept import KeptBank, kept_bank, kept_night
from guibin_tools.benchmarks.machine import describe_machine
from guibin_tools.benchmarks.struck import Place
from guibin_tools.databases import given_urls
from guibin_tools.errors import OperatorError
from guibin_tools.nightly import run_nightly
from guibin_tools.roles import driver_url
from guibin_tools.settings import child_environment

_MADE_ANEW: Final = frozenset(
    {"id", "seq", "changed_in", "entry_id", "run_id", "balance_after", "sealed_in", "version"}
)
_MADE_ANEW_IN: Final = {"audit_entry": {"object_id", "xact"}, "care_task": {"reference"}}
"""The run, and the coverage that a task is about."""

_OWN_BOOKS: Final = ("lease", "run", "run_step", "audit_seal", "alembic_version")
"""What tells of the attempts themselves."""

_TABLES: Final = (
    "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
    " AND NOT c.relispartition AND c.relname <> ALL($1) ORDER BY c.relname"
)
_COLUMNS: Final = (
    "SELECT a.attname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = $1::text::regclass"
    " AND a.attnum > 0 AND NOT a.attisdropped AND t.typname NOT IN ('timestamptz', 'bytea') ORDER BY a.attnum"
)
_HASHED: Final = "coalesce(sum(hashtextextended(r::text, 0)::numeric), 0)::text"
_LET_GO: Final = "DELETE FROM lease WHERE name = $1"
"""Its holder is dead, so nobody has to wait until it lapses."""

Digest = dict[str, tuple[int, str]]


def bench_killed(customers: int) -> bool:
    """Print what differs between the night that `bench nightly` kept and one that is killed in every step."""
    with kept_night(customers) as calm:
        expected = asyncio.run(_digest(calm))
    with kept_bank(customers) as bank:
        began = time.monotonic()
        kills = sum(asyncio.run(_killed_in(bank, step.name)) for step in STEPS)
        asyncio.run(run_nightly(bank.settings, day=bank.business_date))
        found = asyncio.run(_digest(bank))
        seconds = time.monotonic() - began
    differing = [table for table in expected if expected[table] != found[table]]
    rows = sum(count for count, _ in found.values())
    typer.echo(
        f"killed: {kills} times in {len(STEPS)} of {len(STEPS)} steps of a night of {customers:,} customers,"
        f" {seconds:.0f} s; {describe_machine()}"
    )
    typer.echo(f"killed: {rows:,} rows of {len(found)} tables compared; that differ: {', '.join(differing) or 'none'}")
    return not differing


async def _killed_in(bank: KeptBank, step: str) -> int:
    """Kill the night with a step's first statement, at its end, with its middle statement, after its first commit."""
    await _struck(bank, step, Place.STATEMENT)
    statements = await _struck(bank, step, Place.END)
    await _struck(bank, step, Place.STATEMENT, "--number", str(statements // 2 + 1))
    await _struck(bank, step, Place.COMMITTED)
    return 4


async def _struck(bank: KeptBank, step: str, place: Place, *more: str) -> int:
    """Run the night in a process of its own until it dies in a step; returns the statements that it told of.

    Raises:
        OperatorError: it did not die.
    """
    command = ("-m", "guibin_tools.benchmarks.struck", bank.business_date.isoformat(), step, place.value, *more)
    env = child_environment(**given_urls(bank.settings).environment, GUIBIN_STATE_DIR=str(bank.settings.state_dir))
    night = await asyncio.create_subprocess_exec(sys.executable, *command, env=env, stdout=asyncio.subprocess.PIPE)
    told, _ = await night.communicate()
    if night.returncode != -signal.SIGKILL:
        raise OperatorError(f"The night did not die in {step} ({place.value}): exit code {night.returncode}.")
    connection = await asyncpg.connect(driver_url(given_urls(bank.settings).owner))
    try:
        await connection.execute(_LET_GO, NIGHTLY)
    finally:
        await connection.close()
    return int(told or 0)


async def _digest(bank: KeptBank) -> Digest:
    """Count the rows of each table and add up their hashes."""
    connection = await asyncpg.connect(driver_url(given_urls(bank.settings).owner))
    try:
        found: Digest = {}
        for (table,) in await connection.fetch(_TABLES, _OWN_BOOKS):
            names = [row[0] for row in await connection.fetch(_COLUMNS, table)]
            left_out = _MADE_ANEW | _MADE_ANEW_IN.get(table, set())
            kept = ", ".join(f'"{name}"' for name in names if name not in left_out)
            query = f"SELECT count(*), {_HASHED} FROM (SELECT {kept} FROM {table}) AS r"  # noqa: S608 - our own names
            row = await connection.fetchrow(query)
            found[table] = (row[0], row[1]) if row else (0, "")
        return found
    finally:
        await connection.close()
