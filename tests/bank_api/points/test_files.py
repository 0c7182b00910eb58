"""Files of points over HTTP: tried out, approved as a whole, posted in parts, each line once."""

import asyncio
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import col, select

from guibin.core import clock
from guibin.core.bulk import copy_rows
from guibin.core.ids import new_id, to_public
from guibin.customers.models import CustomerRef, RefKind
from guibin.customers.references import customer_no_ref
from guibin.points.files.service import tend_files
from guibin.points.invariants import check
from guibin.points.models import PointsEntry
from guibin.programme.models import Budget, BudgetDraw
from guibin.rights.invariants import check as check_rights
from support.house import EAST, WEST, House
from support.points import commit_points, sessions_of

REASON = "旧系统迁移的期初余额"
HEADER = "customer_no,wallet,points,reason"


async def add_numbered(house: House, number: str, branch: str = EAST) -> UUID:
    customer_id = await house.add_customer(branch=branch)
    ref = customer_no_ref(house.keys, number)
    assert ref is not None
    async with house.sessions() as session:
        session.add(CustomerRef(ref=ref, kind=RefKind.CUSTOMER_NO, customer_id=customer_id, valid_from=clock.today()))
        await session.commit()
    return customer_id


async def send(
    client: httpx.AsyncClient, house: House, rows: Iterable[str], role: str = "hq_operator", **query: Any
) -> httpx.Response:
    content = "\n".join([HEADER, *rows]).encode()
    headers = house.headers(role) | {"Content-Type": "text/csv"}
    params = {"kind": "grant", "reference": "F1"} | query
    return await client.post("/v1/points/files", params=params, content=content, headers=headers)


async def approve(client: httpx.AsyncClient, house: House, submitted: httpx.Response) -> httpx.Response:
    assert submitted.status_code == 202, submitted.text
    url = f"/v1/approvals/{submitted.json()['approval_id']}/approve"
    return await client.post(url, json={}, headers=house.headers("hq_approver"))


async def post_all(house: House, *, limit: int = 1_000) -> int:
    posted = 0
    async with sessions_of(house.database.worker_url, pool_size=1) as sessions:
        while (part := await tend_files(sessions, limit=limit)) is not None:
            posted += part
    return posted


async def entries_of(house: House, customer_id: UUID) -> list[tuple[str, int, str]]:
    async with house.sessions() as session:
        assert await check(session) == []
        query = select(PointsEntry).where(PointsEntry.customer_id == customer_id).order_by(col(PointsEntry.seq))
        return [(one.kind, one.points, one.source_id) for one in (await session.exec(query)).all()]


