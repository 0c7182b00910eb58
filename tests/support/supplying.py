"""A connected supplier over HTTP, the simulator behind it, and the worker's turns."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import uvicorn
from sqlalchemy import text

from guibin.core.database import make_engine, make_session_factory
from guibin.core.ids import from_public, new_id
from guibin.outbox.relay import Relay
from guibin.outbox.sending import WebhookSender
from guibin.rights.models import Fulfilment
from guibin.suppliers.client import SupplierClient
from guibin.suppliers.service.sending import OrderDesk
from guibin_tools.supplier_simulator.application import Desk, create_app
from guibin_tools.supplier_simulator.signing import signature_of
from support.house import House
from support.shop import Shop

OPERATOR, APPROVER, MANAGER = "rights_operator", "rights_approver", "manager"
STATES = text(
    "SELECT o.state, r.state, o.fault, o.parked_at IS NOT NULL FROM redemption r"
    " LEFT JOIN supplier_order o ON o.customer_id = r.customer_id AND o.redemption_id = r.id WHERE r.id = :id"
)


@asynccontextmanager
async def simulated(desk: Desk | None = None) -> AsyncIterator[tuple[Desk, str]]:
    """Serve the simulator, over a desk of its own or the one that is given; its address is the second of the two."""
    desk = desk or Desk("")
    server = uvicorn.Server(uvicorn.Config(create_app(desk), port=0, log_level="critical", lifespan="off"))
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup()
    try:
        yield desk, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await server.shutdown()


class Supply:
    """A shop whose rights a simulated supplier delivers."""

    def __init__(
        self, shop: Shop, desk: Desk, bank: httpx.AsyncClient, customers: httpx.AsyncClient, path: str
    ) -> None:
        self.shop, self.desk, self.bank, self.customers, self.path = shop, desk, bank, customers, path

    async def right(self, fulfilment: Fulfilment, **options: Any) -> str:
        """Commit a right and let the supplier deliver it, over HTTP."""
        right = await self.shop.right(fulfilment=fulfilment, **options)
        url, headers = f"{self.path}/rights/{right}", self.shop.house.headers(OPERATOR)
        assert (await self.bank.put(url, json={"product_code": "L1"}, headers=headers)).status_code == 200
        return right

    async def redeem(self, customer: UUID, right: str, **wish: Any) -> httpx.Response:
        headers = self.shop.house.customer_headers(customer, key=str(new_id()))
        return await self.customers.post(
            "/v1/redemptions", json={"right_id": right, "quantity": 1} | wish, headers=headers
        )

    async def seen(self, customer: UUID, redemption: str, rest: str = "") -> httpx.Response:
        headers = self.shop.house.customer_headers(customer)
        return await self.customers.get(f"/v1/redemptions/{redemption}{rest}", headers=headers)

    async def settle(self, redemption: str, role: str, **body: Any) -> httpx.Response:
        headers = self.shop.house.headers(role, key=str(new_id()))
        return await self.bank.post(f"/v1/redemptions/{redemption}/settle", json=body, headers=headers)

    async def call_back(self, *, secret: str | None = None, **event: Any) -> httpx.Response:
        body = json.dumps(event).encode()
        signed = {
            "Guibin-Signature": signature_of(body, secret or self.desk.secret),
            "Content-Type": "application/json",
        }
        url = f"/v1/callbacks/suppliers/{self.path.rpartition('/')[2]}"
        return await self.customers.post(url, content=body, headers=signed)

    async def states(self, redemption: str) -> tuple[Any, ...]:
        """Return state of the order, state of the redemption, fault, and whether it is parked."""
        async with self.shop.house.sessions() as session:
            return tuple((await session.execute(STATES, {"id": from_public("rdm", redemption)})).one())

    async def order_no(self, redemption: str) -> str:
        query = text("SELECT 'ord_' || id FROM supplier_order WHERE redemption_id = :id")
        async with self.shop.house.sessions() as session:
            found: str = (await session.execute(query, {"id": from_public("rdm", redemption)})).scalar_one()
        return found

    async def later(self, hours: int = 1) -> None:
        """Let time pass for open orders: what was sent is so much older, and all of them are due."""
        async with self.shop.house.sessions.begin() as session:
            await session.execute(
                text(
                    "UPDATE supplier_order SET next_try_at = next_try_at - make_interval(hours => :hours),"
                    " sent_at = sent_at - make_interval(hours => :hours) WHERE ended_at IS NULL"
                ),
                {"hours": hours},
            )

    async def tend(self) -> None:
        """Let the worker hand on events, send and ask, and apply what was told."""
        await tend(self.shop.house)


async def tend(house: House) -> None:
    """Make one turn of the relay and of the worker's desk of orders."""
    engine = make_engine(house.database.worker_url, pool_size=4, application="guibin-worker")
    sessions = make_session_factory(engine)
    async with WebhookSender(in_development=True) as sender:
        relay = Relay(sessions, sender, lambda: house.keys)
        await relay.turn()
        await relay.close()
        desk = OrderDesk(sessions, SupplierClient(sender), lambda: house.keys)
        await desk.turn()
        await desk.landed()
    await engine.dispose()


async def add_supplier(house: House, bank: httpx.AsyncClient, *, code: str, name: str, base_url: str) -> str:
    """Add a supplier over HTTP and let a second person agree to its address; return its path."""
    body = {"name": name, "settlement_basis": "issued"}
    made = await bank.post(
        "/v1/suppliers", json=body | {"code": code}, headers=house.headers(OPERATOR, key=str(new_id()))
    )
    assert made.status_code == 201, made.text
    path, read = f"/v1/suppliers/{made.json()['id']}", house.headers(OPERATOR) | {"If-Match": made.headers["ETag"]}
    asked = await bank.put(path, json=body | {"base_url": base_url}, headers=read)
    assert asked.status_code == 202, asked.text
    deciding = f"/v1/approvals/{asked.json()['approval_id']}/approve"
    agreed = await bank.post(deciding, json={}, headers=house.headers(APPROVER, key=str(new_id())))
    assert agreed.status_code == 200, agreed.text
    return path


@asynccontextmanager
async def connected(
    shop: Shop, bank: httpx.AsyncClient, customers: httpx.AsyncClient, *, desk: Desk | None = None
) -> AsyncIterator[Supply]:
    """Add a supplier over HTTP, whose API is the simulator, and give that the secret which is shown once."""
    async with simulated(desk) as (served, url):
        path = await add_supplier(shop.house, bank, code="YX", name="翼行", base_url=url)
        served.secret = (await bank.get(f"{path}/secret", headers=shop.house.headers(OPERATOR))).json()["secret"]
        yield Supply(shop, served, bank, customers, path)
