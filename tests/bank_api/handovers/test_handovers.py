"""Handovers made from records: listed, signed by both, told to the customer and confirmed (MGR-13)."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlmodel import select

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.handovers.models import Handover
from guibin.handovers.service import escalate_overdue
from guibin.managers.followers import Change, follow_all
from guibin.managers.joint import service as joint
from guibin.managers.models import Manager
from guibin.outbox.models import OutboxEvent
from support.care_records import Caring, code_of
from support.chances import opened
from support.house import House
from support.points import sessions_of

LATER = (clock.today() + timedelta(days=7)).isoformat()


@pytest.fixture
async def caring(house: House, bank_client: httpx.AsyncClient) -> Caring:
    """Return who acts."""
    return Caring(house, bank_client)


async def handed_over(caring: Caring) -> tuple[UUID, str]:
    """Let a customer with all kinds of open matters go to the manager of another role; returns the handover too."""
    customer = await caring.served()
    await opened(caring, customer, need="education", due_on=LATER)
    logged = await caring.touch(
        customer,
        needs=[{"category": "medical", "text": "专家号"}],
        promises=[{"text": "周五回电", "due_on": LATER}],
        complaint={"category": "fees", "severity": "minor", "text": "年费多扣"},
        next_contact={"kind": "call", "due_on": LATER},
    )
    assert logged.status_code == 201, logged.text
    await caring.hand_over(customer, "lobby")
    (row,) = (await caring.get("branch_head", "/v1/handovers"))["items"]
    assert (row["customer_id"], row["state"]) == (to_public("cus", customer), "open")
    return customer, str(row["id"])


async def test_what_is_open_stands_on_the_list_and_both_sign_before_the_customer_is_told(
    caring: Caring, house: House, customer_client: httpx.AsyncClient
) -> None:
    customer, handover = await handed_over(caring)
    path, mine = f"/v1/handovers/{handover}", house.customer_headers(customer)
    detail = await caring.get("manager", path)
    assert {kind: count for kind, count in detail["counts"].items() if count} == {
        "complaint": 1,
        "promise": 1,
        "need": 1,
        "task": 1,
        "opportunity": 1,
    }
    assert (await customer_client.get("/v1/me/handover", headers=mine)).status_code == 404
    stranger = await caring.post("branch_head_west", f"{path}/sign")
    assert code_of(stranger) == (404, "not_found")
    assert code_of(await caring.post("branch_head", f"{path}/sign")) == (403, "handover_not_yours")
    given = await caring.post("manager", f"{path}/sign", notes="客户习惯周三上午接电话")
    assert (given.status_code, given.json()["state"]) == (200, "open"), given.text
    assert code_of(await caring.post("manager", f"{path}/sign")) == (409, "handover_signed")
    async with house.sessions() as session:
        taker = await session.get_one(Manager, (await caring.manager("lobby")).id)
        taker.staff_id = house.staff["hq_operator"].id  # who works at the counter has no rights over managers
        await session.commit()
    taken = await caring.post("hq_operator", f"{path}/sign")
    assert (taken.json()["state"], taken.json()["notes"]) == ("signed", "客户习惯周三上午接电话")
    assert code_of(await caring.post("hq_operator", f"{path}/sign")) == (409, "handover_over")
    told = await customer_client.get("/v1/me/handover", headers=mine)
    assert (told.json()["id"], told.json()["confirmed_at"]) == (handover, None)
    assert told.json()["joint_until"] == (clock.today() + timedelta(days=30)).isoformat()
    async with house.sessions() as session:
        (await session.get_one(Manager, (await caring.manager()).id)).active = False
        await joint.uphold(session)
        await session.commit()
    told = await customer_client.get("/v1/me/handover", headers=mine)
    assert told.json()["joint_until"] == told.json()["since"], "who is gone answers nothing any more"
    for _ in range(2):
        confirmed = await customer_client.post("/v1/me/handover/confirm", headers=mine)
        assert confirmed.json()["confirmed_at"] is not None, confirmed.text
    async with house.sessions() as session:
        row = (await session.exec(select(Handover))).one()
        events = (await session.exec(select(OutboxEvent).where(OutboxEvent.type == "handover.ready"))).all()
    assert row.state == "confirmed"
    assert [(one.subject, one.customer_id) for one in events] == [(handover, customer)]


async def test_who_leads_the_branch_signs_for_a_giver_who_is_gone_and_nothing_promised_is_lost(
    caring: Caring, house: House
) -> None:
    customer, handover = await handed_over(caring)
    async with house.sessions() as session:
        giver = await session.get_one(Manager, (await caring.manager()).id)
        giver.active = False
        await session.commit()
    signed = await caring.post("branch_head", f"/v1/handovers/{handover}/sign")
    assert signed.json()["giver_signed_by"] == to_public("stf", house.staff["branch_head"].id), signed.text
    (promise,) = await caring.of(customer, "promises", "branch_head")
    assert (promise["state"], promise["manager_id"]) == ("open", to_public("mgr", (await caring.manager("lobby")).id))


async def test_another_change_takes_the_place_of_one_that_waits(caring: Caring) -> None:
    customer, first = await handed_over(caring)
    await caring.hand_over(customer, "manager")
    rows = (await caring.get("branch_head", "/v1/handovers"))["items"]
    assert [one["state"] for one in rows] == ["open", "superseded"]
    assert rows[1]["id"] == first
    detail = await caring.get("branch_head", f"/v1/handovers/{rows[0]['id']}")
    assert detail["counts"]["promise"] == 1


async def test_a_night_of_many_changes_opens_them_in_a_few_statements_and_overdue_ones_are_told_once(
    caring: Caring, house: House
) -> None:
    giver, taker = await caring.manager(), await caring.manager("lobby")
    today = clock.today()
    customers = [await house.add_customer() for _ in range(3)]
    changes = [Change(one, giver.id, taker.id, today, "matrix", "run") for one in customers]
    changes.append(Change(await house.add_customer(), None, taker.id, today, "matrix", "run"))
    later = today + timedelta(days=30)
    async with sessions_of(house.database.worker_url, pool_size=1) as factory, factory() as session:
        await follow_all(session, changes)
        await session.commit()
        assert await escalate_overdue(session, day=today) == 0
        assert [await escalate_overdue(session, day=later) for _ in range(2)] == [3, 0]
        await session.commit()
    async with house.sessions() as session:
        rows = (await session.exec(select(Handover))).all()
        events = (await session.exec(select(OutboxEvent).where(OutboxEvent.type == "handover.overdue"))).all()
    assert {row.customer_id for row in rows} == set(customers)
    assert {row.escalated_on for row in rows} == {later}
    assert {event.customer_id for event in events} == set(customers)
