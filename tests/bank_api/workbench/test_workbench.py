"""The manager's day in one call: what is due, whose it is, and how far a caller sees."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import col, update

from guibin.care.models import CareTask, Complaint, Promise
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.models import Customer
from guibin.managers.models import Unassigned, UnassignedReason
from guibin.managers.pool.models import PoolPlace
from support.care_records import Caring
from support.chances import opened
from support.house import EAST, House
from support.statements import statements

TODAY = clock.today()
LATER = (TODAY + timedelta(days=2)).isoformat()


@pytest.fixture
async def caring(house: House, bank_client: httpx.AsyncClient) -> Caring:
    """Return who acts."""
    return Caring(house, bank_client)


def counts_of(day: dict[str, Any]) -> dict[str, int]:
    return {one["section"]: one["count"] for one in day["sections"] if one["count"]}


async def test_the_day_shows_what_is_due_the_most_urgent_first_with_the_name_for_who_serves(
    caring: Caring, house: House
) -> None:
    customer = await caring.served(name="欧阳明月")
    await opened(caring, customer, need="education", due_on=LATER)
    await caring.touch(
        customer,
        needs=[{"category": "health", "text": "体检"}],
        promises=[{"text": "回电", "due_on": LATER}],
        complaint={"category": "fees", "severity": "grave", "text": "年费多扣"},
        next_contact={"kind": "call", "due_on": LATER},
    )
    async with house.sessions() as session:
        row = await session.get_one(Customer, customer)
        row.birth_mmdd = f"{TODAY + timedelta(days=3):%m%d}"
        await session.commit()
    day = await caring.get("manager", "/v1/workbench/today")
    expected = {"complaints": 1, "promises": 1, "tasks_due": 1, "birthdays": 1, "new_customers": 1, "needs": 1}
    assert counts_of(day) == expected
    assert day["total"] == 6
    assert [one["section"] for one in day["sections"]][:2] == ["complaints", "promises"]
    assert {item["customer_name"] for one in day["sections"] for item in one["items"]} == {"欧阳明月"}
    (promise,) = next(one["items"] for one in day["sections"] if one["section"] == "promises")
    assert (promise["days_left"], promise["subject"][:4]) == (2, "prm_")
    manager = to_public("mgr", (await caring.manager()).id)
    assert "opportunities" not in counts_of(day), "nothing is offered while a complaint is in progress"
    other = await caring.served(name="诸葛亮")
    await opened(caring, other, need="education", due_on=LATER, amount="8000.00")
    await opened(caring, other, need="health", due_on=(TODAY + timedelta(days=8)).isoformat())
    (chance,) = (await caring.get("manager", "/v1/workbench/opportunities"))["items"]
    assert (chance["customer_name"], chance["code"], chance["subject"][:4]) == ("诸葛亮", "education", "opp_")
    assert (chance["expected"], chance["amount"]) == ("8000.00", None)
    expected |= {"opportunities": 1, "new_customers": 2}
    led = await caring.get("branch_head", f"/v1/workbench/today?manager_id={manager}")
    assert counts_of(led) == expected
    assert {item["customer_name"] for one in led["sections"] for item in one["items"]} == {"欧阳**", "诸葛*"}
    foreign = await caring.get("branch_head_west", f"/v1/workbench/today?manager_id={manager}")
    assert foreign["total"] == 0


async def test_what_is_overdue_comes_first_and_a_part_is_read_page_by_page(caring: Caring, house: House) -> None:
    customers = [await caring.served() for _ in range(3)]
    for customer in customers:
        await caring.touch(customer, promises=[{"text": "回电", "due_on": LATER}])
    async with house.sessions() as session:
        overdue = {"due_on": TODAY - timedelta(days=4)}
        await session.exec(update(Promise).where(col(Promise.customer_id) == customers[2]).values(**overdue))
        await session.commit()
    first = await caring.get("manager", "/v1/workbench/promises?limit=2")
    assert first["items"][0]["customer_id"] == to_public("cus", customers[2])
    assert first["items"][0]["days_left"] == -4
    rest = await caring.get("manager", f"/v1/workbench/promises?limit=2&cursor={first['next_cursor']}")
    assert len(first["items"]) + len(rest["items"]) == 3
    assert rest["next_cursor"] is None


async def test_a_longer_day_takes_no_more_statements(caring: Caring) -> None:
    async def counted() -> int:
        with statements() as made:
            await caring.get("manager", "/v1/workbench/today")
        return len(made)

    customer = await caring.served()
    await caring.touch(customer, promises=[{"text": "回电", "due_on": LATER}])
    few = await counted()
    for _ in range(3):
        other = await caring.served()
        await caring.touch(other, promises=[{"text": "回电", "due_on": LATER}])
    assert await counted() == few


async def test_who_leads_a_branch_sees_what_is_nobodys_and_what_is_late_in_the_books_of_others(
    caring: Caring, house: House
) -> None:
    late, nobodys, alone = [await caring.served() for _ in range(3)]
    for customer in (late, nobodys):
        await caring.touch(
            customer,
            promises=[{"text": "回电", "due_on": LATER}],
            complaint={"category": "fees", "severity": "grave", "text": "年费多扣"},
        )
    before = TODAY - timedelta(days=2)
    async with house.sessions() as session:
        await session.exec(update(Promise).where(col(Promise.customer_id) == late).values(due_on=before))
        past = {"answer_due_on": before, "resolve_due_on": before}
        await session.exec(update(Complaint).where(col(Complaint.customer_id) == late).values(**past))
        for record in (Promise, Complaint):
            await session.exec(update(record).where(col(record.customer_id) == nobodys).values(manager_id=None))
        session.add(
            Unassigned(
                customer_id=alone,
                tier_code="T2",
                branch_id=house.branches[EAST].id,
                reason=UnassignedReason.TOO_OLD,
                cause=UnassignedReason.NO_CAPACITY,
                since=before,
                escalated_on=TODAY,
            )
        )
        await session.commit()
    leading = {"waiting_too_long", "nobodys", "branch_complaints", "branch_promises"}
    day = await caring.get("branch_head", "/v1/workbench/today")
    assert counts_of(day) == dict.fromkeys(leading, 1)
    parts = {one["section"]: one["items"][0] for one in day["sections"] if one["items"]}
    assert (parts["waiting_too_long"]["code"], parts["waiting_too_long"]["manager_id"]) == ("no_capacity", None)
    assert (parts["nobodys"]["customer_id"], parts["nobodys"]["amount"]) == (to_public("cus", nobodys), 2)
    for role in ("branch_head_west", "manager", "customer_service"):
        assert not leading & counts_of(await caring.get(role, "/v1/workbench/today")).keys()
    assert (await caring.get("manager", "/v1/workbench/branch_promises"))["items"] == []


async def test_a_planned_touch_that_is_overdue_is_below_the_cadence_once_for_a_customer(
    caring: Caring, house: House
) -> None:
    customer = await caring.served()
    manager, day = await caring.manager(), TODAY - timedelta(days=3)
    async with house.sessions() as session:
        for item in ("T1.call", "T1.review"):
            session.add(
                CareTask(
                    customer_id=customer,
                    id=new_id(),
                    manager_id=manager.id,
                    kind="call",
                    origin="plan",
                    made_by=item,
                    occasion=day,
                    starts_on=day,
                    due_on=day,
                    created_at=clock.now(),
                )
            )
        await session.commit()
    found = await caring.get("manager", "/v1/workbench/below_cadence")
    assert [(item["customer_id"], item["amount"]) for item in found["items"]] == [(to_public("cus", customer), 2)]


async def test_a_notice_of_the_pool_stands_on_the_day_until_somebody_looks_after_the_customer(
    caring: Caring, house: House
) -> None:
    announced, looked_after = [await caring.served() for _ in range(2)]
    manager, returns_on = await caring.manager(), TODAY + timedelta(days=20)
    async with house.sessions() as session:
        for customer, left_on in ((announced, None), (looked_after, TODAY)):
            session.add(
                PoolPlace(
                    customer_id=customer,
                    manager_id=manager.id,
                    noticed_on=TODAY,
                    returns_on=returns_on,
                    left_on=left_on,
                )
            )
        await session.commit()
    found = await caring.get("manager", "/v1/workbench/pool_notices")
    assert [(item["customer_id"], item["days_left"]) for item in found["items"]] == [(to_public("cus", announced), 20)]
