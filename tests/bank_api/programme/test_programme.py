"""Budgets by four eyes, and kill switches that both ports follow with their next call."""

from typing import Any

import httpx
import pytest

from guibin.core.ids import new_id, to_public
from support.house import EAST, ROOT
from support.shop import Shop

OPERATOR, APPROVER = "rights_operator", "rights_approver"
REASON = "供应商系统异常，暂停兑换"


@pytest.fixture
def shop(house: Any) -> Shop:
    return Shop(house)


async def post(client: httpx.AsyncClient, shop: Shop, path: str, role: str = OPERATOR, **body: Any) -> httpx.Response:
    return await client.post(path, json=body, headers=shop.house.headers(role, key=str(new_id())))


async def redeem(client: httpx.AsyncClient, shop: Shop, customer: Any, right: str) -> tuple[int, str | None]:
    headers = shop.house.customer_headers(customer, key=str(new_id()))
    answer = await client.post("/v1/redemptions", json={"right_id": right, "quantity": 1}, headers=headers)
    return answer.status_code, answer.json().get("code")


async def test_a_budget_is_agreed_by_two_people_and_stops_exactly_where_it_ends(
    shop: Shop, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    customer = await shop.customer()
    budget: dict[str, Any] = {
        "branch_id": to_public("brn", shop.house.branches[ROOT].id),
        "year": 2026,
        "line": "personal_finance",
        "points": 250,
        "cny": "100.00",
    }
    offer = {"owner_branch": ROOT, "budget_line": "personal_finance", "unit_cost": "30.00"}
    right = await shop.right(offer=offer)
    assert await redeem(customer_client, shop, customer, right) == (409, "budget_exhausted")
    submitted = await post(bank_client, shop, "/v1/budgets", **budget)
    assert submitted.status_code == 202, submitted.text
    approved = await post(bank_client, shop, f"/v1/approvals/{submitted.json()['approval_id']}/approve", APPROVER)
    assert approved.status_code == 200, approved.text
    done = [await redeem(customer_client, shop, customer, right) for _ in range(3)]
    assert done == [(201, None), (201, None), (409, "budget_exhausted")]
    listed = await bank_client.get("/v1/budgets?year=2026", headers=shop.house.headers(OPERATOR))
    (row,) = listed.json()["items"]
    assert (row["branch_code"], row["points"], row["points_spent"]) == (ROOT, 250, 200)
    assert (row["cny"], row["cny_spent"]) == ("100.00", "60.00")
    smaller = await post(bank_client, shop, "/v1/budgets", **budget | {"points": 199})
    assert (smaller.status_code, smaller.json()["code"]) == (409, "budget_below_spent")
    nobody = await post(bank_client, shop, "/v1/budgets", **budget | {"branch_id": to_public("brn", new_id())})
    assert (nobody.status_code, nobody.json()["code"]) == (404, "not_found")
    for wrong in ({"points": None, "cny": None}, {"year": 1}, {"cny": "-1.00"}, {"line": "gold"}):
        answer = await post(bank_client, shop, "/v1/budgets", **budget | wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), wrong


async def test_a_kill_switch_stops_redeeming_with_the_next_call_and_lets_it_go_on(
    shop: Shop, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    customer, right = await shop.customer(branch=EAST), await shop.right()

    async def put(role: str = OPERATOR, **change: Any) -> httpx.Response:
        body = {"target": "right", "right_id": right, "earning": False, "spending": True, "reason": REASON} | change
        return await bank_client.put("/v1/kill-switches", json=body, headers=shop.house.headers(role))

    stopped = await put()
    assert (stopped.status_code, stopped.json()["subject"]) == (200, right)
    assert await redeem(customer_client, shop, customer, right) == (409, "stopped")
    shown = await customer_client.get(f"/v1/rights/{right}", headers=shop.house.customer_headers(customer))
    assert [reason["code"] for reason in shown.json()["reasons"]] == ["stopped"]
    assert (await put(spending=False)).status_code == 200
    assert await redeem(customer_client, shop, customer, right) == (201, None)
    assert (await put(target="wallet", right_id=None, wallet="reward")).status_code == 200
    assert await redeem(customer_client, shop, customer, right) == (409, "stopped")
    listed = await bank_client.get("/v1/kill-switches", headers=shop.house.headers(OPERATOR))
    assert [(row["target"], row["spending"]) for row in listed.json()["items"]] == [("right", False), ("wallet", True)]
    assert (await put("branch_head")).status_code == 403
    assert (await put(right_id=to_public("rgt", new_id()))).status_code == 404
    assert (await put(target="wallet", right_id=None, wallet="gold")).status_code == 404
    assert (await put(target="programme")).status_code == 422
    assert (await put(reason="aaaaaaaaaaaa")).json()["code"] == "reason_required"
