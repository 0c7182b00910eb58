"""Points that pass from one customer to another: by the receiver's code, within limits, both sides at once."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import select

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.outbox.models import OutboxEvent
from guibin.points import service
from guibin.points.models import EntryKind
from guibin.privacy.models import CustomerRestriction
from support.house import House
from support.points import ACTOR, commit_points, post_points, sessions_of
from support.shop import Shop
from support.transfers import Giving

SOON, LATER = date(2027, 1, 31), date(2027, 6, 30)
ROOMY = {"each": 1_000, "day": 1_000, "month": 1_000, "step_up_from": 1_000}


@pytest.fixture
def giving(house: House, customer_client: httpx.AsyncClient) -> Giving:
    return Giving(house, customer_client)


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_points_pass_with_their_last_day_and_cost_and_both_see_it(giving: Giving, house: House) -> None:
    giver, receiver = await Shop(house).customers(2, 0 + 1)
    await commit_points(house.database, giver, 100, expires_on=SOON, at=clock.now())
    await commit_points(house.database, giver, 100, expires_on=LATER, at=clock.now())
    await giving.allow(**ROOMY)
    code = await giving.code(receiver)
    seen = await giving.give(giver, code, 150, dry_run=True)
    assert (seen.status_code, seen.json()) == (
        200,
        {"wallet": "reward", "points": 150, "available": 201, "step_up": False},
    )

    key = new_id()
    done = await giving.give(giver, code, 150, key=key)

    assert done.status_code == 201, done.text
    assert (done.json()["points"], done.json()["available_after"]) == (150, 51)
    assert (await giving.give(giver, code, 150, key=key)).json() == done.json()
    given, received = await giving.lots(giver), await giving.lots(receiver)
    assert [(lot.remaining, lot.expires_on) for lot in given][:2] == [(0, SOON), (50, LATER)]
    passed = [lot for lot in received if lot.expires_on in {SOON, LATER}]
    assert [(lot.original, lot.expires_on, lot.cost_fen) for lot in passed] == [(100, SOON, 10), (50, LATER, 10)]
    assert {lot.earned_at for lot in passed} == {lot.earned_at for lot in given if lot.expires_on in {SOON, LATER}}
    async with house.sessions() as session:
        (told,) = (await session.exec(select(OutboxEvent).where(OutboxEvent.type == "points.transfer_received"))).all()
    assert (told.customer_id, told.subject, told.payload) == (
        receiver,
        done.json()["id"],
        {"wallet": "reward", "points": 150},
    )
    for customer, side, points in ((giver, "out", -150), (receiver, "in", 150)):
        headers = house.customer_headers(customer) | {"Accept-Language": "en"}
        (row,) = (await giving.client.get("/v1/me/points/transfers", headers=headers)).json()["items"]
        assert (row["id"], row["side"], row["points"], row["taken_back"]) == (done.json()["id"], side, 150, 0)
        path = f"/v1/me/points/entries?kind=transfer_{side}"
        (entry,) = (await giving.client.get(path, headers=headers)).json()["items"]
        assert (entry["id"], entry["points"], entry["source_kind"]) == (row["entry_id"], points, "transfer")
        assert "another customer" in entry["reason"]
        month = f"{clock.today():%Y-%m}"
        statement = await giving.client.get(f"/v1/me/points/statements/{month}", headers=headers)
        (own,) = [one for one in statement.json()["wallets"] if one["wallet"] == "reward"]
        assert own["transferred"] == points
        points_now = (await giving.client.get("/v1/me/points", headers=headers)).json()["wallets"]
        assert [one["lifetime"]["transferred"] for one in points_now if one["wallet"] == "reward"] == [points]


async def test_what_the_receiver_owes_is_paid_first(giving: Giving, house: House) -> None:
    giver, receiver = await Shop(house).customers(2, 100)
    async with sessions_of(house.database.bank_url, pool_size=1) as factory, factory() as session:
        await post_points(session, receiver, EntryKind.ADJUST_DEBIT, 100, at=clock.now())
        await session.commit()
    (earned, _) = await giving.entries(receiver)
    async with sessions_of(house.database.bank_url, pool_size=1) as factory, factory() as session:
        await service.claw_back(
            session,
            customer_id=receiver,
            entry_id=earned.id,
            points=60,
            reason_zh="退货",
            reason_en="return",
            source_kind="run",
            source_id="1",
            actor_id=ACTOR,
        )
        await session.commit()
    await giving.allow(**ROOMY)
    assert (await giving.give(giver, await giving.code(receiver), 100)).status_code == 201
    entry = (await giving.entries(receiver))[-1]
    assert (entry.kind, entry.points, entry.debt_change, entry.balance_after) == ("transfer_in", 40, -60, 40)
    assert [lot.remaining for lot in await giving.lots(receiver)] == [0, 40]


async def test_a_code_is_good_once_for_its_own_points_for_five_minutes_and_for_others(
    giving: Giving, house: House
) -> None:
    giver, receiver = await Shop(house).customers(2, 100)
    await giving.allow(**ROOMY)
    code = await giving.code(receiver)
    with clock.fixed_at(clock.now() + timedelta(minutes=5)):
        assert code_of(await giving.give(giver, code, 1)) == (409, "transfer_code_invalid")
    assert code_of(await giving.give(giver, code, 1, wallet="service")) == (409, "transfer_code_invalid")
    assert code_of(await giving.give(giver, code[:-2] + "AA", 1)) == (409, "transfer_code_invalid")
    assert code_of(await giving.give(receiver, code, 1)) == (409, "transfer_to_self")
    assert (await giving.give(giver, code, 1)).status_code == 201
    assert code_of(await giving.give(giver, code, 1)) == (409, "transfer_code_invalid")
    assert code_of(await giving.give(giver, code, 1, dry_run=True)) == (409, "transfer_code_invalid")
    headers = house.customer_headers(receiver)
    refused = await giving.client.get("/v1/me/points/receiving-codes/service", headers=headers)
    assert code_of(refused) == (409, "not_transferable")


@pytest.mark.parametrize(
    ("limits", "facts"),
    [
        ({"each": 50}, {"limit": "each", "most": 50, "left": 50}),
        ({"day": 50}, {"limit": "day", "most": 50, "left": 20}),
        ({"month": 50}, {"limit": "month", "most": 50, "left": 20}),
    ],
)
async def test_nobody_passes_on_more_than_the_limits(
    giving: Giving, house: House, limits: dict[str, int], facts: dict[str, Any]
) -> None:
    giver, receiver = await Shop(house).customers(2, 200)
    await giving.allow(**ROOMY | limits)
    assert (await giving.give(giver, await giving.code(receiver), 30)).status_code == 201
    refused = await giving.give(giver, await giving.code(receiver), facts["left"] + 1)
    assert code_of(refused) == (409, "transfer_limit_reached")
    assert {name: refused.json()[name] for name in facts} == facts


async def test_who_may_not_spend_gives_nothing_and_who_may_not_earn_gets_nothing(giving: Giving, house: House) -> None:
    giver, receiver = await Shop(house).customers(2, 100)
    await giving.allow(**ROOMY)
    code = await giving.code(receiver)
    assert code_of(await giving.give(giver, code, 101)) == (409, "insufficient_points")
    async with house.sessions() as session:
        session.add(restriction(receiver, "aml"))
        await session.commit()
    assert code_of(await giving.give(giver, code, 1)) == (409, "receiver_unavailable")
    async with house.sessions() as session:
        session.add(restriction(giver, "judicial_freeze"))
        await session.commit()
    assert code_of(await giving.give(giver, code, 1)) == (409, "account_frozen")
    assert [entry.kind for entry in await giving.entries(giver)] == ["earn"]


def restriction(customer_id: UUID, kind: str) -> CustomerRestriction:
    return CustomerRestriction(
        customer_id=customer_id,
        id=new_id(),
        kind=kind,
        valid_from=clock.today(),
        reference="测试",
        set_by=ACTOR,
        set_at=clock.now(),
    )


async def test_so_many_points_need_a_proof_that_is_of_this_transfer(giving: Giving, house: House) -> None:
    giver, receiver = await Shop(house).customers(2, 100)
    await giving.allow(**ROOMY | {"step_up_from": 50})
    refused = await giving.give(giver, await giving.code(receiver), 50)
    assert code_of(refused) == (401, "step_up_required")
    assert (refused.json()["methods"], refused.json()["points"]) == (["otp"], 50)
    assert (await giving.give(giver, await giving.code(receiver), 49)).status_code == 201


async def test_the_bank_takes_a_transfer_back_as_far_as_it_was_not_spent(
    giving: Giving, house: House, bank_client: httpx.AsyncClient
) -> None:
    giver, receiver = await Shop(house).customers(2, 100)
    await giving.allow(**ROOMY)
    done = await giving.give(giver, await giving.code(receiver), 80)
    right = await Shop(house).right(prices=[{"tier": None, "points": 40}])
    redeem = {"right_id": right, "quantity": 1}
    headers = house.customer_headers(receiver, key=str(new_id()))
    assert (await giving.client.post("/v1/redemptions", json=redeem, headers=headers)).status_code == 201
    entry = (await giving.entries(giver))[-1]
    path = f"/v1/points/entries/{to_public('ent', entry.id)}/reverse"

    async def ask(points: int | None) -> httpx.Response:
        body = {"customer_id": to_public("cus", giver), "reason": "客户误转给他人，申请撤回该笔转赠", "points": points}
        return await bank_client.post(path, json=body, headers=house.headers("hq_operator", key=str(new_id())))

    left = sum(lot.remaining for lot in await giving.lots(receiver) if lot.original == 80)
    refused = await ask(80)
    assert (code_of(refused), refused.json()["left"]) == ((409, "transfer_spent"), left)
    assert code_of(await ask(81)) == (409, "reversal_exceeds_credit")
    asked = await ask(None)
    assert asked.status_code == 202, asked.text
    approve = f"/v1/approvals/{asked.json()['approval_id']}/approve"
    decided = await bank_client.post(approve, json={}, headers=house.headers("hq_approver"))
    assert decided.status_code == 200, decided.text
    assert code_of(await ask(None)) == (409, "transfer_spent")
    first = (await giving.lots(giver))[0]
    back = [lot for lot in await giving.lots(giver) if lot.original == left]
    assert [(lot.remaining, lot.expires_on) for lot in back] == [(left, first.expires_on)]
    staff = await bank_client.get(
        f"/v1/customers/{to_public('cus', giver)}/points/transfers", headers=house.headers("hq_operator")
    )
    rows = staff.json()["items"]
    assert [(row["side"], row["points"], row["taken_back"]) for row in rows] == [("in", left, 0), ("out", 80, left)]
    assert {row["other_customer_id"] for row in rows} == {to_public("cus", receiver)}
    assert (rows[0]["reverses"], rows[1]["id"]) == (done.json()["id"], done.json()["id"])
