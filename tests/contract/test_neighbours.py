"""The neighbour's id answers like one that nobody has (T-AC-2): 404, the same body, on every route with such an id."""

from collections.abc import Awaitable, Callable
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID

import httpx
import pytest

from guibin.core.ids import new_id, to_public
from guibin.web import Idempotency
from support.callers import OK, expected
from support.examples import example_of
from support.house import House
from support.neighbours import OWNED, TAG, Neighbours
from support.routes import Route, all_routes
from support.statements import statements

COMMON = {
    "absence_id",
    "approval_id",
    "asset_rule_id",
    "batch_id",
    "branch_id",
    "delivery_id",
    "export_id",
    "file_id",
    "gift_id",
    "import_id",
    "manager_id",
    "matrix_id",
    "plan_id",
    "snapshot_id",
    "package_id",
    "place_id",
    "right_id",
    "run_id",
    "scheme_id",
    "slot_id",
    "staff_id",
    "standard_id",
    "supplier_id",
    "webhook_id",
}
"""What belongs to the bank. Approvals and exports have their own tests of who sees them, and so have places in a
household, which all of it see: `tests/customer_api/points/test_household_points.py`."""

ASKED_ELSEWHERE = {
    "POST /v1/customers/{customer_id}/manager-conflicts",
    "POST /v1/customers/{customer_id}/manager-conflicts/{manager_id}/withdraw",
    "POST /v1/customers/{customer_id}/claims",
    "POST /v1/care-tasks/{task_id}/complete",
    "POST /v1/customers/{customer_id}/links",
    "PUT /v1/customers/{customer_id}/field-locks/{field}",
    "POST /v1/customers/{customer_id}/field-locks/{field}/release",
    "POST /v1/households/{household_id}/members",
    "POST /v1/households/{household_id}/merge",
    "POST /v1/households/{household_id}/split",
    "POST /v1/customers/{customer_id}/tier/override",
    "POST /v1/customers/{customer_id}/unmerge",
    "PUT /v1/segments/{code}/pins/{customer_id}",
    "DELETE /v1/segments/{code}/pins/{customer_id}",
    "POST /v1/matches/{match_id}/accept",
    "POST /v1/matches/{match_id}/defer",
    "POST /v1/matches/{match_id}/reject",
    "GET /v1/customers/{customer_id}/access-log",
    "POST /v1/points/holds/{hold_id}/capture",
    "POST /v1/points/lots/{lot_id}/restore",
    "POST /v1/customers/{customer_id}/inheritance",
    "POST /v1/redemptions",
    "GET /v1/redemptions/{redemption_id}/donation-receipt",
    "POST /v1/redemptions/{redemption_id}/paid",
    "POST /v1/redemptions/{redemption_id}/payment-failed",
    "POST /v1/redemptions/{redemption_id}/repaid",
}
"""For head office alone: `tests/bank_api/tiers/test_overrides.py` moves an operator into a branch to ask, as
`tests/bank_api/customers/test_matches.py` does, and
`tests/bank_api/audit/test_access_log.py` an auditor. Links and households
of several: `tests/bank_api/relations`. Fields that people hold: `tests/bank_api/customers/test_field_locks.py`.
Conflicts and claims of managers, who are to exist: `tests/bank_api/managers` (eligibility, claims). Tasks that a touch
completes: `tests/bank_api/care`. Holds, expired lots and heirs: `tests/bank_api/points`.
Reservations that a redemption names: `tests/customer_api/rights/test_reservations.py`. What a service tells of
money: `tests/customer_api/rights/test_money.py`. Receipts: `tests/customer_api/rights/test_donations.py`."""

ROUTES = all_routes()
NARROW = ("branch_head", "lobby", "manager")
ASKED = [
    (route, role)
    for route in ROUTES
    for role in (NARROW if route.port == "bank-api" else ("customer",))
    if (OWNED & {*route.ids, *(route.model.model_fields if route.model else ())}) and expected(route, role) == OK
    if route.name not in ASKED_ELSEWHERE
]


