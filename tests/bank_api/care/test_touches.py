"""A touch written down in one call, all or nothing (CARE-04)."""

from datetime import time, timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import select

from guibin.audit.models import AuditEntry
from guibin.care.models import CareTask, Complaint, Need, Promise, Touch
from guibin.contact.models import ContactPreference
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.outbox.models import OutboxEvent
from support.care_records import Caring, code_of
from support.contact import allow_offers
from support.house import House

LATER = (clock.today() + timedelta(days=7)).isoformat()


@pytest.fixture
async def caring(house: House, bank_client: httpx.AsyncClient) -> Caring:
    """Return who acts."""
    return Caring(house, bank_client)


async def rows_of(house: House) -> list[int]:
    async with house.sessions() as session:
        return [len((await session.exec(select(one))).all()) for one in (Touch, CareTask, Need, Promise, Complaint)]


async def test_one_call_writes_a_contact_down_with_all_that_came_of_it(caring: Caring, house: House) -> None:
    customer = await caring.served()
    manager = await caring.manager()
    public = to_public("cus", customer)
    due = await caring.post("manager", "/v1/care-tasks", customer_id=public, kind="call", due_on=LATER)
    assert due.status_code == 201, due.text
    promised = await caring.post("manager", f"/v1/customers/{public}/promises", text="寄送账单", due_on=LATER)
    logged = await caring.touch(
        customer,
        minutes=12,
        note="客户提到女儿明年高考",
        completes_task_id=due.json()["id"],
        needs=[{"category": "education", "text": "志愿填报咨询"}],
        promises=[{"text": "周五前回复学费贷款方案", "due_on": LATER}],
        kept_promise_ids=[promised.json()["id"]],
        complaint={"category": "rights", "severity": "serious", "text": "贵宾厅拒绝核销"},
        next_contact={"kind": "visit", "due_on": LATER, "note": "带上方案"},
    )
    assert logged.status_code == 201, logged.text
    said = logged.json()
    assert said["completed_task_id"] == due.json()["id"]

    (touch,) = await caring.of(customer, "touches")
    assert (touch["note"], touch["staff_id"]) == ("客户提到女儿明年高考", to_public("stf", house.staff["manager"].id))
    (need,) = await caring.of(customer, "needs")
    assert (need["text"], need["state"], need["touch_id"]) == ("志愿填报咨询", "open", said["id"])
    states = {one["text"]: one["state"] for one in await caring.of(customer, "promises")}
    assert states == {"寄送账单": "kept", "周五前回复学费贷款方案": "open"}
    (complaint,) = await caring.of(customer, "complaints")
    assert (complaint["id"], complaint["state"]) == (said["complaint_id"], "open")
    (task,) = (await caring.get("manager", f"/v1/care-tasks?customer_id={public}"))["items"]
    assert (task["kind"], task["note"], task["origin"]) == ("visit", "带上方案", "touch")
    done = await caring.get("manager", f"/v1/care-tasks?customer_id={public}&state=done")
    assert [one["touch_id"] for one in done["items"]] == [said["id"]]
    mine = to_public("mgr", manager.id)
    assert {one["manager_id"] for one in (need, complaint, task)} == {mine}
    async with house.sessions() as session:
        stored = (await session.exec(select(Need))).one()
        trail = (await session.exec(select(AuditEntry).where(AuditEntry.action == "touch.log"))).one()
        told = (await session.exec(select(OutboxEvent).where(OutboxEvent.type == "complaint.opened"))).one()
    assert stored.text_enc is not None
    assert "志愿".encode() not in stored.text_enc
    assert (trail.owner_id, told.customer_id) == (customer, customer)


async def test_what_cannot_be_written_leaves_nothing_behind(caring: Caring, house: House) -> None:
    customer = await caring.served()
    before = await rows_of(house)
    wrong: list[tuple[dict[str, Any], tuple[int, str]]] = [
        ({"completes_task_id": to_public("ctk", new_id())}, (404, "not_found")),
        ({"kept_promise_ids": [to_public("prm", new_id())]}, (404, "not_found")),
        ({"promises": [{"text": "昨天", "due_on": "2020-01-01"}]}, (422, "due_day_invalid")),
        ({"at": "2020-01-01T08:00:00+08:00"}, (422, "touch_time_invalid")),
        ({"product_code": "nothing"}, (422, "touch_subject_unknown")),
        ({"right_id": to_public("rgt", new_id())}, (422, "touch_subject_unknown")),
        ({"corrects_id": to_public("tch", new_id())}, (404, "not_found")),
    ]
    for body, refusal in wrong:
        full: dict[str, Any] = {"needs": [{"category": "health", "text": "体检"}], **body}
        assert code_of(await caring.touch(customer, **full)) == refusal, body
    assert await rows_of(house) == before
    assert code_of(await caring.touch(customer, "manager_west")) == (404, "not_found")
    assert code_of(await caring.touch(customer, "auditor")) == (403, "forbidden")


