"""The row-level policies (T-AC-5): no setting, no row; a setting opens what it says until the transaction ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import Table, text
from sqlalchemy.exc import DBAPIError

from guibin.core import clock
from guibin.core.database import make_engine, make_session_factory
from guibin.customers.models import CustomerAccess
from guibin.customers.repository import enter_customer
from guibin.points.models import EntryKind
from guibin.registry import metadata
from guibin.security.actors import Scope
from guibin.security.row_scope import all_rows, open_rows
from support.databases import Database
from support.house import EAST, REGION, ROOT, WEST, House
from support.neighbours import Neighbours, move_in
from support.points import post_points, sessions_of

SERVICES = ("customer", "bank")
WITHOUT_POLICIES = {
    "binding_ticket": "names a WeChat account before anybody knows whose it is",
    "staff_delegation": "is about staff",
    "tag": "its owner is a member of staff",
}
"""Tables that look as if they held a customer's rows, and why they need no policy."""

OWNERS = {"customer_id", "owner_id", "actor_id", "requested_by"}
STAFF_ONLY = {"feed_file", "run"}
"""Their `actor_id` is a member of staff or a service."""


OF_SEVERAL = {"household"}
"""Rows of several customers, seen by whoever sees one of them."""


def holds_customers_rows(table: Table) -> bool:
    if table.name in WITHOUT_POLICIES or table.name in STAFF_ONLY:
        return False
    distribution = table.info.get("distribution")
    colocated = isinstance(distribution, tuple) and (table.name == "customer" or distribution[1:] == ("customer",))
    return table.name in OF_SEVERAL or colocated or bool(OWNERS & set(table.columns.keys()))


PROTECTED = sorted(table.name for table in metadata.tables.values() if holds_customers_rows(table))


@asynccontextmanager
async def connected(database: Database, role: str) -> AsyncIterator[asyncpg.Connection]:
    url: str = getattr(database, f"{role}_url")
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def neighbours(house: House) -> Neighbours:
    return await move_in(house)


async def test_every_table_with_rows_of_customers_is_held_by_policies_of_each_service(database: Database) -> None:
    connection = await asyncpg.connect(database.admin_url)
    rows = await connection.fetch(
        "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,"
        " array(SELECT DISTINCT r.rolname::text FROM pg_policy p, unnest(p.polroles) AS u(id) JOIN pg_roles r"
        " ON r.oid = u.id WHERE p.polrelid = c.oid) AS roles,"
        " has_any_column_privilege('guibin_customer', c.oid, 'SELECT') AS customers"
        " FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
    )
    await connection.close()
    secured = {row["relname"]: row for row in rows if row["relrowsecurity"]}

    assert set(PROTECTED) - set(secured) == set()
    assert set(secured) - set(PROTECTED) == set()
    for name, row in secured.items():
        assert {"guibin_bank", "guibin_worker"} <= set(row["roles"]), name
        assert not row["customers"] or "guibin_customer" in row["roles"], name
        assert not row["relforcerowsecurity"], name


async def test_no_view_reads_past_the_policies(database: Database) -> None:
    connection = await asyncpg.connect(database.admin_url)
    views = await connection.fetch(
        "SELECT relname, reloptions FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')"
    )
    await connection.close()
    assert [row["relname"] for row in views if "security_invoker=true" not in (row["reloptions"] or [])] == []


async def test_the_services_own_nothing_and_pass_no_policy(database: Database) -> None:
    connection = await asyncpg.connect(database.admin_url)
    rows = await connection.fetch(
        "SELECT r.rolname FROM pg_roles r WHERE r.rolname IN ('guibin_customer', 'guibin_bank', 'guibin_worker')"
        " AND (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR pg_has_role(r.oid, 'guibin_owner', 'MEMBER')"
        " OR EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid))"
    )
    await connection.close()
    assert rows == []


async def test_without_a_setting_no_service_sees_a_row_or_writes_one(house: House, neighbours: Neighbours) -> None:
    east = neighbours.east.customer_id
    for role in SERVICES:
        async with connected(house.database, role) as connection:
            for table in PROTECTED:
                if not await connection.fetchval("SELECT has_table_privilege(current_user, $1, 'SELECT')", table):
                    continue
                rows = await connection.fetchval(f"SELECT count(*) FROM {table}")
                free = "WHERE customer_id IS NULL" if table in {"voucher_code", "wechat_identity"} else "WHERE false"
                assert rows == await connection.fetchval(f"SELECT count(*) FROM {table} {free}"), (role, table)
    async with connected(house.database, "bank") as connection:
        assert await connection.execute("UPDATE redemption SET state = 'fulfilled'") == "UPDATE 0"
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await connection.execute(
                "INSERT INTO customer_tag (customer_id, tag_code, source, since)"
                " SELECT $1, code, 'manual', $2 FROM tag",
                east,
                clock.today(),
            )
    async with connected(house.database, "worker") as connection:
        assert await connection.fetchval("SELECT count(*) FROM customer") == 2


async def seen_by_bank(house: House, scope: Scope) -> tuple[set[UUID], set[UUID]]:
    """Return whose rows the bank's role sees without any filter: in `customer`, and in the ledger."""
    engine = make_engine(house.database.bank_url, pool_size=1, application="guibin-tests")
    async with make_session_factory(engine)() as session:
        await open_rows(session, scope, actor_id=scope.staff_id)
        customers = set((await session.execute(text("SELECT id FROM customer"))).scalars())
        entries = set((await session.execute(text("SELECT customer_id FROM points_entry"))).scalars())
    await engine.dispose()
    return customers, entries


