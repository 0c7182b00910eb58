"""Every 403 and every 404 on what belongs to a customer stands in the trail, and says all it has to (T-AUD-2).

Generated from the route table. The rows are read as the owner of the tables.
"""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from guibin.core.ids import new_id, to_public
from guibin.web import Idempotency
from support.callers import CALLERS, FORBIDDEN, OK, ROLES, SERVICES, expected
from support.examples import example_of
from support.house import House
from support.neighbours import OWNED, PREFIXES, TAG, Neighbours
from support.routes import Route, all_routes

ROUTES = all_routes()
AGENT = "intruder/1.0 (13812345678)"
REQUEST_ROWS = text("SELECT * FROM audit_entry WHERE request_id = :request_id")


def forbidden_caller(route: Route) -> str | None:
    """Return a caller who is known and may not use the route."""
    return next((name for name in CALLERS[route.port] if expected(route, name) == FORBIDDEN), None)


def headers_of(house: House, neighbours: Neighbours, caller: str) -> dict[str, str]:
    if caller in ROLES:
        return house.headers(caller)
    if caller.startswith("customer"):
        scopes = () if caller == "customer_without_scopes" else None
        own = neighbours.east.customer_id
        return house.customer_headers(own, scopes=scopes) if scopes is not None else house.customer_headers(own)
    return house.service_headers("core_banking" if caller not in SERVICES else caller, SERVICES.get(caller, ()))


def sent_with(route: Route, headers: dict[str, str]) -> dict[str, str]:
    keyed = route.declaration.idempotency is not Idempotency.NONE
    headers = headers | {"X-Request-ID": str(new_id()), "User-Agent": AGENT, "If-Match": '"1"'}
    headers |= {"Content-Type": route.upload_type} if route.is_upload else {}
    return headers | ({"Idempotency-Key": str(new_id())} if keyed else {})


async def rows_of(house: House, answer: httpx.Response) -> Sequence[Any]:
    async with house.sessions() as session:
        return (await session.execute(REQUEST_ROWS, {"request_id": answer.headers["x-request-id"]})).mappings().all()


FORBIDDING = [route for route in ROUTES if forbidden_caller(route)]


@pytest.mark.parametrize("route", FORBIDDING, ids=[f"{route.port}-{route.operation_id}" for route in FORBIDDING])
async def test_a_caller_without_the_permission_leaves_one_row(
    route: Route, house: House, clients: dict[str, httpx.AsyncClient], neighbours: Neighbours
) -> None:
    caller = forbidden_caller(route)
    assert caller is not None
    url = route.url(code=TAG, customer_id=neighbours.east.customer_id)
    headers = sent_with(route, headers_of(house, neighbours, caller))
    answer = await clients[route.port].request(route.method, url, headers=headers)
    assert answer.status_code == 403, answer.text
    [row] = await rows_of(house, answer)
    assert (row["action"], row["result"]) == (route.operation_id, answer.json()["code"])
    assert (row["roles"], row["ip"], row["scope"]) == (caller if caller in ROLES else "", "127.0.0.1", "")
    assert len(row["device"]) == 16
    assert row["at"].utcoffset().total_seconds() == 0
    assert row["owner_id"] == (neighbours.east.customer_id if "customer_id" in route.ids else row["actor_id"])
    assert "13812345678" not in str(dict(row))


NARROW = ("branch_head", "lobby", "manager")


def trespasser(route: Route) -> str | None:
    """Return who may use the route, and reaches the customers of the east only.

    What is named in the body counts where the path names no object of the bank's own, which there is not.
    """
    names = {*route.ids} or {*(route.model.model_fields if route.model else ())}
    if not OWNED & names:
        return None
    if route.port == "customer-api":
        return "customer" if names & (OWNED - {"customer_id"}) else None
    return next((role for role in NARROW if expected(route, role) == OK), None)


TRESPASSED = [route for route in ROUTES if trespasser(route)]


@pytest.mark.parametrize("route", TRESPASSED, ids=[f"{route.port}-{route.operation_id}" for route in TRESPASSED])
async def test_who_asks_for_a_customer_out_of_reach_leaves_one_row_with_that_id(
    route: Route, house: House, clients: dict[str, httpx.AsyncClient], neighbours: Neighbours
) -> None:
    role = trespasser(route)
    assert role is not None
    for ids in (neighbours.west.ids, {name: new_id() for name in OWNED}):
        url = route.url(code=TAG, **ids)
        told = {name: to_public(PREFIXES[name], value) for name, value in ids.items()}
        told["reason"] = "客户来电要求核对资料"
        body = example_of(route.model) if route.model else None
        if body is not None and route.model is not None:
            body |= {name: value for name, value in told.items() if name in route.model.model_fields}
        headers = sent_with(route, headers_of(house, neighbours, role))
        answer = await clients[route.port].request(route.method, url, headers=headers, json=body)
        assert answer.status_code == 404, answer.text
        [row] = await rows_of(house, answer)
        asked = {to_public(PREFIXES[name], value) for name, value in ids.items()}
        assert row["object_id"] in asked
        assert (row["action"], row["result"]) == (route.operation_id, "not_found")
        if row["object_type"] == "customer":
            assert row["owner_id"] == ids["customer_id"]


async def test_an_unknown_object_of_the_banks_own_is_not_worth_a_row(
    house: House, clients: dict[str, httpx.AsyncClient]
) -> None:
    url = f"/v1/rights/{to_public('rgt', new_id())}"
    answer = await clients["bank-api"].get(url, headers=house.headers("hq_operator") | {"X-Request-ID": str(new_id())})
    assert (answer.status_code, await rows_of(house, answer)) == (404, [])
