"""Refunds by the bank over HTTP: whole or by units, at once or by four eyes, and never more than was taken."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import select

from guibin.audit.models import AuditEntry
from guibin.core.ids import new_id
from guibin.points.invariants import check as check_points
from guibin.rights.invariants import check as check_rights
from guibin.rights.models import Fulfilment
from support.shop import Shop

REASON = "客户投诉，服务未达约定标准"
HAND_OUT = {"fulfilment": Fulfilment.HAND_OUT}


async def redeem(
    client: httpx.AsyncClient, shop: Shop, customer: UUID, right: str, quantity: int = 1
) -> dict[str, Any]:
    headers = shop.house.customer_headers(customer, key=str(new_id()))
    answer = await client.post("/v1/redemptions", json={"right_id": right, "quantity": quantity}, headers=headers)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def refund(
    client: httpx.AsyncClient, shop: Shop, redemption: str, role: str = "customer_service", **body: Any
) -> httpx.Response:
    headers = shop.house.headers(role, key=str(new_id()))
    body = {"reason": REASON, **body}
    return await client.post(f"/v1/redemptions/{redemption}/refund", json=body, headers=headers)


async def reward(client: httpx.AsyncClient, shop: Shop, customer: UUID) -> int:
    answer = await client.get("/v1/me/points", headers=shop.house.customer_headers(customer))
    return next(int(own["available"]) for own in answer.json()["wallets"] if own["wallet"] == "reward")


async def hold_promises(shop: Shop) -> None:
    async with shop.house.sessions() as session:
        assert [*await check_points(session), *await check_rights(session)] == []


async def test_f1_parts_come_back_until_nothing_stands_and_never_more(
    shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    customer = await shop.customer(300)
    right = await shop.right(stock=3, limit_times=3, limit_period="month", **HAND_OUT)
    made = await redeem(customer_client, shop, customer, right, 3)
    done = await bank_client.post(
        f"/v1/redemptions/{made['id']}/fulfil", headers=shop.house.headers("lobby", key=str(new_id()))
    )
    assert done.status_code == 200, done.text

    first = await refund(bank_client, shop, made["id"], units=1)

    assert first.status_code == 200, first.text
    body = first.json()
    assert (body["state"], body["quantity_refunded"], body["points_refunded"]) == ("fulfilled", 1, 100)
    assert (await reward(customer_client, shop, customer), await shop.left_of(right)) == (100, 1)
    await hold_promises(shop)
    more = await refund(bank_client, shop, made["id"], units=3)
    assert (more.status_code, more.json()["code"], more.json()["refundable"]) == (409, "refund_exceeds_paid", 2)
    none = await refund(bank_client, shop, made["id"], units=0)
    assert none.status_code == 422
    await redeem(customer_client, shop, customer, right)  # the limit of three has room for the one that came back

    rest = await refund(bank_client, shop, made["id"])

    assert (rest.json()["state"], rest.json()["points_refunded"]) == ("refunded", 300)
    again = await refund(bank_client, shop, made["id"])
    assert (again.status_code, again.json()["code"], again.json()["refundable"]) == (409, "refund_exceeds_paid", 0)
    assert (await reward(customer_client, shop, customer), await shop.left_of(right)) == (200, 2)
    async with shop.house.sessions() as session:
        rows = (await session.exec(select(AuditEntry).where(AuditEntry.action == "redemption.refund"))).all()
    assert [(row.owner_id, row.object_id) for row in rows] == [(customer, made["id"])] * 2
    await hold_promises(shop)


async def test_what_costs_much_waits_for_a_second_person_and_more_than_the_limit_is_refused(
    shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    customer = await shop.customer(100_000)
    right = await shop.right(prices=[{"tier": None, "points": 100_000}], **HAND_OUT)
    made = await redeem(customer_client, shop, customer, right)
    low = await refund(bank_client, shop, made["id"], "customer_service")
    assert (low.status_code, low.json()["code"]) == (403, "limit_exceeded")

    asked = await refund(bank_client, shop, made["id"], "hq_operator")

    assert asked.status_code == 202, asked.text
    assert await reward(customer_client, shop, customer) == 0
    path = f"/v1/approvals/{asked.json()['approval_id']}"
    agreed = await bank_client.post(f"{path}/approve", json={}, headers=shop.house.headers("hq_approver"))
    assert agreed.status_code == 200, agreed.text
    assert await reward(customer_client, shop, customer) == 100_000
    await hold_promises(shop)


@pytest.mark.parametrize("at_once", [False, True])
async def test_parts_do_not_pass_by_the_second_person_whom_the_whole_needs(
    shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient, *, at_once: bool
) -> None:
    customer = await shop.customer(9_000)
    right = await shop.right(prices=[{"tier": None, "points": 3_000}], **HAND_OUT)
    made = await redeem(customer_client, shop, customer, right, 3)

    parts = [refund(bank_client, shop, made["id"], units=1) for _ in range(3)]
    answers = await asyncio.gather(*parts) if at_once else [await part for part in parts]

    assert sorted(one.status_code for one in answers) == [200, 403, 403]
    assert {one.json()["code"] for one in answers if one.status_code == 403} == {"limit_exceeded"}
    assert (await refund(bank_client, shop, made["id"], "hq_operator", units=1)).status_code == 202
    assert await reward(customer_client, shop, customer) == 3_000
    await hold_promises(shop)


async def use(client: httpx.AsyncClient, shop: Shop, code: str, **body: Any) -> httpx.Response:
    headers = shop.house.headers("lobby", key=str(new_id()))
    return await client.post("/v1/voucher-uses", json={"code": code, **body}, headers=headers)


async def shown(client: httpx.AsyncClient, shop: Shop, customer: UUID, redemption: str) -> list[str]:
    answer = await client.get(f"/v1/redemptions/{redemption}/code", headers=shop.house.customer_headers(customer))
    assert answer.status_code == 200, answer.text
    return [one["code"] for one in answer.json()["codes"]]


async def test_f5_unused_codes_come_back_by_units_used_ones_never_and_the_last_one_gone_fulfils(
    shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    customer = await shop.customer(400, tier="T2")
    terms = {"quotas": [{"tier": "T2", "times": 1, "period": "month"}], "limit_times": 3, "limit_period": "month"}
    right = await shop.pool(["ABCD-1234", "ABCD-5678", "ABCD-9999", "ABCD-7777", "ABCD-8888"], **terms)
    made = await redeem(customer_client, shop, customer, right, 3)
    first, second, third = await shown(customer_client, shop, customer, made["id"])
    assert (await use(bank_client, shop, first)).json()["codes_left"] == 2

    whole = await refund(bank_client, shop, made["id"])
    assert (whole.status_code, whole.json()["code"], whole.json()["refundable"]) == (409, "already_used", 2)
    part = (await refund(bank_client, shop, made["id"], units=1)).json()

    assert (part["state"], part["quantity_refunded"], part["points_refunded"]) == ("confirmed", 1, 100)
    assert await reward(customer_client, shop, customer) == 300
    assert await shown(customer_client, shop, customer, made["id"]) == [first, second]
    void = await use(bank_client, shop, third)
    assert (void.status_code, void.json()["code"]) == (404, "code_not_valid")
    more = await refund(bank_client, shop, made["id"], units=2)
    assert (more.status_code, more.json()["code"], more.json()["refundable"]) == (409, "already_used", 1)
    beyond = await refund(bank_client, shop, made["id"], units=3)
    assert (beyond.status_code, beyond.json()["code"], beyond.json()["refundable"]) == (409, "refund_exceeds_paid", 1)
    await hold_promises(shop)

    last = (await refund(bank_client, shop, made["id"], units=1)).json()
    assert (last["state"], last["quantity_refunded"], last["points_refunded"]) == ("fulfilled", 2, 200)
    assert (await use(bank_client, shop, second)).json()["code"] == "code_not_valid"
    kept = await refund(bank_client, shop, made["id"])
    assert (kept.status_code, kept.json()["code"], kept.json()["refundable"]) == (409, "already_used", 0)
    again = await redeem(customer_client, shop, customer, right, 2)  # the limit of three has room for the two
    assert not {second, third} & set(await shown(customer_client, shop, customer, again["id"]))
    assert (await refund(bank_client, shop, again["id"])).json()["state"] == "refunded"
    assert await reward(customer_client, shop, customer) == 400  # the unit that was used is the free one
    await hold_promises(shop)


async def test_a_voucher_of_which_an_amount_was_used_stays_and_the_others_come_back(
    shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    customer = await shop.customer(200)
    right = await shop.pool(["ABCD-1234", "ABCD-5678"], value_fen=100_00)
    made = await redeem(customer_client, shop, customer, right, 2)
    _, begun = await shown(customer_client, shop, customer, made["id"])
    assert (await use(bank_client, shop, begun, amount="30.00")).status_code == 200
    one = (await refund(bank_client, shop, made["id"], units=1)).json()
    assert (one["state"], one["quantity_refunded"]) == ("confirmed", 1)
    assert await shown(customer_client, shop, customer, made["id"]) == [begun]
    kept = await refund(bank_client, shop, made["id"], units=1)
    assert (kept.status_code, kept.json()["code"], kept.json()["refundable"]) == (409, "already_used", 0)
    rest = (await use(bank_client, shop, begun, amount="70.00")).json()
    assert (rest["codes_left"], rest["state"]) == (0, "fulfilled")
    await hold_promises(shop)


@pytest.mark.merge
async def test_f7_of_32_refunds_of_one_redemption_one_gives_back(
    shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    customer = await shop.customer(100)
    made = await redeem(customer_client, shop, customer, await shop.right(stock=1, **HAND_OUT))
    answers = await asyncio.gather(*(refund(bank_client, shop, made["id"]) for _ in range(32)))
    assert sum(answer.status_code == 200 for answer in answers) == 1
    assert {answer.json().get("code") for answer in answers if answer.status_code != 200} == {"refund_exceeds_paid"}
    assert await reward(customer_client, shop, customer) == 100
    await hold_promises(shop)
