"""A manager is away: who sees the book and from when until when, and that everything returns by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from httpx import AsyncClient
from sqlmodel import col, select

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.managers.models import Grade, Manager
from guibin.managers.repository import begin_coverage
from guibin.organisation.models import BookCover, StaffRole
from support.house import EAST, WEST, House
from support.tiers import add_manager

TODAY = clock.today()


def ahead(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


@contextmanager
def in_days(days: int) -> Iterator[None]:
    day = TODAY + timedelta(days=days)
    with clock.fixed_at(datetime(day.year, day.month, day.day, 3, tzinfo=UTC)):
        yield


class Team:
    """Three managers of the east who can log in, and a customer of the first."""

    def __init__(self, house: House, bank: AsyncClient, managers: dict[str, Manager], customer_id: UUID) -> None:
        self.house, self.bank, self.managers, self.customer_id = house, bank, managers, customer_id

    def id(self, name: str) -> str:
        return to_public("mgr", self.managers[name].id)

    async def leave(self, who: str, first: int, back: int, *, role: str = "branch_head", **more: Any) -> httpx.Response:
        body = {"kind": "leave", "first_day": ahead(first), "back_on": ahead(back)} | more
        return await self.bank.post(
            f"/v1/managers/{self.id(who)}/absences", json=body, headers=self.house.headers(role)
        )

    async def back(self, who: str, absence: str, day: int) -> httpx.Response:
        url = f"/v1/managers/{self.id(who)}/absences/{absence}/return"
        return await self.bank.post(url, json={"back_on": ahead(day)}, headers=self.house.headers("branch_head"))

    async def sees(self, who: str) -> bool:
        """Whether somebody sees the customer, as the primary manager does: with the name in full."""
        url = f"/v1/customers/{to_public('cus', self.customer_id)}"
        answer = await self.bank.get(url, headers=self.house.headers(who))
        assert answer.status_code in {200, 404}
        return answer.status_code == 200 and answer.json()["name"] == "张三丰"


@pytest.fixture
async def team(bank_client: AsyncClient, house: House) -> Team:
    customer_id = await house.add_customer()
    async with house.sessions() as session:
        east = house.branches[EAST].id
        staff = {"manager": "manager", "deputy": "lobby", "third": "branch_head"}
        managers = {
            name: await add_manager(session, east, Grade.SENIOR, staff=house.staff[role])
            for name, role in staff.items()
        }
        await begin_coverage(
            session, {customer_id: managers["manager"].id}, {customer_id: TODAY}, source="run", reason="matrix"
        )
        await session.commit()
    await _let_serve(house, "lobby")
    return Team(house, bank_client, managers, customer_id)


async def _let_serve(house: House, role: str) -> None:
    """Give a member of staff of the lobby the role of a manager, as whoever stands in has it."""
    async with house.sessions() as session:
        member = house.staff[role]
        session.add(StaffRole(staff_id=member.id, role="manager", branch_id=member.branch_id))
        await session.commit()


async def test_the_backup_serves_the_book_on_the_days_of_the_leave_and_on_no_others(team: Team) -> None:
    answer = await team.leave("manager", 2, 5, backup_id=team.id("deputy"))
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert body["served_by"] == [{"manager_id": team.id("deputy"), "valid_from": ahead(2), "valid_to": ahead(5)}]
    seen = []
    for day in (0, 1, 2, 4, 5):
        with in_days(day):
            seen.append(await team.sees("lobby"))
            assert await team.sees("manager")
    assert seen == [False, False, True, True, False]


async def test_while_the_backup_is_away_too_the_backups_own_serves(team: Team) -> None:
    assert (await team.leave("deputy", 1, 3, backup_id=team.id("third"))).status_code == 201
    body = (await team.leave("manager", 0, 5, backup_id=team.id("deputy"))).json()
    assert [(one["manager_id"], one["valid_from"], one["valid_to"]) for one in body["served_by"]] == [
        (team.id("deputy"), ahead(0), ahead(1)),
        (team.id("third"), ahead(1), ahead(3)),
        (team.id("deputy"), ahead(3), ahead(5)),
    ]
    seen = []
    for day in (0, 1, 3, 5):
        with in_days(day):
            seen.append(await team.sees("lobby"))
    assert seen == [True, False, True, False]


async def test_two_who_would_leave_each_others_book_alone_are_refused(team: Team) -> None:
    assert (await team.leave("manager", 0, 5, backup_id=team.id("deputy"))).status_code == 201
    refused = await team.leave("deputy", 2, 4, backup_id=team.id("manager"))
    assert (refused.status_code, refused.json()["code"], refused.json()["reason"]) == (
        409,
        "backup_unavailable",
        "away",
    )
    assert (await team.leave("deputy", 5, 7, backup_id=team.id("manager"))).status_code == 201


async def test_who_comes_back_earlier_has_the_book_at_once_and_again_changes_nothing(team: Team) -> None:
    absence = (await team.leave("manager", 0, 9, backup_id=team.id("deputy"))).json()["id"]
    with in_days(2):
        assert await team.sees("lobby")
        first = await team.back("manager", absence, 2)
        assert (first.status_code, first.json()["back_on"], first.json()["served_by"]) == (200, ahead(2), [])
        assert not await team.sees("lobby")
        assert (await team.back("manager", absence, 2)).json() == first.json()
        later = await team.back("manager", absence, 4)
        assert (later.status_code, later.json()["code"]) == (409, "period_conflict")


async def test_a_leave_is_shortened_or_called_off_before_it_begins(team: Team) -> None:
    absence = (await team.leave("manager", 3, 9, backup_id=team.id("deputy"))).json()["id"]
    shorter = (await team.back("manager", absence, 6)).json()
    assert [(one["valid_from"], one["valid_to"]) for one in shorter["served_by"]] == [(ahead(3), ahead(6))]
    called_off = (await team.back("manager", absence, 1)).json()
    assert (called_off["back_on"], called_off["served_by"]) == (ahead(3), [])
    assert (await team.leave("manager", 3, 9, backup_id=team.id("deputy"))).status_code == 201


async def test_the_past_of_a_cover_stays_as_it_was_when_another_takes_over(team: Team, house: House) -> None:
    await team.leave("manager", 0, 9, backup_id=team.id("deputy"))
    with in_days(3):
        await team.leave("deputy", 3, 5, backup_id=team.id("third"))
    async with house.sessions() as session:
        rows = (await session.exec(select(BookCover).order_by(col(BookCover.valid_from)))).all()
    away = house.staff["manager"].id
    assert [
        (row.deputy_id == house.staff["lobby"].id, row.valid_from.isoformat(), row.valid_to.isoformat())
        for row in rows
        if row.staff_id == away
    ] == [(True, ahead(0), ahead(3)), (False, ahead(3), ahead(5)), (True, ahead(5), ahead(9))]


@pytest.mark.parametrize(
    ("first", "back", "answer"),
    [(-1, 3, "period_invalid"), (3, 3, "period_invalid"), (0, 401, "period_invalid"), (4, 8, "absence_conflict")],
)
async def test_a_leave_on_impossible_days_is_refused(team: Team, first: int, back: int, answer: str) -> None:
    assert (await team.leave("manager", 7, 9)).status_code == 201
    refused = await team.leave("manager", first, back)
    assert (refused.status_code in {409, 422}, refused.json()["code"]) == (True, answer)


async def test_without_a_name_somebody_of_the_branch_who_is_there_stands_in(team: Team) -> None:
    async with team.house.sessions() as session:
        await add_manager(session, team.house.branches[EAST].id, Grade.LOBBY)
        await add_manager(session, team.house.branches[EAST].id, Grade.EXPERT, active=False)
        await session.commit()
    await team.leave("deputy", 0, 2, backup_id=team.id("third"))
    assert (await team.leave("manager", 1, 5)).json()["backup_id"] == team.id("third")


async def test_who_cannot_stand_in_is_refused(team: Team) -> None:
    house = team.house
    async with house.sessions() as session:
        gone = await add_manager(session, house.branches[EAST].id, Grade.SENIOR, active=False)
        west = await add_manager(session, house.branches[WEST].id, Grade.SENIOR)
        await session.commit()
    reasons = {}
    for name, backup in {"self": team.managers["manager"].id, "inactive": gone.id, "out_of_reach": west.id}.items():
        answer = await team.leave("manager", 0, 5, backup_id=to_public("mgr", backup))
        reasons[name] = (answer.status_code, answer.json()["reason"])
    assert reasons == {name: (409, name) for name in reasons}
    assert (await team.leave("manager", 0, 5, backup_id=to_public("mgr", new_id()))).status_code == 404
    body = {"kind": "sick", "first_day": ahead(0), "back_on": ahead(2)}
    url = f"/v1/managers/{to_public('mgr', west.id)}/absences"
    answer = await team.bank.post(url, json=body, headers=house.headers("branch_head_west"))
    assert (answer.status_code, answer.json()["reason"]) == (409, "nobody")


async def test_only_who_assigns_there_lets_somebody_be_away(team: Team) -> None:
    assert (await team.leave("manager", 0, 5, role="manager")).status_code == 403
    assert (await team.leave("manager", 0, 5, role="branch_head_west")).status_code == 404


async def test_the_customer_sees_who_stands_in_and_until_when(team: Team, customer_client: AsyncClient) -> None:
    headers = team.house.customer_headers(team.customer_id)
    before = (await customer_client.get("/v1/me/manager", headers=headers)).json()
    await team.leave("manager", 0, 5, backup_id=team.id("deputy"))
    during = (await customer_client.get("/v1/me/manager", headers=headers)).json()
    assert before["stand_in"] is None
    assert during | {"stand_in": None} == before
    assert (during["stand_in"]["grade"], during["stand_in"]["until"]) == ("senior", ahead(5))
