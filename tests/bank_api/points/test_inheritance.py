"""Heirs claim the points of a customer who has died: by a deed and four eyes, to the point, and back again."""

from datetime import date, timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update
from sqlmodel import col, select

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.models import Customer
from guibin.organisation.models import StaffRole
from guibin.outbox.models import OutboxEvent
from guibin.points import service
from guibin.points.models import AccountState, EntryKind, PointsEntry, SourceKind
from support.estates import DEED, Estate
from support.house import WEST, House
from support.points import ACTOR, commit_points, post_points, sessions_of

SOON, LATER = date(2027, 1, 31), date(2027, 6, 30)


@pytest.fixture
def estate(house: House, bank_client: httpx.AsyncClient) -> Estate:
    return Estate(house, bank_client)


async def owe(house: House, customer_id: UUID, points: int) -> None:
    """Let a customer owe points: they were earned, spent on nothing that is left, and taken back."""
    async with sessions_of(house.database.bank_url, pool_size=1) as factory, factory() as session:
        earned = await post_points(session, customer_id, EntryKind.EARN, points, at=clock.now())
        await post_points(session, customer_id, EntryKind.ADJUST_DEBIT, points, at=clock.now())
        await service.claw_back(
            session,
            customer_id=customer_id,
            entry_id=earned.entry_id,
            points=points,
            reason_zh="退货",
            reason_en="Returned",
            source_kind=SourceKind.RUN,
            source_id=str(new_id()),
            actor_id=ACTOR,
        )
        await session.commit()


async def test_two_heirs_have_their_shares_of_each_lot_and_all_comes_back_by_four_eyes(
    estate: Estate, house: House, customer_client: httpx.AsyncClient
) -> None:
    dead, spouse, child = [await house.add_customer() for _ in range(3)]
    await commit_points(house.database, dead, 100, expires_on=SOON, at=clock.now())
    await commit_points(house.database, dead, 101, expires_on=LATER, at=clock.now())
    await owe(house, child, 10)
    early = await estate.claim(dead, (spouse, 1))
    await estate.restrict(dead, "deceased", "senior")
    await estate.account(dead, state=AccountState.FROZEN)

    asked = await estate.claim(dead, (spouse, 2), (child, 1), key="claim-1")
    again = await estate.claim(dead, (spouse, 2), (child, 1), key="claim-1")
    (waiting,) = await estate.read("approvals?state=pending", "compliance")
    untouched = await estate.lots(dead)
    done = await estate.approve(asked)

    assert (early.status_code, early.json()["code"]) == (409, "not_deceased")
    assert again.json() == asked.json()
    assert waiting["preview"]["points"] == ["reward 201"]
    assert waiting["preview"]["document"] == DEED
    assert untouched == [(100, SOON), (101, LATER)]
    assert (done.status_code, done.json()["state"]) == (200, "approved")
    assert await estate.lots(dead) == []
    assert await estate.lots(spouse) == [(67, SOON), (67, LATER)]
    assert await estate.lots(child) == [(23, SOON), (34, LATER)]
    assert ((await estate.account(child)).debt, (await estate.account(dead)).state) == (0, "frozen")

    async with house.sessions() as session:
        entry = PointsEntry
        moved = (await session.exec(select(entry).where(col(entry.kind).startswith("transfer")))).all()
        told = (await session.exec(select(OutboxEvent).where(OutboxEvent.type == "points.transfer_received"))).all()
    assert {(one.customer_id, one.points - one.debt_change, one.reason_zh) for one in moved} == {
        (dead, -134, "积分由继承人继承"),
        (dead, -67, "积分由继承人继承"),
        (spouse, 134, "继承所得积分"),
        (child, 67, "继承所得积分"),
    }
    assert {(one.customer_id, one.payload["points"]) for one in told} == {(spouse, 134), (child, 67)}

    (claimed,) = await estate.read(f"customers/cus_{dead}/inheritances")
    assert (claimed["document_no"], claimed["approval_id"]) == (DEED, asked.json()["approval_id"])
    assert {(part["heir_id"], part["points"]) for part in claimed["parts"]} == {
        (to_public("cus", spouse), 134),
        (to_public("cus", child), 67),
    }
    mine = await customer_client.get("/v1/me/points/transfers", headers=house.customer_headers(spouse))
    assert [(one["points"], one["inherited"]) for one in mine.json()["items"]] == [(134, True)]
    assert (await estate.claim(dead, (spouse, 1))).json()["code"] == "nothing_to_inherit"

    part = next(part for part in claimed["parts"] if part["points"] == 134)
    back = await estate.bank.post(
        f"/v1/points/entries/{part['entry_id']}/reverse",
        json={"customer_id": to_public("cus", dead), "reason": "公证书被撤销，积分退回原账户"},
        headers=house.headers("hq_operator", key="back-1"),
    )
    returned = await estate.approve(back, "hq_approver")
    assert returned.status_code == 200, returned.text
    assert (await estate.lots(dead), await estate.lots(spouse)) == ([(67, SOON), (67, LATER)], [])


