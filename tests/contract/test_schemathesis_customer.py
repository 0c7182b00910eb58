"""The customer port keeps what its document promises (T-API-1), asked by a customer who may do everything there."""

from collections.abc import Iterator
from typing import Any

import pytest

from customer_api.main import create_app
from guibin.core.ids import to_public
from guibin_tools.openapi import make_ports
from support.fuzzing import examine, running, schema_of
from support.house import House
from support.neighbours import Neighbours
from support.routes import routes_of

port = make_ports()["customer-api"]
ROUTES = {route.name: route for route in routes_of("customer-api", port)}


@pytest.fixture(scope="module")
def customer(house: House, neighbours: Neighbours) -> dict[str, str]:
    return house.customer_headers(neighbours.east.customer_id)


@pytest.fixture(scope="module")
def known(neighbours: Neighbours) -> dict[str, str]:
    return {
        "right_id": to_public("rgt", neighbours.right_id),
        "redemption_id": to_public("rdm", neighbours.east.redemption_id),
        "data_request_id": to_public("dsr", neighbours.east.data_request_id),
    }


@pytest.fixture(scope="module")
def address(house: House) -> Iterator[str]:
    with running(create_app(house.settings)) as url:
        yield url


@pytest.mark.parametrize("name", ROUTES)
def test_every_answer_is_declared(name: str, address: str, customer: dict[str, str], known: dict[str, str]) -> None:
    def ask(case: Any, checks: list[Any]) -> None:
        case.call_and_validate(base_url=address, headers=customer, checks=checks)

    examine(schema_of(port), ROUTES[name], known, ask)
