"""A manager leaves on a busy day: by hand, by the night and by the plan at once, nobody is alone and nobody has two."""

import asyncio
from collections import Counter
from datetime import date

import httpx
from sqlalchemy import func, select
from sqlmodel import col

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.customers.models import CustomerAccess
from guibin.managers.models import Coverage, CoverageRole, Grade, Manager
from guibin.managers.planning.computing import tend_plans
from guibin.managers.planning.explaining import Outcome, plan
from guibin.managers.planning.rules import Problem
from guibin.managers.repository import begin_coverage
from guibin.managers.service.night import assign
from support.house import EAST, House
from support.points import sessions_of
from support.tiers import add_manager, give_tier

LONG_AGO = date(2026, 1, 1)
CUSTOMERS, ROUNDS = 6, 2


async def _here(problem: Problem) -> Outcome:
    return plan(problem)


async def _leaver_with_a_book(house: House) -> tuple[Manager, list[Manager]]:
    customers = [await house.add_customer(branch=EAST) for _ in range(CUSTOMERS)]
    async with house.sessions() as session:
        branch_id = house.branches[EAST].id
        leaver = await add_manager(session, branch_id, Grade.SENIOR, capacity=50)
        others = [await add_manager(session, branch_id, Grade.SENIOR, capacity=50) for _ in range(3)]
        for customer_id in customers:
            await give_tier(session, customer_id, "T2", on=LONG_AGO)
        placements, days = dict.fromkeys(customers, leaver.id), dict.fromkeys(customers, LONG_AGO)
        await begin_coverage(session, placements, days, source="run", reason="matrix")
        await session.commit()
    return leaver, others


async def _night(house: House) -> None:
    async with sessions_of(house.database.worker_url, pool_size=1) as sessions, sessions.begin() as session:
        await assign(session, day=clock.today())


async def test_a_leave_by_hand_moves_and_a_night_at_once_leave_everybody_with_one_manager(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    outcomes: Counter[str] = Counter()
    for _ in range(ROUNDS):
        leaver, others = await _leaver_with_a_book(house)
        head, operator, approver = (house.headers(role) for role in ("branch_head", "hq_operator", "hq_approver"))
        url = f"/v1/managers/{to_public('mgr', leaver.id)}/leave"
        plan_id = (await bank_client.post(url, json={"reason": "离职"}, headers=head)).json()["plan"]["id"]
        async with sessions_of(house.database.worker_url, pool_size=1) as sessions:
            await tend_plans(sessions, solve=_here)
        base = f"/v1/assignments/plans/{plan_id}"
        asked = await bank_client.post(f"{base}/submit", json={}, headers=operator)
        moves = (await bank_client.get(f"{base}/moves", headers=operator)).json()["items"]
        by_hand = [
            bank_client.put(
                f"/v1/customers/{move['customer_id']}/coverage",
                json={"manager_id": to_public("mgr", others[number % 3].id), "reason": "客户要求"},
                headers=head,
            )
            for number, move in enumerate(moves[:3])
        ]
        approval = f"/v1/approvals/{asked.json()['approval_id']}/approve"
        approve = bank_client.post(approval, json={}, headers=approver)
        night = asyncio.create_task(_night(house))
        approved, *answers = await asyncio.gather(approve, *by_hand)
        await night
        outcomes[str(approved.json().get("state", approved.json().get("code")))] += 1
        assert {answer.status_code for answer in (approved, *answers)} <= {200, 409, 412, 503}
        await _check_everybody_has_one(house)
    assert set(outcomes) <= {"approved", "plan_stale", "retry_later"}, outcomes


async def _check_everybody_has_one(house: House) -> None:
    async with house.sessions() as session:
        open_primary = (col(Coverage.valid_to).is_(None)) & (col(Coverage.role) == CoverageRole.PRIMARY)
        counts = select(col(Coverage.customer_id), func.count()).where(open_primary).group_by(col(Coverage.customer_id))
        found = dict((await session.execute(counts)).all())
        books = select(col(CustomerAccess.customer_id), func.count()).where(
            col(CustomerAccess.valid_to).is_(None), col(CustomerAccess.role) == CoverageRole.PRIMARY
        )
        opened = dict((await session.execute(books.group_by(col(CustomerAccess.customer_id)))).all())
    assert set(found.values()) == {1}
    assert opened == found
    assert len(found) % CUSTOMERS == 0
