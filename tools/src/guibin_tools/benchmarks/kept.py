"""A bank of any size that is made once and kept: each run works on a copy of it, so the next one finds it as it was.

It is generated and loaded as the demo bank is, through the product's own loader, into STATE_DIR/bench/bank-CUSTOMERS.
Whoever wants it made anew deletes that folder.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import asyncpg
import typer

from guibin.core import clock
from guibin_tools import migrations
from guibin_tools.loading.banks import load_demo
from guibin_tools.postgres.cluster import HOST, Cluster, open_cluster
from guibin_tools.roles import Role, access_statements, derive_urls, ensure_roles
from guibin_tools.settings import OperatorSettings

SEED: Final = 7
_COPY: Final = "guibin_copy"
_NOTE: Final = "bank.json"


@dataclass(frozen=True)
class KeptBank:
    """A copy of the kept bank: its settings, the business date of its feeds, how many customers it was made of."""

    settings: OperatorSettings
    business_date: date
    customers: int


@contextmanager
def kept_bank(customers: int) -> Iterator[KeptBank]:
    """Hand out a copy of the bank of so many customers, making the bank first where there is none; drop the copy."""
    folder = (OperatorSettings().state_dir / "bench" / f"bank-{customers}").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)  # the Postgres user has to pass through
    cluster = open_cluster(folder / "pg")
    port = cluster.start().port
    try:
        business_date = _made(cluster, port, folder, customers)
        asyncio.run(_copy(cluster.superuser_url(port)))
        try:
            yield KeptBank(_settings(cluster, port, folder, _COPY), business_date, customers)
        finally:
            asyncio.run(_drop(cluster.superuser_url(port)))
    finally:
        cluster.stop()


def _made(cluster: Cluster, port: int, folder: Path, customers: int) -> date:
    """Make the bank unless it is there, and bring it up to this version's schema; returns its business date."""
    urls, settings, note = derive_urls(HOST, port, cluster.password), _settings(cluster, port, folder), folder / _NOTE
    asyncio.run(ensure_roles(cluster.superuser_url(port), urls))
    migrations.upgrade(urls.owner)
    if not note.exists():
        business_date, began = clock.last_closed_day(), time.monotonic()
        typer.echo(f"Making a bank of {customers:,} customers in {folder}")
        asyncio.run(load_demo(settings, customers=customers, seed=SEED, business_date=business_date, show=typer.echo))
        typer.echo(f"made in {time.monotonic() - began:.0f} s")
        note.write_text(json.dumps({"business_date": business_date.isoformat()}), encoding="utf-8")
    return date.fromisoformat(json.loads(note.read_text(encoding="utf-8"))["business_date"])


def _settings(cluster: Cluster, port: int, folder: Path, database: str = "guibin") -> OperatorSettings:
    urls = derive_urls(HOST, port, cluster.password, database)
    return OperatorSettings().model_copy(update={**urls.fields, "state_dir": folder / "state"})


async def _copy(admin_url: str) -> None:
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {_COPY} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {_COPY} TEMPLATE guibin STRATEGY file_copy OWNER {Role.OWNER.value}")
        for statement in access_statements(_COPY):
            await connection.execute(statement)
    finally:
        await connection.close()


async def _drop(admin_url: str) -> None:
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {_COPY} WITH (FORCE)")
    finally:
        await connection.close()
