"""What the functions of the ledger refuse, whoever calls them; what tables are granted: tests/shared/security."""

from uuid import UUID

import asyncpg
import pytest

from guibin.core.ids import new_id
from guibin.points.models import EntryKind
from support.databases import Database
from support.grants import state_of
from support.points import ACTOR, DAY, NOON, commit_customers, commit_points

ROLES = ("customer", "bank", "worker")
MERGES = {"merge_out", "merge_in", "roll_out", "roll_in"}
"""Kinds that a function of their own posts, and nobody's grant names."""

MAY_POST = {
    "customer": {"redeem", "refund", "transfer_out", "transfer_in"},
    "bank": set(EntryKind) - MERGES - {"redeem", "expire"},
    "worker": set(EntryKind) - MERGES - {"redeem", "order", "expire_early", "transfer_out", "transfer_in"},
}
CREDITS = {"earn", "opening", "adjust_credit", "pending_add", "expire_early"}
"""Kinds that name a lot."""

WHOLE = {"expire", "expire_early", "pending_activate"}
"""Kinds that move all there is."""

OWN_DOORS = {"refund", "claw_back", "transfer_out", "transfer_in"}
"""Kinds that `points_post` leaves to functions of their own."""


async def connect(database: Database, role: str) -> asyncpg.Connection:
    url: str = getattr(database, f"{role}_url")
    return await asyncpg.connect(url.replace("+asyncpg", ""), server_settings={"guibin.scope": "whole_bank"})


async def post(
    connection: asyncpg.Connection,
    customer_id: UUID,
    kind: str,
    *,
    points: int | None = 10,
    wallet: str = "reward",
    lot: bool | None = None,
    source_kind: str = "run",
) -> asyncpg.Record:
    credit = kind in CREDITS if lot is None else lot
    row = await connection.fetchrow(
        "SELECT * FROM points_post($1, $2, $3, $4, $5, $6, NULL, NULL, $7, '测试', 'test', $8, $9, $10, $11, $12)",
        customer_id,
        wallet,
        kind,
        None if kind in WHOLE else points,
        new_id(),
        new_id() if credit else None,
        new_id() if kind in {"pending_activate", "pending_cancel"} else None,
        source_kind,
        str(new_id()),
        ACTOR,
        NOON,
        DAY,
    )
    assert row is not None
    return row


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_posts_the_kinds_of_its_grant_and_no_others(database: Database, role: str) -> None:
    (customer_id,) = await commit_customers(database.owner_url)
    await commit_points(database, customer_id, 1_000)
    connection = await connect(database, role)
    posted = set()
    for kind in EntryKind:
        try:
            await post(connection, customer_id, kind)
        except asyncpg.InsufficientPrivilegeError:
            continue
        except asyncpg.InvalidParameterValueError:
            assert kind in OWN_DOORS
        posted.add(kind)
    await connection.close()

    assert posted == MAY_POST[role]


async def test_the_owner_itself_has_no_grant(database: Database) -> None:
    (customer_id,) = await commit_customers(database.owner_url)
    connection = await connect(database, "owner")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await post(connection, customer_id, "earn")
    await connection.close()


async def test_a_stranger_may_not_call_the_functions(database: Database) -> None:
    connection = await asyncpg.connect(database.admin_url)
    name = f"stranger_{new_id().hex}"
    await connection.execute(f"CREATE ROLE {name}")
    await connection.execute(f"GRANT USAGE ON SCHEMA public TO {name}")
    await connection.execute(f"SET ROLE {name}")
    calls = (
        "SELECT * FROM points_account_lock(NULL, NULL, NULL, NULL)",
        f"SELECT points_post_batch(NULL, NULL, '', {', '.join(['NULL'] * 12)})",
        f"SELECT * FROM points_post({', '.join(['NULL'] * 16)})",
        f"SELECT * FROM points_refund({', '.join(['NULL'] * 14)})",
        f"SELECT * FROM points_claw_back({', '.join(['NULL'] * 12)})",
        f"SELECT * FROM points_hold({', '.join(['NULL'] * 12)})",
        f"SELECT * FROM points_capture({', '.join(['NULL'] * 13)})",
        "SELECT * FROM points_release(NULL, NULL, NULL, NULL, NULL, NULL)",
        f"SELECT * FROM points_transfer({', '.join(['NULL'] * 15)})",
        f"SELECT * FROM points_inherit({', '.join(['NULL'] * 14)})",
        f"SELECT * FROM points_merge({', '.join(['NULL'] * 12)})",
        f"SELECT * FROM points_unmerge({', '.join(['NULL'] * 11)})",
        f"SELECT * FROM points_enter({', '.join(['NULL'] * 15)})",
        f"SELECT * FROM points_take({', '.join(['NULL'] * 8)})",
        f"SELECT * FROM points_known({', '.join(['NULL'] * 6)})",
    )
    found = [await state_of(connection, call) for call in calls]
    await connection.execute("RESET ROLE")
    await connection.execute(f"DROP OWNED BY {name}")
    await connection.execute(f"DROP ROLE {name}")
    await connection.close()

    assert found == ["42501"] * len(calls)


