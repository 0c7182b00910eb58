"""The team around a customer: who sees the customer after each move, who served when, and what customers wish."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from httpx import AsyncClient

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.managers.models import Grade, Manager
from guibin.managers.repository import begin_coverage
from support.house import EAST, WEST, House
from support.tiers import add_manager

TODAY = clock.today()


class Team:
    """A customer of the east with a manager, and others who can log in."""

    def __init__(self, house: House, bank: AsyncClient, people: dict[str, Manager], customer_id: UUID) -> None:
        self.house, self.bank, self.people, self.customer_id = house, bank, people, customer_id

    @property
    def url(self) -> str:
        return f"/v1/customers/{to_public('cus', self.customer_id)}"

    def id(self, name: str) -> str:
        return to_public("mgr", self.people[name].id)

    async def post(self, path: str, body: dict[str, Any], role: str = "branch_head") -> httpx.Response:
        return await self.bank.post(f"{self.url}{path}", json=body, headers=self.house.headers(role))

    async def member(self, path: str, name: str, role: str, caller: str = "branch_head") -> httpx.Response:
        return await self.post(path, {"manager_id": self.id(name), "role": role, "reason": "服务团队"}, caller)

    async def coverage(self, **query: str) -> dict[str, Any]:
        answer = await self.bank.get(f"{self.url}/coverage", params=query, headers=self.house.headers("branch_head"))
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def name_seen_by(self, role: str) -> str | None:
        answer = await self.bank.get(self.url, headers=self.house.headers(role))
        return answer.json()["name"] if answer.status_code == 200 else None


@pytest.fixture
async def team(bank_client: AsyncClient, house: House) -> Team:
    customer_id = await house.add_customer()
    async with house.sessions() as session:
        east, west = house.branches[EAST].id, house.branches[WEST].id
        people = {
            "primary": await add_manager(session, east, Grade.SENIOR, staff=house.staff["manager"]),
            "west": await add_manager(session, west, Grade.EXPERT, staff=house.staff["manager_west"]),
            "other": await add_manager(session, east, Grade.SENIOR),
        }
        primary = people["primary"].id
        await begin_coverage(
            session, {customer_id: primary}, {customer_id: TODAY - timedelta(days=9)}, source="run", reason="matrix"
        )
        await session.commit()
    return Team(house, bank_client, people, customer_id)


async def test_a_specialist_of_another_branch_sees_the_customer_while_in_the_team(team: Team) -> None:
    assert await team.name_seen_by("manager_west") is None
    joined = await team.member("/team", "west", "specialist")
    assert joined.status_code == 201, joined.text
    [member] = joined.json()["team"]
    assert (member["manager_id"], member["role"], member["since"]) == (
        team.id("west"),
        "specialist",
        TODAY.isoformat(),
    )
    assert await team.name_seen_by("manager_west") == "张*丰"
    assert await team.name_seen_by("manager") == "张三丰"
    left = await team.member("/team/leave", "west", "specialist")
    assert left.json()["team"] == []
    assert await team.name_seen_by("manager_west") is None
    assert (await team.member("/team/leave", "west", "specialist")).json() == left.json()


@pytest.mark.parametrize(
    ("name", "role", "reason"),
    [("west", "backup", "other_branch"), ("primary", "second", "is_primary"), ("gone", "specialist", "inactive")],
)
async def test_who_cannot_have_a_role_is_refused(team: Team, name: str, role: str, reason: str) -> None:
    async with team.house.sessions() as session:
        east = team.house.branches[EAST].id
        team.people["gone"] = await add_manager(session, east, Grade.SENIOR, active=False)
        await session.commit()
    refused = await team.member("/team", name, role)
    assert (refused.status_code, refused.json()["code"], refused.json()["reason"]) == (
        409,
        "assignee_invalid",
        reason,
    )


async def test_nobody_has_a_role_twice_and_nobody_leaves_without_it(team: Team) -> None:
    never = await team.member("/team/leave", "other", "backup")
    assert (never.status_code, never.json()["reason"]) == (409, "no_role")
    assert (await team.member("/team", "other", "backup")).status_code == 201
    again = await team.member("/team", "other", "backup")
    assert (again.status_code, again.json()["reason"]) == (409, "has_role")
    assert (await team.member("/team", "other", "specialist", "branch_head_west")).status_code == 404
    assert (await team.member("/team", "other", "specialist", "manager")).status_code == 403
    assert (await team.member("/team", "other", "primary")).status_code == 422


async def test_coverage_and_books_are_shown_as_of_a_day(team: Team) -> None:
    body = {"manager_id": team.id("other"), "reason": "调整"}
    moved = await team.bank.put(f"{team.url}/coverage", json=body, headers=team.house.headers("branch_head"))
    assert moved.status_code == 200, moved.text
    before, earlier = TODAY - timedelta(days=1), TODAY - timedelta(days=10)
    served = {day: (await team.coverage(as_of=day.isoformat()))["manager"] for day in (TODAY, before, earlier)}
    assert served[earlier] is None
    assert [served[day]["id"] for day in (TODAY, before)] == [team.id("other"), team.id("primary")]
    books = {}
    for name in ("primary", "other"):
        for day in (TODAY, before):
            url = f"/v1/managers/{team.id(name)}/book?as_of={day.isoformat()}"
            answer = await team.bank.get(url, headers=team.house.headers("branch_head"))
            books[name, day] = len(answer.json()["items"])
    assert books == {("primary", TODAY): 0, ("primary", before): 1, ("other", TODAY): 1, ("other", before): 0}


async def test_the_book_of_who_stands_in_holds_the_colleagues_customers(team: Team) -> None:
    day = {"kind": "leave", "first_day": TODAY.isoformat(), "back_on": (TODAY + timedelta(days=3)).isoformat()}
    headers = team.house.headers("branch_head")
    url = f"/v1/managers/{team.id('primary')}/absences"
    assert (await team.bank.post(url, json=day | {"backup_id": team.id("other")}, headers=headers)).status_code == 201
    book = (await team.bank.get(f"/v1/managers/{team.id('other')}/book", headers=headers)).json()["items"]
    assert [one["stands_in_for"] for one in book] == [team.id("primary")]
    assert (await team.coverage())["stand_in_id"] == team.id("other")


async def _wish(team: Team, customer_client: AsyncClient, wish: str) -> httpx.Response:
    body = {"wish": wish, "reason_code": "expertise"}
    return await customer_client.put(
        "/v1/me/manager-preference", json=body, headers=team.house.customer_headers(team.customer_id)
    )


async def _answer(team: Team, **body: Any) -> httpx.Response:
    return await team.post("/manager-preference/answer", {"reason": "已与客户沟通"} | body)


async def test_a_customer_asks_for_another_manager_and_gets_one(team: Team, customer_client: AsyncClient) -> None:
    uttered = await _wish(team, customer_client, "change")
    assert (uttered.status_code, uttered.json()["state"]) == (200, "open"), uttered.text
    assert (await _wish(team, customer_client, "change")).json() == uttered.json()
    url, headers = "/v1/manager-preferences?state=open", team.house.headers("branch_head")
    [shown] = (await team.bank.get(url, headers=headers)).json()["items"]
    assert (shown["wish"], shown["reason_code"], shown["manager_id"]) == ("change", "expertise", team.id("primary"))
    west = await team.bank.get(url, headers=team.house.headers("branch_head_west"))
    assert west.json()["items"] == []
    assert (await _answer(team, decision="agree")).json()["code"] == "successor_missing"
    same = await _answer(team, decision="agree", manager_id=team.id("primary"))
    assert (same.status_code, same.json()["reason"]) == (409, "is_primary")
    answered = await _answer(team, decision="agree", manager_id=team.id("other"))
    assert (answered.status_code, answered.json()["state"]) == (200, "accepted"), answered.text
    assert (await team.coverage())["manager"]["id"] == team.id("other")
    assert await team.name_seen_by("manager") is None
    mine = await customer_client.get("/v1/me/manager-preference", headers=team.house.customer_headers(team.customer_id))
    assert mine.json()["state"] == "accepted"
    assert (await _answer(team, decision="decline")).json()["code"] == "no_open_preference"


async def test_a_later_wish_takes_the_place_of_an_earlier_one(team: Team, customer_client: AsyncClient) -> None:
    await _wish(team, customer_client, "change")
    await _wish(team, customer_client, "keep")
    refused = await _answer(team, decision="decline", manager_id=team.id("other"))
    assert (refused.status_code, refused.json()["code"]) == (422, "successor_missing")
    assert (await _answer(team, decision="decline")).json()["wish"] == "keep"


async def test_who_is_served_by_nobody_wishes_nothing_of_a_manager(house: House, customer_client: AsyncClient) -> None:
    headers = house.customer_headers(await house.add_customer())
    assert (await customer_client.get("/v1/me/manager-preference", headers=headers)).json() is None
    refused = await customer_client.put(
        "/v1/me/manager-preference", json={"wish": "keep", "reason_code": "trust"}, headers=headers
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "no_manager")


async def test_other_terms_take_two_people_and_the_version_that_was_read(team: Team) -> None:
    bank, headers = team.bank, team.house.headers("hq_operator")
    before = await bank.get("/v1/coverage-terms", headers=headers)
    assert (before.json()["version"], before.json()["joint_days"]) == (0, 30)
    url, seen = "/v1/coverage-terms", headers | {"If-Match": before.headers["etag"]}
    assert (await bank.put(url, json={"joint_days": 30}, headers=seen)).json()["code"] == "nothing_to_change"
    wanted = {"joint_days": 14, "plan_weights": {"distance": 30}}
    submitted = await bank.put(url, json=wanted, headers=seen)
    assert submitted.status_code == 202, submitted.text
    approve = f"/v1/approvals/{submitted.json()['approval_id']}/approve"
    approved = await bank.post(approve, json={}, headers=team.house.headers("hq_approver"))
    assert approved.status_code == 200, approved.text
    after = (await bank.get("/v1/coverage-terms", headers=headers)).json()
    assert (after["version"], after["joint_days"], after["settle_months"]) == (1, 14, 3)
    wish = {"branch_id": to_public("brn", team.house.branches[EAST].id), "reason": "均衡", "weights": {"load": 7}}
    plan = await bank.post("/v1/assignments/plans", json=wish, headers=team.house.headers("branch_head"))
    assert {name: plan.json()["weights"][name] for name in ("distance", "load", "other_city")} == {
        "distance": 30,
        "load": 7,
        "other_city": 200,
    }
