"""Orders under fire: a worker that is killed between a call and its record, and a supplier that tells all at once."""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response

from guibin.points import invariants as points_invariants
from guibin.rights import invariants as rights_invariants
from guibin.rights.models import Fulfilment
from guibin.suppliers import invariants as order_invariants
from guibin_tools.settings import child_environment
from guibin_tools.supplier_simulator.application import Behaviour, Desk
from support.house import House
from support.server import ROOT
from support.shop import Shop
from support.supplying import Supply, connected, tend

pytestmark = pytest.mark.merge

CHEAP = ({"tier": None, "points": 10},)
PATIENCE = 60.0
MOST_TELLINGS = 60
LATER = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
"""More than fifty a second, or more than there are connections: nothing was looked at, and it is told again."""


class SlowDesk(Desk):
    """A supplier that does not answer an order before it is told to: with the order in its book, or without."""

    def __init__(self, *, keeps: bool) -> None:
        super().__init__("")
        self.keeps, self.has_it, self.answer = keeps, asyncio.Event(), asyncio.Event()

    async def take(self, request: Request) -> Response:
        """Take an order, and wait with it in the book, or before it is kept."""
        await request.body()
        answered = await super().take(request) if self.keeps else None
        self.has_it.set()
        if not self.answer.is_set():
            await self.answer.wait()
            if not self.keeps:
                return Response(status_code=500)
        return answered or await super().take(request)


@asynccontextmanager
async def working(house: House) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the worker in a process of its own."""
    environment = {"GUIBIN_STATE_DIR": str(house.settings.state_dir), **house.database.environment}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bank_api.worker"),
        cwd=ROOT,
        env=child_environment(**environment),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def ended(supply: Supply, redemption: str) -> tuple[str, str]:
    """Let time pass until an order has come to its end, and return its state and that of the redemption."""
    async with asyncio.timeout(PATIENCE):
        while True:
            order, state, _, _ = await supply.states(redemption)
            if order in {"done", "refused"}:
                return order, state
            await supply.later()
            await asyncio.sleep(0.5)


async def insist(supply: Supply, event: dict[str, Any]) -> int:
    """Call back until it is taken or refused for good: a supplier that is too fast waits, and tells it again."""
    for _ in range(MOST_TELLINGS):
        answer = await supply.call_back(**event)
        if answer.status_code not in LATER:
            break
        await asyncio.sleep(1)
    return answer.status_code


async def hold(supply: Supply, customer: UUID, *, points: int) -> None:
    async with supply.shop.house.sessions() as session:
        for check in (points_invariants.check, rights_invariants.check, order_invariants.check):
            assert await check(session) == []
    headers = supply.shop.house.customer_headers(customer)
    wallets = (await supply.customers.get("/v1/me/points", headers=headers)).json()["wallets"]
    assert sum(one["available"] for one in wallets) == points


@pytest.mark.parametrize("keeps", [True, False])
async def test_r15_a_worker_that_is_killed_before_it_has_the_answer_orders_exactly_once(
    house: House, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient, *, keeps: bool
) -> None:
    shop, desk = Shop(house), SlowDesk(keeps=keeps)
    customer = await shop.customer(100)
    async with connected(shop, bank_client, customer_client, desk=desk) as supply:
        right = await supply.right(Fulfilment.ORDER, prices=CHEAP)
        redemption = (await supply.redeem(customer, right)).json()["id"]
        async with working(house) as worker:
            await asyncio.wait_for(desk.has_it.wait(), PATIENCE)
            worker.send_signal(signal.SIGKILL)
            await worker.wait()
        assert (await supply.states(redemption))[:2] == ("sent", "in_fulfilment")
        desk.answer.set()
        async with working(house):
            assert await ended(supply, redemption) == ("done", "fulfilled")
        number = await supply.order_no(redemption)
        # What the supplier has is asked for; what it never had goes out once more, under the same number.
        assert (desk.posts, list(desk.orders)) == (1, [number])
        code = (await supply.seen(customer, redemption, "/code")).json()["code"]
        assert desk.orders[number]["codes"] == [code]
        await hold(supply, customer, points=90)


async def test_c9_a_hundred_call_backs_at_once_that_contradict_each_other_have_one_effect(
    house: House, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    shop = Shop(house)
    customer = await shop.customer(100)
    async with connected(shop, bank_client, customer_client) as supply:
        right = await supply.right(Fulfilment.ORDER, prices=CHEAP)
        supply.desk.behaviour, supply.desk.after = Behaviour.ACCEPT, 3600
        redemption = (await supply.redeem(customer, right)).json()["id"]
        await supply.tend()
        number = await supply.order_no(redemption)
        done = [{"id": f"d-{n}", "type": "order.done", "order_no": number, "codes": [f"ABCD-{n}"]} for n in range(5)]
        refused = [{"id": f"r-{n}", "type": "order.refused", "order_no": number} for n in range(5)]
        behind = [{"id": f"a-{n}", "type": "order.accepted", "order_no": number} for n in range(9)]
        another = {"id": "d-0", "type": "order.refused", "order_no": number}
        told: list[dict[str, Any]] = [another, *done, *refused, *behind, *[done[0]] * 50, *[refused[0]] * 30]
        calls = asyncio.gather(*(insist(supply, event) for event in told))
        await asyncio.gather(calls, *(tend(house) for _ in range(4)))
        await supply.tend()

        answers = Counter(calls.result())
        assert (len(told), answers) == (100, Counter({200: answers[200], 409: 100 - answers[200]}))
        order, state, fault, parked = await supply.states(redemption)
        assert ((order, state), fault, parked) in [
            (("done", "fulfilled"), None, False),
            (("refused", "failed"), None, False),
        ]
        async with house.sessions() as session:
            changed = (
                "SELECT count(*) FILTER (WHERE changed), count(*) FILTER (WHERE applied_at IS NULL) FROM supplier_event"
            )
            assert tuple((await session.execute(text(changed))).one()) == (1, 0)
            steps = "SELECT state FROM redemption_step ORDER BY at"
            assert list((await session.execute(text(steps))).scalars()) == ["confirmed", "in_fulfilment", state]
        await hold(supply, customer, points=90 if order == "done" else 100)
