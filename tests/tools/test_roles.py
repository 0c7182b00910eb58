"""Roles on a real server, and the sentences about a server that is not ours."""

import asyncpg
import pytest

from guibin_tools.connections import connected
from guibin_tools.databases import given_database, put_roles
from guibin_tools.errors import OperatorError
from guibin_tools.postgres.cluster import free_port
from guibin_tools.roles import Role, driver_url, ensure_roles
from guibin_tools.settings import OperatorSettings
from support.databases import Database
from support.server import Server


async def connect_and_leave(url: str) -> None:
    async with connected(url, "GUIBIN_DATABASE_URL"):
        pass


async def test_making_the_roles_twice_changes_nothing(server: Server, database: Database) -> None:
    await ensure_roles(server.admin_url, server.urls(database.name))
    connection = await asyncpg.connect(driver_url(database.bank_url))
    try:
        assert await connection.fetchval("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'guibin%'") == len(Role)
    finally:
        await connection.close()


async def test_nobody_else_may_connect_to_the_database(database: Database) -> None:
    connection = await asyncpg.connect(database.admin_url)
    try:
        allowed = await connection.fetchval("SELECT datacl::text FROM pg_database WHERE datname = $1", database.name)
    finally:
        await connection.close()
    assert "{=" not in allowed
    assert ",=" not in allowed


def test_an_owner_that_may_not_make_roles_is_content_when_they_are_there(server: Server, database: Database) -> None:
    assert server.template
    settings = OperatorSettings(**database.urls)
    assert "administrator" in put_roles(given_database(settings), settings)


def test_a_database_of_ones_own_needs_all_four_urls() -> None:
    settings = OperatorSettings(database_url="postgresql+asyncpg://guibin_owner:x@127.0.0.1/guibin")
    with pytest.raises(OperatorError, match="missing: GUIBIN_CUSTOMER_DATABASE_URL, GUIBIN_BANK_DATABASE_URL"):
        given_database(settings)


async def test_a_dead_database_is_one_sentence() -> None:
    port = free_port()
    with pytest.raises(OperatorError, match=rf"^The database of GUIBIN_DATABASE_URL at 127.0.0.1:{port} does not"):
        await connect_and_leave(f"postgresql+asyncpg://guibin_owner:x@127.0.0.1:{port}/guibin")


async def test_a_missing_database_is_named(server: Server, database: Database) -> None:
    with pytest.raises(OperatorError, match=r"^There is no database nowhere at 127\.0\.0\.1:\d+\.$"):
        await connect_and_leave(server.urls("nowhere").owner)
    assert database.name


async def test_a_wrong_password_is_refused_without_being_repeated(database: Database) -> None:
    url = f"postgresql+asyncpg://guibin_owner:hunter2@{database.owner_url.split('@')[1]}"
    with pytest.raises(OperatorError, match="refuses the role guibin_owner") as refused:
        await connect_and_leave(url)
    assert "hunter2" not in str(refused.value)


async def test_a_value_that_is_no_url_is_refused_by_its_setting() -> None:
    with pytest.raises(OperatorError, match="GUIBIN_DATABASE_URL is not a database URL"):
        await connect_and_leave("not a url")
