"""Care plans over HTTP: drafted, edited with the ETag, put in force by a second person, on their day."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from guibin.approvals.definitions.repository import list_versions
from guibin.care.plans import service
from guibin.care.plans.models import CarePlan, PlanState
from guibin.core import clock
from support.house import House

PLAN = {
    "minutes": {"call": 20, "visit": 100},
    "contacts": {
        "T1": [
            {"code": "call", "kind": "call", "every_months": 6, "title_zh": "电话", "title_en": "Call"},
            {"code": "visit", "kind": "visit", "every_months": 12, "title_zh": "拜访", "title_en": "Visit"},
        ]
    },
    "triggers": [
        {
            "code": "inflow",
            "on": "large_inflow",
            "offset": 2,
            "unit": "business",
            "thresholds": {"T1": "100000.00"},
            "title_zh": "大额流入",
            "title_en": "Large inflow",
        }
    ],
}


async def create(client: httpx.AsyncClient, house: House, **more: Any) -> dict[str, Any]:
    body = {"name": "2027 维护计划", "terms": PLAN, **more}
    response = await client.post("/v1/care-plans", json=body, headers=house.headers("hq_operator"))
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


async def put_in_force(client: httpx.AsyncClient, house: House, plan_id: str) -> dict[str, Any]:
    submitted = await client.post(f"/v1/care-plans/{plan_id}/submit", headers=house.headers("hq_operator"))
    assert submitted.status_code == 202, submitted.text
    approval = submitted.json()["approval_id"]
    decided = await client.post(f"/v1/approvals/{approval}/approve", json={}, headers=house.headers("hq_approver"))
    assert decided.status_code == 200, decided.text
    shown: dict[str, Any] = (await client.get(f"/v1/care-plans/{plan_id}", headers=house.headers("manager"))).json()
    return shown


async def test_the_first_plan_is_in_force_and_says_what_each_tier_weighs(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    items = (await bank_client.get("/v1/care-plans", headers=house.headers("manager"))).json()["items"]
    assert [item["state"] for item in items] == ["active"]
    assert items[0]["loads"] == {"T1": 1.0, "T2": 1.5, "T3": 6.0, "T4": 11.0, "T5": 11.0}
    on = {one["on"] for one in items[0]["triggers"] if one["enabled"]}
    assert on == {"birthday", "maturity", "new_coverage", "tier_watch", "sale"}


async def test_a_draft_is_edited_with_the_etag_that_was_read_and_amounts_are_kept(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    made = await create(bank_client, house)
    assert (made["state"], made["minutes_a_year"]) == ("draft", {"T1": 140})
    assert made["triggers"][0]["thresholds"] == {"T1": "100000.00"}
    url, headers = f"/v1/care-plans/{made['id']}", house.headers("hq_operator")
    body = {"name": "新名", "terms": PLAN | {"service_percent": 60}}
    edited = await bank_client.put(url, json=body, headers=headers | {"If-Match": '"1"'})
    assert (edited.status_code, edited.headers["etag"], edited.json()["service_percent"]) == (200, '"2"', 60)
    stale = await bank_client.put(url, json=body, headers=headers | {"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")


async def test_a_second_person_puts_a_plan_in_force_and_the_one_before_ends_that_day(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    before = (await bank_client.get("/v1/care-plans", headers=house.headers("hq_operator"))).json()["items"][0]
    made = await create(bank_client, house)
    shown = await put_in_force(bank_client, house, made["id"])
    today = clock.today().isoformat()
    assert (shown["state"], shown["in_force_from"]) == ("active", today)
    old = await bank_client.get(f"/v1/care-plans/{before['id']}", headers=house.headers("hq_operator"))
    assert (old.json()["state"], old.json()["in_force_to"]) == ("replaced", today)
    again = await bank_client.post(f"/v1/care-plans/{made['id']}/submit", headers=house.headers("hq_operator"))
    assert (again.status_code, again.json()["code"]) == (409, "care_plan_not_draft")


async def test_a_plan_for_a_later_day_waits_until_that_day(bank_client: httpx.AsyncClient, house: House) -> None:
    first_day = clock.today() + timedelta(days=3)
    made = await create(bank_client, house, effective_from=first_day.isoformat())
    assert (await put_in_force(bank_client, house, made["id"]))["state"] == "scheduled"
    async with house.sessions() as session:
        early = await service.plan_on(session, first_day - timedelta(days=1))
        assert early is not None
        assert early.name == "默认维护计划"
        there = await service.plan_on(session, first_day)
        assert there is not None
        assert (there.name, there.in_force_from) == (made["name"], first_day)
        minutes = "SELECT minutes FROM tier_load WHERE tier_code = 'T1'"
        assert (await session.execute(text(minutes))).scalar_one() == 140
        replaced = [one for one in await list_versions(session, CarePlan, limit=9) if one.state == PlanState.REPLACED]
        assert [one.in_force_to for one in replaced] == [first_day]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"contacts": {"T9": []}}, "tier_unknown"),
        ({"minutes": {"call": 20}}, "minutes"),
        ({"opportunities": {"rules": [{"code": "a", "tag": "none", "need": "health"}]}}, "tag_unknown"),
        ({"triggers": [PLAN["triggers"][0] | {"thresholds": {}}]}, "thresholds"),  # type: ignore[index]
    ],
)
async def test_a_plan_that_does_not_fit_together_is_refused_with_its_fault(
    bank_client: httpx.AsyncClient, house: House, change: dict[str, Any], fault: str
) -> None:
    body = {"name": "x", "terms": PLAN | change}
    response = await bank_client.post("/v1/care-plans", json=body, headers=house.headers("hq_operator"))
    assert (response.status_code, response.json()["code"]) == (422, "care_plan_invalid")
    assert response.json()["fault"] == fault


@pytest.mark.parametrize("amount", ["0.00", "-0.30", "99999999999999.00"])
async def test_what_is_large_is_an_amount_that_money_can_be(
    bank_client: httpx.AsyncClient, house: House, amount: str
) -> None:
    trigger = PLAN["triggers"][0] | {"thresholds": {"T1": amount}}  # type: ignore[index]
    body = {"name": "x", "terms": PLAN | {"triggers": [trigger]}}
    response = await bank_client.post("/v1/care-plans", json=body, headers=house.headers("hq_operator"))
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")


async def test_a_plan_from_yesterday_is_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    yesterday: date = clock.today() - timedelta(days=1)
    body = {"name": "x", "terms": PLAN, "effective_from": yesterday.isoformat()}
    response = await bank_client.post("/v1/care-plans", json=body, headers=house.headers("hq_operator"))
    assert (response.status_code, response.json()["code"]) == (422, "care_plan_too_early")


async def test_a_manager_reads_plans_and_drafts_none(bank_client: httpx.AsyncClient, house: House) -> None:
    body = {"name": "x", "terms": PLAN}
    response = await bank_client.post("/v1/care-plans", json=body, headers=house.headers("manager"))
    assert response.status_code == 403
