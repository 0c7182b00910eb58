"""Many customers change hands over HTTP: all or none, at once or with a second person's consent."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select, update
from sqlmodel import col
from sqlmodel import select as select_rows

from guibin.audit.models import AuditEntry
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.models import Customer
from guibin.managers.models import Coverage, Grade, Manager
from guibin.organisation.models import Staff
from support.house import EAST, WEST, House
from support.tiers import add_manager

REASON = "网点撤并，客户整体移交"


def _item(customer_id: UUID, manager_id: UUID) -> dict[str, str]:
    return {"customer_id": to_public("cus", customer_id), "manager_id": to_public("mgr", manager_id)}


async def _post(
    client: httpx.AsyncClient,
    house: House,
    items: Sequence[dict[str, str]],
    role: str = "branch_head",
    **others: Any,
) -> httpx.Response:
    body = {"items": list(items), "reason": REASON} | others
    return await client.post("/v1/assignments", json=body, headers=house.headers(role))


async def _approve(
    client: httpx.AsyncClient, house: House, submitted: httpx.Response, verb: str = "approve", **body: str
) -> httpx.Response:
    url = f"/v1/approvals/{submitted.json()['approval_id']}/{verb}"
    return await client.post(url, json=body, headers=house.headers("hq_approver"))


async def _shown(client: httpx.AsyncClient, house: House, submitted: httpx.Response) -> dict[str, Any]:
    url = f"/v1/approvals/{submitted.json()['approval_id']}"
    shown: dict[str, Any] = (await client.get(url, headers=house.headers("hq_approver"))).json()
    return shown


async def _manager(house: House, *, branch: str = EAST, capacity: int = 50, active: bool = True) -> Manager:
    async with house.sessions() as session:
        branch_id = house.branches[branch].id
        manager = await add_manager(session, branch_id, Grade.SENIOR, capacity=capacity, active=active)
        await session.commit()
    return manager


async def _customers(house: House, count: int, *, branch: str = EAST) -> list[UUID]:
    return [await house.add_customer(branch=branch) for _ in range(count)]


async def _served(house: House) -> dict[UUID, UUID]:
    async with house.sessions() as session:
        query = select(col(Coverage.customer_id), col(Coverage.manager_id)).where(col(Coverage.valid_to).is_(None))
        return dict((await session.execute(query)).all())


async def test_twenty_customers_of_a_branch_are_assigned_at_once(bank_client: httpx.AsyncClient, house: House) -> None:
    manager, customers = await _manager(house), await _customers(house, 20)
    answer = await _post(bank_client, house, [_item(one, manager.id) for one in customers])
    assert answer.status_code == 200, answer.text
    assert [(row["index"], row["status"]) for row in answer.json()["results"]] == [(n, "assigned") for n in range(20)]
    assert await _served(house) == dict.fromkeys(customers, manager.id)


async def test_m4_twenty_one_wait_for_another_person_who_sees_who_moves(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    manager, customers = await _manager(house), await _customers(house, 21)
    submitted = await _post(bank_client, house, [_item(one, manager.id) for one in customers])
    assert (submitted.status_code, submitted.json()["status"]) == (202, "pending")
    assert await _served(house) == {}
    shown = await _shown(bank_client, house, submitted)
    preview = shown["preview"]
    assert (shown["kind_label"], preview["customers"], preview["branches"], len(preview["moves"])) == (
        "批量调整管户",
        21,
        1,
        21,
    )
    assert preview["loads"] == [
        {"manager_id": to_public("mgr", manager.id), "before": 0, "after": 21, "strained": False}
    ]
    assert (await _approve(bank_client, house, submitted)).json()["state"] == "approved"
    assert await _served(house) == dict.fromkeys(customers, manager.id)
    async with house.sessions() as session:
        entries = (await session.exec(select_rows(AuditEntry).where(AuditEntry.action == "coverage.assign"))).all()
    assert len([entry for entry in entries if entry.object_type == "customer"]) == 21


async def test_what_is_approved_a_day_later_begins_on_that_day(bank_client: httpx.AsyncClient, house: House) -> None:
    submitted, customers, _ = await _pending(bank_client, house)
    tomorrow = clock.now() + timedelta(days=1)
    with clock.fixed_at(tomorrow):
        assert (await _approve(bank_client, house, submitted)).json()["state"] == "approved"
        days = dict.fromkeys(customers, clock.today())
    async with house.sessions() as session:
        began = await session.execute(select(col(Coverage.customer_id), col(Coverage.valid_from)))
    assert dict(began.all()) == days


async def test_customers_of_two_branches_wait_for_another_person(bank_client: httpx.AsyncClient, house: House) -> None:
    items = []
    for branch in (EAST, WEST):
        manager, [customer] = await _manager(house, branch=branch), await _customers(house, 1, branch=branch)
        items.append(_item(customer, manager.id))
    submitted = await _post(bank_client, house, items, "hq_operator")
    assert submitted.status_code == 202
    assert (await _approve(bank_client, house, submitted)).json()["state"] == "approved"
    assert len(await _served(house)) == 2


async def test_two_full_books_are_swapped(bank_client: httpx.AsyncClient, house: House) -> None:
    one, other = await _manager(house, capacity=1), await _manager(house, capacity=1)
    first, second = await _customers(house, 2)
    assert (await _post(bank_client, house, [_item(first, one.id), _item(second, other.id)])).status_code == 200
    swapped = await _post(bank_client, house, [_item(first, other.id), _item(second, one.id)])
    assert swapped.status_code == 200, swapped.text
    assert await _served(house) == {first: other.id, second: one.id}


async def test_m3_the_same_manager_again_is_no_change_and_no_event(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    manager, customers = await _manager(house), await _customers(house, 2)
    await _post(bank_client, house, [_item(customers[0], manager.id)])
    answer = await _post(bank_client, house, [_item(one, manager.id) for one in customers])
    assert [row["status"] for row in answer.json()["results"]] == ["unchanged", "assigned"]
    async with house.sessions() as session:
        query = select_rows(AuditEntry.owner_id).where(AuditEntry.action == "coverage.assign")
        assert sorted((await session.exec(query)).all()) == sorted(customers)


FAULTS = {
    "customer of another branch": (404, "not_found"),
    "manager of another branch": (409, "assignee_invalid"),
    "manager who is inactive": (409, "assignee_invalid"),
    "manager whose account is closed": (409, "assignee_invalid"),
    "nobody's manager": (409, "assignee_invalid"),
    "no room": (409, "assignee_invalid"),
    "same customer twice": (422, "duplicate_item"),
    "no customer": (422, "validation_failed"),
    "day ahead": (422, "period_invalid"),
    "day before anybody was a manager": (409, "period_conflict"),
}


async def test_m1_m2_m3_m6_one_wrong_item_refuses_them_all(bank_client: httpx.AsyncClient, house: House) -> None:
    manager, [good, other] = await _manager(house), await _customers(house, 2)
    for fault, answer in FAULTS.items():
        items, others = await _faulty(house, fault, good, other, manager)
        refused = await _post(bank_client, house, items, **others)
        assert (refused.status_code, refused.json()["code"]) == answer, fault
    assert await _served(house) == {}


async def _faulty(
    house: House, fault: str, good: UUID, other: UUID, manager: Manager
) -> tuple[list[dict[str, str]], dict[str, str]]:
    first = _item(good, manager.id)
    plain: dict[str, tuple[list[dict[str, str]], dict[str, str]]] = {
        "nobody's manager": ([first, _item(other, new_id())], {}),
        "same customer twice": ([first, first], {}),
        "no customer": ([], {}),
        "day ahead": ([first], {"valid_from": "2099-01-01"}),
        "day before anybody was a manager": ([first], {"valid_from": "2020-01-01"}),
    }
    if fault in plain:
        return plain[fault]
    if fault == "customer of another branch":
        return [first, _item((await _customers(house, 1, branch=WEST))[0], manager.id)], {}
    if fault == "no room":
        full = await _manager(house, capacity=1)
        return [_item(good, full.id), _item(other, full.id)], {}
    if fault == "manager of another branch":
        return [first, _item(other, (await _manager(house, branch=WEST)).id)], {}
    if fault == "manager who is inactive":
        return [first, _item(other, (await _manager(house, active=False)).id)], {}
    return [first, _item(other, (await _manager_on_leave(house)).id)], {}


async def _manager_on_leave(house: House) -> Manager:
    manager = await _manager(house)
    async with house.sessions() as session:
        await session.execute(update(Staff).where(col(Staff.id) == manager.staff_id).values(active=False))
        await session.commit()
    return manager


async def _pending(client: httpx.AsyncClient, house: House) -> tuple[httpx.Response, list[UUID], Manager]:
    manager, customers = await _manager(house), await _customers(house, 21)
    return await _post(client, house, [_item(one, manager.id) for one in customers]), customers, manager


async def test_a_customer_who_got_another_manager_meanwhile_stops_them_all(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    submitted, customers, _ = await _pending(bank_client, house)
    other = await _manager(house)
    assert (await _post(bank_client, house, [_item(customers[3], other.id)])).status_code == 200
    refused = await _approve(bank_client, house, submitted)
    assert (refused.status_code, refused.json()["code"]) == (412, "version_conflict")
    shown = await _shown(bank_client, house, submitted)
    assert (shown["state"], shown["failure"]) == ("failed", "version_conflict")
    assert await _served(house) == {customers[3]: other.id}


async def test_a_customer_who_left_the_makers_branch_stops_them_all(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    submitted, customers, _ = await _pending(bank_client, house)
    async with house.sessions() as session:
        moved = update(Customer).where(col(Customer.id) == customers[0])
        await session.execute(moved.values(branch_id=house.branches[WEST].id))
        await session.commit()
    refused = await _approve(bank_client, house, submitted)
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert (await _shown(bank_client, house, submitted))["state"] == "failed"
    assert await _served(house) == {}


async def test_the_maker_leaves_a_customer_out_when_asked_to(bank_client: httpx.AsyncClient, house: House) -> None:
    submitted, customers, manager = await _pending(bank_client, house)
    asked = await _approve(bank_client, house, submitted, "request-changes", comment="第一位客户不变")
    assert asked.json()["state"] == "changes_requested"
    url, maker = f"/v1/approvals/{submitted.json()['approval_id']}/amend", house.headers("branch_head")
    nobody = {"without": [to_public("cus", one) for one in customers]}
    refused = await bank_client.post(url, json={"changes": nobody}, headers=maker)
    assert (refused.status_code, refused.json()["code"]) == (409, "amendment_not_possible")
    changes = {"without": [to_public("cus", customers[0])], "valid_from": clock.today().isoformat()}
    amended = await bank_client.post(url, json={"changes": changes}, headers=maker)
    assert (amended.status_code, amended.json()["preview"]["customers"]) == (200, 20)
    assert amended.json()["payload"]["valid_from"] is None, "today is the day of the approval"
    seen = amended.json()["payload_hash"]
    assert (await _approve(bank_client, house, submitted, payload_hash=seen)).json()["state"] == "approved"
    assert await _served(house) == dict.fromkeys(customers[1:], manager.id)


async def test_those_without_the_grant_assign_nobody(bank_client: httpx.AsyncClient, house: House) -> None:
    manager, [customer] = await _manager(house), await _customers(house, 1)
    for role in ("manager", "lobby", "hq_approver", "auditor"):
        assert (await _post(bank_client, house, [_item(customer, manager.id)], role)).status_code == 403, role


async def test_a_batch_is_submitted_once_under_its_key(bank_client: httpx.AsyncClient, house: House) -> None:
    manager, customers = await _manager(house), await _customers(house, 21)
    body = {"items": [_item(one, manager.id) for one in customers], "reason": REASON}
    headers = house.headers("branch_head", key="assignment-1")
    answers = [await bank_client.post("/v1/assignments", json=body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].content == answers[1].content
