"""Redemptions that come at once are written together; each customer has an own answer, own rows, own refusals."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from guibin.core.direct import DirectPool, Row
from guibin.core.ids import from_public, new_id
from guibin.core.settings import Profile
from guibin.points import invariants as points_invariants
from guibin.rights import invariants
from guibin.web.counters import SharedCounters
from guibin.web.limiter import RateLimiter
from guibin.web.port import Port
from support.house import House
from support.points import sessions_of
from support.redeeming import Item, decided_item, item_of
from support.shop import Shop

PRICES = [{"tier": None, "points": 10}]
BATCH = "SELECT place, outcome FROM rights_redeem_batch(CAST(:items AS jsonb), :patience) ORDER BY place"


class Counting(DirectPool):
    """The pool of a port that counts how many redemptions were read and written with others."""

    def __init__(self, pool: DirectPool) -> None:
        super().__init__(pool._pool)  # noqa: SLF001 - the same connections, watched
        self.read_together = self.together = 0

    async def rows(self, statement: str, *values: object) -> Sequence[Row]:
        rows = await super().rows(statement, *values)
        if "rights_facts_batch" in statement:
            self.read_together += len(rows)
        else:
            self.together += len(rows)
        return rows


@pytest.fixture
async def shop(house: House) -> AsyncIterator[Shop]:
    """Return the house with rights to redeem; every invariant holds at the end."""
    yield Shop(house)
    async with house.sessions() as session:
        assert await points_invariants.check(session) == []
        assert await invariants.check(session) == []


@pytest.fixture
async def pool(customer_client: httpx.AsyncClient, customer_app: FastAPI) -> AsyncIterator[Counting]:
    assert customer_client
    port: Port = customer_app.state.port
    counting = Counting(port.direct)
    customer_app.state.port = replace(port, direct=counting)
    yield counting
    await counting.give_back()


async def redeem(client: httpx.AsyncClient, shop: Shop, customer: UUID, right: str) -> httpx.Response:
    headers = shop.house.customer_headers(customer, key=str(new_id()))
    return await client.post("/v1/redemptions", json={"right_id": right, "quantity": 1}, headers=headers)


async def test_of_a_crowd_each_has_an_own_answer_and_sees_only_an_own_redemption(
    shop: Shop, customer_client: httpx.AsyncClient, pool: Counting
) -> None:
    customers = [(await shop.customers(1, 10 * number))[0] for number in range(1, 11)]
    right = await shop.right(stock=9, prices=PRICES)
    answers = await asyncio.gather(*(redeem(customer_client, shop, one, right) for one in customers))
    assert pool.together > 0
    done = [(number, answer) for number, answer in enumerate(answers, 1) if answer.status_code == 201]
    assert [answer.json()["code"] for answer in answers if answer.status_code != 201] == ["out_of_stock"]
    assert len(done) == 9
    for number, answer in done:
        assert answer.json()["available_after"] == 10 * (number - 1)
        headers = shop.house.customer_headers(customers[number - 1])
        listed = (await customer_client.get("/v1/redemptions", headers=headers)).json()["items"]
        assert [row["id"] for row in listed] == [answer.json()["id"]]
    assert await shop.left_of(right) == 0


async def test_redemptions_of_several_rights_that_nobody_waits_for_are_written_together_too(
    shop: Shop, customer_client: httpx.AsyncClient, pool: Counting
) -> None:
    customers = await shop.customers(8, 20)
    rights = [await shop.right(prices=PRICES) for _ in range(3)]
    wanted = [(customer, rights[number % 3]) for number, customer in enumerate(customers * 2)]
    answers = await asyncio.gather(*(redeem(customer_client, shop, one, right) for one, right in wanted))
    assert pool.together > 0
    assert pool.read_together > 0
    for (_, right), answer in zip(wanted, answers, strict=True):
        assert (answer.status_code, answer.json()["right_id"]) == (201, right)
    for customer in customers:
        listed = await customer_client.get("/v1/redemptions", headers=shop.house.customer_headers(customer))
        mine = [answer.json()["id"] for (one, _), answer in zip(wanted, answers, strict=True) if one == customer]
        assert sorted(row["id"] for row in listed.json()["items"]) == sorted(mine)


async def test_who_calls_too_often_is_refused_and_takes_nobody_along(
    shop: Shop, customer_client: httpx.AsyncClient, customer_app: FastAPI, pool: Counting
) -> None:
    port: Port = customer_app.state.port
    strict = RateLimiter(Profile.PRODUCTION, processes=1, shared=SharedCounters(port.sessions), keys=port.keys)
    customer_app.state.port = replace(port, limiter=strict)
    busy, *others = await shop.customers(5, 100)
    right = await shop.right(stock=50, prices=PRICES)
    callers = [*others, *[busy] * 9, *others]
    answers = await asyncio.gather(*(redeem(customer_client, shop, one, right) for one in callers))
    statuses = [answer.status_code for answer in answers]
    assert sorted(statuses[4:13]) == [201] * 6 + [429] * 3
    assert statuses[:4] + statuses[13:] == [201] * 8
    assert {answer.json()["limit"] for answer in answers if answer.status_code == 429} == {"redeem_per_minute"}
    assert pool.read_together > 0
    assert await shop.left_of(right) == 36


async def test_whose_account_is_held_by_somebody_waits_alone_and_keeps_nobody(
    shop: Shop, customer_client: httpx.AsyncClient, pool: Counting
) -> None:
    customers = await shop.customers(6, 10)
    right = await shop.right(stock=6, prices=PRICES)
    held = min(customers)
    async with shop.house.sessions() as session:
        await session.execute(text("SELECT FROM points_account WHERE customer_id = :id FOR UPDATE"), {"id": held})
        first = asyncio.create_task(redeem(customer_client, shop, sorted(customers)[1], right))
        waits = asyncio.create_task(redeem(customer_client, shop, held, right))
        others = [asyncio.create_task(redeem(customer_client, shop, one, right)) for one in sorted(customers)[2:]]
        answers = await asyncio.gather(first, *others)
        assert [answer.status_code for answer in answers] == [201] * 5
        assert not waits.done()
        await session.rollback()
    assert (await waits).status_code == 201
    assert pool.together > 0
    assert await shop.left_of(right) == 0


async def test_nobody_takes_for_another_even_where_both_stand_in_one_batch(shop: Shop) -> None:
    """The customer's role: whoever is let in for an item opens nobody else's rows, the one before least of all."""
    right_id = from_public("rgt", await shop.right(prices=PRICES))
    assert right_id is not None
    customers = sorted(await shop.customers(3, 10))
    async with shop.house.sessions() as session:
        takings = [(await decided_item(session, one, right_id))["taking"] for one in customers]
    swapped = [takings[0], takings[0], takings[2]]
    items: list[Item] = [item_of(customer, taking) for customer, taking in zip(customers, swapped, strict=True)]
    async with sessions_of(shop.house.database.customer_url, words="") as factory, factory() as session:
        rows = await session.execute(text(BATCH), {"items": json.dumps(items), "patience": timedelta(milliseconds=200)})
        assert [tuple(row) for row in rows] == [(1, "done"), (2, "alone"), (3, "done")]
        await session.commit()
    async with shop.house.sessions() as session:
        of = await session.execute(text("SELECT customer_id FROM redemption ORDER BY customer_id"))
        assert list(of.scalars()) == [customers[0], customers[2]]
