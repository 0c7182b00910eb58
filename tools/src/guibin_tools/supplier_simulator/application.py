"""The supplier's API: `POST /orders`, `GET /orders/{number}`, and a control page that says how the next ones go."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import uuid4

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from guibin_tools.supplier_simulator.signing import is_signed, signature_of


class Behaviour(StrEnum):
    """How orders go.

    `done` delivers at once; `accept` a little later, by a call-back; `refuse` has nothing left. `lose` delivers and its
    answer is lost on the way; `forget` loses the order before it was kept. `double` calls back twice, `forge` first
    with a wrong signature.
    """

    DONE = "done"
    ACCEPT = "accept"
    REFUSE = "refuse"
    LOSE = "lose"
    FORGET = "forget"
    DOUBLE = "double"
    FORGE = "forge"


LATER = frozenset({Behaviour.ACCEPT, Behaviour.DOUBLE, Behaviour.FORGE})


@dataclass
class Desk:
    """What the supplier knows; `callback_url` is where it tells, `after` how many seconds later it delivers."""

    secret: str
    callback_url: str | None = None
    behaviour: Behaviour = Behaviour.DONE
    seconds: float = 0.0
    after: float = 1.0
    posts: int = 0
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    received: list[dict[str, Any]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def take(self, request: Request) -> Response:
        """Take an order; the same number again is the same order."""
        body = await request.body()
        if not is_signed(request.headers.get("guibin-signature"), body, self.secret):
            return JSONResponse({"error": "signature"}, 401)
        await asyncio.sleep(self.seconds)
        order = json.loads(body)
        number = order["order_no"]
        self.posts += 1
        self.received.append(order)
        if self.behaviour is Behaviour.FORGET:
            return _lost()
        if number not in self.orders:
            self.orders[number] = self._begin(order)
        return _lost() if self.behaviour is Behaviour.LOSE else JSONResponse(self.orders[number])

    async def tell(self, request: Request) -> Response:
        """Answer what became of an order."""
        number = request.path_params["number"]
        if not is_signed(request.headers.get("guibin-signature"), number.encode(), self.secret):
            return JSONResponse({"error": "signature"}, 401)
        if number not in self.orders:
            return JSONResponse({"order_no": number, "state": "not_known"}, 404)
        return JSONResponse(self.orders[number])

    async def control(self, request: Request) -> Response:
        """Change how the next orders go; answer how they went so far."""
        if request.method == "PUT":
            wanted = await request.json()
            self.behaviour = Behaviour(wanted.get("behaviour", self.behaviour))
            self.seconds = float(wanted.get("seconds", self.seconds))
        counts = {"posts": self.posts, "orders": len(self.orders), "callbacks": self.answers}
        return JSONResponse({"behaviour": self.behaviour, "seconds": self.seconds, **counts})

    def _begin(self, order: dict[str, Any]) -> dict[str, Any]:
        known = {"order_no": order["order_no"], "reference": f"SIM-{len(self.orders) + 1:06d}"}
        if self.behaviour is Behaviour.REFUSE:
            return known | {"state": "refused", "reason": "sold out"}
        if self.behaviour in LATER:
            task = asyncio.create_task(self._deliver_later(order))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return known | {"state": "accepted"}
        return known | {"state": "done"} | goods(order)

    async def _deliver_later(self, order: dict[str, Any]) -> None:
        await asyncio.sleep(self.after)
        number = order["order_no"]
        self.orders[number] |= {"state": "done"} | goods(order)
        event = {"id": f"evt-{uuid4()}", "type": "order.done", **self.orders[number]}
        del event["state"]
        if self.behaviour is Behaviour.FORGE:
            await self.call_back(event, secret="wrong")  # noqa: S106 - it is meant to be
        for _ in range(2 if self.behaviour is Behaviour.DOUBLE else 1):
            await self.call_back(event)

    async def call_back(self, event: dict[str, Any], *, secret: str | None = None) -> int | None:
        """Tell the bank; the status of its answer is kept and returned, None where nobody is to be told."""
        if self.callback_url is None:
            return None
        body = json.dumps(event, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "Guibin-Signature": signature_of(body, secret or self.secret)}
        async with httpx.AsyncClient(trust_env=False) as client:
            status = (await client.post(self.callback_url, content=body, headers=headers)).status_code
        self.answers.append(status)
        return status


def goods(order: dict[str, Any]) -> dict[str, Any]:
    """Return what the supplier delivers: codes for an order, a number for a parcel, nothing for a top-up."""
    if order["fulfilment"] == "order":
        return {"codes": [f"SIM-{uuid4().hex[:12].upper()}" for _ in range(order["quantity"])]}
    return {"tracking_no": f"SF{uuid4().int % 10**12:012d}"} if order["fulfilment"] == "parcel" else {}


def _lost() -> Response:
    """Answer what breaks off: whoever called does not learn what became of it."""

    async def nothing() -> AsyncIterator[bytes]:
        yield b"{"

    return StreamingResponse(nothing(), headers={"Content-Length": "100"})


def create_app(desk: Desk) -> Starlette:
    """Make the application over a desk."""
    return Starlette(
        routes=[
            Route("/orders", desk.take, methods=["POST"]),
            Route("/orders/{number}", desk.tell, methods=["GET"]),
            Route("/control", desk.control, methods=["GET", "PUT"]),
        ]
    )
