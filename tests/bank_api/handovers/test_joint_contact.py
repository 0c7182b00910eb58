"""Joint contact: who gave a customer away reads it until the last day, and not one request longer (MGR-13)."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import select

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.customers.models import CustomerAccess
from guibin.handovers.models import Handover
from guibin.managers.followers import Change, follow_all
from guibin.managers.joint import service as joint
from guibin.managers.models import Coverage, Manager
from guibin.managers.stability.models import ManagerWish, WishState
from guibin.privacy.models import CustomerRestriction
from support.care_records import Caring, code_of
from support.house import House
from support.points import sessions_of

TODAY = clock.today()
LATER = (TODAY + timedelta(days=7)).isoformat()
READS = ("", "/brief", "/touches", "/complaints", "/opportunities", "/coverage", "/points", "/redemptions", "/holdings")
"""What an own manager reads of a customer."""


@contextmanager
def in_days(days: int) -> Iterator[None]:
    day = TODAY + timedelta(days=days)
    with clock.fixed_at(datetime(day.year, day.month, day.day, 3, tzinfo=UTC)):
        yield


@pytest.fixture
async def caring(house: House, bank_client: httpx.AsyncClient) -> Caring:
    """Return who acts; `lobby` takes what `manager` gives."""
    return Caring(house, bank_client)


async def reads(caring: Caring, customer: UUID, role: str = "manager") -> set[int]:
    """Return how a member of staff is answered at what an own manager reads."""
    url, headers = f"/v1/customers/{to_public('cus', customer)}", caring.house.headers(role)
    return {(await caring.bank.get(f"{url}{path}", headers=headers)).status_code for path in READS}


async def given(caring: Caring) -> UUID:
    """Let a customer of the manager go to the lobby's."""
    customer = await caring.served()
    await caring.hand_over(customer, "lobby")
    return customer


async def test_who_gave_a_customer_away_reads_it_until_the_last_day_and_nobody_else_does(
    caring: Caring,
) -> None:
    customer = await caring.served()
    assert (await reads(caring, customer), await reads(caring, customer, "manager_west")) == ({200}, {404})
    await caring.hand_over(customer, "lobby")
    giver, taker = await caring.manager(), await caring.manager("lobby")
    last = TODAY + timedelta(days=30)
    for day in (0, 30):
        with in_days(day):
            assert (await reads(caring, customer), await reads(caring, customer, "manager_west")) == ({200}, {404})
            shown = await caring.get("manager", f"/v1/customers/{to_public('cus', customer)}/brief")
            assert shown["customer"]["name"] == "张*丰", "in full for the primary manager alone"
            assert [(one["manager_id"], one["until"]) for one in shown["customer"]["accompanied_by"]] == [
                (to_public("mgr", giver.id), last.isoformat())
            ]
            listed = await caring.get("manager", "/v1/workbench/accompanied")
            assert [(one["customer_id"], one["manager_id"], one["days_left"]) for one in listed["items"]] == [
                (to_public("cus", customer), to_public("mgr", taker.id), 30 - day)
            ]
    with in_days(31):
        assert await reads(caring, customer) == {404}
        waits = (await caring.get("manager", "/v1/workbench/handovers"))["items"]
        assert [(one["customer_id"], one["customer_name"]) for one in waits] == [(to_public("cus", customer), None)], (
            "who gave signs, also after the last day"
        )
        assert (await caring.get("manager", "/v1/workbench/accompanied"))["items"] == []
        assert code_of(await caring.touch(customer)) == (404, "not_found")
        shown = await caring.get("branch_head", f"/v1/customers/{to_public('cus', customer)}")
        assert shown["accompanied_by"] == []


async def test_who_accompanies_writes_down_what_was_said_and_does_nothing_else(caring: Caring, house: House) -> None:
    customer = await given(caring)
    path, giver = to_public("cus", customer), await caring.manager()
    said = await caring.touch(
        customer,
        needs=[{"category": "medical", "text": "专家号"}],
        complaint={"category": "fees", "severity": "minor", "text": "年费多扣"},
    )
    assert said.status_code == 201, said.text
    (need,) = await caring.of(customer, "needs", "branch_head")
    assert need["manager_id"] == to_public("mgr", (await caring.manager("lobby")).id), "who serves answers for it"
    for more in (
        {"promises": [{"text": "周五回电", "due_on": LATER}]},
        {"next_contact": {"kind": "call", "due_on": LATER}},
        {"opportunities": [{"need": "education", "due_on": LATER}]},
        {"corrects_id": said.json()["id"]},
    ):
        assert code_of(await caring.touch(customer, **more)) == (403, "only_accompanied"), more
    for role, where, body in (
        ("manager", f"/v1/customers/{path}/opportunities", {"need": "education", "due_on": LATER}),
        ("manager", f"/v1/customers/{path}/needs", {"category": "medical", "text": "专家号"}),
        ("manager", f"/v1/customers/{path}/reveal", {"field": "phone", "reason": "客户来电"}),
        ("manager", f"/v1/customers/{path}/tags", {"code": "vip"}),
        ("manager", "/v1/contact-checks", {"customer_ids": [path], "channel": "sms", "purpose": "marketing"}),
    ):
        answer = await caring.post(role, where, **body)
        assert answer.status_code in {400, 403, 404, 405, 422}, (where, answer.text)
        assert path not in answer.text
    headers = house.headers("manager")
    assert path not in (await caring.bank.get("/v1/customers", headers=headers)).text
    me = to_public("mgr", giver.id)
    book = f"/v1/managers/{me}/book"
    assert (await caring.get("manager", book))["items"] == []
    assert [one["customer_id"] for one in (await caring.get("manager", f"{book}?role=joint"))["items"]] == [path]
    people = (await caring.get("branch_head", "/v1/managers"))["items"]
    assert [one["load"] for one in people if one["id"] == me] == [0]