async def test_the_same_call_again_answers_the_same_and_writes_once(caring: Caring, house: House) -> None:
    customer = await caring.served()
    body = {
        "customer_id": to_public("cus", customer),
        "kind": "call",
        "channel": "phone",
        "purpose": "care",
        "result": "reached",
    }
    headers = house.headers("manager", key="once")
    first = await caring.bank.post("/v1/touches", json=body, headers=headers)
    again = await caring.bank.post("/v1/touches", json=body, headers=headers)
    assert (first.status_code, again.content) == (201, first.content)
    assert (await rows_of(house))[0] == 1


async def test_a_task_is_not_done_by_less_than_was_due(caring: Caring) -> None:
    customer = await caring.served()
    public = to_public("cus", customer)
    due = await caring.post("manager", "/v1/care-tasks", customer_id=public, kind="visit", due_on=LATER)
    task = due.json()["id"]
    assert code_of(await caring.touch(customer, completes_task_id=task)) == (409, "task_not_served")
    missed = await caring.touch(customer, kind="visit", channel="in_person", result="no_answer", completes_task_id=task)
    assert code_of(missed) == (409, "task_not_served")
    visit = await caring.touch(customer, kind="visit", channel="in_person", completes_task_id=task)
    assert visit.status_code == 201, visit.text
    again = await caring.touch(customer, kind="visit", channel="in_person", completes_task_id=task)
    assert code_of(again) == (409, "care_record_over")


async def test_a_touch_is_corrected_by_another_once(caring: Caring) -> None:
    customer = await caring.served()
    wrong = (await caring.touch(customer, minutes=90)).json()["id"]
    right = await caring.touch(customer, minutes=9, corrects_id=wrong)
    assert right.status_code == 201, right.text
    assert code_of(await caring.touch(customer, corrects_id=wrong)) == (409, "touch_corrected")
    listed = {one["id"]: one["corrected_by"] for one in await caring.of(customer, "touches")}
    assert listed == {wrong: right.json()["id"], right.json()["id"]: None}


async def test_what_happened_is_written_down_with_the_word_of_the_contact_policy(caring: Caring) -> None:
    customer = await caring.served()
    verdicts = []
    for _ in range(3):
        sold = await caring.touch(customer, purpose="sales", next_contact={"kind": "call", "due_on": LATER})
        assert sold.status_code == 201, sold.text
        verdicts.append(sold.json()["verdict"])
    assert verdicts[0] is not None
    assert verdicts[2]["allowed"] is False
    assert verdicts[2]["reasons"]
    came = await caring.touch(customer, direction="in")
    assert came.json()["verdict"] is None
    (listed, *_) = await caring.of(customer, "touches")
    assert listed["verdict"] is None


async def test_a_next_contact_that_the_policy_does_not_allow_on_its_day_is_refused_with_the_first_day_that_is(
    caring: Caring, house: House
) -> None:
    customer = await caring.served()
    public = to_public("cus", customer)
    selling = {"kind": "call", "purpose": "sales", "due_on": LATER}
    unasked = await caring.touch(customer, next_contact=selling)
    assert (code_of(unasked), unasked.json()["reasons"]) == ((409, "next_contact_not_possible"), ["no_consent"])
    assert unasked.json()["possible_on"] is None
    await allow_offers(house, customer)
    assert (await caring.touch(customer, next_contact=selling)).status_code == 201
    for _ in range(2):
        await caring.touch(customer, purpose="sales")
    today = clock.today()
    often = await caring.touch(customer, next_contact=selling | {"due_on": today.isoformat()})
    assert (code_of(often), often.json()["reasons"]) == ((409, "next_contact_not_possible"), ["channel_cap"])
    first = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    assert often.json()["possible_on"] == first.isoformat()
    assert len(await caring.of(customer, "touches")) == 3
    again = await caring.post(
        "manager", "/v1/care-tasks", customer_id=public, **selling | {"due_on": today.isoformat()}
    )
    assert code_of(again) == (409, "next_contact_not_possible")
    async with house.sessions() as session:
        quiet = ContactPreference(customer_id=customer, updated_at=clock.now(), updated_by=customer)
        quiet.quiet_from, quiet.quiet_to = time(8), time(12)
        session.add(quiet)
        await session.commit()
    assert (await caring.touch(customer, next_contact={"kind": "call", "due_on": LATER})).status_code == 201


async def test_the_customer_from_all_sides_and_the_brief_show_the_care(caring: Caring) -> None:
    customer = await caring.served()
    path = f"/v1/customers/{to_public('cus', customer)}"
    await caring.touch(
        customer,
        note="喜欢上午接电话",
        needs=[{"category": "health", "text": "体检"}],
        promises=[{"text": "回电", "due_on": LATER}],
        complaint={"category": "fees", "severity": "minor", "text": "年费多扣"},
        next_contact={"kind": "visit", "due_on": LATER},
    )
    shown = (await caring.get("manager", path))["care"]
    assert [len(shown[part]) for part in ("last_touches", "open_complaints", "open_promises", "open_needs")] == [1] * 4
    assert (shown["last_touches"][0]["note"], shown["next_task"]["kind"]) == ("喜欢上午接电话", "visit")
    assert (await caring.get("manager", f"{path}/brief"))["customer"]["care"] == shown
    audited = (await caring.get("auditor", path))["care"]
    assert (audited["last_touches"][0]["note"], audited["open_needs"][0]["text"]) == (None, None)
    assert (await caring.get("lobby", path))["care"] is None
