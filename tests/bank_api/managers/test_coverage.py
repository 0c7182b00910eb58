"""Coverage by hand: who may, whom, what ends at once, and two at the same moment."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, update
from sqlmodel import col
from sqlmodel import select as select_rows

from guibin.audit.models import AuditEntry
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.models import Customer
from guibin.managers.models import Coverage, Grade, Manager, Unassigned
from guibin.managers.service import assign
from guibin.managers.terms.models import CoverageTermsVersion
from support.house import EAST, WEST, House
from support.tiers import add_manager, give_tier
from support.waiting import until

YESTERDAY = clock.last_closed_day()
WAITERS = (
    "SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)"
    " WHERE NOT granted AND datname = current_database()"
)


async def _put(
    client: httpx.AsyncClient,
    house: House,
    customer_id: UUID,
    manager_id: UUID,
    *,
    role: str = "branch_head",
    **others: str,
) -> httpx.Response:
    body = {"manager_id": to_public("mgr", manager_id), "reason": "客户要求"} | others
    url = f"/v1/customers/{to_public('cus', customer_id)}/coverage"
    return await client.put(url, json=body, headers=house.headers(role))


async def _add(house: House, grade: Grade = Grade.SENIOR, *, branch: str = EAST, **others: Any) -> Manager:
    async with house.sessions() as session:
        manager = await add_manager(session, house.branches[branch].id, grade, **others)
        await session.commit()
    return manager


async def _add_customer(house: House, tier: str = "T2") -> UUID:
    customer_id = await house.add_customer()
    async with house.sessions() as session:
        await give_tier(session, customer_id, tier, on=YESTERDAY)
        await session.commit()
    return customer_id


async def _night(house: House) -> None:
    async with house.sessions() as session:
        await assign(session, day=YESTERDAY)
        await session.commit()


async def test_a_branch_head_assigns_within_the_branch_from_today_on(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer_id, manager = await _add_customer(house), await _add(house)
    response = await _put(bank_client, house, customer_id, manager.id)
    body = response.json()
    assert response.status_code == 200, response.text
    assert (body["manager"]["id"], body["manager"]["load"]) == (to_public("mgr", manager.id), 1)
    assert body["since"] == clock.today().isoformat()
    [row] = body["history"]
    assert (row["source"], row["reason"], row["valid_to"]) == ("staff", "客户要求", None)
    shown = await bank_client.get(
        f"/v1/customers/{to_public('cus', customer_id)}/coverage", headers=house.headers("lobby")
    )
    assert shown.status_code == 403
    shown = await bank_client.get(
        f"/v1/customers/{to_public('cus', customer_id)}/coverage", headers=house.headers("hq_operator")
    )
    assert shown.json() == body


async def test_without_joint_contact_the_old_manager_is_out_on_the_very_next_request(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    async with house.sessions() as session:
        terms = {"accompanied_days": 0}
        session.add(CoverageTermsVersion(version=1, terms=terms, approval_id=new_id(), decided_at=clock.now()))
        await session.commit()
    customer_id = await _add_customer(house)
    old = await _add(house, staff=house.staff["manager"])
    new = await _add(house, staff=house.staff["lobby"])
    await _night(house)
    served_by_old = (await _put(bank_client, house, customer_id, old.id)).status_code
    assert served_by_old == 200
    url, token = f"/v1/customers/{to_public('cus', customer_id)}/tier", house.headers("manager")
    assert (await bank_client.get(url, headers=token)).status_code == 200
    assert (await _put(bank_client, house, customer_id, new.id)).status_code == 200
    gone = await bank_client.get(url, headers=token)
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
    assert (await _put(bank_client, house, customer_id, old.id)).status_code == 200
    assert (await bank_client.get(url, headers=token)).status_code == 200


async def test_the_night_opens_the_new_book_and_closes_that_of_who_left(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await _add_customer(house, "T1")
    old = await _add(house, Grade.INTERMEDIATE, staff=house.staff["manager"])
    await _night(house)
    url, token = f"/v1/customers/{to_public('cus', customer_id)}/coverage", house.headers("manager")
    assert (await bank_client.get(url, headers=token)).status_code == 200
    await _add(house, Grade.INTERMEDIATE)
    async with house.sessions() as session:
        await session.execute(update(Manager).where(col(Manager.id) == old.id).values(active=False))
        await session.commit()
    await _night(house)
    assert (await bank_client.get(url, headers=token)).status_code == 404


async def test_m3_the_same_manager_again_changes_nothing(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id, manager = await _add_customer(house), await _add(house)
    first = await _put(bank_client, house, customer_id, manager.id)
    again = await _put(bank_client, house, customer_id, manager.id)
    assert (again.status_code, again.json()) == (200, first.json())
    async with house.sessions() as session:
        query = select_rows(AuditEntry).where(AuditEntry.action == "coverage.assign")
        [entry] = (await session.exec(query)).all()
    assert (entry.owner_id, entry.reason) == (customer_id, "客户要求")
    assert entry.facts == {"manager_id": to_public("mgr", manager.id)}


async def test_an_assignment_by_hand_ends_the_wait(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id = await _add_customer(house)
    await _night(house)
    manager = await _add(house)
    await _put(bank_client, house, customer_id, manager.id)
    async with house.sessions() as session:
        waiting = await session.get_one(Unassigned, customer_id)
    assert waiting.resolved_on == clock.today()


async def test_m1_a_customer_of_another_branch_is_not_found(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id, manager = await _add_customer(house), await _add(house)
    foreign = await _put(bank_client, house, customer_id, manager.id, role="branch_head_west")
    unknown = await _put(bank_client, house, new_id(), manager.id, role="branch_head_west")
    assert foreign.status_code == unknown.status_code == 404
    url = f"/v1/customers/{to_public('cus', customer_id)}/coverage"
    assert (await bank_client.get(url, headers=house.headers("branch_head_west"))).status_code == 404


@pytest.mark.parametrize(
    ("grade", "others", "reason"),
    [
        (Grade.SENIOR, {"active": False}, "inactive"),
        (Grade.SENIOR, {"branch": WEST}, "other_branch"),
        (Grade.INTERMEDIATE, {}, "grade"),
        (Grade.SENIOR, {"capacity": 0}, "no_capacity"),
    ],
)
async def test_m2_a_manager_who_cannot_serve_the_customer_is_refused(
    bank_client: httpx.AsyncClient, house: House, grade: Grade, others: dict[str, Any], reason: str
) -> None:
    customer_id, manager = await _add_customer(house), await _add(house, grade, **others)
    response = await _put(bank_client, house, customer_id, manager.id)
    assert (response.status_code, response.json()["code"]) == (409, "assignee_invalid")
    assert response.json()["reason"] == reason


async def test_m2_somebody_who_is_no_manager_is_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    response = await _put(bank_client, house, await _add_customer(house), new_id())
    assert (response.status_code, response.json()["code"]) == (409, "assignee_invalid")


@pytest.mark.parametrize("role", ["manager", "lobby", "auditor", "customer_service", "hq_approver"])
async def test_those_without_the_grant_assign_nobody(bank_client: httpx.AsyncClient, house: House, role: str) -> None:
    customer_id, manager = await _add_customer(house), await _add(house)
    assert (await _put(bank_client, house, customer_id, manager.id, role=role)).status_code == 403


async def test_an_assignment_of_the_wrong_form_is_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    url = f"/v1/customers/{to_public('cus', await house.add_customer())}/coverage"
    body = {"manager_id": to_public("mgr", new_id())}
    for wrong in (body, body | {"reason": ""}, body | {"reason": "x", "valid_to": "2027-01-01"}):
        response = await bank_client.put(url, json=wrong, headers=house.headers("branch_head"))
        assert (response.status_code, response.json()["code"]) == (422, "validation_failed")
    assert (await bank_client.put(url, json=body)).status_code == 401


async def test_m5_of_two_assignments_at_once_one_succeeds(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id = await _add_customer(house)
    one, other = await _add(house), await _add(house)
    async with house.sessions() as holder:
        await holder.execute(select(col(Customer.id)).where(col(Customer.id) == customer_id).with_for_update())
        both = asyncio.gather(*(_put(bank_client, house, customer_id, manager.id) for manager in (one, other)))
        await _until_two_wait(house)
        await holder.rollback()
    answers = sorted(await both, key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [200, 412]
    assert answers[1].json()["code"] == "version_conflict"
    async with house.sessions() as session:
        rows = (await session.exec(select_rows(Coverage).where(Coverage.customer_id == customer_id))).all()
    assert len(rows) == 1


async def test_two_assignments_at_once_do_not_share_the_last_seat(bank_client: httpx.AsyncClient, house: House) -> None:
    customers = [await _add_customer(house), await _add_customer(house)]
    manager = await _add(house, capacity=1)
    answers = await asyncio.gather(*(_put(bank_client, house, one, manager.id) for one in customers))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


@pytest.mark.parametrize(
    ("days_back", "answer"),
    [(-1, (422, "period_invalid")), (0, (200, None)), (1, (409, "period_conflict")), (3, (409, "period_conflict"))],
)
async def test_m6_a_first_day_lies_neither_ahead_nor_before_somebody_else_served(
    bank_client: httpx.AsyncClient, house: House, days_back: int, answer: tuple[int, str | None]
) -> None:
    customer_id, before = await _add_customer(house), await _add(house)
    await _age(house, before, 9)
    first_day = (clock.today() - timedelta(days=2)).isoformat()
    assert (await _put(bank_client, house, customer_id, before.id, valid_from=first_day)).status_code == 200
    after = await _add(house)
    await _age(house, after, 9)
    valid_from = (clock.today() - timedelta(days=days_back)).isoformat()
    response = await _put(bank_client, house, customer_id, after.id, valid_from=valid_from)
    assert (response.status_code, response.json().get("code")) == answer


async def test_nobody_serves_before_becoming_a_manager(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id, manager = await _add_customer(house), await _add(house)
    yesterday = YESTERDAY.isoformat()
    response = await _put(bank_client, house, customer_id, manager.id, valid_from=yesterday)
    assert (response.status_code, response.json()["code"]) == (409, "period_conflict")


async def _age(house: House, manager: Manager, days: int) -> None:
    async with house.sessions() as session:
        since = update(Manager).where(col(Manager.id) == manager.id)
        await session.execute(since.values(created_at=clock.now() - timedelta(days=days)))
        await session.commit()


async def _until_two_wait(house: House) -> None:
    async def wait() -> bool:
        async with house.sessions() as session:
            return bool((await (await session.connection()).exec_driver_sql(WAITERS)).scalar_one() == 2)

    await until(wait)
