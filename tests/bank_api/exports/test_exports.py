"""Lists as files: who may have which rows, with whom, for how long (BAD-X8, X9, X10, T-CSV-1, T-AC-3)."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from bank_api.customers.schemas import CustomerRowOut
from bank_api.exports.lists import LISTS, TITLES, CustomerList
from bank_api.exports.schemas import CustomerFilters
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.core.spreadsheet import BOM
from guibin.customers.models import CustomerAccess
from guibin.exports.jobs import tend_exports
from guibin.exports.lists import Filters, Viewer
from guibin.exports.models import ListKind
from guibin.organisation.models import RoleGrant, StaffRole
from guibin.security.actors import Scope
from guibin.security.ciphers import KeyRing
from guibin.tags.models import CustomerTag, Tag, TagAxis, TagKind, TagSource, TagState
from support.house import EAST, REGION, WEST, House
from support.points import sessions_of
from support.stored import stored_in_clear

TAG = "gift_received"
TAGGED = {"kind": "customers", "filters": {"tag": TAG}}
UNFILTERED = {"kind": "customers"}


async def furnish(house: House) -> dict[str, UUID]:
    """Let three branches have tagged customers, and the east one without the tag; returns them by name."""
    names = {"东一": EAST, "东二": EAST, "西一": WEST, "区一": REGION, "未标记": EAST}
    known = {name: await house.add_customer(branch=branch, name=f"{name}人氏") for name, branch in names.items()}
    async with house.sessions() as session:
        tag = Tag(
            code=TAG,
            kind=TagKind.MANUAL,
            axis=TagAxis.SERVICE,
            state=TagState.PUBLISHED,
            name_zh="已领取礼品",
            name_en="Gift received",
            created_at=clock.now(),
        )
        session.add(tag)
        await session.flush()
        for name, customer_id in known.items():
            if name != "未标记":
                since = clock.today()
                session.add(CustomerTag(customer_id=customer_id, tag_code=TAG, source=TagSource.MANUAL, since=since))
        await session.commit()
    return known


async def work(house: House, lists: Any = LISTS) -> int:
    """Let the worker look once, as its own role."""
    async with sessions_of(house.database.worker_url, pool_size=2) as factory:
        return await tend_exports(factory, lambda: house.keys, lists)


async def ask(
    client: httpx.AsyncClient, house: House, body: dict[str, Any] = TAGGED, role: str = "branch_head"
) -> httpx.Response:
    return await client.post("/v1/exports", json=body, headers=house.headers(role))


async def agree(client: httpx.AsyncClient, house: House, approval: str) -> None:
    agreed = await client.post(f"/v1/approvals/{approval}/approve", json={}, headers=house.headers("hq_approver"))
    assert agreed.status_code == 200, agreed.text


async def shown(client: httpx.AsyncClient, house: House, role: str = "branch_head") -> dict[str, Any]:
    """Show the newest export of somebody."""
    return dict((await client.get("/v1/exports", headers=house.headers(role))).json()["items"][0])


async def link(client: httpx.AsyncClient, house: House, export: str, role: str = "branch_head") -> httpx.Response:
    return await client.post(f"/v1/exports/{export}/link", headers=house.headers(role))


async def fetch(client: httpx.AsyncClient, house: House, role: str = "branch_head") -> httpx.Response:
    """Fetch the newest export of somebody by a link of its own."""
    export = await shown(client, house, role)
    opened = await link(client, house, export["id"], role)
    assert opened.status_code == 200, opened.text
    return await client.get(opened.json()["path"], headers=house.headers(role))


def rows_in(content: bytes) -> list[dict[str, str]]:
    read = content.decode()
    assert read.startswith(BOM)
    return list(csv.DictReader(io.StringIO(read.removeprefix(BOM), newline="")))


async def actions(house: House) -> list[tuple[str, str, str]]:
    """Return what the trail says of exports: action, result, actor's kind, in its order."""
    async with house.sessions() as session:
        query = "SELECT action, result, actor_kind FROM audit_entry WHERE action LIKE 'list_export.%' ORDER BY at, id"
        return [(row[0], row[1], row[2]) for row in await session.execute(text(query))]


