"""Both ports keep what their documents promise to whoever asks (T-API-1): each made case is asked as every caller."""

from collections.abc import Iterator
from typing import Any

import pytest

from bank_api.main import create_app as create_bank_port
from customer_api.main import create_app as create_customer_port
from guibin.core.ids import to_public
from guibin_tools.openapi import make_ports
from support.callers import OK, ROLES, SERVICES, expected
from support.fuzzing import MERGE_EXAMPLES, NIGHTLY_EXAMPLES, examine, running, schema_of
from support.house import CUSTOMER_SCOPES, House
from support.neighbours import Neighbours
from support.routes import Route, all_routes

PORTS = make_ports()
ROUTES = {f"{route.port} {route.name}": route for route in all_routes()}


@pytest.fixture(scope="module")
def callers(house: House, neighbours: Neighbours) -> dict[str, dict[str, dict[str, str]]]:
    """Return the headers of everybody who has a token, by port: every seeded role, services and customers."""
    staff = {role: house.headers(role) for role in (*ROLES, "branch_head_west", "manager_west")}
    services = {name: house.service_headers(name, scopes) for name, scopes in SERVICES.items()}
    customers = {
        "customer": house.customer_headers(neighbours.east.customer_id, scopes=CUSTOMER_SCOPES),
        "neighbour": house.customer_headers(neighbours.west.customer_id, scopes=CUSTOMER_SCOPES),
        "customer_without_scopes": house.customer_headers(neighbours.east.customer_id, scopes=()),
    }
    return {"bank-api": staff | services, "customer-api": customers}


@pytest.fixture(scope="module")
def known(neighbours: Neighbours) -> dict[str, str]:
    ids = dict(zip(neighbours.east.ids, neighbours.east.public_ids, strict=True))
    return ids | {"right_id": to_public("rgt", neighbours.right_id)}


@pytest.fixture(scope="module")
def addresses(house: House) -> Iterator[dict[str, str]]:
    with running(create_bank_port(house.settings)) as bank, running(create_customer_port(house.settings)) as customer:
        yield {"bank-api": bank, "customer-api": customer}


@pytest.mark.parametrize(
    "examples",
    [
        pytest.param(MERGE_EXAMPLES, marks=pytest.mark.merge),
        pytest.param(NIGHTLY_EXAMPLES, marks=pytest.mark.nightly),
    ],
)
@pytest.mark.parametrize("name", ROUTES)
def test_every_answer_to_every_caller_is_declared(
    name: str,
    examples: int,
    addresses: dict[str, str],
    callers: dict[str, dict[str, dict[str, str]]],
    known: dict[str, str],
) -> None:
    route = ROUTES[name]
    asking = callers_of(route, callers[route.port])

    def ask(case: Any, checks: list[Any]) -> None:
        for headers in asking:
            case.call_and_validate(base_url=addresses[route.port], headers=headers, checks=checks)

    examine(schema_of(PORTS[route.port]), route, known, ask, examples=examples)


def callers_of(route: Route, callers: dict[str, dict[str, str]]) -> list[dict[str, str]]:
    """Return the headers of everybody, those first who may; where nobody needs a token one caller is enough."""
    if route.declaration.is_public:
        return [{}]
    ordered = sorted(callers, key=lambda caller: expected(route, caller.removesuffix("_west")) != OK)
    return [callers[caller] for caller in ordered]
