"""Rights by appointment over HTTP: slots of the bank, and what becomes of the places that customers hold."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx
import pytest
from sqlmodel import col, select

from guibin.core import clock
from guibin.core.ids import from_public, new_id
from guibin.outbox.models import OutboxEvent
from guibin.points.invariants import check as check_points
from guibin.rights.invariants import check as check_rights
from guibin.rights.models import RightsSlot
from guibin.rights.service import remind_of_appointments, tend_slots
from support.points import sessions_of
from support.shop import Shop

BOOKED: Final = {"appointment": {"lead_hours": 2, "cancel_hours": 24, "change_hours": 24, "no_show": "kept"}}
PLACE: Final = "浦东体检中心"
REASON: Final = {"reason": "体检中心当日停电，暂停服务"}


def soon(days: int = 3, hour: int = 9) -> datetime:
    """Return an hour of a day to come in Asia/Shanghai."""
    return clock.start_of_day(clock.today() + timedelta(days=days)) + timedelta(hours=hour)


class Desk:
    """What the bank's people and the customers do with slots."""

    def __init__(self, shop: Shop, customers: httpx.AsyncClient, bank: httpx.AsyncClient) -> None:
        self.shop, self.customers, self.bank = shop, customers, bank

    async def slots(self, right: str, *starts: datetime, capacity: int = 2) -> list[str]:
        """Add slots of an hour each and return their ids."""
        sent = [
            {
                "city_code": "310100",
                "place": PLACE,
                "starts_at": start.isoformat(),
                "ends_at": (start + timedelta(hours=1)).isoformat(),
                "capacity": capacity,
            }
            for start in starts
        ]
        answer = await self.operate(f"/v1/rights/{right}/slots", {"slots": sent})
        assert answer.status_code == 200, answer.text
        return [result["slot"] and result["slot"]["id"] for result in answer.json()["results"]]

    async def operate(
        self, url: str, body: dict[str, Any] | None = None, role: str = "rights_operator"
    ) -> httpx.Response:
        return await self.bank.post(url, json=body, headers=self.shop.house.headers(role, key=str(new_id())))

    async def redeem(self, customer: UUID, right: str, **body: Any) -> httpx.Response:
        headers = self.shop.house.customer_headers(customer, key=str(new_id()))
        return await self.customers.post(
            "/v1/redemptions", json={"right_id": right, "quantity": 1} | body, headers=headers
        )

    async def book(self, customer: UUID, right: str, slot: str, **body: Any) -> str:
        answer = await self.redeem(customer, right, slot_id=slot, **body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def act(self, customer: UUID, redemption: str, verb: str, **body: Any) -> httpx.Response:
        headers = self.shop.house.customer_headers(customer, key=str(new_id()))
        return await self.customers.post(f"/v1/redemptions/{redemption}/{verb}", json=body or None, headers=headers)

    async def get(self, customer: UUID, url: str) -> Any:
        answer = await self.customers.get(url, headers=self.shop.house.customer_headers(customer))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def reward(self, customer: UUID) -> int:
        wallets = (await self.get(customer, "/v1/me/points"))["wallets"]
        return next(int(own["available"]) for own in wallets if own["wallet"] == "reward")

    async def taken(self, slot: str) -> int:
        async with self.shop.house.sessions() as session:
            query = select(RightsSlot.taken).where(RightsSlot.id == from_public("slt", slot))
            return (await session.exec(query)).one()

    async def told(self, name: str) -> Sequence[OutboxEvent]:
        async with self.shop.house.sessions() as session:
            return (await session.exec(select(OutboxEvent).where(col(OutboxEvent.type) == name))).all()


@pytest.fixture
def desk(shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient) -> Desk:
    return Desk(shop, customer_client, bank_client)


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def test_a_slot_is_booked_with_the_redemption_confirmed_and_served(desk: Desk, shop: Shop) -> None:
    customer = await shop.customer()
    right = await shop.right(offer=BOOKED)
    first, second = await desk.slots(right, soon(), soon(4))
    assert await desk.slots(right, soon()) == [None]
    shown = await desk.get(customer, f"/v1/rights/{right}/slots?city=310100&to={soon().date()}")
    assert [(slot["id"], slot["place"], slot["free"]) for slot in shown["items"]] == [(first, PLACE, 2)]
    entry = await desk.get(customer, f"/v1/rights/{right}")
    assert (entry["eligible"], entry["appointment"]["cancel_hours"]) == (True, 24)

    assert code_of(await desk.redeem(customer, right)) == (409, "slot_required")
    assert code_of(await desk.redeem(customer, right, slot_id=first, quantity=3)) == (409, "slot_taken")
    unknown = f"slt_{new_id()}"
    assert code_of(await desk.redeem(customer, right, slot_id=unknown)) == (409, "slot_not_open")
    plain = await shop.right()
    assert code_of(await desk.redeem(customer, plain, slot_id=first)) == (409, "slot_not_open")
    dry = await desk.redeem(customer, right, slot_id=second, quantity=3, dry_run=True)
    assert [reason["code"] for reason in dry.json()["reasons"]] == ["slot_taken"]

    redemption = await desk.book(customer, right, first, quantity=2)
    assert await desk.taken(first) == 2
    assert code_of(await desk.redeem(customer, right, slot_id=first)) == (409, "slot_taken")
    for _ in range(2):  # again changes nothing
        agreed = await desk.operate(f"/v1/redemptions/{redemption}/confirm-appointment", role="lobby")
        assert (agreed.status_code, agreed.json()["appointment"]["state"]) == (200, "confirmed"), agreed.text
    assert len(await desk.told("appointment.confirmed")) == 1
    early = await desk.operate(f"/v1/redemptions/{redemption}/no-show", role="lobby")
    assert code_of(early) == (409, "slot_not_begun")
    served = await desk.operate(f"/v1/redemptions/{redemption}/fulfil", role="lobby")
    assert (served.json()["state"], served.json()["appointment"]["state"]) == ("fulfilled", "served")
    who = f"/v1/redemptions?right_id={right}&slot_id={first}"
    came = await desk.bank.get(who, headers=shop.house.headers("lobby"))
    assert [row["id"] for row in came.json()["items"]] == [redemption]


async def test_hours_before_the_slot_decide_on_cancelling_and_changing(desk: Desk, shop: Shop) -> None:
    customer = await shop.customer(300)
    right = await shop.right(offer=BOOKED)
    first, second, small = [*await desk.slots(right, soon(), soon(4)), *await desk.slots(right, soon(5), capacity=1)]
    moved = await desk.book(customer, right, first, quantity=2)
    await desk.operate(f"/v1/redemptions/{moved}/confirm-appointment", role="lobby")
    assert code_of(await desk.act(customer, moved, "change-slot", slot_id=small)) == (409, "slot_taken")
    assert code_of(await desk.act(customer, moved, "change-slot", slot_id=first)) == (409, "slot_not_open")
    answer = await desk.act(customer, moved, "change-slot", slot_id=second)
    assert answer.status_code == 200, answer.text
    booked = answer.json()["appointment"]
    assert (booked["slot_id"], booked["state"]) == (second, "booked")
    assert [await desk.taken(slot) for slot in (first, second, small)] == [0, 2, 0]

    with clock.fixed_at(soon(4) - timedelta(hours=24)):
        assert code_of(await desk.act(customer, moved, "change-slot", slot_id=small)) == (409, "not_changeable")
        assert code_of(await desk.act(customer, moved, "cancel")) == (409, "not_cancellable")
    with clock.fixed_at(soon(3) - timedelta(hours=2)):
        assert code_of(await desk.redeem(customer, right, slot_id=first)) == (409, "slot_not_open")
    cancelled = await desk.act(customer, moved, "cancel")
    assert (cancelled.status_code, cancelled.json()["appointment"]["state"]) == (200, "ended")
    assert (await desk.taken(second), await desk.reward(customer)) == (0, 300)
    plain = (await desk.redeem(customer, await shop.right())).json()["id"]
    assert code_of(await desk.act(customer, plain, "change-slot", slot_id=second)) == (409, "no_appointment")


@pytest.mark.parametrize(("policy", "state", "points"), [("kept", "fulfilled", 0), ("back", "refunded", 100)])
async def test_who_does_not_come_loses_or_keeps_the_points_by_the_terms(
    desk: Desk, shop: Shop, policy: str, state: str, points: int
) -> None:
    customer = await shop.customer(100)
    right = await shop.right(offer={"appointment": {"no_show": policy}})
    (slot,) = await desk.slots(right, soon())
    redemption = await desk.book(customer, right, slot)
    with clock.fixed_at(soon() + timedelta(minutes=10)):
        answer = await desk.operate(f"/v1/redemptions/{redemption}/no-show", role="lobby")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["state"], answer.json()["appointment"]["state"]) == (state, "missed")
    (told,) = await desk.told("appointment.missed")
    assert (told.payload["points"], await desk.reward(customer)) == (points, points)
    assert await desk.told("redemption.fulfilled") == []