async def test_an_export_holds_the_customers_of_its_scope_and_no_others(
    house: House, bank_client: httpx.AsyncClient
) -> None:
    known = await furnish(house)
    async with house.sessions() as session:
        head = house.staff["branch_head"].id
        served = CustomerAccess(customer_id=known["东二"], staff_id=head, role="primary", valid_from=clock.today())
        session.add(served)
        await session.commit()
    asked = await ask(bank_client, house)
    assert (asked.status_code, asked.json()["state"], asked.json()["rows"]) == (201, "waiting", None)
    assert (await link(bank_client, house, asked.json()["id"])).json()["code"] == "export_not_ready"
    assert sum(await asyncio.gather(work(house), work(house))) == 1
    made = await shown(bank_client, house)
    assert (made["state"], made["rows"], made["filters"]["tag"]) == ("ready", 2, TAG)
    assert await stored_in_clear(house, {"东一人氏", "东二人氏", "客户编号"}) == []

    fetched = await fetch(bank_client, house)
    assert (fetched.status_code, fetched.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert fetched.headers["content-disposition"] == f'attachment; filename="customers-{clock.today()}.csv"'
    assert "no-store" in fetched.headers["cache-control"]
    rows = rows_in(fetched.content)
    assert list(rows[0]) == list(TITLES.values())
    masked = {row["客户编号"]: row["姓名"] for row in rows}
    # In full for the primary manager alone, like on the screen.
    assert masked == {to_public("cus", known["东一"]): "东**", to_public("cus", known["东二"]): "东二人氏"}
    assert {row["机构号"] for row in rows} == {EAST}
    assert await actions(house) == [
        ("list_export.request", "done", "staff"),
        ("list_export.make", "done", "job"),
        ("list_export.link", "done", "staff"),
        ("list_export.fetch", "done", "staff"),
    ]


async def test_x9_a_file_is_fetched_once_by_its_owner_within_15_minutes_of_the_link_and_a_day_of_the_making(
    house: House, bank_client: httpx.AsyncClient
) -> None:
    await furnish(house)
    first = (await ask(bank_client, house)).json()["id"]
    await work(house)
    mine = house.headers("branch_head")
    closed, opened = [(await link(bank_client, house, first)).json()["path"] for _ in range(2)]
    for role in ("branch_head_west", "hq_operator"):
        stranger = house.headers(role)
        answers = [
            await bank_client.get(f"/v1/exports/{first}", headers=stranger),
            await bank_client.get(opened, headers=stranger),
            await link(bank_client, house, first, role),
        ]
        assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "not_found")] * 3
        assert (await bank_client.get("/v1/exports", headers=stranger)).json()["items"] == []
    with clock.fixed_at(clock.now() + timedelta(minutes=15, seconds=1)):
        assert (await bank_client.get(opened, headers=mine)).status_code == 404
    answers = [await bank_client.get(path, headers=mine) for path in (closed, opened, opened)]
    assert [answer.status_code for answer in answers] == [404, 200, 404]
    again = await link(bank_client, house, first)
    assert (again.status_code, again.json()["code"]) == (409, "export_not_ready")
    assert (await shown(bank_client, house))["state"] == "fetched"

    second = (await ask(bank_client, house)).json()["id"]
    await work(house)
    with clock.fixed_at(clock.now() + timedelta(hours=24, seconds=1)):
        assert (await link(bank_client, house, second)).json()["code"] == "export_not_ready"
        await work(house)
    assert (await shown(bank_client, house))["state"] == "expired"
    async with house.sessions() as session:
        left = await session.execute(text("SELECT data_key, content_enc, link_hash FROM list_export"))
        assert {tuple(row) for row in left} == {(None, None, None)}


async def test_x8_a_list_without_a_filter_takes_a_second_person_and_one_that_is_too_long_is_refused(
    house: House, bank_client: httpx.AsyncClient
) -> None:
    known = await furnish(house)
    own_branch = {"kind": "customers", "filters": {"branch": to_public("brn", house.branches[EAST].id)}}
    for body, role in ((UNFILTERED, "branch_head"), (own_branch, "branch_head"), (TAGGED, "hq_operator")):
        asked = await ask(bank_client, house, body, role)
        assert asked.status_code == 202, asked.text
        assert asked.json() == {"approval_id": asked.json()["approval_id"], "status": "pending"}
        assert (await bank_client.get("/v1/exports", headers=house.headers(role))).json()["items"] == []
    preview = (
        await bank_client.get(f"/v1/approvals/{asked.json()['approval_id']}", headers=house.headers("hq_approver"))
    ).json()["preview"]
    assert preview == {"list": "customers", "filters": {"tag": TAG}, "rows": 4, "row_limit": 100_000}
    await agree(bank_client, house, asked.json()["approval_id"])
    assert await work(house) == 1
    made = await shown(bank_client, house, "hq_operator")
    assert (made["state"], made["rows"], made["approval_id"]) == ("ready", 4, asked.json()["approval_id"])
    fetched = rows_in((await fetch(bank_client, house, "hq_operator")).content)
    assert {row["客户编号"] for row in fetched} == {
        to_public("cus", customer_id) for name, customer_id in known.items() if name != "未标记"
    }

    await _limit(house, rows=1)
    for body, count in ((TAGGED, 2), (UNFILTERED, 3)):
        refused = await ask(bank_client, house, body)
        assert (refused.status_code, refused.json()["code"]) == (409, "export_too_large")
        assert (refused.json()["limit"], refused.json()["count"]) == (1, count)


