"""The bank port keeps what its document promises (T-API-1); each operation is asked by somebody who may call it."""

from collections.abc import Iterator
from typing import Any

import pytest

from bank_api.main import create_app
from guibin.core.ids import to_public
from guibin_tools.openapi import make_ports
from support.callers import OK, ROLES, SERVICES, expected
from support.fuzzing import examine, running, schema_of
from support.house import House
from support.neighbours import Neighbours
from support.routes import routes_of

port = make_ports()["bank-api"]
ROUTES = {route.name: route for route in routes_of("bank-api", port)}


@pytest.fixture(scope="module")
def callers(house: House) -> dict[str, dict[str, str]]:
    found = {role: house.headers(role) for role in ROLES}
    return found | {name: house.service_headers(name, scopes) for name, scopes in SERVICES.items()}


@pytest.fixture(scope="module")
def known(neighbours: Neighbours) -> dict[str, str]:
    return {
        "right_id": to_public("rgt", neighbours.right_id),
        "customer_id": to_public("cus", neighbours.east.customer_id),
        "redemption_id": to_public("rdm", neighbours.east.redemption_id),
        "data_request_id": to_public("dsr", neighbours.east.data_request_id),
    }


@pytest.fixture(scope="module")
def address(house: House) -> Iterator[str]:
    with running(create_app(house.settings)) as url:
        yield url


@pytest.mark.parametrize("name", ROUTES)
def test_every_answer_is_declared(
    name: str, address: str, callers: dict[str, dict[str, str]], known: dict[str, str]
) -> None:
    route = ROUTES[name]
    headers = next(callers[caller] for caller in callers if expected(route, caller) == OK)

    def ask(case: Any, checks: list[Any]) -> None:
        case.call_and_validate(base_url=address, headers=headers, checks=checks)

    examine(schema_of(port), route, known, ask)
