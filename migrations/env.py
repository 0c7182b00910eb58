"""Runs the migrations as guibin_owner: one transaction under an advisory lock, so that two migrators queue up."""

import asyncio

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from guibin.core.settings import Settings
from guibin.registry import metadata

LOCK = 7_301_558_207_014_421


def database_url() -> str:
    """Return the URL that the caller put into the configuration, else GUIBIN_DATABASE_URL."""
    url = context.config.get_main_option("sqlalchemy.url") or Settings().database_url
    if not url:
        raise SystemExit("Set GUIBIN_DATABASE_URL to the URL of guibin_owner, then run the migration again.")
    return url


def migrate(connection: Connection) -> None:
    """Apply what is missing. The second setting matters on a distributed engine only."""
    context.configure(connection=connection, target_metadata=metadata, compare_type=True, include_schemas=False)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        connection.execute(text("SET LOCAL citus.multi_shard_modify_mode TO 'sequential'"))
        context.run_migrations()


async def run() -> None:
    """Connect and migrate."""
    engine = create_async_engine(database_url(), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
        await connection.commit()
    await engine.dispose()


asyncio.run(run())
