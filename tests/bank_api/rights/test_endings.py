"""How redemptions end over HTTP: cancelled by the customer, failed or fulfilled by the bank."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import select

from guibin.audit.models import AuditEntry
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.points.invariants import check as check_points
from guibin.rights.invariants import check as check_rights
from guibin.rights.models import Fulfilment
from support.shop import Shop

CANCELLABLE = {"offer": {"cancel_hours": 24}}
REASON = {"reason": "供应商停业，无法提供服务"}


async def redeem(
    client: httpx.AsyncClient, shop: Shop, customer: UUID, right: str, quantity: int = 1
) -> dict[str, Any]:
    headers = shop.house.customer_headers(customer, key=str(new_id()))
    answer = await client.post("/v1/redemptions", json={"right_id": right, "quantity": quantity}, headers=headers)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def cancel(client: httpx.AsyncClient, shop: Shop, customer: UUID, redemption: str) -> httpx.Response:
    headers = shop.house.customer_headers(customer, key=str(new_id()))
    return await client.post(f"/v1/redemptions/{redemption}/cancel", headers=headers)


async def end(
    client: httpx.AsyncClient, shop: Shop, redemption: str, how: str, role: str = "lobby", **body: Any
) -> httpx.Response:
    headers = shop.house.headers(role, key=str(new_id()))
    return await client.post(f"/v1/redemptions/{redemption}/{how}", json=body or None, headers=headers)


async def reward(client: httpx.AsyncClient, shop: Shop, customer: UUID) -> int:
    answer = await client.get("/v1/me/points", headers=shop.house.customer_headers(customer))
    return next(int(own["available"]) for own in answer.json()["wallets"] if own["wallet"] == "reward")


async def hold_promises(shop: Shop) -> None:
    async with shop.house.sessions() as session:
        assert [*await check_points(session), *await check_rights(session)] == []


async def test_f4_a_cancelled_redemption_gives_points_stock_and_limit_back(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    customer = await shop.customer(300)
    right = await shop.right(stock=3, limit_times=3, limit_period="month", **CANCELLABLE)
    made = await redeem(customer_client, shop, customer, right, 3)
    detail = await customer_client.get(f"/v1/redemptions/{made['id']}", headers=shop.house.customer_headers(customer))
    assert detail.json()["cancellable_until"] is not None

    answer = await cancel(customer_client, shop, customer, made["id"])

    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["state"], body["cancellable_until"]) == ("cancelled", None)
    assert [step["state"] for step in body["steps"]] == ["confirmed", "cancelled"]
    assert await reward(customer_client, shop, customer) == 300
    assert await shop.left_of(right) == 3
    await redeem(customer_client, shop, customer, right, 3)
    await hold_promises(shop)


async def test_r10_what_has_ended_does_not_end_again(
    shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    customer = await shop.customer()
    right = await shop.right(fulfilment=Fulfilment.HAND_OUT, **CANCELLABLE)
    cancelled = await redeem(customer_client, shop, customer, right)
    assert (await cancel(customer_client, shop, customer, cancelled["id"])).status_code == 200
    done = await redeem(customer_client, shop, customer, right)
    assert (await end(bank_client, shop, done["id"], "fulfil")).json()["state"] == "fulfilled"

    for redemption, how in ((cancelled, "fulfil"), (done, "fulfil"), (done, "fail"), (cancelled, "fail")):
        body = REASON if how == "fail" else {}
        again = await end(bank_client, shop, redemption["id"], how, **body)
        assert (again.status_code, again.json()["code"]) == (409, "state_conflict"), how
    again = await cancel(customer_client, shop, customer, done["id"])
    assert (again.status_code, again.json()["code"], again.json()["from"]) == (409, "state_conflict", "fulfilled")
    await hold_promises(shop)


async def test_what_cannot_be_delivered_comes_back_and_says_why(
    shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    customer = await shop.customer(100)
    made = await redeem(customer_client, shop, customer, await shop.right(fulfilment=Fulfilment.INSTRUCTION))
    short = await end(bank_client, shop, made["id"], "fail", reason="no")
    assert (short.status_code, short.json()["code"]) == (422, "reason_required")

    failed = await end(bank_client, shop, made["id"], "fail", **REASON)

    assert (failed.status_code, failed.json()["state"]) == (200, "failed")
    assert await reward(customer_client, shop, customer) == 100
    async with shop.house.sessions() as session:
        rows = (await session.exec(select(AuditEntry).where(AuditEntry.action == "redemption.fail"))).all()
    assert [(row.owner_id, row.object_id) for row in rows] == [(customer, made["id"])]
    await hold_promises(shop)


async def test_a_right_that_knows_no_cancellation_or_whose_time_is_over_stays(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    customer = await shop.customer()
    never = await redeem(customer_client, shop, customer, await shop.right())
    late = await redeem(customer_client, shop, customer, await shop.right(**CANCELLABLE))
    refused = await cancel(customer_client, shop, customer, never["id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "not_cancellable")
    with clock.fixed_at(clock.now() + timedelta(hours=24)):
        refused = await cancel(customer_client, shop, customer, late["id"])
    assert refused.status_code == 409, refused.text


async def test_f5_a_used_code_forbids_and_a_cancelled_one_is_void(
    shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    customer = await shop.customer()
    right = await shop.pool(["ABCD-1234", "ABCD-5678", "ABCD-9999"], **CANCELLABLE)
    two = await redeem(customer_client, shop, customer, right, 2)
    headers = shop.house.headers("lobby", key=str(new_id()))
    used = await bank_client.post("/v1/voucher-uses", json={"code": "ABCD-1234"}, headers=headers)
    assert used.status_code == 200, used.text
    refused = await cancel(customer_client, shop, customer, two["id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "already_used")

    one = await redeem(customer_client, shop, customer, right)
    assert (await cancel(customer_client, shop, customer, one["id"])).status_code == 200
    headers = shop.house.headers("lobby", key=str(new_id()))
    void = await bank_client.post("/v1/voucher-uses", json={"code": "ABCD-9999"}, headers=headers)
    assert (void.status_code, void.json()["code"]) == (404, "code_not_valid")
    by_hand = await end(bank_client, shop, two["id"], "fulfil")
    assert (by_hand.status_code, by_hand.json()["code"]) == (409, "fulfilled_by_code")
    await hold_promises(shop)


@pytest.mark.merge
async def test_f1_f7_of_32_cancellations_and_failures_one_gives_back(
    shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    customer = await shop.customer(100)
    made = await redeem(customer_client, shop, customer, await shop.right(stock=1, **CANCELLABLE))
    tries = [cancel(customer_client, shop, customer, made["id"]) for _ in range(16)]
    tries += [end(bank_client, shop, made["id"], "fail", **REASON) for _ in range(16)]

    answers = await asyncio.gather(*tries)

    assert sorted({answer.status_code for answer in answers}) == [200, 409]
    assert sum(answer.status_code == 200 for answer in answers) == 1
    assert await reward(customer_client, shop, customer) == 100
    await hold_promises(shop)
