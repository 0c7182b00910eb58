"""One small bank for all tests of a module: they ask every route, and what one of them writes hinders no other."""

import itertools
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from support.asking import Asker
from support.databases import cloned_database
from support.house import PATIENCE, Furniture, House, life_in, open_client, open_house
from support.neighbours import Neighbours, let_them_vouch, move_in
from support.server import Server
from support.shares import PARTS_AT_COMMIT, Share
from support.wechat import WeChatSimulator

_numbers = itertools.count(1)


@pytest.fixture(params=[pytest.param(PARTS_AT_COMMIT, id="a part"), pytest.param(1, id="all", marks=pytest.mark.merge)])
def share(request: pytest.FixtureRequest) -> Share:
    """Return the share of the routes that a case is asked of."""
    return Share(request.param)


@pytest.fixture(scope="module")
async def house(
    server: Server, worker_name: str, furniture: Furniture, wechat_server: WeChatSimulator
) -> AsyncIterator[House]:
    """Return a small seeded bank on the module's clone, with WeChat and text messages simulated."""
    name = f"t_{worker_name}_contract_{next(_numbers)}"
    async with (
        cloned_database(server, name, template=furniture.template, patience=f"{PATIENCE}s") as clone,
        open_house(clone, furniture) as made,
    ):
        wechat_server.reset()
        made.settings = wechat_server.settings(made.settings)
        yield made


@pytest.fixture(scope="module")
async def clients(
    house: House, bank_app: FastAPI, customer_app: FastAPI
) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """Return a client of each port by the port's name, as its real database role."""
    async with (
        open_client(bank_app, life=life_in(house, bank_app, database_url=house.database.bank_url)) as bank,
        open_client(
            customer_app, life=life_in(house, customer_app, database_url=house.database.customer_url)
        ) as customer,
    ):
        yield {"bank-api": bank, "customer-api": customer}


@pytest.fixture(scope="module")
async def neighbours(house: House) -> Neighbours:
    """Return two customers with everything that is theirs."""
    found = await move_in(house)
    await let_them_vouch(house, found)
    return found


@pytest.fixture(scope="module")
def asker(house: House, clients: dict[str, httpx.AsyncClient], neighbours: Neighbours) -> Asker:
    """Return somebody who asks any route with a request that is right except for what a test says."""
    return Asker(house, clients, neighbours)
