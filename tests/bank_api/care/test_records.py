"""Needs, promises, complaints and care tasks through their lives over HTTP."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlmodel import select

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.merging import merge, unmerge
from guibin.outbox.models import OutboxEvent
from guibin.security.actors import NIGHTLY_JOB
from guibin.security.row_scope import all_rows
from support.care_records import Caring, code_of
from support.house import WEST, House

LATER = (clock.today() + timedelta(days=7)).isoformat()
REASON = "客户在国外，约定下月联系"


@pytest.fixture
async def caring(house: House, bank_client: httpx.AsyncClient) -> Caring:
    """Return who acts."""
    return Caring(house, bank_client)


async def test_a_promise_is_kept_or_broken_with_a_reason_upon_the_revision_that_was_read(caring: Caring) -> None:
    path = f"/v1/customers/{to_public('cus', await caring.served())}/promises"
    made = await caring.post("manager", path, text="补寄对账单", due_on=LATER)
    end = f"{path}/{made.json()['id']}/end"
    assert code_of(await caring.post("manager", end, state="kept")) == (428, "precondition_required")
    assert code_of(await caring.post("manager", end, '"7"', state="kept")) == (412, "version_conflict")
    etag = made.headers["etag"]
    assert code_of(await caring.post("manager", end, etag, state="broken")) == (422, "reason_required")
    broken = await caring.post("manager", end, etag, state="broken", reason=REASON)
    assert (broken.json()["state"], broken.json()["text"]) == ("broken", "补寄对账单")
    late = await caring.post("manager", end, broken.headers["etag"], state="kept")
    assert code_of(late) == (409, "care_record_over")


async def test_a_complaint_is_answered_resolved_reopened_and_closed_and_the_end_is_told(
    caring: Caring, house: House
) -> None:
    customer = await caring.served()
    path = f"/v1/customers/{to_public('cus', customer)}/complaints"
    made = await caring.post("customer_service", path, category="fees", severity="minor", text="年费多扣")
    assert made.status_code == 201, made.text
    one = f"{path}/{made.json()['id']}"
    assert await _offers_wait(caring, customer)
    queue = (await caring.get("branch_head", "/v1/complaints"))["items"]
    assert [row["id"] for row in queue] == [made.json()["id"]]
    assert (await caring.get("branch_head_west", "/v1/complaints"))["items"] == []
    etag = made.headers["etag"]
    assert code_of(await caring.post("manager", f"{one}/close", etag, satisfied=True)) == (409, "care_record_over")
    resolved = await caring.post("manager", f"{one}/resolve", etag, resolution="已退还年费")
    assert (resolved.json()["state"], resolved.json()["resolution"]) == ("resolved", "已退还年费")
    again = await caring.post("manager", f"{one}/answer", resolved.headers["etag"])
    assert (again.json()["state"], again.json()["resolved_at"]) == ("answered", None)
    resolved = await caring.post("manager", f"{one}/resolve", again.headers["etag"], resolution="已退还并致歉")
    closed = await caring.post("manager", f"{one}/close", resolved.headers["etag"], satisfied=True)
    assert (closed.json()["state"], closed.json()["satisfied"]) == ("closed", True)
    assert (await caring.get("branch_head", "/v1/complaints"))["items"] == []
    assert not await _offers_wait(caring, customer)
    async with house.sessions() as session:
        told = (await session.exec(select(OutboxEvent).where(OutboxEvent.type == "complaint.closed"))).one()
    assert (told.subject, told.payload["satisfied"]) == (made.json()["id"], True)


async def test_a_need_ends_with_a_reason_where_no_redemption_served_it(caring: Caring) -> None:
    path = f"/v1/customers/{to_public('cus', await caring.served())}/needs"
    made = await caring.post("manager", path, category="medical", text="专家号")
    end, etag = f"{path}/{made.json()['id']}/end", made.headers["etag"]
    assert code_of(await caring.post("manager", end, etag, state="served")) == (422, "reason_required")
    foreign = to_public("rdm", new_id())
    wrong = await caring.post("manager", end, etag, state="served", redemption_id=foreign)
    assert code_of(wrong) == (409, "need_not_served")
    served = await caring.post("manager", end, etag, state="served", reason="已通过分行资源联系到专家门诊")
    assert served.json()["state"] == "served"


async def test_a_task_is_skipped_with_a_reason_or_given_to_another_of_the_branch(caring: Caring) -> None:
    customer = await caring.served()
    public = to_public("cus", customer)
    colleague, stranger = await caring.manager("lobby"), await caring.manager("manager_west", WEST)
    made = await caring.post("branch_head", "/v1/care-tasks", customer_id=public, kind="call", due_on=LATER)
    one, etag = f"/v1/care-tasks/{made.json()['id']}", made.headers["etag"]
    refused = await caring.post("branch_head", f"{one}/reassign", etag, manager_id=to_public("mgr", stranger.id))
    assert code_of(refused) == (409, "task_taker_invalid")
    given = await caring.post("branch_head", f"{one}/reassign", etag, manager_id=to_public("mgr", colleague.id))
    assert given.json()["manager_id"] == to_public("mgr", colleague.id)
    assert code_of(await caring.post("manager_west", f"{one}/skip", given.headers["etag"], reason=REASON)) == (
        404,
        "not_found",
    )
    skipped = await caring.post("manager", f"{one}/skip", given.headers["etag"], reason=REASON)
    assert (skipped.json()["state"], skipped.json()["reason"]) == ("skipped", REASON)
    listed = await caring.bank.get("/v1/care-tasks?state=skipped", headers=caring.house.headers("manager"))
    assert code_of(listed) == (422, "validation_failed")


async def test_what_is_open_follows_the_customer_to_the_new_manager(caring: Caring) -> None:
    customer = await caring.served()
    await caring.touch(
        customer,
        needs=[{"category": "health", "text": "体检"}],
        promises=[{"text": "回电", "due_on": LATER}],
        complaint={"category": "service", "severity": "grave", "text": "等候过久"},
        next_contact={"kind": "call", "due_on": LATER},
    )
    await caring.hand_over(customer, "lobby")
    new = to_public("mgr", (await caring.manager("lobby")).id)
    role = "branch_head"
    tasks = (await caring.get(role, f"/v1/care-tasks?manager_id={new}"))["items"]
    (need,), (promise,), (complaint,) = [
        await caring.of(customer, what, role) for what in ("needs", "promises", "complaints")
    ]
    assert {one["manager_id"] for one in (*tasks, need, promise, complaint)} == {new}
    assert (len(tasks), promise["handed_over"], complaint["handed_over"]) == (1, 1, 1)


async def test_a_merge_takes_what_is_open_along_and_its_undoing_gives_it_back(caring: Caring, house: House) -> None:
    loser, survivor = await caring.served(), await caring.served("lobby")
    await caring.touch(loser, note="旧客户号下的记录", promises=[{"text": "回电", "due_on": LATER}])
    first = to_public("mgr", (await caring.manager()).id)
    second = to_public("mgr", (await caring.manager("lobby")).id)
    async with house.sessions() as session, all_rows(session):
        journal = await merge(
            session,
            actor=NIGHTLY_JOB,
            losing_id=loser,
            surviving_id=survivor,
            day=clock.today(),
            reason="equal_references",
        )
        await session.commit()
    (promise,) = await caring.of(survivor, "promises", "branch_head")
    assert (promise["manager_id"], promise["customer_id"]) == (second, to_public("cus", survivor))
    (touch,) = await caring.of(survivor, "touches", "branch_head")
    assert touch["note"] == "旧客户号下的记录"
    path = f"/v1/customers/{to_public('cus', survivor)}/promises/{promise['id']}/end"
    assert (await caring.post("branch_head", path, '"9"', state="kept")).status_code == 412
    async with house.sessions() as session, all_rows(session):
        stored = await session.merge(journal)
        await unmerge(session, actor=NIGHTLY_JOB, journal=stored, day=clock.today(), reason="两位不同的客户")
        await session.commit()
    assert await caring.of(survivor, "promises", "branch_head") == []
    (promise,) = await caring.of(loser, "promises", "branch_head")
    assert promise["manager_id"] == first


async def _offers_wait(caring: Caring, customer: UUID) -> bool:
    """Tell whether a restriction keeps the bank from offering anything."""
    shown = await caring.get("branch_head", f"/v1/customers/{to_public('cus', customer)}/restrictions")
    return "complaint" in {one["kind"] for one in shown["items"]}