def test_every_id_in_a_path_is_either_owned_by_a_customer_or_common() -> None:
    assert {name for route in ROUTES for name in route.ids} <= OWNED | COMMON


def test_every_route_with_an_owned_id_is_asked_by_somebody_of_a_narrow_scope() -> None:
    asked = {route.name for route, _ in ASKED} | ASKED_ELSEWHERE
    assert [route.name for route in ROUTES if OWNED & route.ids.keys() and route.name not in asked] == []


Ask = Callable[[dict[str, UUID]], Awaitable[httpx.Response]]


def asking(route: Route, role: str, house: House, clients: dict[str, httpx.AsyncClient], neighbours: Neighbours) -> Ask:
    """Return what asks a route for some ids, as somebody of the east."""
    headers = house.headers(role) if role != "customer" else house.customer_headers(neighbours.east.customer_id)

    async def ask(ids: dict[str, UUID]) -> httpx.Response:
        url = route.url(code=TAG, **neighbours.common_ids, **ids)
        body = body_of(route, ids["customer_id"])
        return await clients[route.port].request(route.method, url, headers=headers | keys_of(route), json=body)

    return ask


def nobodys_ids() -> dict[str, UUID]:
    return {name: new_id() for name in OWNED}


@pytest.mark.parametrize(
    ("route", "role"), ASKED, ids=[f"{route.port}-{route.operation_id}-{role}" for route, role in ASKED]
)
async def test_the_neighbours_answers_like_nobodys(
    route: Route, role: str, house: House, clients: dict[str, httpx.AsyncClient], neighbours: Neighbours
) -> None:
    ask = asking(route, role, house, clients, neighbours)
    with statements() as for_neighbours:
        neighbours_own = await ask(neighbours.west.ids)
    with statements() as for_nobodys:
        nobodys = await ask(nobodys_ids())
    own = await ask(neighbours.east.ids)
    assert neighbours_own.status_code == nobodys.status_code == 404, neighbours_own.text
    assert shown(neighbours_own) == shown(nobodys)
    assert for_neighbours == for_nobodys
    if route.method != "DELETE":  # what one caller has taken away is gone for the next
        assert own.status_code != 404, own.text


READING = [(route, role) for route, role in ASKED if route.method == "GET"]


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("route", "role"), READING, ids=[f"{route.port}-{route.operation_id}-{role}" for route, role in READING]
)
async def test_the_neighbours_takes_as_long_as_nobodys(
    route: Route, role: str, house: House, clients: dict[str, httpx.AsyncClient], neighbours: Neighbours
) -> None:
    ask = asking(route, role, house, clients, neighbours)

    async def seconds(ids: dict[str, UUID]) -> float:
        started = perf_counter()
        await ask(ids)
        return perf_counter() - started

    pairs = [(await seconds(neighbours.west.ids), await seconds(nobodys_ids())) for _ in range(200)]
    medians = [median(times) for times in zip(*pairs, strict=True)]
    assert abs(medians[0] - medians[1]) < max(0.005, min(medians) / 10), medians


def body_of(route: Route, customer_id: UUID) -> dict[str, Any] | None:
    if route.model is None:
        return None
    known = {"customer_id": to_public("cus", customer_id), "reason": "the customer asks at the counter"}
    return example_of(route.model) | {name: known[name] for name in route.model.model_fields.keys() & known.keys()}


def keys_of(route: Route) -> dict[str, str]:
    taken = route.declaration.idempotency is not Idempotency.NONE
    return {"If-Match": '"1"'} | ({"Idempotency-Key": str(new_id())} if taken else {})


def shown(answer: httpx.Response) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what an answer shows, without what differs between any two answers."""
    body = {name: value for name, value in answer.json().items() if name != "request_id"}
    counted = ("x-request-id", "ratelimit-remaining", "ratelimit-reset")
    return body, {name: value for name, value in answer.headers.items() if name not in counted}
