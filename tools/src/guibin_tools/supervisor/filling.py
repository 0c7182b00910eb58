"""An empty database becomes a demo bank: defaults, feeds, the nightly run, logins."""

import asyncio
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

from rich.console import Console
from sqlmodel import select

from guibin.core import clock
from guibin.core.settings import Profile
from guibin.organisation.models import Branch
from guibin.security.private_files import replace
from guibin_tools.loading.banks import load_demo
from guibin_tools.loading.feeds import written
from guibin_tools.nightly import run_nightly
from guibin_tools.progress import step
from guibin_tools.roles import Role
from guibin_tools.seeding import seed_database
from guibin_tools.sessions import sessions_as
from guibin_tools.settings import OperatorSettings
from guibin_tools.supervisor.logins import Logins, write_logins

DEMO_SEED = 7
_UNFINISHED = "demo.unfinished"


def fill(settings: OperatorSettings, console: Console) -> Logins | None:
    """Seed the database; in development also give an empty one a demo bank, and issue logins for it.

    Args:
        settings: with the URLs of all four roles.
        console: where the steps are shown.

    Returns:
        The logins; None in the production profile.
    """
    with step(console, "Defaults") as doing:
        added = sum(asyncio.run(seed_database(settings)).values())
        doing.done = f"Defaults are in place ({added} rows added)"
    if settings.profile is Profile.PRODUCTION:
        return None
    unfinished = settings.state_dir / _UNFINISHED
    if unfinished.exists() or asyncio.run(_is_empty(settings)):
        _make_demo_bank(settings, console, unfinished)
    with step(console, "Demo logins") as doing:
        logins = asyncio.run(write_logins(settings))
        doing.done = "Demo logins are issued"
    return logins


async def _is_empty(settings: OperatorSettings) -> bool:
    async with sessions_as(Role.WORKER, settings) as factory, factory() as session:
        return (await session.exec(select(Branch.id).limit(1))).first() is None


def _make_demo_bank(settings: OperatorSettings, console: Console, unfinished: Path) -> None:
    """Load the demo bank and run the night; a run that is killed here is taken up with the same bank at the next start.

    Loading the same files again changes nothing, so it does not matter how far the killed run came.
    """
    business_date, customers = _plan(settings, unfinished)
    with step(console, f"Demo bank of {customers} customers") as doing:
        loading = load_demo(settings, customers=customers, seed=DEMO_SEED, business_date=business_date, show=doing.show)
        asyncio.run(loading)
        doing.done = f"Demo bank of {customers} customers, as of {business_date}"
    with step(console, "Nightly run") as doing:
        asyncio.run(run_nightly(settings, day=business_date, progress=_shown(doing.show)))
        doing.done = f"Nightly run of {business_date} has finished"
    unfinished.unlink()


def _plan(settings: OperatorSettings, unfinished: Path) -> tuple[date, int]:
    """Return day and size of the demo bank, as an unfinished run has noted them, else noted now."""
    if unfinished.exists():
        noted = json.loads(unfinished.read_text())
        return date.fromisoformat(noted["business_date"]), noted["customers"]
    business_date, customers = clock.last_closed_day(), settings.demo_customers
    replace(unfinished, json.dumps({"business_date": f"{business_date}", "customers": customers}).encode())
    return business_date, customers


def _shown(show: Callable[[str], None]) -> Callable[[str, dict[str, int]], None]:
    def progress(name: str, counts: dict[str, int]) -> None:
        show(f"{name} ({written(counts)})")

    return progress
