"""Gifts by managers: a branch's shelf, a second signature, a cap of the year, a receipt (RGT-26)."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import select

from bank_api.exports.lists import LISTS
from guibin.approvals.service import lapse
from guibin.audit.models import AuditEntry
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.core.unit_of_work import unit_of_work
from guibin.exports.jobs import tend_exports
from guibin.gifts.invariants import check
from guibin.outbox.models import OutboxEvent
from support.gifts import REASON, Gifts
from support.house import WEST, House
from support.points import sessions_of


@pytest.fixture
async def gifts(house: House, bank_client: httpx.AsyncClient) -> AsyncIterator[Gifts]:
    """Return who acts with gifts; every promise of gifts holds at the end."""
    yield Gifts(house, bank_client)
    async with house.sessions() as session:
        assert await check(session) == []


def code_of(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


async def test_a_gift_is_handed_over_with_two_names_and_stands_wherever_it_counts(
    gifts: Gifts, house: House, customer_client: httpx.AsyncClient
) -> None:
    tea, customer = await gifts.define(), await gifts.served()
    assert (await gifts.move(tea, "received", 3)).status_code == 201
    asked = await gifts.give(customer, tea, 2)
    assert await gifts.shelf(tea) == (1, 2, 0, 0)
    own = "/v1/me/gifts"
    assert (await customer_client.get(own, headers=house.customer_headers(customer))).json()["items"] == []
    for role, refusal in (("manager", (403, "forbidden")), ("branch_head_west", (404, "not_found"))):
        assert code_of(await gifts.decide(asked, role)) == refusal
    signed = await gifts.decide(asked, "branch_head")
    assert signed.status_code == 200, signed.text
    assert signed.json()["preview"]["given_before"] == "0.00"

    assert await gifts.shelf(tea) == (1, 0, 2, 0)
    public = to_public("cus", customer)
    (receipt,) = await gifts.get("manager", f"/v1/customers/{public}/gifts")
    names = [to_public("stf", house.staff[role].id) for role in ("manager", "branch_head")]
    assert [receipt["state"], receipt["value"], receipt["given_by"], receipt["signed_by"]] == [
        *("handed_over", "176.00"),
        *names,
    ]
    (mine,) = (await customer_client.get(own, headers=house.customer_headers(customer))).json()["items"]
    assert (mine["id"], mine["units"], mine["gift_name"]) == (receipt["id"], 2, "茶罐")
    month = f"/v1/reports/tax-recipients/{clock.today():%Y-%m}"
    (taxed,) = await gifts.get("branch_head", month)
    assert (taxed["handover_id"], taxed["gift_code"], taxed["value"], taxed["redemption_id"]) == (
        *(receipt["id"], "tea_tin", "176.00"),
        None,
    )
    assert await gifts.get("branch_head_west", month) == await gifts.get("hq_operator", f"{month}?tax_kind=prize") == []
    of_month = {"month": f"{clock.today():%Y-%m}"}
    alone = await gifts.post("branch_head", "/v1/exports", kind="tax_recipients", filters=of_month)
    assert alone.status_code == 202, alone.text  # the month leaves nobody out: all of the list
    assert (await gifts.decide(alone, "hq_approver")).status_code == 200
    async with sessions_of(house.database.worker_url, pool_size=2) as factory:
        assert await tend_exports(factory, lambda: house.keys, LISTS) == 1
    (file,) = await gifts.get("branch_head", "/v1/exports")
    opened = await gifts.bank.post(f"/v1/exports/{file['id']}/link", headers=house.headers("branch_head"))
    fetched = await gifts.bank.get(opened.json()["path"], headers=house.headers("branch_head"))
    assert 'filename="tax_recipients-' in fetched.headers["content-disposition"]
    (row,) = csv.DictReader(io.StringIO(fetched.content.decode("utf-8-sig"), newline=""))
    assert (row["客户编号"], row["礼品代码"], row["价值（元）"]) == (public, "tea_tin", "176.00")
    for filters in ({}, of_month | {"tier": "T2"}):
        wrong = await gifts.post("branch_head", "/v1/exports", kind="tax_recipients", filters=filters)
        assert code_of(wrong) == (422, "validation_failed")
    async with house.sessions() as session:
        trail = (await session.exec(select(AuditEntry).where(AuditEntry.action == "gift.handed_over"))).one()
        told = (await session.exec(select(OutboxEvent).where(OutboxEvent.type == "gift.handed_over"))).one()
    assert (trail.owner_id, told.customer_id, told.subject) == (customer, customer, receipt["id"])
    moved = await gifts.get("lobby", f"/v1/gifts/{tea}/movements")
    assert [(one["kind"], one["units"]) for one in moved] == [("handed_over", -2), ("received", 3)]


async def test_the_shelf_is_received_counted_and_written_off_with_reasons(gifts: Gifts, house: House) -> None:
    tea = await gifts.define()
    assert (await gifts.move(tea, "received", 5)).json()["free"] == 5
    assert code_of(await gifts.move(tea, "written_off", 2)) == (422, "reason_required")
    assert code_of(await gifts.move(tea, "written_off", 6, reason=REASON)) == (409, "gift_out_of_stock")
    assert (await gifts.move(tea, "written_off", 2, reason=REASON)).status_code == 201
    waiting = await gifts.give(await gifts.served(), tea, 2)
    assert code_of(await gifts.move(tea, "counted", 1, reason=REASON)) == (409, "gift_count_too_low")
    assert (await gifts.move(tea, "counted", 3)).status_code == 201
    assert code_of(await gifts.move(tea, "counted", 4)) == (422, "reason_required")
    assert (await gifts.move(tea, "counted", 4, reason=REASON)).json()["entered"] == 6
    assert (await gifts.decide(waiting, "branch_head", "reject")).status_code == 200
    assert await gifts.shelf(tea) == (4, 0, 0, 2)
    west = to_public("brn", house.branches[WEST].id)
    assert code_of(await gifts.move(tea, "received", 1, branch_id=west)) == (404, "not_found")
    nowhere = await gifts.move(tea, "received", 1, branch_id=to_public("brn", new_id()))
    assert code_of(nowhere) == (404, "not_found")
    assert await gifts.get("manager_west", "/v1/gifts/stock") == []
    assert [one["branch_code"] for one in await gifts.get("auditor", "/v1/gifts/stock")] == ["310001"]


async def test_the_cap_of_the_year_counts_what_waits_and_gives_back_what_nobody_signs(
    gifts: Gifts, house: House
) -> None:
    dear, customer = await gifts.define("watch", "450.00"), await gifts.served()
    await gifts.move(dear, "received", 20)
    assert code_of(await gifts.give(customer, dear, 2)) == (403, "limit_exceeded")
    asked = [await gifts.give(customer, dear) for _ in range(4)]
    over = await gifts.give(customer, dear)
    assert code_of(over) == (409, "gift_cap_reached")
    assert {name: over.json()[name] for name in ("cap", "given", "value", "left")} == {
        "cap": "2000.00",
        "given": "1800.00",
        "value": "450.00",
        "left": "200.00",
    }
    assert (await gifts.give(await gifts.served(), dear)).status_code == 202
    approval = asked[0].json()["approval_id"]
    assert (await gifts.post("manager", f"/v1/approvals/{approval}/withdraw")).status_code == 200
    assert (await gifts.give(customer, dear)).status_code == 202
    with clock.fixed_at(clock.now() + timedelta(days=30)):
        async with sessions_of(house.database.worker_url, pool_size=1) as factory, unit_of_work(factory) as work:
            assert (await lapse(work.session))["expired"] == 5
        states = [
            one["state"] for one in await gifts.get("manager", f"/v1/customers/{to_public('cus', customer)}/gifts")
        ]
    assert states == ["released"] * 5
    assert await gifts.shelf(dear) == (20, 0, 0, 0)


async def test_a_gift_that_waited_into_another_year_counts_there(gifts: Gifts, house: House) -> None:
    tea, customer = await gifts.define(), await gifts.served()
    with clock.fixed_at(datetime.fromisoformat("2026-12-31T16:00:00+08:00")):
        await gifts.move(tea, "received", 2)
        asked = await gifts.give(customer, tea)
    with clock.fixed_at(datetime.fromisoformat("2027-01-01T00:00:00+08:00")):
        assert (await gifts.decide(asked, "branch_head")).status_code == 200
        (receipt,) = await gifts.get("manager", f"/v1/customers/{to_public('cus', customer)}/gifts")
        assert (receipt["year"], receipt["state"]) == (2027, "handed_over")
        assert [one["gift_code"] for one in await gifts.get("branch_head", "/v1/reports/tax-recipients/2027-01")] == [
            "tea_tin"
        ]
    async with house.sessions() as session:
        years = await session.execute(text("SELECT year, given_fen FROM gift_year ORDER BY year"))
        assert [tuple(row) for row in years] == [(2026, 0), (2027, 88_00)]


async def test_who_may_not_be_given_anything_and_what_is_not_given(gifts: Gifts, house: House) -> None:
    tea, customer = await gifts.define(), await gifts.served()
    await gifts.move(tea, "received", 2)
    assert code_of(await gifts.give(customer, tea, 3)) == (409, "gift_out_of_stock")
    assert code_of(await gifts.give(await gifts.served("manager_west", WEST), tea)) == (404, "not_found")
    assert code_of(await gifts.give(customer, to_public("gft", new_id()))) == (409, "gift_not_offered")
    other = {"code": "tea_tin", "name_zh": "茶罐", "name_en": "Tin", "value": "1.00"}
    assert code_of(await gifts.post("rights_operator", "/v1/gifts", **other)) == (409, "gift_value_fixed")
    waiting = await gifts.give(customer, tea)
    url = f"/v1/customers/{to_public('cus', customer)}/restrictions"
    frozen = {"items": [{"kind": "judicial_freeze", "reference": "COURT-2026-1"}]}
    put = await gifts.bank.put(url, json=frozen, headers=house.headers("branch_head"))
    assert put.status_code == 200, put.text
    assert code_of(await gifts.decide(waiting, "branch_head")) == (409, "gift_not_possible")
    assert await gifts.shelf(tea) == (2, 0, 0, 0)
    assert code_of(await gifts.give(customer, tea)) == (409, "gift_not_possible")
    assert await gifts.define(offered=False) == tea
    assert code_of(await gifts.give(await gifts.served(), tea)) == (409, "gift_not_offered")
    assert code_of(await gifts.move(tea, "received", 1)) == (409, "gift_not_offered")


@pytest.mark.merge
async def test_of_parallel_requests_the_last_unit_goes_to_one_and_the_cap_holds(gifts: Gifts) -> None:
    tea, dear = await gifts.define(), await gifts.define("watch", "450.00")
    await gifts.move(tea, "received", 1)
    await gifts.move(dear, "received", 50)
    customers = [await gifts.served() for _ in range(12)]
    raced = await asyncio.gather(*(gifts.give(one, tea) for one in customers))
    assert sorted(code_of(one)[0] for one in raced) == [202, *[409] * 11]
    capped = await asyncio.gather(*(gifts.give(one, dear) for one in [await gifts.served()] * 12))
    assert sum(one.status_code == 202 for one in capped) == 4
    assert {code_of(one)[1] for one in capped if one.status_code != 202} == {"gift_cap_reached"}
