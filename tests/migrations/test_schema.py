"""The migrations make exactly the tables that the models describe, and go down again."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.config import Config

from guibin.core.database import make_engine
from guibin.registry import metadata
from guibin_tools.roles import Role, driver_url
from support.databases import Database, cloned_database
from support.server import Server

ROOT = Path(__file__).parents[2]

CONSTRAINTS = """
    SELECT c.conrelid::regclass::text || '.' || c.conname || ': ' || pg_get_constraintdef(c.oid)
      FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace WHERE n.nspname = 'public'
       AND c.contype <> 'n' AND c.conrelid <> 0 AND c.conrelid::regclass::text <> 'alembic_version'
"""
INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
COLUMNS = """
    SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
      FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
"""

ENDED_ROLE = (
    "INSERT INTO branch (id, code, kind, name_zh, name_en) VALUES (gen_random_uuid(), '1', 'head_office', '行', 'B')",
    "INSERT INTO staff (id, no, issuer, subject, branch_id, active) SELECT id, 'S1', 'i', 's', id, true FROM branch",
    "INSERT INTO staff_role SELECT id, 'lobby', branch_id, NULL FROM staff",
    "INSERT INTO staff_role SELECT id, 'manager', branch_id, now() FROM staff",
)
"""One person with a role that has ended and one that is held."""


async def schema_of(url: str) -> dict[str, set[str]]:
    connection = await asyncpg.connect(url)
    try:
        queries = {"constraints": CONSTRAINTS, "indexes": INDEXES, "columns": COLUMNS}
        return {name: {row[0] for row in await connection.fetch(query)} for name, query in queries.items()}
    finally:
        await connection.close()


@pytest.fixture
async def described(server: Server, worker_name: str) -> AsyncIterator[Database]:
    """Return a database whose tables the metadata made, without a migration."""
    async with cloned_database(server, f"described_{worker_name}", template="template0") as made:
        connection = await asyncpg.connect(made.admin_url)
        await connection.execute("CREATE EXTENSION btree_gist")
        await connection.execute(f"GRANT CREATE ON SCHEMA public TO {Role.OWNER}")
        await connection.close()
        engine = make_engine(made.owner_url, pool_size=1, application="guibin-tests")
        async with engine.begin() as opened:
            await opened.run_sync(metadata.create_all)
        await engine.dispose()
        yield made


async def test_a_migrated_database_has_the_constraints_indexes_and_columns_of_the_models(
    database: Database, described: Database
) -> None:
    migrated, modelled = await schema_of(database.admin_url), await schema_of(described.admin_url)
    for kind, expected in modelled.items():
        assert migrated[kind] - expected == set(), kind
        assert expected - migrated[kind] == set(), kind


def configuration(database: Database) -> Config:
    config = Config(ROOT / "alembic.ini")
    config.set_main_option("sqlalchemy.url", database.owner_url.replace("%", "%%"))
    return config


async def test_the_migrations_go_down_to_nothing_and_up_again(database: Database) -> None:
    await in_thread(command.downgrade, configuration(database), "base")
    connection = await asyncpg.connect(driver_url(database.owner_url))
    try:
        left = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        )
        assert left == []
    finally:
        await connection.close()
    await in_thread(command.upgrade, configuration(database), "head")
    await in_thread(command.check, configuration(database))


async def test_a_role_that_has_ended_does_not_hold_again_where_ends_are_unknown(database: Database) -> None:
    await in_thread(command.downgrade, configuration(database), "0005")
    connection = await asyncpg.connect(driver_url(database.owner_url))
    try:
        for statement in ENDED_ROLE:
            await connection.execute(statement)
        await in_thread(command.downgrade, configuration(database), "0004")
        assert [row["role"] for row in await connection.fetch("SELECT role FROM staff_role")] == ["lobby"]
    finally:
        await connection.close()


async def in_thread(step: object, *arguments: object) -> None:
    """Run an alembic command beside the test's event loop: its environment starts a loop of its own."""

    assert callable(step)
    await asyncio.to_thread(step, *arguments)
