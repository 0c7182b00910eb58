"""The supplier of the run: orders go in every way, call-backs tell of them, and the worker can fall over one of them.

It stands in the process of the run, so that its book outlives whatever is killed.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from random import Random
from typing import Any, Final

import asyncpg
import httpx
from chaos.history import History
from chaos.operations import CANCELLABLE, Floor
from starlette.requests import Request
from starlette.responses import Response

from guibin.rights.models import Fulfilment
from guibin_tools.supplier_simulator.application import Behaviour, Desk
from support.shop import Shop
from support.supplying import connected

MOODS: Final = {
    Behaviour.DONE: 10,
    Behaviour.ACCEPT: 5,
    Behaviour.REFUSE: 4,
    Behaviour.DOUBLE: 3,
    Behaviour.FORGE: 3,
    Behaviour.LOSE: 1,
    Behaviour.FORGET: 1,
}
"""How often orders go which way. After a call without an answer the worker leaves a supplier alone for a while."""

CALLBACK_TRIES: Final = 5
ENDING_SECONDS, LOOK_SECONDS = 300.0, 2.0
LET_TIME_PASS: Final = """
    UPDATE supplier_order SET next_try_at = next_try_at - interval '1 hour', sent_at = sent_at - interval '1 hour'
     WHERE ended_at IS NULL AND next_try_at > now()
"""
OPEN: Final = """
    SELECT 'ord_' || id || ' is ' || state || ' ' || coalesce(fault, '') FROM supplier_order WHERE ended_at IS NULL
     UNION ALL SELECT 'event ' || event_id FROM supplier_event WHERE applied_at IS NULL
     UNION ALL SELECT 'delivery of ' || event_id FROM event_delivery
                WHERE consumer = 'supplier_orders' AND state = 'waiting'
     UNION ALL SELECT 'event ' || id FROM outbox_event WHERE type = 'redemption.confirmed' AND relayed_at IS NULL
"""
"""What has still to come of orders: they, call-backs of them, and redemptions of which none was made yet."""


class Supplier(Desk):
    """A desk whose mood changes with each order, and which notes what a bank must not do."""

    def __init__(self, history: History, dice: Random) -> None:
        super().__init__("", after=0.3)
        self.history, self.dice = history, dice
        self.moods = dict(MOODS)
        self.fell_the_worker: Callable[[], None] | None = None
        self.fallen = 0

    async def take(self, request: Request) -> Response:
        """Take an order as the dice say; if the worker is to fall, it does so between the book and the answer."""
        (self.behaviour,) = self.dice.choices(list(self.moods), weights=list(self.moods.values()))
        known = set(self.orders)
        answer = await super().take(request)
        if (number := self.received[-1]["order_no"]) in known:
            self.history.fault(f"I5: {number} was sent again, and its supplier had it")
        elif number in self.orders and self.fell_the_worker is not None:
            self.fell_the_worker()
            self.fell_the_worker, self.fallen = None, self.fallen + 1
        return answer

    async def call_back(self, event: dict[str, Any], *, secret: str | None = None) -> int | None:
        """Tell the bank until it answers; what it never hears so it asks for."""
        expected = HTTPStatus.OK if secret is None else HTTPStatus.UNAUTHORIZED
        for _ in range(CALLBACK_TRIES):
            with contextlib.suppress(httpx.HTTPError):
                status = await super().call_back(event, secret=secret)
                if status != HTTPStatus.SERVICE_UNAVAILABLE:
                    if status != expected:
                        self.history.fault(f"a call-back of {event['order_no']} was answered {status}")
                    return status
            await asyncio.sleep(1)
        return None


@asynccontextmanager
async def supplied(floor: Floor, *, seed: int) -> AsyncIterator[Supplier]:
    """Connect the supplier over HTTP, and offer two rights that it delivers: by codes, and by topping up."""
    bank, desk = floor.bank, Supplier(floor.history, Random(f"{seed} supplier"))
    async with AsyncExitStack() as stack:
        ports = [
            await stack.enter_async_context(httpx.AsyncClient(base_url=bank.url(port))) for port in ("bank", "customer")
        ]
        supply = await stack.enter_async_context(connected(Shop(bank.house), *ports, desk=desk))
        desk.callback_url = f"{bank.url('customer')}/v1/callbacks/{supply.path.removeprefix('/v1/')}"
        for fulfilment in (Fulfilment.ORDER, Fulfilment.TOP_UP):
            prices = [{"tier": None, "points": desk.dice.randint(5, 30)}]
            floor.ordered[await supply.right(fulfilment, prices=prices, offer=CANCELLABLE)] = fulfilment
        yield desk


async def let_orders_end(floor: Floor, supplier: Supplier) -> None:
    """Let time pass for orders, from a supplier that answers now, until all have ended; else that is a fault."""
    supplier.moods = {Behaviour.DONE: 1}
    deadline = time.monotonic() + ENDING_SECONDS
    connection = await asyncpg.connect(floor.bank.admin_url)
    try:
        while left := await connection.fetch(OPEN):
            if time.monotonic() > deadline:
                floor.history.fault(f"{len(left)} orders do not end: {left[0][0]}")
                return
            await connection.execute(LET_TIME_PASS)
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        await connection.close()
