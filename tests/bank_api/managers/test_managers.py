"""Managers, their books and the queue over HTTP."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import col, update
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.managers.models import Coverage, Grade
from guibin.managers.service import assign
from guibin.organisation.models import StaffRole
from support.house import EAST, WEST, House
from support.tiers import add_manager, give_tier

YESTERDAY = clock.last_closed_day()


def _body(house: House, role: str = "manager", /, **others: object) -> dict[str, Any]:
    return {"staff_id": to_public("stf", house.staff[role].id), "grade": "senior", "capacity": 120} | others


async def _create(client: httpx.AsyncClient, house: House, role: str, **others: object) -> dict[str, Any]:
    response = await client.post(
        "/v1/managers", json=_body(house, role, **others), headers=house.headers("hq_operator")
    )
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


async def _night(session: AsyncSession) -> None:
    await assign(session, day=YESTERDAY)
    await session.commit()


async def test_a_member_of_staff_becomes_a_manager_of_the_own_branch(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    made = await _create(bank_client, house, "manager")
    assert made["branch_id"] == to_public("brn", house.branches[EAST].id)
    assert (made["branch_code"], made["grade"], made["capacity"], made["load"]) == (EAST, "senior", 120, 0)
    assert (made["staff_no"], made["name"], made["active"]) == (house.staff["manager"].no, "李四光", True)


async def test_managers_are_listed_with_their_load(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id = await house.add_customer()
    east = await _create(bank_client, house, "manager")
    west = await _create(bank_client, house, "manager_west")
    async with house.sessions() as session:
        await give_tier(session, customer_id, "T2", on=YESTERDAY)
        await _night(session)
    headers = house.headers("branch_head")
    listed = (await bank_client.get("/v1/managers", headers=headers)).json()["items"]
    assert [(item["id"], item["load"]) for item in listed] == [(west["id"], 0), (east["id"], 1)]
    of_west = await bank_client.get(f"/v1/managers?branch_id={west['branch_id']}", headers=headers)
    assert [item["id"] for item in of_west.json()["items"]] == [west["id"]]


async def test_a_list_of_managers_goes_page_by_page(bank_client: httpx.AsyncClient, house: House) -> None:
    made = [(await _create(bank_client, house, role))["id"] for role in ("manager", "manager_west")]
    headers = house.headers("manager")
    first = (await bank_client.get("/v1/managers?limit=1", headers=headers)).json()
    rest = (await bank_client.get(f"/v1/managers?limit=1&cursor={first['next_cursor']}", headers=headers)).json()
    assert [first["items"][0]["id"], rest["items"][0]["id"], rest["next_cursor"]] == [made[1], made[0], None]


async def test_a_member_of_staff_outside_the_makers_branches_is_not_found(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    async with house.sessions() as session:
        maker = col(StaffRole.staff_id) == house.staff["hq_operator"].id
        await session.exec(update(StaffRole).where(maker).values(branch_id=house.branches[EAST].id))
        await session.commit()
    await _create(bank_client, house, "manager")
    headers = house.headers("hq_operator")
    other = await bank_client.post("/v1/managers", json=_body(house, "manager_west"), headers=headers)
    assert (other.status_code, other.json()["code"]) == (404, "not_found")


async def test_of_two_at_once_one_makes_the_manager(bank_client: httpx.AsyncClient, house: House) -> None:
    headers = house.headers("hq_operator")
    calls = (bank_client.post("/v1/managers", json=_body(house), headers=headers) for _ in range(4))
    answers = await asyncio.gather(*calls)
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_nobody_is_a_manager_twice(bank_client: httpx.AsyncClient, house: House) -> None:
    await _create(bank_client, house, "manager")
    again = await bank_client.post("/v1/managers", json=_body(house), headers=house.headers("hq_operator"))
    assert (again.status_code, again.json()["code"]) == (409, "manager_exists")


async def test_a_manager_is_made_once_under_a_key(bank_client: httpx.AsyncClient, house: House) -> None:
    headers = house.headers("hq_operator", key="manager-1")
    first = await bank_client.post("/v1/managers", json=_body(house), headers=headers)
    again = await bank_client.post("/v1/managers", json=_body(house), headers=headers)
    assert (first.status_code, again.content) == (201, first.content)


@pytest.mark.parametrize(
    "change",
    [
        {"staff_id": "mgr_1"},
        {"grade": "boss"},
        {"capacity": 0},
        {"capacity": "120"},
        {"capacity": True},
        {"load": 3},
        {"branch_id": "brn_1"},
    ],
)
async def test_a_manager_of_the_wrong_form_is_refused(
    bank_client: httpx.AsyncClient, house: House, change: dict[str, object]
) -> None:
    response = await bank_client.post("/v1/managers", json=_body(house, **change), headers=house.headers("hq_operator"))
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")


async def test_an_unknown_member_of_staff_is_not_found(bank_client: httpx.AsyncClient, house: House) -> None:
    body = _body(house, staff_id=to_public("stf", new_id()))
    response = await bank_client.post("/v1/managers", json=body, headers=house.headers("hq_operator"))
    assert response.status_code == 404


@pytest.mark.parametrize("role", ["manager", "branch_head", "auditor", "administrator"])
async def test_only_those_who_define_managers_make_one(bank_client: httpx.AsyncClient, house: House, role: str) -> None:
    assert (await bank_client.post("/v1/managers", json=_body(house), headers=house.headers(role))).status_code == 403


@pytest.mark.parametrize("path", ["/v1/managers", "/v1/unassigned", "/v1/managers/mgr_1/book"])
async def test_without_a_token_nothing_is_shown(bank_client: httpx.AsyncClient, path: str) -> None:
    assert (await bank_client.get(path)).status_code == 401


async def test_a_book_holds_who_is_served_today(bank_client: httpx.AsyncClient, house: House) -> None:
    ids = sorted([await house.add_customer(), await house.add_customer()])
    made = await _create(bank_client, house, "manager")
    async with house.sessions() as session:
        for customer_id in ids:
            await give_tier(session, customer_id, "T2", on=YESTERDAY)
        await _night(session)
    url, headers = f"/v1/managers/{made['id']}/book", house.headers("manager")
    first = (await bank_client.get(f"{url}?limit=1", headers=headers)).json()
    rest = (await bank_client.get(f"{url}?limit=1&cursor={first['next_cursor']}", headers=headers)).json()
    since = clock.today().isoformat()
    assert first["items"] + rest["items"] == [
        {"customer_id": to_public("cus", customer_id), "tier": "T2", "since": since, "stands_in_for": None}
        for customer_id in ids
    ]
    assert rest["next_cursor"] is None


async def test_a_foreign_book_shows_nobody_out_of_scope(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id = await house.add_customer()
    made = await _create(bank_client, house, "manager")
    async with house.sessions() as session:
        await give_tier(session, customer_id, "T2", on=YESTERDAY)
        await _night(session)
    for role, seen in (("branch_head", 1), ("hq_operator", 1), ("branch_head_west", 0), ("manager_west", 0)):
        book = await bank_client.get(f"/v1/managers/{made['id']}/book", headers=house.headers(role))
        assert len(book.json()["items"]) == seen, role


async def test_a_book_as_of_today_leaves_out_what_begins_tomorrow(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id = await house.add_customer()
    async with house.sessions() as session:
        manager = await add_manager(session, house.branches[EAST].id, Grade.SENIOR, staff=house.staff["manager"])
        tomorrow = clock.today() + timedelta(days=1)
        session.add(
            Coverage(
                customer_id=customer_id,
                id=new_id(),
                manager_id=manager.id,
                role="primary",
                valid_from=tomorrow,
                source="run",
                reason="matrix",
            )
        )
        await session.commit()
    book = await bank_client.get(
        f"/v1/managers/{to_public('mgr', manager.id)}/book", headers=house.headers("hq_operator")
    )
    assert book.json()["items"] == []


async def test_the_book_of_nobody_is_not_found(bank_client: httpx.AsyncClient, house: House) -> None:
    url = f"/v1/managers/{to_public('mgr', new_id())}/book"
    assert (await bank_client.get(url, headers=house.headers("manager"))).status_code == 404


async def test_the_queue_shows_each_head_the_own_branch(bank_client: httpx.AsyncClient, house: House) -> None:
    east, west = await house.add_customer(branch=EAST), await house.add_customer(branch=WEST)
    async with house.sessions() as session:
        for customer_id in (east, west):
            await give_tier(session, customer_id, "T2", on=YESTERDAY)
        await add_manager(session, house.branches[WEST].id, Grade.SENIOR, capacity=0)
        await _night(session)
    shown = {}
    for role in ("branch_head", "branch_head_west", "hq_operator", "manager"):
        response = await bank_client.get("/v1/unassigned", headers=house.headers(role))
        shown[role] = {item["customer_id"]: item["reason"] for item in response.json()["items"]}
    of_east = {to_public("cus", east): "no_eligible_manager"}
    of_west = {to_public("cus", west): "no_capacity"}
    assert shown == {
        "branch_head": of_east,
        "branch_head_west": of_west,
        "hq_operator": of_east | of_west,
        "manager": {},
    }


async def test_the_queue_is_filtered_by_reason_and_ends_with_the_assignment(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()
    async with house.sessions() as session:
        await give_tier(session, customer_id, "T2", on=YESTERDAY)
        await _night(session)
    headers = house.headers("hq_operator")
    for reason, count in (("no_eligible_manager", 1), ("no_capacity", 0)):
        response = await bank_client.get(f"/v1/unassigned?reason={reason}", headers=headers)
        assert len(response.json()["items"]) == count
    async with house.sessions() as session:
        await add_manager(session, house.branches[EAST].id, Grade.SENIOR)
        await _night(session)
    assert (await bank_client.get("/v1/unassigned", headers=headers)).json()["items"] == []


async def test_an_unknown_reason_is_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    response = await bank_client.get("/v1/unassigned?reason=bored", headers=house.headers("hq_operator"))
    assert response.status_code == 422
