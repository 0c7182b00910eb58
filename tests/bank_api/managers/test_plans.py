"""Plans of assignment over HTTP: computed by the worker, looked at, submitted, applied as a whole or not at all."""

from collections import Counter
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import func, select, update
from sqlmodel import col
from sqlmodel import select as select_rows

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.customers.models import Customer
from guibin.managers.eligibility.models import ManagerConflict, ServiceNeed
from guibin.managers.models import Coverage, CoverageRole, Grade, Manager, Unassigned
from guibin.managers.planning.computing import solve_apart, tend_plans
from guibin.managers.planning.explaining import Outcome, plan
from guibin.managers.planning.rules import Problem
from guibin.managers.repository import begin_coverage
from guibin.managers.service.night import assign
from support.house import EAST, REGION, WEST, House
from support.points import sessions_of
from support.tiers import add_manager, give_tier

LONG_AGO = date(2026, 1, 1)
REASON = "年度管户均衡"


async def _here(problem: Problem) -> Outcome:
    return plan(problem)


async def _compute(house: House) -> int:
    async with sessions_of(house.database.worker_url, pool_size=2) as sessions:
        return await tend_plans(sessions, solve=_here)


async def _manager(house: House, *, branch: str = EAST, capacity: int = 50, role: str | None = None) -> Manager:
    async with house.sessions() as session:
        manager = await add_manager(session, house.branches[branch].id, Grade.SENIOR, capacity=capacity)
        if role is not None:
            await session.execute(
                update(Manager).where(col(Manager.id) == manager.id).values(staff_id=house.staff[role].id)
            )
        await session.commit()
    return manager


async def _customers(
    house: House, count: int, *, branch: str = EAST, manager: Manager | None = None, tier: str = "T2"
) -> list[UUID]:
    found = [await house.add_customer(branch=branch) for _ in range(count)]
    async with house.sessions() as session:
        for customer_id in found:
            await give_tier(session, customer_id, tier, on=LONG_AGO)
            if manager is not None:
                await begin_coverage(
                    session, {customer_id: manager.id}, {customer_id: LONG_AGO}, source="run", reason="matrix"
                )
        await session.commit()
    return found


async def _served(house: House) -> dict[UUID, UUID]:
    async with house.sessions() as session:
        query = select(col(Coverage.customer_id), col(Coverage.manager_id)).where(
            col(Coverage.valid_to).is_(None), col(Coverage.role) == CoverageRole.PRIMARY
        )
        return dict((await session.execute(query)).all())


async def _ask(client: httpx.AsyncClient, house: House, role: str = "hq_operator", **others: Any) -> httpx.Response:
    body = {"branch_id": to_public("brn", house.branches[EAST].id), "reason": REASON} | others
    return await client.post("/v1/assignments/plans", json=body, headers=house.headers(role))


async def _get(client: httpx.AsyncClient, house: House, plan_id: str, what: str = "") -> Any:
    answer = await client.get(f"/v1/assignments/plans/{plan_id}{what}", headers=house.headers("hq_operator"))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _submit(client: httpx.AsyncClient, house: House, plan_id: str, **body: Any) -> httpx.Response:
    url = f"/v1/assignments/plans/{plan_id}/submit"
    return await client.post(url, json=body, headers=house.headers("hq_operator"))


async def _approve(client: httpx.AsyncClient, house: House, submitted: httpx.Response) -> httpx.Response:
    assert submitted.status_code == 202, submitted.text
    url = f"/v1/approvals/{submitted.json()['approval_id']}/approve"
    return await client.post(url, json={}, headers=house.headers("hq_approver"))


async def _planned(client: httpx.AsyncClient, house: House, **wish: Any) -> str:
    asked = await _ask(client, house, **wish)
    assert asked.status_code == 202, asked.text
    assert await _compute(house) == 1
    plan_id: str = asked.json()["id"]
    return plan_id