async def test_what_is_owed_stays_what_is_set_aside_waits_and_other_restrictions_stand_in_the_way(
    estate: Estate, house: House
) -> None:
    dead, heir, gone = [await house.add_customer() for _ in range(3)]
    closed = await house.add_customer(status="closed")
    await commit_points(house.database, dead, 100, expires_on=LATER, at=clock.now())
    await estate.restrict(dead, "deceased")
    await estate.restrict(gone, "deceased")

    async def refused(*heirs: tuple[UUID, int], role: str = "hq_operator") -> str:
        answer = await estate.claim(dead, *heirs, role=role)
        return str(answer.json()["code"]) if answer.status_code != 202 else "submitted"

    assert await refused((heir, 1), role="manager") == "forbidden"
    assert [await refused((one, 1)) for one in (dead, gone, closed)] == ["heir_unavailable"] * 3
    assert await refused((heir, 1), (heir, 1)) == "validation_failed"
    assert await refused((new_id(), 1)) == "not_found"
    await estate.restrict(dead, "deceased", "judicial_freeze")
    assert await refused((heir, 1)) == "account_frozen"
    await estate.restrict(dead, "deceased")

    asked = await estate.claim(dead, (heir, 1))
    async with sessions_of(house.database.bank_url, pool_size=1) as factory, factory() as session:
        held = await service.hold(
            session,
            customer_id=dead,
            wallet="reward",
            points=100,
            expires_at=clock.now() + timedelta(hours=1),
            reason_zh="预约占用",
            reason_en="A booking",
            source_kind=SourceKind.HOLD,
            source_id=str(new_id()),
            actor_id=ACTOR,
        )
        await session.commit()
    failed = await estate.approve(asked)
    assert (failed.status_code, failed.json()["code"]) == (409, "open_holds")
    assert await refused((heir, 1)) == "open_holds"
    await owe(house, dead, 40)
    async with sessions_of(house.database.bank_url, pool_size=1) as factory, factory() as session:
        await service.release(session, customer_id=dead, hold_id=held.hold_id)
        await session.commit()

    await estate.restrict(dead)
    late = await estate.claim(dead, (heir, 1))
    assert late.json()["code"] == "not_deceased"
    await estate.restrict(dead, "deceased")
    asked = await estate.claim(dead, (heir, 1))
    await estate.restrict(dead)
    assert (await estate.approve(asked)).json()["code"] == "not_deceased"
    assert await estate.lots(dead) == [(100, LATER)]
    await estate.restrict(dead, "deceased")
    assert (await estate.approve(await estate.claim(dead, (heir, 1)))).status_code == 200
    assert (await estate.lots(dead), (await estate.account(dead)).debt) == ([(40, LATER)], 40)
    assert await estate.lots(heir) == [(60, LATER)]
    assert await refused((heir, 1)) == "nothing_to_inherit"

    async with house.sessions() as session:
        west = (await session.get_one(Customer, await house.add_customer(branch=WEST))).branch_id
        mine = col(StaffRole.staff_id) == house.staff["hq_operator"].id
        await session.execute(update(StaffRole).where(mine).values(branch_id=west))
        await session.commit()
    assert await refused((heir, 1)) == "not_found"