async def test_a_slot_that_is_closed_gives_everything_back(desk: Desk, shop: Shop) -> None:
    customers = await shop.customers(2, 200)
    right = await shop.right(offer=BOOKED, stock=5)
    slot, other = await desk.slots(right, soon(), soon(4))
    booked = [await desk.book(customer, right, slot) for customer in customers]
    url = f"/v1/rights/{right}/slots/{slot}/close"
    assert code_of(await desk.operate(url, {})) == (422, "reason_required")

    closing = await desk.operate(url, REASON)

    assert (closing.json()["state"], closing.json()["taken"]) == ("closing", 2)
    assert code_of(await desk.operate(url, REASON)) == (409, "state_conflict")
    assert code_of(await desk.redeem(customers[0], right, slot_id=slot)) == (409, "slot_not_open")
    async with sessions_of(shop.house.database.worker_url, pool_size=1) as sessions:
        assert [await tend_slots(sessions), await tend_slots(sessions)] == [2, 0]
    assert [await desk.reward(customer) for customer in customers] == [200, 200]
    assert await shop.left_of(right) == 5
    details = [
        await desk.get(customer, f"/v1/redemptions/{one}") for customer, one in zip(customers, booked, strict=True)
    ]
    assert {(one["state"], one["appointment"]["state"]) for one in details} == {("failed", "ended")}
    headers = shop.house.headers("rights_operator")
    listed = (await desk.bank.get(f"/v1/rights/{right}/slots", headers=headers)).json()["items"]
    assert [(one["id"], one["state"], one["taken"]) for one in listed] == [(slot, "closed", 0), (other, "open", 0)]
    empty = await desk.operate(f"/v1/rights/{right}/slots/{other}/close", REASON)
    assert empty.json()["state"] == "closed"