async def test_impossible_movements_are_refused_by_the_function_itself(database: Database) -> None:
    (customer_id,) = await commit_customers(database.owner_url)
    connection = await connect(database, "bank")
    impossible: list[dict[str, object]] = [
        {"points": 0},
        {"points": -10},
        {"points": 10**12 + 1},
        {"points": None},
        {"wallet": "no_such_wallet"},
        {"lot": False},
        {"kind": "adjust_debit", "lot": True},
    ]
    for change in impossible:
        with pytest.raises(asyncpg.InvalidParameterValueError):
            await post(connection, customer_id, **{"kind": "earn", **change})  # type: ignore[arg-type] # by name from the list of cases
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await post(connection, new_id(), "earn")
    with pytest.raises(asyncpg.CheckViolationError):
        await post(connection, customer_id, "earn", source_kind="whim")
    assert await connection.fetchval("SELECT count(*) FROM points_entry") == 0
    assert (await post(connection, customer_id, "earn", points=10**12))["outcome"] == "posted"
    await connection.close()


async def test_a_batch_is_held_to_the_same_guards(database: Database) -> None:
    (customer_id,) = await commit_customers(database.owner_url)

    async def post_one(role: str, kind: str, points: int | None, wallet: str, lot: UUID | None) -> str | None:
        connection = await connect(database, role)
        try:
            await connection.fetch(
                "SELECT * FROM points_post_batch($1, $2, $3, $4, $5, $6, $7, $7, '{x}', '{x}', 'run', '{x}', $8, $9,"
                " $10)",
                *([customer_id], [wallet], kind, [points], [new_id()], [lot], [None], ACTOR, NOON, DAY),
            )
        except asyncpg.PostgresError as error:
            return error.sqlstate
        finally:
            await connection.close()
        return None

    assert await post_one("customer", "earn", 10, "reward", new_id()) == "42501"
    assert await post_one("customer", "adjust_credit", 10, "reward", new_id()) == "42501"
    assert await post_one("bank", "adjust_debit", 10, "reward", new_id()) == "22023"
    assert await post_one("bank", "earn", 0, "reward", new_id()) == "22023"
    assert await post_one("bank", "earn", None, "reward", new_id()) == "22023"
    assert await post_one("bank", "earn", 10**12 + 1, "reward", new_id()) == "22023"
    assert await post_one("bank", "earn", 10, "no_such_wallet", new_id()) == "22023"
    assert await post_one("bank", "earn", 10, "reward", None) == "22023"
    assert await post_one("bank", "earn", 10, "reward", new_id()) is None


async def test_a_batch_posts_nothing_when_the_rows_of_one_of_its_customers_are_not_open(database: Database) -> None:
    mine, other = sorted(await commit_customers(database.owner_url, 2))
    for customer_id in (mine, other):
        await commit_points(database, customer_id, 100)
    connection = await connect(database, "bank")
    await connection.fetch("SELECT set_config('guibin.scope', $1, false)", f"customer:{mine}")

    async def post_to(*customers: UUID) -> list[asyncpg.Record]:
        number = len(customers)
        lists: list[list[object]] = [["reward"] * number, [10] * number, [new_id() for _ in customers]]
        return await connection.fetch(
            "SELECT * FROM points_post_batch($1, $2, 'earn', $3, $4, $5, $6, $6, $7, $7, 'run', $7, $8, $9, $10)",
            *(customers, *lists, [new_id() for _ in customers], [None] * number, ["x"] * number, ACTOR, NOON, DAY),
        )

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await post_to(mine, other)
    assert [row["outcome"] for row in await post_to(mine)] == ["posted"]
    await connection.close()


async def test_points_are_passed_on_between_two_whose_rows_are_open_and_never_made(database: Database) -> None:
    giver, receiver = await commit_customers(database.owner_url, 2)
    await commit_points(database, giver, 100)

    async def pass_on(role: str, to: UUID = receiver, *, points: int = 10, scope: str = "whole_bank") -> str:
        connection = await connect(database, role)
        await connection.fetch("SELECT set_config('guibin.scope', $1, false)", scope)
        try:
            row = await connection.fetchrow(
                "SELECT * FROM points_transfer($1, $2, $3, 'reward', $4, NULL, $5, $6, '{a,b}', '{a,b}', 'transfer',"
                " $7, $8, $9, $10)",
                *(new_id(), giver, to, points, [new_id(), new_id()], [new_id()], str(new_id()), ACTOR, NOON, DAY),
            )
        except asyncpg.PostgresError as error:
            return error.sqlstate or ""
        finally:
            await connection.close()
        assert row is not None
        return str(row["outcome"])

    assert await pass_on("worker") == "42501"
    assert await pass_on("customer", scope=f"customer:{giver}") == "42501"
    assert await pass_on("customer", giver) == "22023"
    assert [await pass_on("bank", points=points) for points in (0, -1, 10**12 + 1)] == ["22023"] * 3
    assert await pass_on("customer") == "not_transferable"