async def test_a_setting_opens_the_rows_of_its_scope_and_no_others(house: House, neighbours: Neighbours) -> None:
    east, west = neighbours.east.customer_id, neighbours.west.customer_id
    branches = {code: house.branches[code].id for code in (ROOT, REGION, EAST, WEST)}
    async with house.sessions() as session:
        lobby = house.staff["lobby"].id
        former = CustomerAccess(
            customer_id=east, staff_id=lobby, role="primary", valid_from=clock.today(), valid_to=clock.today()
        )
        session.add(former)
        session.add(
            CustomerAccess(
                customer_id=west,
                staff_id=lobby,
                role="joint",
                valid_from=clock.today(),
                valid_to=clock.today() + timedelta(days=1),
            )
        )
        await session.commit()
    accompanying = Scope(staff_id=lobby, accompanies=True)
    with clock.fixed_at(clock.now() + timedelta(days=1)):
        assert await seen_by_bank(house, accompanying) == (set(), set()), "the last day is over"
    for scope, expected in (
        (Scope.nothing(), set()),
        (Scope.of_job(), {east, west}),
        (Scope.of_customer(east), {east}),
        (Scope(staff_id=house.staff["manager_west"].id), {west}),
        (Scope(staff_id=lobby), set()),
        (accompanying, {west}),
        (Scope(branch_roots=(branches[EAST],)), {east}),
        (Scope(branch_roots=(branches[REGION],)), {east, west}),
        (Scope(branch_roots=(branches[ROOT],)), {east, west}),
        (Scope(branch_roots=(branches[EAST],), staff_id=house.staff["manager_west"].id), {east, west}),
    ):
        assert await seen_by_bank(house, scope) == (expected, expected), scope.describe()


async def test_a_connection_that_somebody_else_uses_next_carries_nothing(house: House, neighbours: Neighbours) -> None:
    count = text("SELECT count(*), pg_backend_pid() FROM customer")
    engine = make_engine(house.database.bank_url, pool_size=1, application="guibin-tests")
    factory = make_session_factory(engine)
    for ended in ("commit", "rollback"):
        async with factory() as session:
            await open_rows(session, Scope.of_customer(neighbours.east.customer_id))
            seen, connection = (await session.execute(count)).one()
            assert seen == 1
            await getattr(session, ended)()
        async with factory() as session:
            assert tuple((await session.execute(count)).one()) == (0, connection)
    await engine.dispose()


async def test_everybodys_rows_are_open_for_a_block_and_what_it_changed_is_written(
    house: House, neighbours: Neighbours
) -> None:
    count = text("SELECT count(*) FROM customer")
    engine = make_engine(house.database.bank_url, pool_size=1, application="guibin-tests")
    async with make_session_factory(engine)() as session:
        await open_rows(session, Scope.of_customer(neighbours.east.customer_id))
        async with all_rows(session):
            assert (await session.execute(count)).scalar_one() == 2
            async with all_rows(session):
                pass
            assert (await session.execute(count)).scalar_one() == 2
            key = (neighbours.west.customer_id, house.staff["manager_west"].id, "primary")
            access = await session.get(CustomerAccess, key)
            assert access is not None
            access.valid_to = clock.today()
        assert (await session.execute(count)).scalar_one() == 1
        await session.commit()
    await engine.dispose()
    assert await seen_by_bank(house, Scope(staff_id=house.staff["manager_west"].id)) == (set(), set())


async def test_a_customer_who_enters_opens_the_own_rows_and_nobody_elses(house: House, neighbours: Neighbours) -> None:
    customers = text("SELECT id FROM customer")
    engine = make_engine(house.database.customer_url, pool_size=1, application="guibin-tests")
    factory = make_session_factory(engine)
    now = clock.now()
    async with factory() as session:
        assert await enter_customer(session, customer_id=UUID(int=1), session_id=None, issued_at=now) is None
        assert (await session.execute(customers)).all() == []
        east = neighbours.east.customer_id
        standing = await enter_customer(session, customer_id=east, session_id=None, issued_at=now)
        assert standing is not None
        assert standing.in_force
        assert list((await session.execute(customers)).scalars()) == [east]
        unknown = await enter_customer(session, customer_id=east, session_id=UUID(int=1), issued_at=now)
        assert unknown is not None
        assert not unknown.in_force
    await engine.dispose()


async def test_the_ledger_takes_nothing_for_a_customer_whose_rows_are_not_open(
    house: House, neighbours: Neighbours
) -> None:
    east, west = neighbours.east.customer_id, neighbours.west.customer_id
    for role, kind, words in (
        ("customer", "redeem", f"customer:{east}"),
        ("customer", "redeem", ""),
        ("bank", "earn", f"subtree:{house.branches[EAST].id}"),
        ("bank", "earn", f"own_customers:{house.staff['manager'].id}"),
    ):
        url = getattr(house.database, f"{role}_url")
        async with sessions_of(url, pool_size=1, words=words) as factory, factory() as session:
            if words:
                await post_points(session, east, EntryKind(kind), 1)
            with pytest.raises(DBAPIError) as refused:
                await post_points(session, west, EntryKind(kind), 1)
            assert getattr(refused.value.orig, "sqlstate", None) == "42501"
