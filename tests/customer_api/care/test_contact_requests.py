"""Please call me: one request at a time, on the manager's day, done when somebody was in touch."""

import asyncio
from uuid import UUID

import httpx
import pytest

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.managers.models import Grade
from guibin.managers.service import assign
from support.house import EAST, House
from support.tiers import MONTH, add_manager, give_tier

URL = "/v1/me/contact-requests"


@pytest.fixture
async def customer_id(house: House) -> UUID:
    found = await house.add_customer()
    async with house.sessions() as session:
        await give_tier(session, found, "T2", on=MONTH)
        await add_manager(session, house.branches[EAST].id, Grade.SENIOR, staff=house.staff["manager"])
        await assign(session, day=clock.last_closed_day())
        await session.commit()
    return found


async def test_a_request_stands_on_the_managers_day_until_a_touch_completes_it(
    customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    mine = house.customer_headers(customer_id)
    asked = await customer_client.post(URL, json={"note": "想了解存款"}, headers=mine)
    assert asked.status_code == 201, asked.text
    request = asked.json()
    assert (request["channel"], request["state"]) == ("phone", "open")
    assert request["due_on"] > clock.today().isoformat()
    again = await customer_client.post(URL, json={}, headers=mine)
    assert (again.status_code, again.json()["code"]) == (409, "contact_request_open")
    assert again.json()["waiting_id"] == request["id"]

    manager = house.headers("manager")
    day = (await bank_client.get("/v1/workbench/contact_requests", headers=manager)).json()["items"]
    assert [one["customer_id"] for one in day] == [to_public("cus", customer_id)]
    touch = {
        "customer_id": to_public("cus", customer_id),
        "kind": "call",
        "channel": "phone",
        "purpose": "service",
        "result": "reached",
        "completes_task_id": request["id"],
    }
    logged = await bank_client.post("/v1/touches", json=touch, headers=house.headers("manager", key="touch-1"))
    assert logged.status_code == 201, logged.text
    shown = (await customer_client.get(URL, headers=mine)).json()["items"]
    assert [(one["id"], one["state"]) for one in shown] == [(request["id"], "done")]
    assert (await customer_client.post(URL, json={"channel": "in_person"}, headers=mine)).status_code == 201


async def test_two_at_once_make_one_request(
    customer_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    mine = house.customer_headers(customer_id)
    answers = await asyncio.gather(*(customer_client.post(URL, json={}, headers=mine) for _ in range(3)))
    assert sorted(one.status_code for one in answers) == [201, 409, 409]


async def test_a_day_that_is_over_is_refused_and_nothing_is_asked(
    customer_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    mine = house.customer_headers(customer_id)
    for wrong in ({"not_before": "2099-01-01"}, {"channel": "sms"}, {"manager_id": "mgr_1"}):
        assert (await customer_client.post(URL, json=wrong, headers=mine)).status_code == 422, wrong
    assert (await customer_client.get(URL, headers=mine)).json()["items"] == []
