"""One small bank for all tests of a module, with WeChat and text messages simulated; each brings its own people."""

import itertools
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from support.databases import cloned_database
from support.house import PATIENCE, Furniture, House, life_in, open_client, open_house
from support.server import Server
from support.wechat import WeChatSimulator

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
async def house(
    server: Server, worker_name: str, furniture: Furniture, wechat_server: WeChatSimulator
) -> AsyncIterator[House]:
    """Return a small seeded bank on the module's clone."""
    name = f"t_{worker_name}_sessions_{next(_numbers)}"
    async with (
        cloned_database(server, name, template=furniture.template, patience=f"{PATIENCE}s") as clone,
        open_house(clone, furniture) as made,
    ):
        made.settings = wechat_server.settings(made.settings)
        yield made


@pytest.fixture(scope="module")
async def customer_client(house: House, customer_app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of the customer port."""
    life = life_in(house, customer_app, database_url=house.database.customer_url)
    async with open_client(customer_app, life=life) as client:
        yield client


@pytest.fixture(scope="module")
async def bank_client(house: House, bank_app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of the bank port."""
    life = life_in(house, bank_app, database_url=house.database.bank_url)
    async with open_client(bank_app, life=life) as client:
        yield client


@pytest.fixture
async def wechat(house: House, wechat_server: WeChatSimulator) -> WeChatSimulator:
    """Return the simulator with two people in it, neither of whom is bound to anybody."""
    wechat_server.reset()
    async with house.sessions() as session:
        await session.execute(text("UPDATE wechat_identity SET customer_id = NULL, bound_at = NULL"))
        await session.commit()
    return wechat_server
