"""A customer's tier on the bank port: who sees it, and who sees the amounts."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import delete
from sqlmodel import col

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.models import CustomerAccess
from guibin.holdings.models import LineDay
from support.house import WEST, House
from support.tiers import LINE, MONTH, give_tier, put_average


@pytest.fixture
async def customer_id(house: House) -> UUID:
    found = await house.add_customer()
    async with house.sessions() as session:
        await give_tier(session, found, "T1", on=MONTH, average_fen=300_000_00)
        await give_tier(session, found, "T2", on=clock.today(), average_fen=1_234_567_00)
        session.add(
            CustomerAccess(
                customer_id=found, staff_id=house.staff["manager"].id, role="primary", valid_from=clock.today()
            )
        )
        await session.commit()
    return found


async def _tier(client: httpx.AsyncClient, house: House, role: str, customer_id: UUID) -> httpx.Response:
    return await client.get(f"/v1/customers/{to_public('cus', customer_id)}/tier", headers=house.headers(role))


async def test_the_primary_manager_sees_the_figures_that_decided(
    bank_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    body: dict[str, Any] = (await _tier(bank_client, house, "manager", customer_id)).json()
    assert body["current"]["code"] == "T2"
    assert body["current"]["since"] == clock.today().isoformat()
    assert body["current"]["metric"] == "1234567.00"
    assert [(row["code"], row["metric"]) for row in body["history"]] == [("T2", "1234567.00"), ("T1", "300000.00")]


@pytest.mark.parametrize("role", ["branch_head", "lobby", "hq_operator", "customer_service", "auditor"])
async def test_others_in_scope_see_the_tier_without_amounts(
    bank_client: httpx.AsyncClient, house: House, customer_id: UUID, role: str
) -> None:
    response = await _tier(bank_client, house, role, customer_id)
    body = response.json()
    assert body["current"]["code"] == "T2"
    assert [body["current"]["metric"], *(row["metric"] for row in body["history"])] == [None, None, None]
    assert "1234567" not in response.text


async def test_a_tier_of_the_coming_day_is_not_yet_in_force(bank_client: httpx.AsyncClient, house: House) -> None:
    found = await house.add_customer()
    async with house.sessions() as session:
        await give_tier(session, found, "T1", on=clock.today() + (clock.today() - clock.last_closed_day()))
        await session.commit()
    body = (await _tier(bank_client, house, "branch_head", found)).json()
    assert body["current"] is None
    assert [row["code"] for row in body["history"]] == ["T1"]


@pytest.mark.parametrize("role", ["manager_west", "branch_head_west", "lobby_west", "rights_operator"])
async def test_a_customer_out_of_scope_answers_like_an_unknown_one(
    bank_client: httpx.AsyncClient, house: House, customer_id: UUID, role: str
) -> None:
    foreign = await _tier(bank_client, house, role, customer_id)
    unknown = await _tier(bank_client, house, role, new_id())
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}


async def test_those_without_the_grant_are_refused(
    bank_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    assert (await _tier(bank_client, house, "administrator", customer_id)).status_code == 403


async def test_without_a_token_nobody_is_shown(bank_client: httpx.AsyncClient, customer_id: UUID) -> None:
    assert (await bank_client.get(f"/v1/customers/{to_public('cus', customer_id)}/tier")).status_code == 401


async def test_a_malformed_id_is_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    response = await bank_client.get("/v1/customers/cus_1/tier", headers=house.headers("branch_head"))
    assert response.status_code == 422


async def test_a_customer_without_a_tier_has_none(bank_client: httpx.AsyncClient, house: House) -> None:
    found = await house.add_customer(branch=WEST)
    body = (await _tier(bank_client, house, "branch_head_west", found)).json()
    assert body.pop("outlook")["next"] == {"code": "T0", "line": "50000.00", "missing": None, "more_to_hold": None}
    assert body == {"customer_id": to_public("cus", found), "current": None, "overrides": [], "history": []}


async def test_the_outlook_shows_amounts_to_the_primary_manager_alone(
    bank_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    async with house.sessions() as session:
        await put_average(session, customer_id, 900_000_00, day=clock.last_closed_day())
        await session.commit()
    mine = (await _tier(bank_client, house, "manager", customer_id)).json()["outlook"]
    closed = clock.last_closed_day()
    assert (mine["forecast"], mine["forecast_tier"]) == ("900000.00", "T1")
    assert mine["freshness"] == {"as_of": closed.isoformat(), "stale": False, "stale_lines": []}
    assert (mine["keep"]["code"], mine["keep"]["missing"], mine["months_until_lost"]) == ("T2", "100000.00", 6 // 2)
    assert mine["falls_on"] > mine["period_ends"] >= closed.isoformat()
    other = await _tier(bank_client, house, "branch_head", customer_id)
    assert other.json()["outlook"]["falls_on"] == mine["falls_on"]
    assert other.json()["outlook"]["forecast"] is None
    assert "900000" not in other.text
    async with house.sessions() as session:
        await session.execute(delete(LineDay).where(col(LineDay.day) >= closed))
        await session.commit()
    late = (await _tier(bank_client, house, "manager", customer_id)).json()["outlook"]
    assert (late["freshness"]["stale_lines"][0]["line"], late["falls_on"]) == (LINE, None)
