"""Asks any route of both ports as somebody who may, with a request that is right except for what a test says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from guibin.core.ids import new_id, to_public
from guibin.web import Idempotency
from support.callers import OK, ROLES, SERVICES, expected
from support.examples import example_of
from support.house import House
from support.neighbours import TAG, Neighbours
from support.routes import Route

CANARY = "canary7f3a91"
"""Stands in whatever is wrong: no answer may repeat it."""


@dataclass(frozen=True)
class Asker:
    """Both ports of a house with two neighbours; staff and the customer of the east do the asking."""

    house: House
    clients: Mapping[str, httpx.AsyncClient]
    neighbours: Neighbours

    def headers(self, route: Route) -> dict[str, str]:
        """Return what a permitted caller sends: a token, and a key and a version where the route takes them."""
        headers = self._token(route) | {"If-Match": '"1"'}
        if route.model is not None:
            headers["Content-Type"] = "application/json"
        if route.is_upload:
            headers["Content-Type"] = route.upload_type
        if route.declaration.idempotency is not Idempotency.NONE:
            headers["Idempotency-Key"] = str(new_id())
        return headers

    def url(self, route: Route) -> str:
        """Return the path with objects that exist, where the house has such."""
        return route.url(code=TAG, **self.neighbours.common_ids, **self.neighbours.east.ids)

    def body(self, route: Route) -> dict[str, Any]:
        """Return the example of the route's body with objects that exist."""
        if route.model is None:
            return {}
        known = {
            "customer_id": to_public("cus", self.neighbours.east.customer_id),
            "right_id": to_public("rgt", self.neighbours.right_id),
        }
        body = example_of(route.model)
        return body | {name: value for name, value in known.items() if name in body}

    async def ask(
        self,
        route: Route,
        *,
        url: str | None = None,
        query: str = "",
        headers: Mapping[str, str | bytes | None] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """Send a request; a header that is None is left out, and without `content` the body is the route's example."""
        wanted: dict[str, str | bytes | None] = {**self.headers(route), **(headers or {})}
        sent = [(name.encode(), _bytes(value)) for name, value in wanted.items() if value is not None]
        if content is None and route.model is not None:
            content = json.dumps(self.body(route)).encode()
        return await self.clients[route.port].request(
            route.method, (url or self.url(route)) + query, headers=sent, content=content
        )

    def _token(self, route: Route) -> dict[str, str]:
        if route.declaration.is_public:
            return {}
        if route.port == "customer-api":
            return self.house.customer_headers(self.neighbours.east.customer_id)
        caller = next(name for name in (*ROLES, *SERVICES) if expected(route, name) == OK)
        return self.house.headers(caller) if caller in ROLES else self.house.service_headers(caller, SERVICES[caller])


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("ascii")


def fault_of(answer: httpx.Response, status: int, code: str, kind: str | None = None) -> str | None:
    """Return what is wrong with a refusal; None when it is the one that was expected and repeats nothing."""
    if answer.status_code != status:
        return f"{answer.status_code} for {status}: {answer.text[:300]}"
    if answer.headers["content-type"] != "application/problem+json":
        return f"no problem: {answer.headers['content-type']}"
    problem: dict[str, Any] = answer.json()
    if problem["code"] != code or problem["status"] != status or not problem["title"]:
        return f"not {code}: {answer.text[:300]}"
    if problem["request_id"] != answer.headers["x-request-id"]:
        return "another request id"
    if kind is not None and kind not in {error["type"] for error in problem["errors"]}:
        return f"no {kind}: {answer.text[:300]}"
    return "it repeats the input" if CANARY in answer.text else None
