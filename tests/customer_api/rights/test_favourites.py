"""Rights that I mark: listed as in the catalogue, and told of when they are there again."""

from uuid import UUID

import httpx

from guibin.core import clock
from guibin.core.ids import from_public, new_id, to_public
from guibin.outbox.events import EventName
from guibin.rights.models import Favourite
from guibin.rights.service.favourites import MOST_FAVOURITES
from support.outbox import published, relay_of
from support.shop import Shop

URL = "/v1/me/favourites"


async def mark(client: httpx.AsyncClient, shop: Shop, customer: UUID, right: str) -> httpx.Response:
    return await client.put(f"{URL}/{right}", headers=shop.house.customer_headers(customer, key=str(new_id())))


async def listed(client: httpx.AsyncClient, shop: Shop, customer: UUID) -> list[str]:
    answer = await client.get(URL, headers=shop.house.customer_headers(customer))
    return [item["id"] for item in answer.json()["items"]]


async def test_what_i_mark_is_listed_last_first_until_i_take_the_mark_away(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    mine, neighbour = await shop.customer(), await shop.customer()
    first, second = await shop.right(), await shop.right()
    for right in (first, second, first):
        assert (await mark(customer_client, shop, mine, right)).status_code == 204
    assert await listed(customer_client, shop, mine) == [second, first]
    assert await listed(customer_client, shop, neighbour) == []
    for _ in range(2):
        taken = await customer_client.delete(f"{URL}/{second}", headers=shop.house.customer_headers(mine))
        assert taken.status_code == 204
    assert await listed(customer_client, shop, mine) == [first]
    assert (await mark(customer_client, shop, mine, second)).status_code == 204
    assert await listed(customer_client, shop, mine) == [second, first]


async def test_what_i_do_not_see_cannot_be_marked_and_there_is_a_most(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    mine = await shop.customer()
    hidden = await shop.right(offer={"visibility": {"tiers": ["T5"]}})
    for right in (hidden, to_public("rgt", new_id())):
        assert (await mark(customer_client, shop, mine, right)).status_code == 404
    *many, one_more = [await shop.right() for _ in range(MOST_FAVOURITES + 1)]
    async with shop.house.sessions.begin() as session:
        for right in many:
            session.add(Favourite(customer_id=mine, right_id=UUID(right.removeprefix("rgt_")), marked_at=clock.now()))
    answer = await mark(customer_client, shop, mine, one_more)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_favourites")
    assert answer.json()["most"] == MOST_FAVOURITES
    assert (await mark(customer_client, shop, mine, many[0])).status_code == 204
    assert len(await listed(customer_client, shop, mine)) == MOST_FAVOURITES


async def test_those_who_marked_it_are_told_once_that_a_right_is_there_again(
    shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    right = await shop.right(stock=0)
    customers = [await shop.customer() for _ in range(3)]
    for customer in customers[:2]:
        await mark(customer_client, shop, customer, right)
    headers = shop.house.headers("rights_operator", key=str(new_id()))
    added = await bank_client.post(f"/v1/rights/{right}/stock", json={"add": 12}, headers=headers)
    assert added.status_code == 200, added.text
    async with relay_of(shop.house.sessions, shop.house.keys) as relay:
        for _ in range(3):
            await relay.turn()
    told = await published(shop.house.sessions, EventName.FAVOURITE_BACK_IN_STOCK)
    assert {event.customer_id for event in told} == set(customers[:2])
    assert [(event.subject, event.payload) for event in told] == [(right, {"free": 12})] * 2
    assert from_public("rgt", told[0].subject) is not None
