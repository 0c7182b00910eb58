"""The matrix of grades and tiers over HTTP: drafted, edited, approved by another person, read as of any day."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.managers.models import Grade
from guibin.managers.repository import begin_coverage
from support.house import EAST, House
from support.tiers import add_manager, give_tier

TODAY = clock.today()
URL = "/v1/manager-matrix"
TIERS: dict[str, Any] = {
    "T1": {"primary": ["intermediate"], "fallback": ["senior"]},
    "T2": {"primary": ["expert"], "fallback": ["senior"], "second_role": "branch_leader", "licence": "fund_sales"},
}


async def _draft(client: httpx.AsyncClient, house: House, **others: Any) -> dict[str, Any]:
    body = {"name": "2027 对应表", "tiers": TIERS} | others
    response = await client.post(URL, json=body, headers=house.headers("hq_operator"))
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


async def _submit(client: httpx.AsyncClient, house: House, matrix_id: str) -> httpx.Response:
    return await client.post(f"{URL}/{matrix_id}/submit", headers=house.headers("hq_operator"))


async def _approve(client: httpx.AsyncClient, house: House, submitted: httpx.Response) -> httpx.Response:
    url = f"/v1/approvals/{submitted.json()['approval_id']}/approve"
    return await client.post(url, json={}, headers=house.headers("hq_approver"))


async def _put_in_force(client: httpx.AsyncClient, house: House, **others: Any) -> str:
    matrix_id: str = (await _draft(client, house, **others))["id"]
    approved = await _approve(client, house, await _submit(client, house, matrix_id))
    assert approved.json()["state"] == "approved", approved.text
    return matrix_id


async def _in_force(client: httpx.AsyncClient, house: House, as_of: str = "") -> dict[str, Any]:
    url = f"{URL}/in-force?as_of={as_of}" if as_of else f"{URL}/in-force"
    found: dict[str, Any] = (await client.get(url, headers=house.headers("manager"))).json()
    return found


async def test_a_draft_is_edited_with_its_etag_and_changes_nothing_yet(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    made = await _draft(bank_client, house)
    assert (made["state"], made["tiers"]["T2"]["licence"]) == ("draft", "fund_sales")
    url, headers = f"{URL}/{made['id']}", house.headers("hq_operator")
    body = {"name": "新名", "tiers": TIERS, "product_licences": {"fund": "fund_sales"}}
    edited = await bank_client.put(url, json=body, headers=headers | {"If-Match": '"1"'})
    assert (edited.status_code, edited.headers["etag"], edited.json()["name"]) == (200, '"2"', "新名")
    stale = await bank_client.put(url, json=body, headers=headers | {"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")
    assert (await bank_client.get(url, headers=headers)).json() == edited.json()
    assert (await _in_force(bank_client, house))["tiers"].keys() == {"T1", "T2", "T3", "T4", "T5"}


async def test_another_person_puts_it_in_force_having_seen_whose_manager_it_forbids(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()
    async with house.sessions() as session:
        await give_tier(session, customer_id, "T1", on=TODAY - timedelta(days=1))
        manager = await add_manager(session, house.branches[EAST].id, Grade.SENIOR)
        await session.commit()
    body = {"manager_id": to_public("mgr", manager.id), "reason": "客户要求"}
    coverage = f"/v1/customers/{to_public('cus', customer_id)}/coverage"
    assert (await bank_client.put(coverage, json=body, headers=house.headers("branch_head"))).status_code == 200
    made = await _draft(bank_client, house, tiers=TIERS | {"T1": {"primary": ["intermediate"]}})
    submitted = await _submit(bank_client, house, made["id"])
    own = await bank_client.post(
        f"/v1/approvals/{submitted.json()['approval_id']}/approve", json={}, headers=house.headers("hq_operator")
    )
    assert own.status_code == 403
    shown = await bank_client.get(
        f"/v1/approvals/{submitted.json()['approval_id']}", headers=house.headers("hq_approver")
    )
    assert shown.json()["preview"]["forbidden"] == [{"tier": "T1", "customers": 1}]
    assert (await _approve(bank_client, house, submitted)).json()["state"] == "approved"
    assert (await _in_force(bank_client, house))["id"] == made["id"]


async def test_versions_follow_each_other_and_the_past_stays_readable(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    first = (await _in_force(bank_client, house))["id"]
    in_ten, in_five = (TODAY + timedelta(days=days) for days in (10, 5))
    later = await _put_in_force(bank_client, house, effective_from=in_ten.isoformat())
    between = await _put_in_force(bank_client, house, effective_from=in_five.isoformat())
    now = await _put_in_force(bank_client, house)
    for day, expected in (
        (TODAY - timedelta(days=1), first),
        (TODAY, now),
        (in_five, between),
        (in_ten - timedelta(days=1), between),
        (in_ten, later),
    ):
        assert (await _in_force(bank_client, house, day.isoformat()))["id"] == expected, day
    listed = (await bank_client.get(URL, headers=house.headers("manager"))).json()["items"]
    assert [one["state"] for one in listed] == ["active", "scheduled", "scheduled", "replaced"]


async def test_what_waits_or_is_in_force_is_no_draft_any_more(bank_client: httpx.AsyncClient, house: House) -> None:
    made = await _draft(bank_client, house)
    submitted = await _submit(bank_client, house, made["id"])
    again = await _submit(bank_client, house, made["id"])
    assert (again.status_code, again.json()["code"]) == (409, "manager_matrix_not_draft")
    rejected = await bank_client.post(
        f"/v1/approvals/{submitted.json()['approval_id']}/reject",
        json={"comment": "级别不符"},
        headers=house.headers("hq_approver"),
    )
    assert rejected.json()["state"] == "rejected"
    shown = await bank_client.get(f"{URL}/{made['id']}", headers=house.headers("hq_operator"))
    assert shown.json()["state"] == "draft"


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"tiers": {"T9": {"primary": ["senior"]}}}, "tier_unknown"),
        ({"tiers": {"T1": {"primary": ["senior"], "fallback": ["senior"]}}}, "grade_twice"),
        ({"tag_skills": {"no_such_tag": "tax"}}, "tag_unknown"),
    ],
)
async def test_what_makes_no_matrix_is_refused(
    bank_client: httpx.AsyncClient, house: House, body: dict[str, Any], answer: str
) -> None:
    whole = {"name": "x", "tiers": TIERS} | body
    response = await bank_client.post(URL, json=whole, headers=house.headers("hq_operator"))
    assert (response.status_code, response.json()["code"]) == (422, "manager_matrix_invalid")
    assert response.json()["fault"] == answer


async def test_a_first_day_that_is_over_is_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    body = {"name": "x", "tiers": TIERS, "effective_from": (TODAY - timedelta(days=1)).isoformat()}
    response = await bank_client.post(URL, json=body, headers=house.headers("hq_operator"))
    assert (response.status_code, response.json()["code"]) == (422, "period_invalid")


async def test_a_second_person_whom_the_tier_takes_is_missed_until_somebody_has_the_role(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    lacking, low = await house.add_customer(), await house.add_customer()
    async with house.sessions() as session:
        east = house.branches[EAST].id
        manager = await add_manager(session, east, Grade.PRIVATE_BANKER, staff=house.staff["manager"])
        leader = await add_manager(session, east, Grade.SENIOR, staff=house.staff["branch_head"])
        for customer_id, tier in ((lacking, "T4"), (low, "T3")):
            await give_tier(session, customer_id, tier, on=TODAY)
            days = {customer_id: TODAY}
            await begin_coverage(session, {customer_id: manager.id}, days, source="run", reason="matrix")
        await session.commit()

    async def read(path: str, role: str = "branch_head") -> Any:
        return (await bank_client.get(path, headers=house.headers(role))).json()

    url = f"/v1/customers/{to_public('cus', lacking)}"
    gap = {
        "customer_id": to_public("cus", lacking),
        "tier": "T4",
        "role": "branch_leader",
        "manager_id": to_public("mgr", manager.id),
        "proposed_id": to_public("mgr", leader.id),
    }
    assert (await read("/v1/team-gaps", "manager"))["items"] == [gap]
    assert (await read("/v1/team-gaps", "branch_head_west"))["items"] == []
    assert (await read(f"{url}/coverage"))["missing_role"] == "branch_leader"
    body = {"manager_id": gap["proposed_id"], "role": gap["role"], "reason": "双人管户"}
    joined = await bank_client.post(f"{url}/team", json=body, headers=house.headers("branch_head"))
    assert (joined.status_code, joined.json()["missing_role"]) == (201, None), joined.text
    assert (await read("/v1/team-gaps"))["items"] == []
