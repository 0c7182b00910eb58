"""What every other test stands on: clones and rolled-back sessions."""

import asyncpg
import pytest
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin_tools.roles import Role, driver_url
from support.databases import Database


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_connects_to_a_clone_as_itself_and_is_no_superuser(database: Database, role: Role) -> None:
    connection = await asyncpg.connect(driver_url(url_of(database, role)))
    try:
        row = await connection.fetchrow(
            "SELECT current_user AS name, rolsuper FROM pg_roles WHERE rolname = current_user"
        )
    finally:
        await connection.close()
    assert row is not None
    assert (row["name"], row["rolsuper"]) == (role.value, False)


async def test_two_clones_do_not_see_each_other(database: Database) -> None:
    connection = await asyncpg.connect(driver_url(database.owner_url))
    try:
        await connection.execute("CREATE TABLE only_here (id bigint)")
        assert await connection.fetchval("SELECT current_database()") == database.name
    finally:
        await connection.close()


async def test_a_service_role_cannot_make_a_table(database: Database) -> None:
    connection = await asyncpg.connect(driver_url(database.customer_url))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE mine (id bigint)")
    finally:
        await connection.close()


async def test_a_services_lock_timeout_hangs_on_its_role(database: Database) -> None:
    connection = await asyncpg.connect(driver_url(database.bank_url))
    try:
        assert await connection.fetchval("SHOW lock_timeout") == "3s"
        assert await connection.fetchval("SHOW statement_timeout") == "30s"
    finally:
        await connection.close()


@pytest.mark.parametrize("turn", [1, 2])
async def test_what_a_session_commits_is_gone_in_the_next_test(session: AsyncSession, turn: int) -> None:
    connection = await session.connection()
    await connection.execute(text("CREATE TABLE left_behind (turn int)"))
    await connection.execute(text("INSERT INTO left_behind VALUES (:turn)"), {"turn": turn})
    await session.commit()
    found = await (await session.connection()).execute(text("SELECT turn FROM left_behind"))
    assert found.scalars().all() == [turn]


def url_of(database: Database, role: Role) -> str:
    return {
        Role.OWNER: database.owner_url,
        Role.CUSTOMER: database.customer_url,
        Role.BANK: database.bank_url,
        Role.WORKER: database.worker_url,
    }[role]
