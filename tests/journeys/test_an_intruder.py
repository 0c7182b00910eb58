"""A manager's token in the wrong hands: every route of the table is tried on customers outside the book.

One lives in another branch, one in the manager's own and is served by somebody else. The intruder writes their ids into
paths, bodies and queries, adds headers that claim to be somebody else, tries the other port, and searches by name. It
reads nothing of them, changes nothing of theirs, and each try is in the trail.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from guibin.core.ids import new_id, to_public
from guibin.web import Idempotency
from support.callers import OK, expected
from support.examples import example_of
from support.house import EAST, WEST, House
from support.neighbours import OWNED, PREFIXES, TAG, let_them_vouch, move_in
from support.routes import Route, all_routes

REFUSED = {401, 403, 404}
NAME = "欧阳灭绝鉴"
CLAIMS = {"X-User-Id": "hq_operator", "X-Customer-Id": "1", "X-Forwarded-User": "root", "X-Original-Method": "GET"}
ROWS = text("SELECT actor_id, object_id, owner_id, result FROM audit_entry WHERE request_id = :request_id")
TABLES = text(
    "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'customer_id'"
)


@dataclass
class Intruder:
    """Has the token of the manager of the east, and knows the ids of a customer who is not in that book."""

    house: House
    clients: dict[str, httpx.AsyncClient]
    ids: dict[str, UUID]
    name: str
    tries: dict[str, httpx.Response] = field(default_factory=dict)

    @property
    def secrets(self) -> set[str]:
        """What no answer may show."""
        return {self.name} | {to_public(PREFIXES[name], value) for name, value in self.ids.items()}

    async def try_route(self, route: Route) -> httpx.Response:
        """Ask one route for the customer, with everything that a client can send."""
        headers = self.house.headers("manager") | CLAIMS | {"X-Request-ID": str(new_id()), "If-Match": '"1"'}
        if route.declaration.idempotency is not Idempotency.NONE:
            headers["Idempotency-Key"] = str(new_id())
        if route.is_upload:
            headers["Content-Type"] = "text/csv"
        url = route.url(code=TAG, **self.ids)
        answer = await self.clients[route.port].request(route.method, url, headers=headers, json=self.body(route))
        self.tries[f"{route.port} {route.name}"] = answer
        return answer

    def body(self, route: Route) -> dict[str, Any] | None:
        """Return the example of a body with the customer written in wherever one is named."""
        if route.model is None:
            return None
        known = {"customer_id": to_public("cus", self.ids["customer_id"]), "reason": "客户来电要求核对资料"}
        return example_of(route.model) | {name: known[name] for name in route.model.model_fields.keys() & known.keys()}

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask the bank port something of the intruder's own making."""
        headers = self.house.headers("manager") | CLAIMS
        return await self.clients["bank-api"].request(method, path, headers=headers, **more)


def names_the_customer(route: Route) -> bool:
    return bool(OWNED & route.ids.keys()) or (route.model is not None and "customer_id" in route.model.model_fields)


async def rows_of(house: House, customer_id: UUID) -> dict[str, list[str]]:
    """Read everything that the bank has of a customer."""
    found: dict[str, list[str]] = {}
    async with house.sessions() as session:
        tables = [name for (name,) in await session.execute(TABLES)]
        for table, column in [("customer", "id"), *((table, "customer_id") for table in sorted(tables))]:
            query = text(f'SELECT to_jsonb(t)::text FROM "{table}" t WHERE {column} = :customer_id')
            rows = await session.execute(query, {"customer_id": customer_id})
            found[table] = sorted(row for (row,) in rows)
    return found


@pytest.fixture
async def targets(house: House) -> list[dict[str, UUID]]:
    """Return what the intruder knows of each of the two customers."""
    neighbours = await move_in(house)
    await let_them_vouch(house, neighbours)
    colleague = await house.add_customer(branch=EAST, name=NAME)
    return [neighbours.west.ids, neighbours.west.ids | {"customer_id": colleague}]


@pytest.mark.merge
async def test_a_managers_token_opens_nothing_outside_the_book(
    house: House,
    bank_client: httpx.AsyncClient,
    customer_client: httpx.AsyncClient,
    targets: list[dict[str, UUID]],
) -> None:
    clients = {"bank-api": bank_client, "customer-api": customer_client}
    for ids in targets:
        intruder = Intruder(house, clients, ids, NAME)
        before = [await rows_of(house, one["customer_id"]) for one in targets]
        assert sum(len(rows) for rows in before[0].values()) > 10
        for route in all_routes():
            if not route.declaration.is_public:
                await intruder.try_route(route)
        await look_around(intruder)
        assert [await rows_of(house, one["customer_id"]) for one in targets] == before
        check_answers(intruder)
        await check_trail(intruder)


async def look_around(intruder: Intruder) -> None:
    """Try lists and searches that could give the customer away."""
    house, secrets = intruder.house, intruder.secrets
    west = to_public("brn", house.branches[WEST].id)
    for path in (
        f"/v1/customers?branch={west}",
        "/v1/customers?limit=100",
        f"/v1/customers?tag={TAG}&limit=100",
        f"/v1/redemptions?customer_id={to_public('cus', intruder.ids['customer_id'])}",
        "/v1/redemptions?limit=100",
        "/v1/unassigned?limit=100",
        "/v1/approvals?limit=100",
        "/v1/audit",
    ):
        answer = await intruder.ask("GET", path)
        assert not [secret for secret in secrets if secret in answer.text], path
    for body in ({"name": NAME}, {"name": NAME, "phone": "13800001234"}):
        found = await intruder.ask("POST", "/v1/customers/search", json=body)
        assert (found.status_code, found.json().get("items", [])) == (200, [])
    for method, path in (("PATCH", "/v1/customers/{}"), ("HEAD", "/v1/customers/{}"), ("GET", "/v1//customers/{}/")):
        answer = await intruder.ask(method, path.format(to_public("cus", intruder.ids["customer_id"])))
        assert answer.status_code in {404, 405}


def check_answers(intruder: Intruder) -> None:
    """Hold every answer to showing nothing of the customer, and every try at the customer to being refused."""
    routes = {f"{route.port} {route.name}": route for route in all_routes()}
    assert len(intruder.tries) > 90
    for name, answer in intruder.tries.items():
        assert answer.status_code < 500, (name, answer.text)
        assert not [secret for secret in intruder.secrets if secret in answer.text], name
        if routes[name].port == "customer-api":
            assert answer.status_code == 401, name
        elif names_the_customer(routes[name]):
            assert answer.status_code == (404 if expected(routes[name], "manager") == OK else 403), (name, answer.text)
    assert len({name for name in intruder.tries if names_the_customer(routes[name])}) > 25


async def check_trail(intruder: Intruder) -> None:
    """Find each try at the customer on the bank port in the trail, under the manager and with the id that was asked."""
    routes = {f"{route.port} {route.name}": route for route in all_routes()}
    manager = intruder.house.staff["manager"].id
    known = {to_public(PREFIXES[name], value) for name, value in intruder.ids.items()}
    async with intruder.house.sessions() as session:
        for name, answer in intruder.tries.items():
            if routes[name].port != "bank-api" or answer.status_code not in REFUSED:
                continue
            rows = (await session.execute(ROWS, {"request_id": answer.headers["x-request-id"]})).all()
            if names_the_customer(routes[name]) or answer.status_code == 403:
                assert [row.actor_id for row in rows] == [manager], name
                assert rows[0].result == answer.json()["code"], name
            if OWNED & routes[name].ids.keys():
                assert rows[0].object_id in known, name
