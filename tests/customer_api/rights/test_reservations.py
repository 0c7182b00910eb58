"""A reservation over HTTP: held, shown, taken, given back, and refused."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from support.shop import Shop


async def reserve(client: httpx.AsyncClient, shop: Shop, customer: UUID, right: str, **body: Any) -> httpx.Response:
    headers = shop.house.customer_headers(customer, key=str(new_id()))
    return await client.post(f"/v1/rights/{right}/reservations", json={"quantity": 1} | body, headers=headers)


async def redeem(client: httpx.AsyncClient, shop: Shop, customer: UUID, **body: Any) -> httpx.Response:
    headers = shop.house.customer_headers(customer, key=str(new_id()))
    return await client.post("/v1/redemptions", json={"quantity": 1} | body, headers=headers)


async def test_a_unit_is_held_while_the_customer_confirms_and_then_taken(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    mine, other = await shop.customers(2, 1_000)
    right = await shop.right(stock=1)
    held = await reserve(customer_client, shop, mine, right)
    assert held.status_code == 201, held.text
    body = held.json()
    assert (body["state"], body["quantity"], body["redemption_id"]) == ("held", 1, None)
    again = await reserve(customer_client, shop, mine, right)
    assert (again.status_code, again.json()["code"]) == (409, "already_reserved")
    assert again.json()["reservation_id"] == body["id"]
    refused = await reserve(customer_client, shop, other, right)
    assert (refused.status_code, refused.json()["code"]) == (409, "out_of_stock")
    shown = (await customer_client.get(f"/v1/rights/{right}", headers=shop.house.customer_headers(other))).json()
    assert [reason["code"] for reason in shown["reasons"]] == ["out_of_stock"]
    wish = {"right_id": right, "reservation_id": body["id"]}
    stolen = await redeem(customer_client, shop, other, **wish)
    nobodys = await redeem(customer_client, shop, other, **wish | {"reservation_id": to_public("rsv", new_id())})
    for answer in (stolen, nobodys):
        assert (answer.status_code, answer.json()["code"]) == (409, "reservation_over")
        assert answer.json().keys() == nobodys.json().keys()
    assert (await redeem(customer_client, shop, mine, dry_run=True, **wish)).json()["eligible"]
    done = await redeem(customer_client, shop, mine, **wish)
    assert (done.status_code, done.json()["points_charged"]) == (201, 100)
    headers = shop.house.customer_headers(mine)
    seen = (await customer_client.get(f"/v1/me/reservations/{body['id']}", headers=headers)).json()
    assert (seen["state"], seen["redemption_id"]) == ("taken", done.json()["id"])
    over = await customer_client.delete(f"/v1/me/reservations/{body['id']}", headers=headers)
    assert (over.status_code, over.json()["state"]) == (409, "taken")


async def test_a_reservation_is_made_once_under_its_key_given_back_and_lapses(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    mine, other = await shop.customers(2, 1_000)
    right = await shop.right(stock=1)
    headers = shop.house.customer_headers(mine, key="once")
    path = f"/v1/rights/{right}/reservations"
    first, second = [await customer_client.post(path, json={"quantity": 1}, headers=headers) for _ in range(2)]
    assert (first.status_code, second.content) == (201, first.content)
    headers = shop.house.customer_headers(mine)
    mark = f"/v1/me/reservations/{first.json()['id']}"
    assert (await customer_client.delete(mark, headers=headers)).status_code == 204
    assert (await customer_client.get(mark, headers=shop.house.customer_headers(other))).status_code == 404
    assert (await reserve(customer_client, shop, other, right)).status_code == 201
    later = clock.now() + timedelta(minutes=15)
    with clock.fixed_at(later):
        taken = await redeem(customer_client, shop, mine, right_id=right)
        assert taken.status_code == 201, taken.text
        listed = (await customer_client.get("/v1/me/reservations", headers=shop.house.customer_headers(other))).json()
    assert [one["state"] for one in listed["items"]] == ["lapsed"]
    none = await reserve(customer_client, shop, mine, await shop.right())
    assert (none.status_code, none.json()["code"]) == (409, "nothing_to_reserve")
    assert (await reserve(customer_client, shop, mine, right, quantity=0)).status_code == 422
