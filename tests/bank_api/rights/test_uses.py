"""Records of uses, and terminals that belong to suppliers."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from guibin.core import clock
from guibin.core.ids import new_id
from support.house import EAST, WEST, House
from support.shop import Shop

URL = "/v1/voucher-uses"
OPERATOR = "rights_operator"


class Counter:
    """Uses codes that customers took, as staff or as a terminal."""

    def __init__(self, house: House, bank: httpx.AsyncClient, customers: httpx.AsyncClient) -> None:
        self.shop, self.bank, self.customers = Shop(house), bank, customers

    async def taken(self, code: str, *, branch: str = EAST, **right: Any) -> str:
        """Let a customer take the one code of a right; returns the right."""
        made = await self.shop.pool([code], **right)
        customer = await self.shop.customer(branch=branch)
        headers = self.shop.house.customer_headers(customer, key=str(new_id()))
        body = {"right_id": made, "quantity": 1}
        assert (await self.customers.post("/v1/redemptions", json=body, headers=headers)).status_code == 201
        return made

    async def use(self, code: str, **body: Any) -> httpx.Response:
        headers = self.shop.house.headers("lobby", key=str(new_id()))
        return await self.bank.post(URL, json={"code": code, **body}, headers=headers)

    async def use_at_terminal(self, code: str) -> str | int:
        headers = self.shop.house.service_headers("supplier_terminal", ["voucher:use"], key=str(new_id()))
        answer = await self.bank.post(URL, json={"code": code}, headers=headers)
        return answer.json().get("code", answer.status_code)  # type: ignore[no-any-return]

    async def send(self, code: str) -> dict[str, Any]:
        headers = self.shop.house.service_headers("supplier_terminal", ["voucher:use"], key=str(new_id()))
        line = {"code": code, "at": clock.now().isoformat(), "reference": code}
        answer = await self.bank.post(f"{URL}/batch", json={"uses": [line]}, headers=headers)
        found: dict[str, Any] = answer.json()["results"][0]
        return found

    async def listed(self, role: str = "branch_head", **query: str) -> list[str]:
        answer = await self.bank.get(URL, params=query, headers=self.shop.house.headers(role))
        assert answer.status_code == 200, answer.text
        return [row["place"] for row in answer.json()["items"]]

    async def supplier(self, right: str) -> str:
        headers = self.shop.house.headers(OPERATOR)
        body = {"code": f"s{new_id().hex[-6:]}", "name": "翼行", "settlement_basis": "used"}
        made = await self.bank.post("/v1/suppliers", json=body, headers=headers | {"Idempotency-Key": str(new_id())})
        path = f"/v1/suppliers/{made.json()['id']}"
        told = await self.bank.put(f"{path}/rights/{right}", json={"product_code": "P1"}, headers=headers)
        assert told.status_code == 200, told.text
        return path


@pytest.fixture
def counter(house: House, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient) -> Counter:
    return Counter(house, bank_client, customer_client)


async def test_v6_a_terminal_of_a_supplier_uses_codes_of_its_own_suppliers_rights_alone(counter: Counter) -> None:
    own, other = await counter.taken("OWNS-0001"), await counter.taken("ELSE-0001")
    path, headers = await counter.supplier(own), counter.shop.house.headers(OPERATOR)
    await counter.supplier(other)
    terminal = f"{path}/terminals/supplier_terminal"
    assert (await counter.bank.put(f"{path}/terminals/nobody", headers=headers)).status_code == 404
    assert (await counter.bank.delete(terminal, headers=headers)).status_code == 404
    assert (await counter.bank.put(terminal, headers=headers)).json()["terminal"] == "supplier_terminal"
    listed = await counter.bank.get(f"{path}/terminals", headers=headers)
    assert [one["terminal"] for one in listed.json()["items"]] == ["supplier_terminal"]

    assert await counter.use_at_terminal("ELSE-0001") == "code_not_valid"
    assert (await counter.send("ELSE-0001"))["code"] == "code_not_valid"
    assert await counter.use_at_terminal("OWNS-0001") == 200
    assert (await counter.bank.delete(terminal, headers=headers)).status_code == 204
    assert await counter.use_at_terminal("ELSE-0001") == 200


async def test_every_use_is_listed_to_those_whose_customer_it_is(counter: Counter) -> None:
    first = await counter.taken("EAST-0001", value_fen=100_00)
    await counter.taken("EAST-0002")
    await counter.taken("WEST-0001", branch=WEST)
    for code, place, amount in (
        ("EAST-0001", "一楼", {"amount": "30.00"}),
        ("EAST-0001", "二楼", {"amount": "20.00"}),
        ("EAST-0002", "一楼", {}),
        ("WEST-0001", "西区", {}),
    ):
        assert (await counter.use(code, place=place, **amount)).status_code == 200
    assert await counter.listed() == ["一楼", "二楼", "一楼"]
    assert await counter.listed("auditor") == ["西区", "一楼", "二楼", "一楼"]
    assert await counter.listed(right_id=first) == ["二楼", "一楼"]
    assert await counter.listed(place="二楼") == ["二楼"]
    supplier = (await counter.supplier(first)).rpartition("/")[2]
    assert await counter.listed(supplier_id=supplier, place="一楼") == ["一楼"]
    today, before = clock.today().isoformat(), (clock.today() - timedelta(days=1)).isoformat()
    assert len(await counter.listed(**{"from": today, "to": today})) == 3
    assert await counter.listed(**{"from": before, "to": before}) == []

    headers = counter.shop.house.headers("branch_head")
    page = (await counter.bank.get(URL, params={"limit": "2"}, headers=headers)).json()
    rest = await counter.bank.get(URL, params={"limit": "2", "cursor": page["next_cursor"]}, headers=headers)
    assert [row["amount"] for row in page["items"] + rest.json()["items"]] == [None, "20.00", "30.00"]
    assert {row["by"] for row in page["items"]} == {"staff"}
    wrong = await counter.bank.get(URL, params={"from": today, "to": before}, headers=headers)
    assert wrong.status_code == 422
