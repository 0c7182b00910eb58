"""Four eyes are four: no second role, account, deputy, replay or race makes two people out of one (T-AC-6)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlmodel import SQLModel, col, delete, select, update

from guibin.approvals.models import Approval
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.models import Customer
from guibin.organisation.models import RoleGrant, Staff, StaffDelegation, StaffRole
from guibin.points.invariants import check
from guibin.points.models import PointsEntry
from support.house import EAST, REGION, ROOT, WEST, House

COSTLY = 600_000
"""Points that cost the bank 60,000 CNY."""

Submit = Callable[..., Awaitable[str]]


@pytest.fixture
async def customer_id(house: House) -> UUID:
    return await house.add_customer(branch=EAST)


@pytest.fixture
def submit(bank_client: httpx.AsyncClient, house: House, customer_id: UUID) -> Submit:
    """Submit an adjustment as head office's operator and return the approval's id."""

    async def make(points: int = 300) -> str:
        body = {"customer_id": to_public("cus", customer_id), "wallet": "reward", "points": points}
        headers = house.headers("hq_operator", key=str(new_id()))
        everything = body | {"reason": "系统故障少计积分补录"}
        submitted = await bank_client.post("/v1/points/adjustments", json=everything, headers=headers)
        approval: str = submitted.json()["approval_id"]
        return approval

    return make


async def _approve(client: httpx.AsyncClient, house: House, approval: str, role: str = "hq_approver") -> httpx.Response:
    return await client.post(f"/v1/approvals/{approval}/approve", json={}, headers=house.headers(role))


async def _add(house: House, *rows: SQLModel) -> None:
    async with house.sessions() as session:
        session.add_all(rows)
        await session.commit()


def _role(house: House, who: str, role: str = "hq_approver", branch: str = ROOT) -> StaffRole:
    return StaffRole(staff_id=house.staff[who].id, role=role, branch_id=house.branches[branch].id)


def _cover(house: House, away: str, deputy: str) -> StaffDelegation:
    now = clock.now()
    return StaffDelegation(
        id=new_id(),
        staff_id=house.staff[away].id,
        deputy_id=house.staff[deputy].id,
        valid_from=now - timedelta(days=1),
        valid_to=now + timedelta(days=5),
        reason="annual leave",
        created_by=new_id(),
        created_at=now,
    )


async def _one_person(house: House, *whom: str) -> None:
    async with house.sessions() as session:
        ids = [house.staff[who].id for who in whom]
        await session.exec(update(Staff).where(col(Staff.id).in_(ids)).values(person_ref=b"one and the same person..."))
        await session.commit()


async def _points(house: House) -> list[int]:
    async with house.sessions() as session:
        assert await check(session) == []
        return list((await session.exec(select(PointsEntry.points))).all())


async def _second_role(house: House) -> str:
    await _add(house, _role(house, "hq_operator"))
    return "hq_operator"


async def _second_account(house: House) -> str:
    await _one_person(house, "hq_operator", "hq_approver")
    return "hq_approver"


async def _deputy_of_the_maker(house: House) -> str:
    await _add(house, _cover(house, "hq_operator", "hq_approver"))
    return "hq_approver"


async def _covered_by_the_maker(house: House) -> str:
    await _add(house, _cover(house, "hq_approver", "hq_operator"))
    return "hq_operator"


async def _who_is_covered_by_the_maker(house: House) -> str:
    await _add(house, _cover(house, "hq_approver", "hq_operator"))
    return "hq_approver"


@pytest.mark.parametrize(
    "through",
    [_second_role, _second_account, _deputy_of_the_maker, _covered_by_the_maker, _who_is_covered_by_the_maker],
)
async def test_q1_the_maker_does_not_approve_through_another_role_account_or_deputy(
    bank_client: httpx.AsyncClient, house: House, submit: Submit, through: Callable[[House], Awaitable[str]]
) -> None:
    approval = await submit()
    refused = await _approve(bank_client, house, approval, await through(house))
    assert (refused.status_code, refused.json()["code"]) == (403, "self_approval")
    assert await _points(house) == []


async def test_q1_two_accounts_of_one_person_are_not_two_approvers(
    bank_client: httpx.AsyncClient, house: House, submit: Submit
) -> None:
    await _add(house, _role(house, "rights_approver"), _role(house, "compliance"))
    await _one_person(house, "hq_approver", "rights_approver")
    approval = await submit(COSTLY)
    assert (await _approve(bank_client, house, approval)).json()["state"] == "pending"
    again = await _approve(bank_client, house, approval, "rights_approver")
    assert (again.status_code, again.json()["code"]) == (409, "state_conflict")
    assert await _points(house) == []
    assert (await _approve(bank_client, house, approval, "compliance")).json()["state"] == "approved"
    assert await _points(house) == [COSTLY]


async def test_an_agreement_does_not_count_once_its_author_lost_the_grant(
    bank_client: httpx.AsyncClient, house: House, submit: Submit
) -> None:
    await _add(house, _role(house, "rights_approver"), _role(house, "compliance"))
    approval = await submit(COSTLY)
    await _approve(bank_client, house, approval)
    async with house.sessions() as session:
        await session.exec(delete(StaffRole).where(col(StaffRole.staff_id) == house.staff["hq_approver"].id))
        await session.commit()
    assert (await _approve(bank_client, house, approval, "rights_approver")).json()["state"] == "pending"
    assert (await _approve(bank_client, house, approval, "compliance")).json()["state"] == "approved"
    assert await _points(house) == [COSTLY]


async def test_each_of_several_approvers_needs_the_grant_at_the_full_cost(
    bank_client: httpx.AsyncClient, house: House, submit: Submit
) -> None:
    await _add(house, _role(house, "rights_approver"))
    approval = await submit(COSTLY)
    await _approve(bank_client, house, approval)
    async with house.sessions() as session:
        limited = (col(RoleGrant.role) == "hq_approver") & (col(RoleGrant.domain) == "points")
        await session.exec(update(RoleGrant).where(limited).values(limit_fen=59_999_99))
        await session.commit()
    refused = await _approve(bank_client, house, approval, "rights_approver")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert await _points(house) == []


async def test_the_maker_must_still_reach_the_customer_when_it_is_carried_out(
    bank_client: httpx.AsyncClient, house: House, submit: Submit, customer_id: UUID
) -> None:
    async with house.sessions() as session:
        mine = col(StaffRole.staff_id) == house.staff["hq_operator"].id
        await session.exec(update(StaffRole).where(mine).values(branch_id=house.branches[EAST].id))
        await session.commit()
    approval = await submit()
    await _move(house, customer_id, WEST)
    refused = await _approve(bank_client, house, approval)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    shown = await bank_client.get(f"/v1/approvals/{approval}", headers=house.headers("hq_operator"))
    assert (shown.json()["state"], shown.json()["failure"]) == ("failed", "forbidden")
    assert await _points(house) == []


async def test_an_approver_must_still_reach_the_customer(
    bank_client: httpx.AsyncClient, house: House, submit: Submit, customer_id: UUID
) -> None:
    approval = await submit()
    await _move(house, customer_id, WEST)
    refused = await _approve(bank_client, house, approval, "branch_head")
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert (await _approve(bank_client, house, approval)).json()["state"] == "approved"


async def _move(house: House, customer_id: UUID, branch: str) -> None:
    async with house.sessions() as session:
        where = col(Customer.id) == customer_id
        await session.exec(update(Customer).where(where).values(branch_id=house.branches[branch].id))
        await session.commit()


async def test_of_many_decisions_at_once_one_carries_it_out(
    bank_client: httpx.AsyncClient, house: House, submit: Submit
) -> None:
    others = ("rights_approver", "compliance", "auditor")
    await _add(house, *(_role(house, who) for who in others), _role(house, "branch_head", branch=REGION))
    approval = await submit()
    deciding = ("hq_approver", *others, "branch_head", "hq_approver", "rights_approver")
    answers = await asyncio.gather(*(_approve(bank_client, house, approval, role) for role in deciding))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * (len(deciding) - 1)
    assert await _points(house) == [300]


async def test_even_an_approval_that_is_open_again_is_carried_out_once(
    bank_client: httpx.AsyncClient, house: House, submit: Submit
) -> None:
    await _add(house, _role(house, "rights_approver"))
    approval = await submit()
    await _approve(bank_client, house, approval)
    async with house.sessions() as session:
        await session.exec(update(Approval).values(state="pending", decided_at=None))
        await session.commit()
    again = await _approve(bank_client, house, approval, "rights_approver")
    assert (again.status_code, again.json()["code"]) == (409, "state_conflict")
    assert await _points(house) == [300]


async def test_a_login_of_an_hour_ago_decides_nothing(
    bank_client: httpx.AsyncClient, house: House, submit: Submit
) -> None:
    approval, now = await submit(), clock.now()
    for verb, body in (("approve", {}), ("reject", {}), ("request-changes", {"comment": "x"})):
        for auth_time, acr in ((now - timedelta(hours=1), "mfa"), (now, "password")):
            token = house.issuer.issue(
                house.staff["hq_approver"].subject,
                "guibin-bank-api",
                lifetime=timedelta(hours=2),
                auth_time=auth_time,
                acr=acr,
            )
            headers = {"Authorization": f"Bearer {token}"}
            refused = await bank_client.post(f"/v1/approvals/{approval}/{verb}", json=body, headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (401, "reauth_required"), (verb, acr)
    assert await _points(house) == []
