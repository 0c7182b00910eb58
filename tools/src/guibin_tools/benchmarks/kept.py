"""A bank of any size that is made once and kept: each night works on a copy of it, so the next one finds it as it was.

It is generated and loaded as the demo bank is, through the product's own loader, into STATE_DIR/bench/bank-CUSTOMERS.
What the latest night made of it is kept beside it, for those who only read. Both are brought up to this version's
schema and defaults when they are opened; whoever wants a bank made anew deletes its folder, as one must after a change
of a migration that it has run.

It has the events of `EVENT_DAYS` days and not of a demo bank's eighty: more than a night ever finds, and not so many
that the night of a new bank, which earns them all at once, says nothing about the nights after it. It is a day older
than the last closed one, so that an ordinary day and its night can follow at once.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import asyncpg
import typer

from guibin.core import clock
from guibin_tools import migrations
from guibin_tools.benchmarks.machine import server_of_a_large_bank
from guibin_tools.databases import given_urls
from guibin_tools.errors import OperatorError
from guibin_tools.loading.banks import load_demo
from guibin_tools.postgres.cluster import HOST, Cluster, open_cluster
from guibin_tools.roles import Role, access_statements, derive_urls, ensure_roles
from guibin_tools.seeding import seed_database
from guibin_tools.settings import OperatorSettings

SEED: Final = 7
EVENT_DAYS: Final = 8
_LOADED: Final = "guibin"
_COPY: Final = "guibin_copy"
_AFTER_NIGHT: Final = "guibin_night"
_NOTE: Final = "bank.json"


@dataclass(frozen=True)
class KeptBank:
    """A copy of the kept bank: its settings, the business date of its feeds, how many customers it was made of.

    `folder` is where it is kept, and what was measured with it.
    """

    settings: OperatorSettings
    business_date: date
    customers: int
    folder: Path


@contextmanager
def kept_bank(customers: int) -> Iterator[KeptBank]:
    """Hand out a copy of the bank of so many customers, making the bank first where there is none.

    The copy is kept for `kept_night` when the block ends well, and dropped when it does not.
    """
    with _started(customers) as (cluster, port, folder):
        business_date = _made(cluster, port, folder, customers)
        admin_url = cluster.superuser_url(port)
        asyncio.run(_copy(admin_url, _LOADED))
        try:
            yield KeptBank(_settings(cluster, port, folder, _COPY), business_date, customers, folder)
            asyncio.run(_execute(admin_url, _drop(_AFTER_NIGHT), f"ALTER DATABASE {_COPY} RENAME TO {_AFTER_NIGHT}"))
        finally:
            asyncio.run(_execute(admin_url, _drop(_COPY)))


@contextmanager
def kept_night(customers: int) -> Iterator[KeptBank]:
    """Hand out what the latest night made of the bank of so many customers, to be read only.

    Raises:
        OperatorError: no night of it was measured yet.
    """
    with _started(customers) as (cluster, port, folder):
        yield _after_night(cluster, port, folder, customers)


@contextmanager
def kept_morning(customers: int) -> Iterator[KeptBank]:
    """Hand out a copy of what the latest night made of the bank of so many customers, to go on with.

    Raises:
        OperatorError: no night of it was measured yet.
    """
    with _started(customers) as (cluster, port, folder):
        night, admin_url = _after_night(cluster, port, folder, customers), cluster.superuser_url(port)
        asyncio.run(_copy(admin_url, _AFTER_NIGHT))
        try:
            yield replace(night, settings=_settings(cluster, port, folder, _COPY))
        finally:
            asyncio.run(_execute(admin_url, _drop(_COPY)))


@contextmanager
def _started(customers: int) -> Iterator[tuple[Cluster, int, Path]]:
    folder = (OperatorSettings().state_dir / "bench" / f"bank-{customers}").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)  # the Postgres user has to pass through
    cluster = open_cluster(folder / "pg", more=server_of_a_large_bank())
    port = cluster.start().port
    try:
        yield cluster, port, folder
    finally:
        cluster.stop()


def _after_night(cluster: Cluster, port: int, folder: Path, customers: int) -> KeptBank:
    if not (folder / _NOTE).exists() or not asyncio.run(_exists(cluster.superuser_url(port), _AFTER_NIGHT)):
        raise OperatorError(f"Measure a night first: guibin bench nightly --customers {customers}")
    settings = _settings(cluster, port, folder, _AFTER_NIGHT)
    _bring_up(settings)
    return KeptBank(settings, _business_date(folder), customers, folder)


def _made(cluster: Cluster, port: int, folder: Path, customers: int) -> date:
    """Make the bank unless it is there, and bring it up to this version's schema; returns its business date."""
    urls, settings, note = derive_urls(HOST, port, cluster.password), _settings(cluster, port, folder), folder / _NOTE
    asyncio.run(ensure_roles(cluster.superuser_url(port), urls))
    _bring_up(settings)
    if not note.exists():
        business_date, began = clock.last_closed_day() - timedelta(days=1), time.monotonic()
        typer.echo(f"Making a bank of {customers:,} customers in {folder}")
        asyncio.run(_load(settings, customers, business_date))
        typer.echo(f"made in {time.monotonic() - began:.0f} s")
        note.write_text(json.dumps({"business_date": business_date.isoformat()}), encoding="utf-8")
    return _business_date(folder)


def _bring_up(settings: OperatorSettings) -> None:
    """Bring a bank up to this version: a later one has more tables, and more that it starts from."""
    migrations.upgrade(given_urls(settings).owner)
    asyncio.run(seed_database(settings))


async def _load(settings: OperatorSettings, customers: int, business_date: date) -> None:
    await load_demo(
        settings, customers=customers, seed=SEED, business_date=business_date, show=typer.echo, event_days=EVENT_DAYS
    )


def _business_date(folder: Path) -> date:
    return date.fromisoformat(json.loads((folder / _NOTE).read_text(encoding="utf-8"))["business_date"])


def _settings(cluster: Cluster, port: int, folder: Path, database: str = _LOADED) -> OperatorSettings:
    urls = derive_urls(HOST, port, cluster.password, database)
    return OperatorSettings().model_copy(update={**urls.fields, "state_dir": folder / "state"})


def _drop(database: str) -> str:
    return f"DROP DATABASE IF EXISTS {database} WITH (FORCE)"


async def _copy(admin_url: str, template: str) -> None:
    made = f"CREATE DATABASE {_COPY} TEMPLATE {template} STRATEGY file_copy OWNER {Role.OWNER.value}"
    await _execute(admin_url, _drop(_COPY), made, *access_statements(_COPY))


async def _exists(admin_url: str, database: str) -> bool:
    connection = await asyncpg.connect(admin_url)
    try:
        return bool(await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", database))
    finally:
        await connection.close()


async def _execute(admin_url: str, *statements: str) -> None:
    connection = await asyncpg.connect(admin_url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
