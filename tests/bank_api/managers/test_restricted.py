"""Whom a restriction keeps from being assigned: nobody is to serve them anew, by none of the ways (CUS-18)."""

from datetime import date
from uuid import UUID

import httpx
from sqlmodel import col, select

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.managers.models import Coverage, Grade, Manager
from guibin.managers.planning.computing import tend_plans
from guibin.managers.planning.explaining import Outcome, plan
from guibin.managers.planning.rules import Problem
from guibin.managers.repository import begin_coverage
from guibin.managers.service.night import assign
from support.house import EAST, House
from support.points import sessions_of
from support.tiers import add_manager, give_tier

LONG_AGO = date(2026, 1, 1)


async def _here(problem: Problem) -> Outcome:
    return plan(problem)


async def _customer(house: House, bank: httpx.AsyncClient, manager: Manager | None = None) -> UUID:
    """Add a customer who has died, with the manager of before."""
    customer_id = await house.add_customer()
    async with house.sessions() as session:
        await give_tier(session, customer_id, "T2", on=LONG_AGO)
        if manager is not None:
            given, days = {customer_id: manager.id}, {customer_id: LONG_AGO}
            await begin_coverage(session, given, days, source="run", reason="matrix")
        await session.commit()
    url = f"/v1/customers/{to_public('cus', customer_id)}/restrictions"
    body = {"items": [{"kind": "deceased", "reference": "DOC-2026-1"}]}
    assert (await bank.put(url, json=body, headers=house.headers("compliance"))).status_code == 200
    return customer_id


async def _night(house: House) -> None:
    async with sessions_of(house.database.worker_url, pool_size=2) as sessions, sessions.begin() as session:
        await assign(session, day=clock.today())


async def _served(house: House) -> dict[UUID, UUID]:
    async with house.sessions() as session:
        query = select(Coverage.customer_id, Coverage.manager_id).where(col(Coverage.valid_to).is_(None))
        return dict((await session.exec(query)).all())


async def test_nobody_comes_to_serve_whom_a_restriction_keeps_from_it_and_who_leaves_hands_them_on(
    house: House, bank_client: httpx.AsyncClient
) -> None:
    async with house.sessions() as session:
        branch_id = house.branches[EAST].id
        first, second = [await add_manager(session, branch_id, Grade.SENIOR, capacity=9) for _ in range(2)]
        await session.commit()
    alone, served = await _customer(house, bank_client), await _customer(house, bank_client, first)
    head, other = house.headers("branch_head"), {"manager_id": to_public("mgr", second.id), "reason": "家属要求更换"}
    for customer_id in (alone, served):
        url = f"/v1/customers/{to_public('cus', customer_id)}/coverage"
        refused = await bank_client.put(url, json=other, headers=head)
        assert (refused.status_code, refused.json()["reason"]) == (409, "restricted")
    claimed = await bank_client.post(f"/v1/customers/{to_public('cus', alone)}/claims", json=other, headers=head)
    assert (claimed.status_code, claimed.json()["reason"]) == (409, "gone")
    arrived = await bank_client.post(f"/v1/customers/{to_public('cus', alone)}/assignment", json={}, headers=head)
    assert arrived.json()["manager_id"] is None, arrived.text
    assert {one["obstacles"][0] for one in arrived.json()["candidates"]} == {"restricted"}
    queue = await bank_client.get("/v1/unassigned", headers=head)
    assert queue.json()["items"] == []
    await _night(house)
    assert await _served(house) == {served: first.id}
    url = f"/v1/managers/{to_public('mgr', first.id)}/leave"
    leaving = (await bank_client.post(url, json={"reason": "离职"}, headers=head)).json()["plan"]["id"]
    async with sessions_of(house.database.worker_url, pool_size=2) as sessions:
        await tend_plans(sessions, solve=_here)
    submitted = await bank_client.post(
        f"/v1/assignments/plans/{leaving}/submit", json={}, headers=house.headers("hq_operator")
    )
    approve = f"/v1/approvals/{submitted.json()['approval_id']}/approve"
    assert (await bank_client.post(approve, json={}, headers=house.headers("hq_approver"))).status_code == 200
    assert await _served(house) == {served: second.id}