async def _limit(house: House, *, rows: int) -> None:
    async with house.sessions() as session:
        exports = update(RoleGrant).where(col(RoleGrant.role) == "branch_head", col(RoleGrant.domain) == "exports")
        await session.execute(exports.values(row_limit=rows))
        await session.commit()


async def _end_role(session: AsyncSession, house: House) -> None:
    ended = update(StaffRole).where(col(StaffRole.staff_id) == house.staff["branch_head"].id)
    await session.execute(ended.values(ended_at=clock.now()))


async def _move_west(session: AsyncSession, house: House) -> None:
    await _end_role(session, house)
    west, head = house.branches[WEST].id, house.staff["branch_head"].id
    session.add(StaffRole(staff_id=head, role="branch_head", branch_id=west))


@pytest.mark.parametrize(
    ("happened", "failure"),
    [("ended", "forbidden"), ("moved", "scope_changed"), ("limited", "export_too_large")],
)
async def test_whoever_has_lost_the_grant_or_the_branch_meanwhile_gets_a_reason_and_no_row(
    house: House, bank_client: httpx.AsyncClient, happened: str, failure: str
) -> None:
    await furnish(house)
    assert (await ask(bank_client, house)).status_code == 201
    async with house.sessions() as session:
        if happened != "limited":
            await (_end_role if happened == "ended" else _move_west)(session, house)
        await session.commit()
    if happened == "limited":
        await _limit(house, rows=1)
    assert await work(house) == 0
    async with house.sessions() as session:
        left = await session.execute(text("SELECT state, failure, rows, content_enc FROM list_export"))
        assert [tuple(row) for row in left] == [("failed", failure, None, None)]
    assert (await actions(house))[-1] == ("list_export.make", failure, "job")
    if happened == "ended":
        refused = await bank_client.get("/v1/exports", headers=house.headers("branch_head"))
        assert refused.status_code == 403
    else:
        assert (await shown(bank_client, house))["failure"] == failure


async def test_a_file_made_before_its_owner_moved_is_not_handed_over(
    house: House, bank_client: httpx.AsyncClient
) -> None:
    await furnish(house)
    export = (await ask(bank_client, house)).json()["id"]
    assert await work(house) == 1
    async with house.sessions() as session:
        await _move_west(session, house)
        await session.commit()
    refused = await link(bank_client, house, export)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_a_worker_that_is_killed_in_the_middle_leaves_an_export_that_is_made_once(
    house: House, bank_client: httpx.AsyncClient
) -> None:
    await furnish(house)
    key = str(new_id())
    headers = house.headers("branch_head", key=key)
    answers = [await bank_client.post("/v1/exports", json=TAGGED, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotent-replayed"] == "true"

    class Killed(CustomerList):
        async def read(
            self, session: AsyncSession, keys: KeyRing, scope: Scope, *, viewer: Viewer, filters: Filters
        ) -> AsyncIterator[list[list[str]]]:
            async for some in super().read(session, keys, scope, viewer=viewer, filters=filters):
                yield some
                connection = await session.connection()
                await connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    assert await work(house, {ListKind.CUSTOMERS: Killed()}) == 0
    assert (await shown(bank_client, house))["state"] == "waiting"
    assert (await work(house), await work(house)) == (1, 0)
    assert [action for action, _, _ in await actions(house)] == ["list_export.request", "list_export.make"]
    late = await ask(bank_client, house)
    assert late.status_code == 201
    async with house.sessions() as session:
        await session.execute(
            text("UPDATE list_export SET created_at = :then WHERE state = 'waiting'"),
            {"then": clock.now() - timedelta(hours=25)},
        )
        await session.commit()
    assert await work(house) == 0
    async with house.sessions() as session:
        states = await session.execute(text("SELECT state FROM list_export ORDER BY id"))
        assert [row[0] for row in states] == ["ready", "failed"]


def test_the_file_has_a_column_for_every_field_of_the_screen() -> None:
    shown = [name for name in CustomerRowOut.model_fields if name not in {"branch_id", "freshness"}]
    assert [*TITLES] == [*shown, "as_of", "stale_lines"]


def test_filters_come_back_as_they_were_written() -> None:
    written = {"tag": "a", "tier": "T2", "manager": to_public("mgr", new_id()), "branch": to_public("brn", new_id())}
    assert CustomerFilters.model_validate(written).named() == written
