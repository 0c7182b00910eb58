"""What `points_inherit` refuses, whoever calls it: the last look before a deceased customer's points move."""

import json
from uuid import UUID

import asyncpg
import pytest

from guibin.core.ids import new_id
from guibin.privacy import defaults as privacy
from support.databases import Database
from support.points import ACTOR, DAY, NOON, commit_customers, commit_points, sessions_of

DECEASED = """
    INSERT INTO customer_restriction (customer_id, id, kind, valid_from, valid_to, reference, set_by, set_at)
    VALUES ($1, $2, 'deceased', $3, $4, 'DOC-1', $5, $6)
"""


class Estate:
    """Calls the function as a role, about one deceased customer and one heir."""

    def __init__(self, database: Database, dead: UUID, heir: UUID) -> None:
        self.database, self.dead, self.heir = database, dead, heir

    async def admin(self, query: str, *values: object) -> object:
        connection = await asyncpg.connect(self.database.admin_url)
        try:
            return await connection.fetchval(query, *values)
        finally:
            await connection.close()

    async def inherit(
        self, points: int = 10, *, role: str = "bank", wallet: str = "reward", source: str | None = None
    ) -> str:
        lot = await self.admin("SELECT id FROM points_lot WHERE customer_id = $1 LIMIT 1", self.dead)
        url: str = getattr(self.database, f"{role}_url")
        connection = await asyncpg.connect(url.replace("+asyncpg", ""), server_settings={"guibin.scope": "whole_bank"})
        takes = json.dumps([{"lot": str(lot), "points": points}])
        entries, lots = [new_id(), new_id()], [new_id()]
        try:
            return str(
                await connection.fetchval(
                    "SELECT outcome FROM points_inherit($1, $2, $3, $4, $5, $6, $7, $8, '{a,b}', '{a,b}', $9, $10,"
                    " $11, $12)",
                    *(new_id(), new_id(), self.dead, self.heir, wallet, takes, entries, lots),
                    *(source or str(new_id()), ACTOR, NOON, DAY),
                )
            )
        except asyncpg.PostgresError as error:
            return error.sqlstate or ""
        finally:
            await connection.close()


@pytest.fixture
async def estate(database: Database) -> Estate:
    dead, heir = await commit_customers(database.owner_url, 2)
    await commit_points(database, dead, 100)
    async with sessions_of(database.owner_url, pool_size=1) as factory, factory() as session:
        await privacy.seed(session)
        await session.commit()
    return Estate(database, dead, heir)


async def test_nobody_inherits_from_the_living_nor_what_is_set_aside_owed_or_not_there(estate: Estate) -> None:
    account = "UPDATE points_account SET {} WHERE customer_id = $1"
    set_aside, owed = account.format("held = 1"), account.format("held = 0, debt = 95")

    assert await estate.inherit() == "not_deceased"
    for name in ("customer", "worker"):
        assert await estate.inherit(role=name) == "42501"
    await estate.admin(DECEASED, estate.dead, new_id(), DAY, None, ACTOR, NOON)
    await estate.admin(set_aside, estate.dead)
    assert await estate.inherit() == "open_holds"
    await estate.admin(owed, estate.dead)
    assert [await estate.inherit(points) for points in (6, 5)] == ["owed", "posted"]
    await estate.admin(account.format("debt = 0"), estate.dead)
    assert await estate.inherit(96) == "owed"
    assert [await estate.inherit(wallet=wallet) for wallet in ("growth", "none")] == ["22023"] * 2
    assert [await estate.inherit(source="apr/0") for _ in range(2)] == ["posted", "duplicate"]
    await estate.admin("UPDATE customer_restriction SET valid_to = $2 WHERE customer_id = $1", estate.dead, DAY)
    assert await estate.inherit() == "not_deceased"
