"""Credit over HTTP: shared by the head of the branch, across branches by two people; and the report of a month."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from httpx import AsyncClient

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.managers.credit.service import credit_month
from guibin.managers.models import Grade, Manager
from guibin.managers.repository import begin_coverage
from support.house import EAST, WEST, House
from support.tiers import MILLION, add_manager, put_average

TODAY = clock.today()
LAST = date(2026, 10, 31)


class Team:
    """A customer of the east with a manager, a colleague there, and one of the west."""

    def __init__(self, house: House, bank: AsyncClient, people: dict[str, Manager], customer_id: UUID) -> None:
        self.house, self.bank, self.people, self.customer_id = house, bank, people, customer_id

    async def get(self, path: str, role: str = "branch_head") -> httpx.Response:
        return await self.bank.get(path, headers=self.house.headers(role))

    async def credit(self, **query: str) -> dict[str, Any]:
        url = f"/v1/customers/{to_public('cus', self.customer_id)}/credit"
        answer = await self.bank.get(url, params=query, headers=self.house.headers("branch_head"))
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        assert answer.headers["etag"] == f'"{shown["split_version"]}"'
        return shown

    async def split(self, *, version: int | None = 0, role: str = "branch_head", **shares: int) -> httpx.Response:
        wanted = [
            {"manager_id": to_public("mgr", self.people[name].id), "percent": percent}
            for name, percent in shares.items()
        ]
        headers = self.house.headers(role) | ({} if version is None else {"If-Match": f'"{version}"'})
        url = f"/v1/customers/{to_public('cus', self.customer_id)}/credit-split"
        return await self.bank.put(url, json={"shares": wanted, "reason": "公私联动"}, headers=headers)

    def named(self, shown: dict[str, Any]) -> dict[str, int]:
        names = {to_public("mgr", manager.id): name for name, manager in self.people.items()}
        return {names[one["manager_id"]]: one["percent"] for one in shown["credits"]}


@pytest.fixture
async def team(bank_client: AsyncClient, house: House) -> Team:
    customer_id = await house.add_customer()
    async with house.sessions() as session:
        east, west = house.branches[EAST].id, house.branches[WEST].id
        people = {
            "primary": await add_manager(session, east, Grade.SENIOR, staff=house.staff["manager"]),
            "colleague": await add_manager(session, east, Grade.SENIOR),
            "west": await add_manager(session, west, Grade.EXPERT, staff=house.staff["manager_west"]),
        }
        await begin_coverage(
            session,
            {customer_id: people["primary"].id},
            {customer_id: date(2026, 10, 1)},
            source="run",
            reason="matrix",
        )
        await session.commit()
    return Team(house, bank_client, people, customer_id)


async def test_a_team_shares_the_credit_within_a_branch_at_once_and_across_branches_by_two_people(team: Team) -> None:
    assert team.named(await team.credit()) == {"primary": 100}
    shared = await team.split(primary=60, colleague=40)
    assert (shared.status_code, shared.headers["etag"]) == (200, '"1"')
    assert team.named(shared.json()) == {"primary": 60, "colleague": 40}
    assert team.named(await team.credit(as_of=(TODAY - timedelta(days=1)).isoformat())) == {"primary": 100}

    asked = await team.split(version=1, primary=50, west=50)
    assert asked.status_code == 202, asked.text
    assert team.named(await team.credit()) == {"primary": 60, "colleague": 40}
    url = f"/v1/approvals/{asked.json()['approval_id']}/approve"
    own = await team.bank.post(url, json={}, headers=team.house.headers("branch_head"))
    assert own.status_code == 403, own.text
    agreed = await team.bank.post(url, json={}, headers=team.house.headers("hq_approver"))
    assert agreed.status_code == 200, agreed.text
    assert team.named(await team.credit()) == {"primary": 50, "west": 50}
    ended = await team.split(version=2)
    assert (ended.status_code, team.named(ended.json())) == (200, {"primary": 100})


async def test_what_cannot_be_shared_is_refused_and_changes_nothing(team: Team) -> None:
    refused = {
        "not_hundred": await team.split(primary=60, colleague=30),
        "primary_missing": await team.split(colleague=100),
    }
    assert {name: (one.status_code, one.json()["reason"]) for name, one in refused.items()} == {
        name: (409, name) for name in refused
    }
    assert (await team.split(version=None, primary=100)).status_code == 428
    assert (await team.split(version=7, primary=100)).json()["code"] == "version_conflict"
    assert (await team.split(role="branch_head_west", primary=100)).status_code == 404
    assert (await team.split(role="manager", primary=100)).status_code == 403
    assert (await team.credit())["split_version"] == 0


async def test_a_month_is_told_of_branches_in_scope_and_to_a_manager_of_the_own_book(team: Team) -> None:
    early = await team.get("/v1/reports/credit/2026-10")
    assert (early.status_code, early.json()["code"]) == (409, "credit_month_not_closed")
    async with team.house.sessions() as session:
        await put_average(session, team.customer_id, MILLION, day=LAST)
        await credit_month(session, day=LAST)
        await session.commit()
    head = (await team.get("/v1/reports/credit/2026-10")).json()
    [branch], [manager] = head["branches"], head["managers"]
    assert head["as_of"] == LAST.isoformat()
    assert branch == manager | {"manager_id": None}
    assert (manager["own_customers"], manager["own_average"]) == (1, "1000000.00")
    assert (manager["double_customers"], manager["double_average"]) == (0, "0.00")
    own = (await team.get("/v1/reports/credit/2026-10", "manager")).json()
    assert (own["branches"], own["managers"]) == ([], [manager])
    west = (await team.get("/v1/reports/credit/2026-10", "branch_head_west")).json()
    assert (west["branches"], west["managers"]) == ([], [])
