"""The audit trail over HTTP: what stands in it, and that only those who audit read it."""

import httpx
import pytest

from guibin.core.ids import to_public
from guibin.managers.models import Grade
from support.house import EAST, House
from support.tiers import add_manager


async def _assign(client: httpx.AsyncClient, house: House) -> str:
    customer = to_public("cus", await house.add_customer())
    async with house.sessions() as session:
        manager = await add_manager(session, house.branches[EAST].id, Grade.SENIOR)
        await session.commit()
    body = {"manager_id": to_public("mgr", manager.id), "reason": "客户要求"}
    response = await client.put(f"/v1/customers/{customer}/coverage", json=body, headers=house.headers("branch_head"))
    assert response.status_code == 200, response.text
    return customer


async def test_a_command_tells_who_did_what_to_whom_and_why(bank_client: httpx.AsyncClient, house: House) -> None:
    customer = await _assign(bank_client, house)
    response = await bank_client.get("/v1/audit", headers=house.headers("auditor"))
    [entry] = response.json()["items"]
    assert (entry["actor_kind"], entry["actor_id"]) == ("staff", str(house.staff["branch_head"].id))
    assert (entry["roles"], entry["action"], entry["result"]) == ("branch_head", "coverage.assign", "done")
    assert (entry["object_type"], entry["object_id"], entry["reason"]) == ("customer", customer, "客户要求")
    assert entry["scope"] == f"subtree:{house.branches[EAST].id}"


async def test_the_trail_is_filtered_by_customer_and_action(bank_client: httpx.AsyncClient, house: House) -> None:
    customers = [await _assign(bank_client, house) for _ in range(2)]
    headers = house.headers("compliance")
    of_one = (await bank_client.get(f"/v1/audit?customer_id={customers[0]}", headers=headers)).json()["items"]
    assert [entry["object_id"] for entry in of_one] == [customers[0]]
    assert (await bank_client.get("/v1/audit?action=points.adjust", headers=headers)).json()["items"] == []


async def test_the_trail_goes_page_by_page_newest_first(bank_client: httpx.AsyncClient, house: House) -> None:
    customers = [await _assign(bank_client, house) for _ in range(2)]
    headers = house.headers("auditor")
    first = (await bank_client.get("/v1/audit?limit=1", headers=headers)).json()
    rest = (await bank_client.get(f"/v1/audit?limit=1&cursor={first['next_cursor']}", headers=headers)).json()
    assert [page["items"][0]["object_id"] for page in (first, rest)] == customers[::-1]
    assert rest["next_cursor"] is None


async def test_a_cursor_serves_only_whom_it_was_given_to(bank_client: httpx.AsyncClient, house: House) -> None:
    for _ in range(2):
        await _assign(bank_client, house)
    first = (await bank_client.get("/v1/audit?limit=1", headers=house.headers("auditor"))).json()
    stolen = await bank_client.get(
        f"/v1/audit?limit=1&cursor={first['next_cursor']}", headers=house.headers("compliance")
    )
    assert stolen.status_code == 422


async def test_a_refused_command_leaves_no_trace_of_having_been_done(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer = to_public("cus", await house.add_customer())
    async with house.sessions() as session:
        full = await add_manager(session, house.branches[EAST].id, Grade.SENIOR, capacity=0)
        await session.commit()
    body = {"manager_id": to_public("mgr", full.id), "reason": "x"}
    refused = await bank_client.put(
        f"/v1/customers/{customer}/coverage", json=body, headers=house.headers("branch_head")
    )
    assert refused.status_code == 409
    listed = await bank_client.get("/v1/audit?action=coverage.assign", headers=house.headers("auditor"))
    assert listed.json()["items"] == []


@pytest.mark.parametrize("role", ["manager", "branch_head", "hq_operator", "hq_approver", "administrator"])
async def test_only_those_who_audit_read_the_trail(bank_client: httpx.AsyncClient, house: House, role: str) -> None:
    response = await bank_client.get("/v1/audit", headers=house.headers(role))
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")


async def test_without_a_token_the_trail_is_closed(bank_client: httpx.AsyncClient) -> None:
    assert (await bank_client.get("/v1/audit")).status_code == 401
