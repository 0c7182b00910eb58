"""What each tier is promised: published by two people, read by customers, and counted as kept or not."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlmodel import select

from guibin.care.models import CareTask, Complaint
from guibin.care.standards.defaults import SHEETS
from guibin.care.standards.models import ServiceStandard
from guibin.core import clock
from guibin.core.ids import new_id
from support.house import EAST, WEST, House
from support.tiers import give_tier

TODAY = clock.today()
MONTH = date(2026, 9, 1)
SEEDED = {tier: sheet.model_dump(mode="json") for tier, sheet in SHEETS.items()}
MORE = SEEDED | {
    "T5": SEEDED["T5"] | {"contacts_a_year": 24, "others": [{"zh": "专属贵宾厅", "en": "A lounge of one's own"}]}
}


async def _draft(client: httpx.AsyncClient, house: House, sheets: dict[str, Any] = MORE) -> httpx.Response:
    body = {"name": "2027 服务标准", "sheets": sheets}
    return await client.post("/v1/service-standards", json=body, headers=house.headers("hq_operator"))


async def _submit(client: httpx.AsyncClient, house: House, standard_id: str, **wish: str) -> str:
    url = f"/v1/service-standards/{standard_id}/submit"
    submitted = await client.post(url, json=wish, headers=house.headers("hq_operator"))
    assert submitted.status_code == 202, submitted.text
    return f"/v1/approvals/{submitted.json()['approval_id']}/approve"


async def _publish(client: httpx.AsyncClient, house: House, standard_id: str, **wish: str) -> httpx.Response:
    url = await _submit(client, house, standard_id, **wish)
    return await client.post(url, json={}, headers=house.headers("hq_approver"))


async def test_a_standard_is_in_force_from_the_day_on_which_another_person_agrees(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    made = (await _draft(bank_client, house)).json()
    assert (made["state"], made["sheets"]["T5"]["contacts_a_year"]) == ("draft", 24)
    assert (await _publish(bank_client, house, made["id"])).is_success
    shown = await bank_client.get(f"/v1/service-standards/{made['id']}", headers=house.headers("manager"))
    assert (shown.json()["state"], shown.json()["effective_from"]) == ("published", TODAY.isoformat())
    url = f"/v1/service-standards/{made['id']}"
    edit = {"name": "改", "sheets": SEEDED}
    late = await bank_client.put(url, json=edit, headers=house.headers("hq_operator") | {"If-Match": '"1"'})
    assert (late.status_code, late.json()["code"]) == (409, "standard_not_draft")


async def test_a_draft_is_edited_with_its_etag_and_a_rejected_one_is_a_draft_again(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    made = (await _draft(bank_client, house)).json()
    url, headers = f"/v1/service-standards/{made['id']}", house.headers("hq_operator")
    edit = {"name": "改", "sheets": SEEDED}
    edited = await bank_client.put(url, json=edit, headers=headers | {"If-Match": '"1"'})
    assert (edited.json()["name"], edited.headers["etag"]) == ("改", '"2"')
    assert (await bank_client.put(url, json=edit, headers=headers | {"If-Match": '"1"'})).status_code == 412
    submitted = (await bank_client.post(f"{url}/submit", json={}, headers=headers)).json()
    reject = f"/v1/approvals/{submitted['approval_id']}/reject"
    await bank_client.post(reject, json={"comment": "too much"}, headers=house.headers("hq_approver"))
    assert (await bank_client.get(url, headers=headers)).json()["state"] == "draft"


async def test_two_standards_do_not_begin_on_one_day(bank_client: httpx.AsyncClient, house: House) -> None:
    first, second = [(await _draft(bank_client, house)).json()["id"] for _ in range(2)]
    day = (TODAY + timedelta(days=9)).isoformat()
    assert (await _publish(bank_client, house, first, effective_from=day)).is_success
    refused = await _publish(bank_client, house, second, effective_from=day)
    assert (refused.status_code, refused.json()["code"]) == (409, "period_conflict")


async def test_of_two_that_are_agreed_to_at_once_for_one_day_one_is_refused(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    for ahead in range(1, 4):
        day = (TODAY + timedelta(days=ahead)).isoformat()
        drafts = [(await _draft(bank_client, house)).json()["id"] for _ in range(3)]
        urls = [await _submit(bank_client, house, draft, effective_from=day) for draft in drafts]
        approver = house.headers("hq_approver")
        answers = await asyncio.gather(*(bank_client.post(url, json={}, headers=approver) for url in urls))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
        assert {answer.json()["code"] for answer in answers if answer.is_error} == {"period_conflict"}


async def test_sheets_that_leave_out_a_tier_or_promise_a_higher_one_less_are_refused(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    without = {tier: sheet for tier, sheet in SEEDED.items() if tier != "T3"}
    wrong = {
        "tier_missing": without,
        "tier_unknown": SEEDED | {"T9": SEEDED["T5"]},
        "less_for_more": SEEDED | {"T5": SEEDED["T5"] | {"contacts_a_year": 1}},
        "resolved_before_answered": SEEDED | {"T5": SEEDED["T5"] | {"answer_days": 4}},
    }
    for fault, sheets in wrong.items():
        refused = await _draft(bank_client, house, sheets)
        assert (refused.status_code, refused.json().get("fault")) == (422, fault)


async def test_customers_read_what_their_tier_is_promised_in_their_language(
    customer_client: httpx.AsyncClient, house: House
) -> None:
    customer_id, without = await house.add_customer(), await house.add_customer()
    async with house.sessions() as session:
        await give_tier(session, customer_id, "T5", on=TODAY)
        standard = (await session.exec(select(ServiceStandard))).one()
        standard.sheets = MORE
        await session.commit()
    headers = house.customer_headers(customer_id) | {"Accept-Language": "en"}
    sheet = (await customer_client.get("/v1/me/tier", headers=headers)).json()["service_standard"]
    assert sheet == {
        "manager_grade": "private_banker",
        "contacts_a_year": 24,
        "reviews_a_year": 4,
        "answer_days": 0,
        "resolve_days": 3,
        "others": ["A lounge of one's own"],
    }
    nobody = await customer_client.get("/v1/me/tier", headers=house.customer_headers(without))
    assert nobody.json()["service_standard"] is None


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def _task(customer_id: UUID, day: int, *, kind: str = "call", done: int | None = None, **changes: Any) -> CareTask:
    due = MONTH.replace(day=day)
    values: dict[str, Any] = {
        "customer_id": customer_id,
        "id": new_id(),
        "kind": kind,
        "origin": "plan",
        "made_by": f"{kind}-{day}",
        "occasion": due,
        "starts_on": due,
        "due_on": due,
        "state": "open" if done is None else "done",
        "ended_at": None if done is None else _noon(MONTH.replace(day=done)),
        "created_at": _noon(MONTH),
    }
    return CareTask(**values | changes)


def _complaint(customer_id: UUID, *, answered: int | None) -> Complaint:
    return Complaint(
        customer_id=customer_id,
        id=new_id(),
        category="service",
        severity="minor",
        channel="phone",
        state="open" if answered is None else "answered",
        answer_due_on=MONTH.replace(day=12),
        resolve_due_on=MONTH.replace(day=28),
        answered_at=None if answered is None else _noon(MONTH.replace(day=answered)),
        created_by=new_id(),
        created_at=_noon(MONTH.replace(day=10)),
    )


async def test_what_was_kept_is_counted_by_tier_and_branch_with_each_tiers_own_days(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    gold, platinum, elsewhere = [await house.add_customer(branch=one) for one in (EAST, EAST, WEST)]
    async with house.sessions() as session:
        for customer_id, tier in ((gold, "T1"), (platinum, "T2"), (elsewhere, "T1")):
            await give_tier(session, customer_id, tier, on=MONTH)
        lapsed: dict[str, Any] = {"state": "lapsed", "ended_at": _noon(MONTH)}
        skipped: dict[str, Any] = {"state": "skipped", "ended_at": _noon(MONTH), "reason": "客户出国"}
        session.add_all(
            [
                _task(gold, 5, done=5),
                _task(gold, 6, done=7),
                _task(gold, 8),
                _task(gold, 9, **skipped),
                _task(gold, 10, **lapsed),
                _task(gold, 11, origin="trigger"),
                _task(gold, 12, kind="review", done=2),
                _complaint(gold, answered=12),
                _complaint(platinum, answered=12),
                _task(elsewhere, 5),
            ]
        )
        await session.commit()
    url = f"/v1/reports/service-standard/{MONTH:%Y-%m}"
    items = (await bank_client.get(url, headers=house.headers("branch_head"))).json()["items"]
    found = {(one["measure"], one["tier"]): (one["due"], one["kept"], one["percent"]) for one in items}
    assert found == {
        ("contacts", "T1"): (4, 1, 25.0),
        ("reviews", "T1"): (1, 1, 100.0),
        ("answers", "T1"): (1, 1, 100.0),
        ("answers", "T2"): (1, 0, 0.0),
        ("resolutions", "T1"): (1, 0, 0.0),
        ("resolutions", "T2"): (1, 0, 0.0),
    }
    assert {one["branch"] for one in items} == {EAST}
    before = await bank_client.get("/v1/reports/service-standard/2025-12", headers=house.headers("branch_head"))
    assert (before.json()["standard_id"], before.json()["items"]) == (None, [])


async def test_a_month_that_runs_counts_what_is_due_by_now_and_what_was_kept_early(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()
    this_month = TODAY.replace(day=1)
    last = (this_month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    kept: dict[str, Any] = {"state": "done", "ended_at": _noon(this_month)}
    async with house.sessions() as session:
        await give_tier(session, customer_id, "T1", on=this_month)
        due: dict[str, Any] = {"occasion": last, "starts_on": last, "due_on": last}
        session.add_all([_task(customer_id, 1, **due), _task(customer_id, 2, **due, **kept)])
        await session.commit()
    url = f"/v1/reports/service-standard/{this_month:%Y-%m}"
    items = (await bank_client.get(url, headers=house.headers("branch_head"))).json()["items"]
    expected = (1, 1) if last >= TODAY else (2, 1)
    assert [(one["due"], one["kept"]) for one in items] == [expected]
