"""Products over HTTP."""

from typing import Any

import httpx
import pytest

from support.house import House

NEW: dict[str, Any] = {
    "code": "PF-FUND-01",
    "line": "personal_finance",
    "product_class": "fund",
    "side": "asset",
    "name_zh": "稳健基金",
    "name_en": "Steady fund",
}


async def create(client: httpx.AsyncClient, house: House, **parts: Any) -> httpx.Response:
    return await client.post("/v1/products", json=NEW | parts, headers=house.headers("hq_operator"))


async def test_a_product_that_is_added_is_listed(bank_client: httpx.AsyncClient, house: House) -> None:
    created = await create(bank_client, house, risk_level=3, weight_percent=80)
    assert created.status_code == 201
    assert created.json() == NEW | {"risk_level": 3, "weight_percent": 80}
    listed = await bank_client.get("/v1/products", headers=house.headers("manager"))
    assert listed.json() == {"items": [created.json()], "next_cursor": None}


async def test_a_code_is_taken_once(bank_client: httpx.AsyncClient, house: House) -> None:
    first = (await create(bank_client, house)).json()
    assert (first["risk_level"], first["weight_percent"]) == (None, 100)
    again = await create(bank_client, house, name_en="Another")
    assert (again.status_code, again.json()["code"]) == (409, "product_exists")


WRONG: tuple[dict[str, Any], ...] = (
    {"line": "gold"},
    {"product_class": "lottery"},
    {"side": "both"},
    {"risk_level": 0},
    {"risk_level": 6},
    {"weight_percent": -1},
    {"weight_percent": True},
    {"name_zh": " "},
    {"code": "-x"},
    {"price": "1.00"},
)


async def test_a_wrong_product_is_refused(
    bank_client: httpx.AsyncClient, house: House, subtests: pytest.Subtests
) -> None:
    for parts in WRONG:
        with subtests.test(str(parts)):
            answer = await create(bank_client, house, **parts)
            assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_products_are_filtered_and_paged_by_code(bank_client: httpx.AsyncClient, house: House) -> None:
    for code in ("B", "C", "A"):
        await create(bank_client, house, code=code)
    await create(bank_client, house, code="D", side="liability", product_class="cards", line="credit_card")
    headers = house.headers("auditor")
    first = (await bank_client.get("/v1/products?side=asset&limit=2", headers=headers)).json()
    rest = await bank_client.get(f"/v1/products?side=asset&limit=2&cursor={first['next_cursor']}", headers=headers)
    codes = [one["code"] for one in first["items"] + rest.json()["items"]]
    assert (codes, rest.json()["next_cursor"]) == (["A", "B", "C"], None)
    cards = (await bank_client.get("/v1/products?product_class=cards&line=credit_card", headers=headers)).json()
    assert [one["code"] for one in cards["items"]] == ["D"]