async def test_customers_are_reminded_of_tomorrow_once(desk: Desk, shop: Shop) -> None:
    customer = await shop.customer()
    right = await shop.right(offer=BOOKED)
    first, second, third = await desk.slots(right, soon(2, 0), soon(2, 23), soon(3, 0))
    for slot in (first, second, third):
        await desk.book(customer, right, slot)
    async with sessions_of(shop.house.database.worker_url, pool_size=1) as sessions:
        counts = []
        for _ in range(2):
            async with sessions.begin() as session:
                counts.append(await remind_of_appointments(session, day=clock.today()))
    assert counts == [{"read": 2}, {"read": 0}]
    assert {event.payload["place"] for event in await desk.told("appointment.reminder")} == {PLACE}


@pytest.mark.merge
async def test_of_64_bookings_of_10_places_10_get_one(desk: Desk, shop: Shop) -> None:
    customers = await shop.customers(64, 100)
    right = await shop.right(offer=BOOKED)
    (slot,) = await desk.slots(right, soon(), capacity=10)
    answers = await asyncio.gather(*(desk.redeem(customer, right, slot_id=slot) for customer in customers))
    assert sorted({code_of(answer) for answer in answers}) == [(201, ""), (409, "slot_taken")]
    assert sum(answer.status_code == 201 for answer in answers) == await desk.taken(slot) == 10


@pytest.mark.merge
async def test_changes_between_two_slots_and_their_closing_lose_no_place(desk: Desk, shop: Shop) -> None:
    customers = await shop.customers(24, 100)
    right = await shop.right(offer=BOOKED)
    one, two = await desk.slots(right, soon(), soon(4), capacity=12)
    booked = [await desk.book(who, right, (one, two)[at % 2]) for at, who in enumerate(customers)]
    moves = [
        desk.act(who, redemption, "change-slot", slot_id=(two, one)[at % 2])
        for at, (who, redemption) in enumerate(zip(customers, booked, strict=True))
    ]
    ends = [desk.act(who, redemption, "cancel") for who, redemption in zip(customers[:8], booked[:8], strict=True)]
    close = desk.operate(f"/v1/rights/{right}/slots/{one}/close", REASON)
    answers = await asyncio.gather(*moves, *ends, close)
    assert {answer.status_code for answer in answers} <= {200, 409, 503}
    async with sessions_of(shop.house.database.worker_url, pool_size=1) as sessions:
        while await tend_slots(sessions):
            pass
    async with shop.house.sessions() as session:
        assert [*await check_points(session), *await check_rights(session)] == []
    assert await desk.taken(one) == 0