async def test_a_plan_is_shown_before_it_moves_anybody_and_applied_as_a_whole(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    full, free = await _manager(house, capacity=10), await _manager(house, capacity=10)
    customers = await _customers(house, 10, manager=full)
    alone = await _customers(house, 2)
    asked = await _ask(bank_client, house, weights={"broken_relationship": 0, "load": 50})
    assert (asked.json()["state"], asked.json()["step"]) == ("waiting", None)
    await _compute(house)
    plan_id = asked.json()["id"]
    shown = await _get(bank_client, house, plan_id)
    assert (shown["state"], shown["customers"]) == ("ready", 12)
    assert shown["cost_after"] < shown["cost_before"] + 1000
    books = {
        book["manager_id"]: (book["before"], book["after"])
        for book in (await _get(bank_client, house, plan_id, "/books"))["books"]
    }
    assert sorted(books.values()) == [(0, 6), (10, 6)]
    moves = (await _get(bank_client, house, plan_id, "/moves"))["items"]
    assert len(moves) == 6
    assert {move["to_manager_id"] for move in moves} == {to_public("mgr", free.id)}
    staying = next(move for move in moves if move["from_manager_id"])
    assert staying["costs"]["broken_relationship"] == 1
    assert staying["next_manager_id"] == to_public("mgr", full.id)
    assert await _served(house) == dict.fromkeys(customers, full.id)
    done = await _approve(bank_client, house, await _submit(bank_client, house, plan_id))
    assert done.json()["state"] == "approved", done.text
    assert Counter((await _served(house)).values()) == {full.id: 6, free.id: 6}
    assert set(await _served(house)) == {*customers, *alone}
    assert (await _get(bank_client, house, plan_id))["state"] == "applied"


async def test_the_worker_solves_a_plan_in_a_process_of_its_own(bank_client: httpx.AsyncClient, house: House) -> None:
    manager, [customer] = await _manager(house), await _customers(house, 1)
    asked = await _ask(bank_client, house)
    async with sessions_of(house.database.worker_url, pool_size=2) as sessions:
        assert await tend_plans(sessions, solve=solve_apart) == 1
    [move] = (await _get(bank_client, house, asked.json()["id"], "/moves"))["items"]
    assert (move["customer_id"], move["to_manager_id"]) == (to_public("cus", customer), to_public("mgr", manager.id))


async def test_a_plan_in_which_somebody_changed_is_refused_and_names_them(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    first, second = await _manager(house), await _manager(house)
    customers = await _customers(house, 3)
    plan_id = await _planned(bank_client, house)
    submitted = await _submit(bank_client, house, plan_id)
    body = {"manager_id": to_public("mgr", second.id), "reason": "客户要求"}
    url = f"/v1/customers/{to_public('cus', customers[0])}/coverage"
    assert (await bank_client.put(url, json=body, headers=house.headers("branch_head"))).status_code == 200
    refused = await _approve(bank_client, house, submitted)
    assert (refused.status_code, refused.json()["code"]) == (409, "plan_stale")
    assert (refused.json()["customers"], refused.json()["examples"]) == (1, [to_public("cus", customers[0])])
    assert await _served(house) == {customers[0]: second.id}
    again = await _submit(bank_client, house, plan_id)
    assert (again.status_code, again.json()["code"]) == (409, "plan_stale")
    again = await _submit(bank_client, house, plan_id, without_changed=True)
    assert (await _approve(bank_client, house, again)).json()["state"] == "approved"
    served = await _served(house)
    assert served[customers[0]] == second.id
    assert set(served) == set(customers)
    assert set(served.values()) <= {first.id, second.id}


async def test_only_what_may_move_is_planned(bank_client: httpx.AsyncClient, house: House) -> None:
    full, _free = await _manager(house, capacity=3), await _manager(house)
    await _customers(house, 3, manager=full)
    [alone] = await _customers(house, 1)
    moves = (await _get(bank_client, house, await _planned(bank_client, house, movable="unassigned"), "/moves"))[
        "items"
    ]
    assert [move["customer_id"] for move in moves] == [to_public("cus", alone)]
    async with house.sessions() as session:
        await session.execute(update(Manager).where(col(Manager.id) == full.id).values(capacity=2))
        await session.commit()
    moves = (await _get(bank_client, house, await _planned(bank_client, house, movable="overfull"), "/moves"))["items"]
    assert len([move for move in moves if move["from_manager_id"] == to_public("mgr", full.id)]) >= 1
    assert {move["customer_id"] for move in moves} >= {to_public("cus", alone)}


async def test_who_leaves_gets_nobody_new_and_loses_every_customer_with_the_approval(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    leaver, stays = await _manager(house, role="manager"), await _manager(house)
    customers = await _customers(house, 4, manager=leaver)
    url = f"/v1/managers/{to_public('mgr', leaver.id)}/leave"
    begun = await bank_client.post(url, json={"reason": "离职"}, headers=house.headers("branch_head"))
    assert begun.status_code == 202, begun.text
    plan_id = begun.json()["plan"]["id"]
    again = await bank_client.post(url, json={"reason": "离职"}, headers=house.headers("branch_head"))
    assert (again.status_code, again.json()["code"]) == (409, "manager_leaving")
    [waiting] = await _customers(house, 1)
    body = {"manager_id": to_public("mgr", leaver.id), "reason": "新客户"}
    to_leaver = await bank_client.put(
        f"/v1/customers/{to_public('cus', waiting)}/coverage", json=body, headers=house.headers("branch_head")
    )
    assert (to_leaver.status_code, to_leaver.json()["code"]) == (409, "assignee_invalid")
    await _compute(house)
    sight = f"/v1/customers/{to_public('cus', customers[0])}"
    assert (await bank_client.get(sight, headers=house.headers("manager"))).status_code == 200
    submitted = await _submit(bank_client, house, plan_id)
    assert (await _approve(bank_client, house, submitted)).json()["state"] == "approved"
    assert (await bank_client.get(sight, headers=house.headers("manager"))).status_code == 404
    assert await _served(house) == dict.fromkeys(customers, stays.id)
    async with house.sessions() as session:
        gone = await session.get_one(Manager, leaver.id)
    assert (gone.active, gone.left_on is not None) == (False, True)


async def test_nobody_is_left_alone_where_there_is_no_place_and_the_night_finds_one_later(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    leaver, small = await _manager(house), await _manager(house, capacity=2)
    customers = await _customers(house, 5, manager=leaver)
    url = f"/v1/managers/{to_public('mgr', leaver.id)}/leave"
    begun = await bank_client.post(url, json={"reason": "离职"}, headers=house.headers("branch_head"))
    await _compute(house)
    plan_id = begun.json()["plan"]["id"]
    tallies = (await _get(bank_client, house, plan_id))["tallies"]
    assert {(row["unplaced"], row["customers"]) for row in tallies} == {(None, 2), ("no_capacity", 3)}
    assert (await _approve(bank_client, house, await _submit(bank_client, house, plan_id))).json()[
        "state"
    ] == "approved"
    assert Counter((await _served(house)).values()) == {small.id: 2, leaver.id: 3}
    async with house.sessions() as session:
        queued = (await session.exec(select_rows(Unassigned))).all()
        assert (await session.get_one(Manager, leaver.id)).active
    assert {row.reason for row in queued} == {"no_capacity"}
    await _manager(house)
    async with sessions_of(house.database.worker_url, pool_size=2) as sessions, sessions.begin() as session:
        await assign(session, day=clock.today() + timedelta(days=3))
    served = await _served(house)
    assert set(served) == set(customers)
    assert leaver.id not in served.values()
    async with house.sessions() as session:
        assert not (await session.get_one(Manager, leaver.id)).active
        assert (
            await session.execute(select(func.count()).where(col(Unassigned.resolved_on).is_(None)))
        ).scalar_one() == 0


async def test_a_book_that_goes_on_living_keeps_no_leaver(bank_client: httpx.AsyncClient, house: House) -> None:
    leaver, taker, other = await _manager(house), await _manager(house, capacity=3), await _manager(house, capacity=1)
    customers = await _customers(house, 4, manager=leaver)
    url = f"/v1/managers/{to_public('mgr', leaver.id)}/leave"
    begun = await bank_client.post(url, json={"reason": "离职"}, headers=house.headers("branch_head"))
    await _compute(house)
    plan_id = begun.json()["plan"]["id"]
    moves = (await _get(bank_client, house, plan_id, "/moves"))["items"]
    to_taker = [one["customer_id"] for one in moves if one["to_manager_id"] == to_public("mgr", taker.id)]
    assert len(to_taker) == 3
    third = await _manager(house)

    async def by_hand(customer_id: str) -> None:
        body = {"manager_id": to_public("mgr", third.id), "reason": "客户要求更换"}
        moved = await bank_client.put(
            f"/v1/customers/{customer_id}/coverage", json=body, headers=house.headers("branch_head")
        )
        assert moved.status_code == 200, moved.text

    await by_hand(to_taker[0])
    submitted = await _submit(bank_client, house, plan_id)
    await by_hand(to_taker[1])
    await _customers(house, 3, manager=taker)
    assert (await _approve(bank_client, house, submitted)).json()["state"] == "approved"
    served = await _served(house)
    assert Counter(served[customer_id] for customer_id in customers) == {third.id: 2, other.id: 1, leaver.id: 1}
    left = [
        one["customer_id"] for one in (await _get(bank_client, house, plan_id, "/moves"))["items"] if one["left_out"]
    ]
    assert left == sorted(to_taker)
    async with sessions_of(house.database.worker_url, pool_size=2) as sessions, sessions.begin() as session:
        await assign(session, day=date(2026, 11, 30))
    assert leaver.id not in (await _served(house)).values()


async def test_whom_the_taker_may_not_serve_any_more_stays_behind_and_keeps_no_leaver(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    leaver, taker, head = await _manager(house), await _manager(house), house.headers("branch_head")
    gone, barred, asking, risen, goes = await _customers(house, 5, manager=leaver)
    url = f"/v1/managers/{to_public('mgr', leaver.id)}/leave"
    plan_id = (await bank_client.post(url, json={"reason": "离职"}, headers=head)).json()["plan"]["id"]
    await _compute(house)
    submitted = await bank_client.post(f"/v1/assignments/plans/{plan_id}/submit", json={}, headers=head)
    async with house.sessions() as session:
        (await session.get_one(Customer, gone)).branch_id = house.branches[WEST].id
        session.add(
            ManagerConflict(
                customer_id=barred,
                manager_id=taker.id,
                reason="亲属",
                declared_by=leaver.staff_id,
                declared_at=leaver.created_at,
            )
        )
        session.add(ServiceNeed(customer_id=asking, language="yue", updated_at=leaver.created_at))
        await give_tier(session, risen, "T5", on=LONG_AGO)
        await session.commit()
    assert (await _approve(bank_client, house, submitted)).json()["state"] == "approved"
    stay = dict.fromkeys((gone, barred, asking, risen), leaver.id)
    assert await _served(house) == stay | {goes: taker.id}


async def test_those_without_a_place_go_to_the_head_of_the_branch_where_the_plan_says_so(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    leaver, head = await _manager(house), await _manager(house, capacity=1, role="branch_head")
    customers = await _customers(house, 3, manager=leaver)
    url = f"/v1/managers/{to_public('mgr', leaver.id)}/leave"
    body = {"reason": "离职", "unplaced": "branch_head"}
    begun = await bank_client.post(url, json=body, headers=house.headers("hq_operator"))
    await _compute(house)
    submitted = await _submit(bank_client, house, begun.json()["plan"]["id"])
    assert (await _approve(bank_client, house, submitted)).json()["state"] == "approved"
    assert await _served(house) == dict.fromkeys(customers, head.id)


async def test_a_leave_that_is_called_off_lets_the_manager_take_customers_again(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    leaver = await _manager(house)
    url = f"/v1/managers/{to_public('mgr', leaver.id)}/leave"
    begun = await bank_client.post(url, json={"reason": "离职"}, headers=house.headers("branch_head"))
    plan_id = begun.json()["plan"]["id"]
    cancel = f"/v1/assignments/plans/{plan_id}/cancel"
    assert (await bank_client.post(cancel, headers=house.headers("branch_head"))).json()["state"] == "cancelled"
    assert await _compute(house) == 0
    refused = await _submit(bank_client, house, plan_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "plan_not_ready")
    async with house.sessions() as session:
        assert (await session.get_one(Manager, leaver.id)).leaving_since is None


async def test_a_plan_of_another_branch_is_not_there(bank_client: httpx.AsyncClient, house: House) -> None:
    west = to_public("brn", house.branches[WEST].id)
    assert (await _ask(bank_client, house, "branch_head", branch_id=west)).status_code == 404
    asked = await _ask(bank_client, house, branch_id=to_public("brn", house.branches[REGION].id), reach="region")
    url = f"/v1/assignments/plans/{asked.json()['id']}"
    assert (await bank_client.get(url, headers=house.headers("branch_head"))).status_code == 404
    listed = (await bank_client.get("/v1/assignments/plans", headers=house.headers("branch_head"))).json()
    assert listed["items"] == []
