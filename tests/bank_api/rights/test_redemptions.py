"""GET /v1/redemptions and /v1/customers/{id}/redemptions on the bank port."""

from uuid import UUID

import httpx
import pytest

from guibin.core.ids import new_id, to_public
from support.house import EAST, WEST
from support.shop import Shop


class Counter:
    """Two customers, one at each branch, who have redeemed two rights each."""

    def __init__(self, shop: Shop, client: httpx.AsyncClient, customers: dict[str, UUID], rights: list[str]) -> None:
        self.shop = shop
        self.client = client
        self.customers = customers
        self.rights = rights

    async def get(self, path: str, role: str) -> httpx.Response:
        return await self.client.get(path, headers=self.shop.house.headers(role))

    async def customers_seen(self, path: str, role: str) -> list[str]:
        answer = await self.get(path, role)
        assert answer.status_code == 200, answer.text
        return [item["customer_id"] for item in answer.json()["items"]]


@pytest.fixture
async def counter(shop: Shop, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient) -> Counter:
    customers = {branch: await shop.customer(branch=branch) for branch in (EAST, WEST)}
    rights = [await shop.right(), await shop.right()]
    for customer in customers.values():
        for right in rights:
            headers = shop.house.customer_headers(customer, key=right)
            body = {"right_id": right, "quantity": 1}
            assert (await customer_client.post("/v1/redemptions", json=body, headers=headers)).status_code == 201
    return Counter(shop, bank_client, customers, rights)


async def test_the_list_has_the_redemptions_of_my_scope_newest_first(counter: Counter) -> None:
    east, west = (to_public("cus", counter.customers[branch]) for branch in (EAST, WEST))
    assert await counter.customers_seen("/v1/redemptions", "auditor") == [west, west, east, east]
    assert await counter.customers_seen("/v1/redemptions", "branch_head") == [east, east]
    assert await counter.customers_seen("/v1/redemptions", "lobby_west") == [west, west]
    assert await counter.customers_seen("/v1/redemptions", "manager") == []
    assert await counter.customers_seen("/v1/redemptions", "rights_operator") == []


async def test_the_list_is_filtered_and_comes_page_by_page(counter: Counter) -> None:
    right = counter.rights[0]
    first = (await counter.get(f"/v1/redemptions?right_id={right}&limit=1", "auditor")).json()
    rest = await counter.get(f"/v1/redemptions?right_id={right}&limit=1&cursor={first['next_cursor']}", "auditor")
    items = first["items"] + rest.json()["items"]
    assert [(item["right_id"], item["customer_id"]) for item in items] == [
        (right, to_public("cus", counter.customers[branch])) for branch in (WEST, EAST)
    ]
    assert rest.json()["next_cursor"] is None
    assert await counter.customers_seen("/v1/redemptions?state=fulfilled", "auditor") == []
    assert (await counter.get("/v1/redemptions?state=gone", "auditor")).status_code == 422


async def test_one_customers_redemptions_are_listed(counter: Counter) -> None:
    customer = to_public("cus", counter.customers[EAST])
    answer = await counter.get(f"/v1/customers/{customer}/redemptions", "branch_head")
    items = answer.json()["items"]
    assert [item["right_id"] for item in items] == counter.rights[::-1]
    assert (items[0]["right_name"], items[0]["state"], items[0]["points_charged"]) == ("机场贵宾厅", "confirmed", 100)
    none = await counter.get(f"/v1/customers/{customer}/redemptions?state=failed", "branch_head")
    assert none.json() == {"items": [], "next_cursor": None}


async def test_a_customer_out_of_scope_is_answered_like_one_who_does_not_exist(counter: Counter) -> None:
    west = to_public("cus", counter.customers[WEST])
    foreign = await counter.get(f"/v1/customers/{west}/redemptions", "branch_head")
    missing = await counter.get(f"/v1/customers/{to_public('cus', new_id())}/redemptions", "branch_head")
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert {**foreign.json(), "request_id": ""} == {**missing.json(), "request_id": ""}
    assert (await counter.get("/v1/customers/cus_1/redemptions", "branch_head")).status_code == 422


async def test_redemptions_are_for_staff_who_may_read_rights(counter: Counter) -> None:
    customer = to_public("cus", counter.customers[EAST])
    for path in ("/v1/redemptions", f"/v1/customers/{customer}/redemptions"):
        assert (await counter.client.get(path)).status_code == 401
        assert (await counter.get(path, "administrator")).status_code == 403
        terminal = counter.shop.house.service_headers("supplier_terminal", ["voucher:use"])
        assert (await counter.client.get(path, headers=terminal)).status_code == 403