Ending = Callable[[Caring, UUID], Awaitable[object]]


async def _restricted(caring: Caring, customer: UUID) -> None:
    items = [{"kind": "do_not_contact", "reference": "客户来函"}]
    url = f"/v1/customers/{to_public('cus', customer)}/restrictions"
    answer = await caring.bank.put(url, json={"items": items}, headers=caring.house.headers("branch_head"))
    assert answer.status_code == 200, answer.text


async def _conflicting(caring: Caring, customer: UUID) -> None:
    body = {"manager_id": to_public("mgr", (await caring.manager()).id), "reason": "亲属"}
    answer = await caring.post("branch_head", f"/v1/customers/{to_public('cus', customer)}/manager-conflicts", **body)
    assert answer.status_code == 200, answer.text


async def _handed_on(caring: Caring, customer: UUID) -> None:
    await caring.hand_over(customer, "hq_operator")


async def _to_the_pool(caring: Caring, customer: UUID) -> None:
    change = Change(customer, (await caring.manager("lobby")).id, None, TODAY, "pool", "run")
    async with sessions_of(caring.house.database.worker_url, pool_size=1) as factory, factory() as session:
        await follow_all(session, [change])
        await session.commit()


async def _leaving(caring: Caring, _: UUID) -> None:
    leaver = to_public("mgr", (await caring.manager()).id)
    answer = await caring.post("branch_head", f"/v1/managers/{leaver}/leave", reason="离职")
    assert answer.status_code == 202, answer.text


ENDINGS: tuple[Ending, ...] = (_restricted, _conflicting, _handed_on, _to_the_pool, _leaving)


async def test_it_ends_with_the_very_request_that_stands_against_it(caring: Caring, house: House) -> None:
    for end in ENDINGS:
        customer = await given(caring)
        assert await reads(caring, customer) == {200}, end.__name__
        await end(caring, customer)
        assert await reads(caring, customer) == {404}, end.__name__
    async with house.sessions() as session:
        joint_rows = (await session.exec(select(Coverage).where(Coverage.role == "joint"))).all()
    over = {one.end_reason for one in joint_rows if one.valid_to == TODAY}
    assert over == {"not_permitted", "handed_on"}


async def test_nobody_accompanies_who_was_not_wanted_or_has_left_and_a_night_finds_the_rest(
    caring: Caring, house: House
) -> None:
    giver, taker = await caring.manager(), await caring.manager("lobby")
    unwanted, frozen, fine = [await caring.served() for _ in range(3)]
    async with house.sessions() as session:
        session.add(
            ManagerWish(
                customer_id=unwanted,
                id=unwanted,
                manager_id=giver.id,
                wish="change",
                reason="conduct",
                state=WishState.OPEN,
                uttered_at=clock.now(),
            )
        )
        await session.commit()
    for customer in (unwanted, frozen, fine):
        await caring.hand_over(customer, "lobby")
    assert [await reads(caring, one) for one in (unwanted, frozen, fine)] == [{404}, {200}, {200}]
    async with house.sessions() as session:
        session.add(
            CustomerRestriction(
                customer_id=frozen,
                id=frozen,
                kind="deceased",
                valid_from=TODAY + timedelta(days=1),
                reference="证明",
                set_by=giver.staff_id,
                set_at=clock.now(),
            )
        )
        rows = (await session.exec(select(Handover))).all()
        until = {one.customer_id: one.joint_until for one in rows}
        await session.commit()
    assert until == {unwanted: TODAY} | dict.fromkeys((frozen, fine), TODAY + timedelta(days=30))
    for day, ended in ((0, [0, 0]), (1, [1, 0])):
        with in_days(day):
            async with sessions_of(house.database.worker_url, pool_size=1) as factory, factory() as session:
                assert [await joint.uphold(session) for _ in range(2)] == ended
                await session.commit()
    with in_days(1):
        assert [await reads(caring, one) for one in (frozen, fine)] == [{404}, {200}]
    async with house.sessions() as session:
        (await session.get_one(Manager, giver.id)).active = False
        await session.commit()
    many = [await house.add_customer() for _ in range(3)]
    async with sessions_of(house.database.worker_url, pool_size=1) as factory, factory() as session:
        changes = [Change(one, taker.id, giver.id, TODAY, "matrix", "run") for one in many]
        changes += [Change(fine, giver.id, taker.id, TODAY, "matrix", "run")]
        await follow_all(session, changes)
        await session.commit()
    async with house.sessions() as session:
        opened = (await session.exec(select(CustomerAccess).where(CustomerAccess.role == "joint"))).all()
        standing: dict[Any, Any] = {
            one.customer_id: one.staff_id for one in opened if one.valid_to and one.valid_to > TODAY
        }
    assert standing == dict.fromkeys(many, taker.staff_id) | {frozen: giver.staff_id}