async def test_a_file_is_tried_out_approved_and_posted_line_by_line(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    first, second = await add_numbered(house, "C1029384756"), await add_numbered(house, "C5647382910")
    await commit_points(house.database, second, 10)
    lines = [
        f"C1029384756,reward,100,{REASON}",
        f"C5647382910,reward,-4,{REASON}",
        f"C5647382910,reward,-900,{REASON}",
        f"C0000000404,reward,5,{REASON}",
        f"C1029384756,gold,5,{REASON}",
        f"C1029384756,service,7,{REASON}",
    ]

    tried = await send(bank_client, house, lines, dry_run=True, lines=6)
    differs = await send(bank_client, house, lines, points=1)
    sent = await send(bank_client, house, lines)
    again = await send(bank_client, house, lines)
    before = await post_all(house)
    decided = await approve(bank_client, house, sent)
    posted = await post_all(house, limit=2)
    url = f"/v1/points/files/{sent.json()['file_id']}"
    seen = (await bank_client.get(url, headers=house.headers("hq_operator"))).json()
    results = (await bank_client.get(f"{url}/results", headers=house.headers("hq_approver"))).json()["items"]
    refused = (
        await bank_client.get(f"{url}/results?state=refused&limit=1", headers=house.headers("hq_operator"))
    ).json()
    hidden = await bank_client.get(url, headers=house.headers("manager"))

    assert (tried.status_code, tried.json()["file_id"], tried.json()["lines_refused"]) == (200, None, 1)
    assert tried.json()["wallets"] == {"reward": -799, "service": 7}
    assert (differs.status_code, differs.json()["code"], differs.json()["points"]) == (
        422,
        "points_file_totals_differ",
        -792,
    )
    assert (again.status_code, again.json()["file_id"]) == (409, sent.json()["file_id"])
    assert (before, decided.status_code, posted) == (0, 200, 5)
    assert decided.json()["preview"]["cost"] == "107.90"
    assert (seen["state"], seen["waiting"], seen["posted"], seen["refused"]) == ("done", 0, 3, 3)
    assert [(one["line"], one["code"]) for one in results] == [
        (2, None),
        (3, None),
        (4, "insufficient_points"),
        (5, "customer_unknown"),
        (6, "wallet_unknown"),
        (7, None),
    ]
    assert ([one["line"] for one in refused["items"]], refused["next_cursor"] is None) == ([4], False)
    assert hidden.status_code == 404
    assert await entries_of(house, first) == [("adjust_credit", 100, "F1:2"), ("adjust_credit", 7, "F1:7")]
    assert (await entries_of(house, second))[1:] == [("adjust_debit", -4, "F1:3")]


async def test_opening_balances_are_entries_of_their_own_and_a_refused_file_posts_nothing(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    here, elsewhere = await add_numbered(house, "C1029384756"), await add_numbered(house, "C5647382910", WEST)
    lines = [f"C1029384756,reward,100,{REASON}", f"C5647382910,reward,100,{REASON}"]

    opened = await send(bank_client, house, lines, kind="opening")
    rejected = await send(bank_client, house, lines, kind="opening", reference="F2")
    of_a_branch = await send(bank_client, house, lines, "branch_head", reference="F3")
    dear = await send(bank_client, house, [f"C1029384756,reward,50001,{REASON}"], "branch_head", reference="F4")
    broken = await send(bank_client, house, ['"C1'], reference="F5")
    verdict = f"/v1/approvals/{rejected.json()['approval_id']}/reject"
    await bank_client.post(verdict, json={}, headers=house.headers("hq_approver"))
    await approve(bank_client, house, opened)
    await approve(bank_client, house, of_a_branch)
    await post_all(house)

    assert (dear.status_code, dear.json()["code"]) == (403, "limit_exceeded")
    assert (broken.status_code, broken.json()["code"], broken.json()["line"]) == (422, "points_file_unreadable", 2)
    assert await entries_of(house, here) == [("opening", 100, "F1:2"), ("adjust_credit", 100, "F3:2")]
    assert await entries_of(house, elsewhere) == [("opening", 100, "F1:3")]
    url = f"/v1/points/files/{rejected.json()['file_id']}"
    assert (await bank_client.get(url, headers=house.headers("hq_operator"))).json()["state"] == "rejected"


async def test_grants_by_hand_and_by_file_stop_at_the_budget_and_a_reversal_gives_it_back(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    here, elsewhere = await add_numbered(house, "C1029384756"), await add_numbered(house, "C5647382910", WEST)
    async with house.sessions() as session:
        session.add(
            Budget(
                branch_id=house.branches[EAST].id,
                id=new_id(),
                year=clock.today().year,
                line="credit_card",
                points_limit=100,
                created_at=clock.now(),
            )
        )
        await session.commit()

    async def by_two(path: str, customer_id: UUID, **fields: Any) -> str:
        body = {"customer_id": to_public("cus", customer_id), "reason": REASON} | fields
        headers = house.headers("hq_operator", key=str(new_id()))
        submitted = await bank_client.post(f"/v1/points/{path}", json=body, headers=headers)
        answer = await approve(bank_client, house, submitted)
        return str(answer.json().get("code") or answer.json()["state"])

    async def spent() -> tuple[int, int]:
        async with house.sessions() as session:
            assert [*await check(session), *await check_rights(session)] == []
            budget = (await session.exec(select(Budget))).one()
            return budget.points_spent, budget.fen_spent

    assert await by_two("adjustments", here, wallet="reward", points=60) == "approved"
    assert await spent() == (60, 600)
    assert await by_two("adjustments", here, wallet="reward", points=41) == "budget_exhausted"
    assert await by_two("adjustments", elsewhere, wallet="reward", points=41) == "approved"
    assert await by_two("adjustments", here, wallet="service", points=41) == "approved"
    assert await spent() == (60, 600)

    async with house.sessions() as session:
        query = select(PointsEntry).where(PointsEntry.customer_id == here, PointsEntry.wallet == "reward")
        (entry,) = (await session.exec(query.order_by(col(PointsEntry.seq)))).all()
    assert await by_two(f"entries/{to_public('ent', entry.id)}/reverse", here, points=25) == "approved"
    assert await spent() == (35, 350)

    few = await send(bank_client, house, [f"C1029384756,reward,{points},{REASON}" for points in (4, 6)], reference="F0")
    await approve(bank_client, house, few)
    await post_all(house)
    assert await spent() == (45, 450)
    async with house.sessions() as session:
        draws = (await session.exec(select(BudgetDraw.points).order_by(col(BudgetDraw.points)))).all()
    assert {4, 6} <= set(draws), "each line has drawn for itself"
    lines = [f"C1029384756,reward,{points},{REASON}" for points in (30, 26, 25)]
    sent = await send(bank_client, house, [*lines, f"C5647382910,reward,900,{REASON}"])
    await approve(bank_client, house, sent)
    await post_all(house)
    results = await bank_client.get(
        f"/v1/points/files/{sent.json()['file_id']}/results", headers=house.headers("hq_operator")
    )
    assert [one["code"] for one in results.json()["items"]] == [None, "budget_exhausted", None, None]
    assert await spent() == (100, 1000)


@pytest.mark.merge
async def test_a_hundred_thousand_lines_that_are_killed_half_way_post_once_each(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    lines, people = 100_000, 2_000
    customer_ids = [await house.add_customer() for _ in range(20)]
    numbers = [f"C9{number:09}" for number in range(people)]
    async with house.sessions() as session:
        rows = [
            (customer_no_ref(house.keys, number), RefKind.CUSTOMER_NO, customer_ids[place % 20], 1, clock.today())
            for place, number in enumerate(numbers)
        ]
        await copy_rows(session, "customer_ref", ("ref", "kind", "customer_id", "key_version", "valid_from"), rows)
        await session.commit()
    content = [f"{numbers[place % people]},reward,{1 + place % 7},{REASON}" for place in range(lines)]
    await approve(bank_client, house, await send(bank_client, house, content, kind="opening", lines=lines))

    async def half_way() -> None:
        async with sessions_of(house.database.worker_url, pool_size=1) as sessions:
            for _ in range(50):
                await tend_files(sessions)
            working = asyncio.create_task(tend_files(sessions))
            await asyncio.sleep(0.05)
            async with sessions_of(house.database.worker_url, pool_size=1) as killers, killers() as session:
                others = "usename = current_user AND pid <> pg_backend_pid() AND datname = current_database()"
                await session.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))
            await asyncio.gather(working, return_exceptions=True)

    await half_way()
    rest = await post_all(house)

    assert 0 < rest <= lines // 2
    async with house.sessions() as session:
        assert await check(session) == []
        counted = await session.execute(
            text("SELECT count(*), count(DISTINCT source_id), sum(points) FROM points_entry")
        )
        total = sum(1 + place % 7 for place in range(lines))
        assert tuple(counted.one()) == (lines, lines, total)
