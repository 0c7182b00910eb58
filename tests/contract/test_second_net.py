"""The second net (T-AC-5): with the application's own filter gone, the database's policies still show nothing foreign.

`visible`, the one predicate of data scope, is replaced by one that lets everything through; then callers of each kind
of scope ask every route for what is theirs and for what is the neighbour's.
"""

import sys
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import ColumnElement, true

from guibin.core.ids import new_id, to_public
from guibin.customers import repository
from guibin.web import Idempotency
from support.callers import OK, ROLES, expected
from support.examples import example_of
from support.house import House
from support.neighbours import OWNED, TAG, Neighbour, Neighbours
from support.routes import Route, all_routes

pytestmark = pytest.mark.merge

WHOLE_BANK = {"hq_operator", "hq_approver", "customer_service", "compliance", "auditor", "rights_approver"}
"""The net is as wide as the widest grant: who approves what the own unit and those below own sits at the root here."""

NARROW = [role for role in ROLES if role not in WHOLE_BANK]
"""Those with own customers, with a branch, with aggregates, with nobody."""

ASKED = [
    (route, caller)
    for route in all_routes()
    for caller in (NARROW if route.port == "bank-api" else ["customer"])
    if not route.declaration.is_public and expected(route, caller) == OK
]


def names_an_owner(route: Route) -> bool:
    return bool(OWNED & {*route.ids, *(route.model.model_fields if route.model else ())})


def named(pairs: list[tuple[Route, str]]) -> dict[str, Any]:
    return {"argvalues": pairs, "ids": [f"{route.port}-{route.operation_id}-{caller}" for route, caller in pairs]}


def everything(*_scope_and_columns: object) -> ColumnElement[bool]:
    return true()


@pytest.fixture(autouse=True)
def filter_is_gone(monkeypatch: pytest.MonkeyPatch, clients: dict[str, httpx.AsyncClient]) -> None:
    """Take the application's filter away, wherever it was imported to."""
    assert clients
    visible = repository.visible
    for module in list(sys.modules.values()):
        if getattr(module, "visible", None) is visible:
            monkeypatch.setattr(module, "visible", everything)


async def ask(
    route: Route, caller: str, house: House, client: httpx.AsyncClient, neighbours: Neighbours, whose: Neighbour
) -> httpx.Response:
    """Ask as somebody of the east for what belongs to somebody."""
    east = neighbours.east.customer_id
    headers = (house.customer_headers(east) if caller == "customer" else house.headers(caller)) | {"If-Match": '"1"'}
    if route.declaration.idempotency is not Idempotency.NONE:
        headers["Idempotency-Key"] = str(new_id())
    url = route.url(code=TAG, right_id=neighbours.right_id, **whose.ids)
    body = None if route.model is None else example_of(route.model)
    if body is not None and "customer_id" in body:
        body["customer_id"] = to_public("cus", whose.customer_id)
    if body is not None and route.model is not None and "reason" in route.model.model_fields:
        body["reason"] = "the customer asked for it by phone"
    return await client.request(route.method, url, headers=headers, json=body)


def tells_of(answer: httpx.Response, somebody: Neighbour) -> bool:
    return any(one in answer.text for one in somebody.public_ids)


@pytest.mark.parametrize(("route", "caller"), **named([pair for pair in ASKED if names_an_owner(pair[0])]))
async def test_the_neighbours_own_is_not_found(
    route: Route, caller: str, house: House, clients: dict[str, httpx.AsyncClient], neighbours: Neighbours
) -> None:
    answer = await ask(route, caller, house, clients[route.port], neighbours, neighbours.west)
    assert answer.status_code == 404, answer.text
    assert not tells_of(answer, neighbours.west)


@pytest.mark.parametrize(("route", "caller"), **named([pair for pair in ASKED if not pair[0].is_upload]))
async def test_no_answer_tells_of_the_neighbour(
    route: Route, caller: str, house: House, clients: dict[str, httpx.AsyncClient], neighbours: Neighbours
) -> None:
    answer = await ask(route, caller, house, clients[route.port], neighbours, neighbours.east)
    assert answer.status_code < 500, answer.text
    assert not tells_of(answer, neighbours.west)


async def test_without_the_policies_the_neighbour_would_be_seen(
    house: House, clients: dict[str, httpx.AsyncClient], neighbours: Neighbours
) -> None:
    listing = next(route for route, caller in ASKED if route.operation_id == "listCustomers" and caller == "manager")
    with_policies = await ask(listing, "manager", house, clients["bank-api"], neighbours, neighbours.east)
    connection = await asyncpg.connect(house.database.admin_url)
    tables = await connection.fetch("SELECT oid::regclass::text AS name FROM pg_class WHERE relrowsecurity")
    for verb in ("DISABLE", "ENABLE"):
        for table in tables:
            await connection.execute(f"ALTER TABLE {table['name']} {verb} ROW LEVEL SECURITY")
        if verb == "DISABLE":
            without = await ask(listing, "manager", house, clients["bank-api"], neighbours, neighbours.east)
    await connection.close()
    assert tells_of(with_policies, neighbours.east)
    assert not tells_of(with_policies, neighbours.west)
    assert tells_of(without, neighbours.west)
