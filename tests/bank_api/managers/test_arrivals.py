"""Single arrivals over HTTP: a manager at once by the branch's rule, explained, fair under concurrency; the queue."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import select

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.managers.models import Coverage, Grade, Unassigned
from guibin.managers.service import assign
from guibin.outbox.models import OutboxEvent
from support.house import EAST, REGION, ROOT, WEST, House
from support.tiers import add_manager, give_tier

TODAY = clock.today()
YESTERDAY = clock.last_closed_day()


async def _customers(house: House, count: int = 1, *, tier: str | None = "T2", branch: str = EAST) -> list[UUID]:
    ids = [await house.add_customer(branch=branch) for _ in range(count)]
    async with house.sessions() as session:
        for customer_id in ids:
            await give_tier(session, customer_id, tier, on=YESTERDAY)
        await session.commit()
    return ids


async def _managers(house: House, count: int = 1, grade: Grade = Grade.SENIOR, **others: Any) -> list[str]:
    async with house.sessions() as session:
        made = [await add_manager(session, house.branches[EAST].id, grade, **others) for _ in range(count)]
        await session.commit()
    return [to_public("mgr", one.id) for one in made]


async def _arrive(
    client: httpx.AsyncClient, house: House, customer_id: UUID, *, role: str = "branch_head", **body: Any
) -> httpx.Response:
    url = f"/v1/customers/{to_public('cus', customer_id)}/assignment"
    return await client.post(url, json=body, headers=house.headers(role))


async def _rule(client: httpx.AsyncClient, house: House, strategy: str, branch: str = EAST, **others: Any) -> None:
    url = f"/v1/assignment-rules/{to_public('brn', house.branches[branch].id)}"
    body = {"strategy": strategy} | others
    put = await client.put(url, json=body, headers=house.headers("hq_operator") | {"If-Match": '"0"'})
    assert put.status_code == 200, put.text


async def test_an_arrival_gets_a_manager_at_once_and_is_told_why_this_one(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    [customer_id], [able] = await _customers(house), await _managers(house)
    [lobby], [full] = await _managers(house, grade=Grade.LOBBY), await _managers(house, capacity=0)
    dry = await _arrive(bank_client, house, customer_id, dry_run=True)
    answer = await _arrive(bank_client, house, customer_id)
    assert (answer.status_code, answer.json()["manager_id"]) == (200, able), answer.text
    assert dry.json() == answer.json() | {"since": None}, "a dry run says the same and stores nothing"
    found = {one["manager_id"]: (one["obstacles"], one["chosen"]) for one in answer.json()["candidates"]}
    assert found == {able: ([], True), lobby: (["grade"], False), full: (["no_capacity"], False)}
    url = f"/v1/customers/{to_public('cus', customer_id)}/coverage"
    coverage = (await bank_client.get(url, headers=house.headers("branch_head"))).json()
    assert (coverage["manager"]["id"], coverage["since"]) == (able, TODAY.isoformat())
    again = await _arrive(bank_client, house, customer_id)
    assert (again.status_code, again.json()["code"]) == (409, "already_served")


async def test_concurrent_arrivals_go_round_without_anybody_two_ahead(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    managers, customers = await _managers(house, 3), await _customers(house, 9)
    await _rule(bank_client, house, "round_robin", ROOT)
    answers = await asyncio.gather(*(_arrive(bank_client, house, one) for one in customers))
    assert [answer.text for answer in answers if answer.status_code != 200] == []
    assert Counter(answer.json()["manager_id"] for answer in answers) == dict.fromkeys(managers, 3)
    rules = (await bank_client.get("/v1/assignment-rules", headers=house.headers("manager"))).json()["items"]
    assert [(one["branch_code"], one["turns"]) for one in rules] == [(ROOT, 9)]


async def test_two_arrivals_at_once_do_not_share_the_last_place(bank_client: httpx.AsyncClient, house: House) -> None:
    await _managers(house, capacity=1)
    answers = await asyncio.gather(*(_arrive(bank_client, house, one) for one in await _customers(house, 2)))
    assert sorted(str(answer.json()["reason"]) for answer in answers) == ["None", "no_capacity"]


async def test_one_customer_who_comes_twice_at_once_gets_one_manager(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    await _managers(house, 2)
    [customer_id] = await _customers(house)
    answers = await asyncio.gather(*(_arrive(bank_client, house, customer_id) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    async with house.sessions() as session:
        assert len((await session.exec(select(Coverage).where(Coverage.customer_id == customer_id))).all()) == 1


async def test_the_nearest_rule_counts_and_a_wish_comes_first(bank_client: httpx.AsyncClient, house: House) -> None:
    managers, [customer_id] = await _managers(house, 3), await _customers(house)
    await _rule(bank_client, house, "round_robin", ROOT)
    await _rule(bank_client, house, "preference_first", REGION, otherwise="least_load")
    url = f"/v1/customers/{to_public('cus', customer_id)}/service-needs"
    headers = house.headers("branch_head") | {"If-Match": '"0"'}
    assert (await bank_client.put(url, json={"introducer_id": managers[1]}, headers=headers)).status_code == 200
    answer = (await _arrive(bank_client, house, customer_id)).json()
    assert (answer["manager_id"], answer["strategy"]) == (managers[1], "preference_first")
    assert answer["rule_branch_id"] == to_public("brn", house.branches[REGION].id)


async def test_a_rule_is_edited_with_its_etag_and_needs_something_to_do_without_a_wish(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    await _rule(bank_client, house, "round_robin")
    url = f"/v1/assignment-rules/{to_public('brn', house.branches[EAST].id)}"
    headers = house.headers("hq_operator")
    shown = await bank_client.get(url, headers=headers)
    assert shown.headers["etag"] == '"1"'
    stale = await bank_client.put(url, json={"strategy": "least_load"}, headers=headers | {"If-Match": '"0"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")
    wish = {"strategy": "preference_first", "otherwise": "preference_first"}
    refused = await bank_client.put(url, json=wish, headers=headers | {"If-Match": '"1"'})
    assert (refused.status_code, refused.json()["code"]) == (422, "assignment_rule_invalid")
    missing = f"/v1/assignment-rules/{to_public('brn', house.branches[WEST].id)}"
    assert (await bank_client.get(missing, headers=headers)).status_code == 404


async def test_who_cannot_be_placed_waits_with_the_reason_and_is_counted(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    [customer_id], [pooled] = await _customers(house), await _customers(house, tier=None)
    answer = (await _arrive(bank_client, house, customer_id)).json()
    assert (answer["manager_id"], answer["reason"], answer["candidates"]) == (None, "no_eligible_manager", [])
    assert (await _arrive(bank_client, house, pooled)).json()["reason"] == "no_rule"
    counts = await bank_client.get("/v1/unassigned/counts", headers=house.headers("branch_head"))
    row = {"branch_id": to_public("brn", house.branches[EAST].id), "reason": "no_eligible_manager"}
    assert counts.json() == {"customers": 1, "items": [row | {"customers": 1, "since": TODAY.isoformat()}]}
    west = await bank_client.get("/v1/unassigned/counts", headers=house.headers("branch_head_west"))
    assert west.json() == {"customers": 0, "items": []}
    [manager] = await _managers(house)
    assert (await _arrive(bank_client, house, customer_id)).json()["manager_id"] == manager
    queue = await bank_client.get("/v1/unassigned", headers=house.headers("branch_head"))
    assert queue.json()["items"] == []


async def test_who_waits_longer_than_the_rule_allows_is_escalated_with_the_cause(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    [customer_id] = await _customers(house)
    await _rule(bank_client, house, "least_load", max_wait_days=3)
    async with house.sessions() as session:
        await assign(session, day=YESTERDAY)
        row = (await session.exec(select(Unassigned))).one()
        row.since = TODAY - timedelta(days=4)
        await session.flush()
        assert (await assign(session, day=YESTERDAY))["queued"] == 1
        assert (await assign(session, day=YESTERDAY))["queued"] == 0, "run twice it changes nothing"
        [told] = (await session.exec(select(OutboxEvent))).all()
        assert (told.type, told.customer_id, told.payload["cause"]) == (
            "unassigned.too_long",
            customer_id,
            "no_eligible_manager",
        )
        await session.commit()
    listed = await bank_client.get("/v1/unassigned?reason=too_old", headers=house.headers("branch_head"))
    assert [(one["customer_id"], one["cause"], one["escalated_on"]) for one in listed.json()["items"]] == [
        (to_public("cus", customer_id), "no_eligible_manager", TODAY.isoformat())
    ]


@pytest.mark.parametrize(
    ("role", "status"), [("manager", 403), ("lobby", 403), ("auditor", 403), ("branch_head_west", 404)]
)
async def test_only_who_may_assign_this_customer_places_an_arrival(
    bank_client: httpx.AsyncClient, house: House, role: str, status: int
) -> None:
    [customer_id] = await _customers(house)
    await _managers(house)
    assert (await _arrive(bank_client, house, customer_id, role=role)).status_code == status


async def test_the_night_takes_turns_too_and_goes_on_where_the_day_stopped(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    managers, customers = await _managers(house, 3), await _customers(house, 6)
    await _rule(bank_client, house, "round_robin")
    for one in customers[:2]:
        await _arrive(bank_client, house, one)
    async with house.sessions() as session:
        await assign(session, day=YESTERDAY)
        await session.commit()
        served = (await session.exec(select(Coverage.manager_id))).all()
    assert Counter(to_public("mgr", one) for one in served) == dict.fromkeys(managers, 2)
