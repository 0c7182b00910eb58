"""An empty database becomes a demo bank: defaults, feeds, the nightly run; and who can try it out.

The domains are imported by the steps that need them: most starts find a bank, and its services come up meanwhile.
"""
# ruff: noqa: PLC0415

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console

from guibin.core import clock
from guibin.security.private_files import replace
from guibin_tools.connections import connected
from guibin_tools.databases import url_for
from guibin_tools.demo.products import PRODUCTS
from guibin_tools.progress import step
from guibin_tools.roles import URL_SETTINGS, Role
from guibin_tools.settings import OperatorSettings
from guibin_tools.supervisor.children import Child, LifeLine
from guibin_tools.supervisor.simulator import Simulator

DEMO_SEED = 7


@dataclass(frozen=True)
class SupplierChild:
    """The running simulator of the demo bank's supplier, and what `demo.json` says of it."""

    child: Child
    login: dict[str, Any]


async def is_filled(settings: OperatorSettings) -> bool:
    """Say whether the database of the settings holds a bank, and one that is whole."""
    if _unfinished(settings).exists():
        return False
    async with connected(url_for(Role.OWNER, settings), URL_SETTINGS[Role.OWNER]) as connection:
        return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM branch)"))


def put_defaults(settings: OperatorSettings, console: Console) -> None:
    """Put in the defaults that are missing."""
    from guibin_tools.seeding import seed_database

    with step(console, "Defaults") as doing:
        added = sum(asyncio.run(seed_database(settings)).values())
        doing.done = f"Defaults are in place ({added} rows added)"


def let_days_pass(settings: OperatorSettings, console: Console) -> None:
    """Let the demo bank's lines send the days that were closed since they last did, for the night of the last one."""
    if not asyncio.run(_is_behind(settings)):
        return
    from guibin_tools.loading.next_day import load_missing_days

    with step(console, "The lines send what happened since") as doing:
        days = asyncio.run(load_missing_days(settings, seed=DEMO_SEED, show=doing.show))
        doing.done = f"The lines have sent {len(days)} more day{'s'[: len(days) != 1]}, up to {days[-1]}"


async def _is_behind(settings: OperatorSettings) -> bool:
    """Say whether the database holds the demo bank, and a day was closed since its lines last sent one."""
    async with connected(url_for(Role.OWNER, settings), URL_SETTINGS[Role.OWNER]) as connection:
        query = "SELECT max(day) < $1 FROM line_day WHERE EXISTS (SELECT FROM product WHERE code = $2)"
        return bool(await connection.fetchval(query, clock.last_closed_day(), PRODUCTS[0].code))


def connect_supplier(settings: OperatorSettings, line: LifeLine, *, kept_away: Sequence[str]) -> SupplierChild | None:
    """Start the simulator of the demo bank's supplier and return it with its entry of `demo.json`; None: no such."""
    from guibin_tools.supervisor.supplier import connect, start_supplier

    connected = asyncio.run(connect(settings))
    if connected is None:
        return None
    return SupplierChild(start_supplier(settings, line, connected, kept_away=kept_away), connected.login)


def issue_logins(
    settings: OperatorSettings, console: Console, simulator: Simulator | None, supplier: SupplierChild | None
) -> dict[str, Any]:
    """Issue the demo logins and return them; the simulator of WeChat gets its people."""
    from guibin_tools.supervisor.logins import write_logins

    with step(console, "Demo logins") as doing:
        logins = asyncio.run(write_logins(settings, simulator, supplier.login if supplier else None))
        doing.done = f"Demo logins are in {settings.logins_file}"
    return logins


def make_demo_bank(settings: OperatorSettings, console: Console) -> None:
    """Load the demo bank and run the night; a run that is killed here is taken up with the same bank at the next start.

    Loading the same files again changes nothing, so it does not matter how far the killed run came.
    """
    from guibin_tools.loading.banks import load_demo
    from guibin_tools.loading.care import load_care
    from guibin_tools.loading.feeds import written
    from guibin_tools.nightly import run_nightly

    business_date, customers = _plan(settings)
    with step(console, f"Demo bank of {customers} customers") as doing:
        loading = load_demo(settings, customers=customers, seed=DEMO_SEED, business_date=business_date, show=doing.show)
        asyncio.run(loading)
        doing.done = f"Demo bank of {customers} customers, as of {business_date}"
    with step(console, "Nightly run") as doing:
        night = run_nightly(
            settings, day=business_date, progress=lambda name, counts: doing.show(f"{name} ({written(counts)})")
        )
        asyncio.run(night)
        doing.done = f"Nightly run of {business_date} has finished"
    with step(console, "Care") as doing:
        doing.done = f"{asyncio.run(load_care(settings))} touches with what came of them"
    _unfinished(settings).unlink()


def _plan(settings: OperatorSettings) -> tuple[date, int]:
    """Return day and size of the demo bank, as an unfinished run has noted them, else noted now."""
    note = _unfinished(settings)
    if note.exists():
        noted = json.loads(note.read_text())
        return date.fromisoformat(noted["business_date"]), noted["customers"]
    business_date, customers = clock.last_closed_day(), settings.demo_customers
    replace(note, json.dumps({"business_date": f"{business_date}", "customers": customers}).encode())
    return business_date, customers


def _unfinished(settings: OperatorSettings) -> Path:
    return settings.state_dir / "demo.unfinished"
