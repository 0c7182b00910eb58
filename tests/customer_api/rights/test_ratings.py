"""What I think of what I redeemed: stars for everybody, words for the bank's people."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from guibin.core import clock
from guibin.core.ids import new_id
from support.house import WEST
from support.shop import Shop


async def had(
    shop: Shop,
    customer_port: httpx.AsyncClient,
    bank_port: httpx.AsyncClient,
    customer: UUID,
    right: str,
    *,
    served_by: str = "branch_head",
) -> str:
    """Redeem a right and let the branch hand it out; returns the path of the redemption."""
    headers = shop.house.customer_headers(customer, key=str(new_id()))
    made = await customer_port.post("/v1/redemptions", json={"right_id": right, "quantity": 1}, headers=headers)
    path = f"/v1/redemptions/{made.json()['id']}"
    headers = shop.house.headers(served_by, key=str(new_id()))
    served = await bank_port.post(f"{path}/fulfil", json={}, headers=headers)
    assert served.status_code == 200, served.text
    return path


async def rate(client: httpx.AsyncClient, shop: Shop, customer: UUID, path: str, **body: Any) -> httpx.Response:
    headers = shop.house.customer_headers(customer, key=str(new_id()))
    return await client.post(f"{path}/rating", json=body, headers=headers)


async def test_stars_are_everybodys_words_the_banks_and_both_may_change_for_seven_days(
    shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    mine, other, right = await shop.customer(), await shop.customer(branch=WEST), await shop.right()
    path = await had(shop, customer_client, bank_client, mine, right)
    first = await rate(customer_client, shop, mine, path, stars=2, words="等候时间太长")
    assert (first.status_code, first.json()["stars"], first.json()["words"]) == (200, 2, "等候时间太长")
    again = await rate(customer_client, shop, mine, path, stars=5)
    assert (again.json()["stars"], again.json()["words"]) == (5, None)
    west = await had(shop, customer_client, bank_client, other, right, served_by="branch_head_west")
    await rate(customer_client, shop, other, west, stars=4, words="很好")
    seen = await customer_client.get(f"/v1/rights/{right}", headers=shop.house.customer_headers(other))
    assert (seen.json()["stars"], seen.json()["ratings"]) == (4.5, 2)
    url = f"/v1/rights/{right}/ratings"
    east = (await bank_client.get(url, headers=shop.house.headers("branch_head"))).json()["items"]
    assert [(one["stars"], one["words"]) for one in east] == [(5, None)]
    whole = (await bank_client.get(url, headers=shop.house.headers("hq_operator"))).json()["items"]
    assert [(one["stars"], one["words"]) for one in whole] == [(4, "很好"), (5, None)]
    with clock.fixed_at(clock.now() + timedelta(days=7, minutes=1)):
        late = await rate(customer_client, shop, mine, path, stars=1)
    assert (late.status_code, late.json()["code"]) == (409, "rating_closed")


async def test_only_what_i_have_had_is_rated_and_only_by_me(
    shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    mine, neighbour, right = await shop.customer(), await shop.customer(), await shop.right()
    headers = shop.house.customer_headers(mine, key=str(new_id()))
    made = await customer_client.post("/v1/redemptions", json={"right_id": right, "quantity": 1}, headers=headers)
    path = f"/v1/redemptions/{made.json()['id']}"
    early = await rate(customer_client, shop, mine, path, stars=5)
    assert (early.status_code, early.json()["code"]) == (409, "not_rateable")
    path = await had(shop, customer_client, bank_client, mine, right)
    assert (await rate(customer_client, shop, neighbour, path, stars=1)).status_code == 404
    for wrong in ({"stars": 0}, {"stars": 6}, {"stars": "5"}, {"stars": 5, "words": "x" * 501}, {}):
        assert (await rate(customer_client, shop, mine, path, **wrong)).status_code == 422, wrong


async def test_ratings_at_once_are_all_counted(
    shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    right = await shop.right()
    customers = [await shop.customer() for _ in range(6)]
    paths = [await had(shop, customer_client, bank_client, one, right) for one in customers]
    pairs = list(zip(customers, paths, strict=True)) * 2
    answers = await asyncio.gather(*(rate(customer_client, shop, who, path, stars=4) for who, path in pairs))
    assert {answer.status_code for answer in answers} == {200}
    seen = await customer_client.get(f"/v1/rights/{right}", headers=shop.house.customer_headers(customers[0]))
    assert (seen.json()["stars"], seen.json()["ratings"]) == (4.0, 6)


async def test_a_suppliers_stars_are_told_by_month_and_right(
    shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    rights = [await shop.right(code=code) for code in ("lounge", "shuttle")]
    operator = shop.house.headers("rights_operator", key=str(new_id()))
    body = {"code": "yx", "name": "翼行", "settlement_basis": "issued"}
    made = await bank_client.post("/v1/suppliers", json=body, headers=operator)
    url = f"/v1/suppliers/{made.json()['id']}"
    await bank_client.put(f"{url}/rights/{rights[0]}", json={"product_code": "P1"}, headers=operator)
    for right, stars in ((rights[0], 5), (rights[0], 2), (rights[1], 1)):
        customer = await shop.customer()
        path = await had(shop, customer_client, bank_client, customer, right)
        await rate(customer_client, shop, customer, path, stars=stars)
    told = await bank_client.get(f"{url}/ratings", headers=operator)
    month = {"month": f"{clock.today():%Y-%m}", "right_id": rights[0], "right_code": "lounge"}
    assert told.json() == {"items": [month | {"ratings": 2, "average": 3.5, "low": 1}]}
    with clock.fixed_at(clock.now() + timedelta(days=40)):
        later = await bank_client.get(f"{url}/ratings?months=1", headers=shop.house.headers("rights_operator"))
    assert later.json() == {"items": []}
