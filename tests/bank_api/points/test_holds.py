"""Points set aside over HTTP: spent in part, released, ended by time, and never somebody else's."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import update
from sqlmodel import col

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.points.invariants import check
from guibin.points.models import Wallet
from guibin.points.service import release_lapsed
from support.house import House
from support.points import commit_points, sessions_of

SCOPES = ("points:hold",)


class Terminal:
    """A service that sets points of one customer aside."""

    def __init__(self, client: httpx.AsyncClient, house: House, customer_id: UUID) -> None:
        self.client, self.house, self.customer = client, house, to_public("cus", customer_id)

    def headers(self, name: str = "core_banking") -> dict[str, str]:
        return self.house.service_headers(name, SCOPES, key=str(new_id()))

    async def hold(
        self, points: int, *, reference: str | None = None, until: datetime | None = None, **fields: Any
    ) -> httpx.Response:
        body = {
            "customer_id": self.customer,
            "wallet": "reward",
            "points": points,
            "expires_at": (until or clock.now() + timedelta(hours=2)).isoformat(),
            "reference": reference or str(new_id()),
            "reason": "机场贵宾厅预约占用积分",
        }
        return await self.client.post("/v1/points/holds", json=body | fields, headers=self.headers())

    async def capture(self, hold: str, points: int) -> httpx.Response:
        body = {"customer_id": self.customer, "points": points}
        return await self.client.post(f"/v1/points/holds/{hold}/capture", json=body, headers=self.headers())

    async def release(self, hold: str) -> httpx.Response:
        body = {"customer_id": self.customer}
        return await self.client.post(f"/v1/points/holds/{hold}/release", json=body, headers=self.headers())


async def test_what_is_held_is_spent_in_part_and_the_rest_is_free_again(
    bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()
    await commit_points(house.database, customer_id, 100)
    terminal = Terminal(bank_client, house, customer_id)

    made, again = await terminal.hold(80, reference="B1"), await terminal.hold(80, reference="B1")
    other = await terminal.hold(70, reference="B1")
    mine = (await customer_client.get("/v1/me/points", headers=house.customer_headers(customer_id))).json()["wallets"]
    too_much = await terminal.hold(21)
    hold = made.json()["id"]
    above = await terminal.capture(hold, 81)
    spent, replayed = await terminal.capture(hold, 50), await terminal.capture(hold, 50)
    late = await terminal.release(hold)
    seen = await bank_client.get(
        f"/v1/customers/{terminal.customer}/points/holds/{hold}", headers=house.headers("branch_head")
    )

    assert (made.status_code, made.json()["state"], again.json()["id"]) == (201, "open", hold)
    assert (other.status_code, other.json()["code"]) == (409, "reference_conflict")
    assert (mine[0]["available"], mine[0]["held"], len(mine[0]["holds"])) == (20, 80, 1)
    assert mine[0]["holds"][0]["points"] == 80
    assert (too_much.status_code, too_much.json()["code"], too_much.json()["missing"]) == (
        409,
        "insufficient_points",
        1,
    )
    assert (above.status_code, above.json()["code"]) == (409, "capture_exceeds_hold")
    assert (spent.json()["state"], spent.json()["captured"], replayed.json()) == ("captured", 50, spent.json())
    assert (late.status_code, late.json()["code"]) == (409, "hold_closed")
    assert seen.json() == spent.json()
    after = await bank_client.get(f"/v1/customers/{terminal.customer}/points", headers=house.headers("branch_head"))
    reward = after.json()["wallets"][0]
    assert (reward["balance"], reward["available"], reward["held"]) == (50, 50, 0)


async def test_r11_a_hold_ends_by_itself_or_by_release(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id = await house.add_customer()
    await commit_points(house.database, customer_id, 100)
    terminal = Terminal(bank_client, house, customer_id)
    first, second = (await terminal.hold(60)).json()["id"], (await terminal.hold(40)).json()["id"]

    freed, freed_again = await terminal.release(second), await terminal.release(second)
    with clock.fixed_at(clock.now() + timedelta(hours=3)):
        async with sessions_of(house.database.worker_url, pool_size=1) as factory, factory() as session:
            assert await release_lapsed(session) == 1
            assert await release_lapsed(session) == 0
            await session.commit()
    late, gone = await terminal.capture(first, 60), await terminal.release(first)

    assert (freed.status_code, freed.json()["state"]) == (200, "released")
    assert freed_again.json() == freed.json()
    assert [(one.status_code, one.json()["code"]) for one in (late, gone)] == [(409, "hold_expired")] * 2
    async with house.sessions() as session:
        assert await check(session) == []


async def test_a_hold_is_refused_where_spending_is_and_hidden_from_others(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()
    await commit_points(house.database, customer_id, 100)
    terminal = Terminal(bank_client, house, customer_id)
    body = {"state": "frozen", "reason": "疑似套取积分，调查期间冻结"}
    hold = (await terminal.hold(10)).json()["id"]

    soon, late = (
        await terminal.hold(1, until=clock.now()),
        await terminal.hold(1, until=clock.now() + timedelta(days=91)),
    )
    silent, nameless = await terminal.hold(1, reason="占"), await terminal.hold(1, customer_id=None, customer_no="C404")
    foreign = await bank_client.get(
        f"/v1/customers/{terminal.customer}/points/holds/{new_id()}", headers=terminal.headers()
    )
    by_staff = await bank_client.post(
        f"/v1/points/holds/{hold}/capture",
        json={"customer_id": terminal.customer, "points": 1},
        headers=house.headers("branch_head", key="k"),
    )
    without_scope = await bank_client.get(
        f"/v1/customers/{terminal.customer}/points/holds/{hold}",
        headers=house.service_headers("supplier_terminal", SCOPES),
    )
    elsewhere = await bank_client.get(
        f"/v1/customers/{terminal.customer}/points/holds/{hold}", headers=house.headers("branch_head_west")
    )
    url = f"/v1/customers/{terminal.customer}/points/reward/state"
    await bank_client.put(url, json=body, headers=house.headers("hq_operator"))
    frozen, captured = await terminal.hold(1), await terminal.capture(hold, 1)

    assert [one.json()["code"] for one in (soon, late)] == ["hold_time_out_of_range"] * 2
    assert (silent.json()["code"], nameless.json()["code"]) == ("reason_required", "customer_unknown")
    assert [one.status_code for one in (foreign, by_staff, without_scope, elsewhere)] == [422, 403, 403, 404]
    assert [(one.status_code, one.json()["code"]) for one in (frozen, captured)] == [(409, "account_frozen")] * 2


async def test_a_hold_stays_within_the_caps_on_spending_and_counts_towards_them(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()
    await commit_points(house.database, customer_id, 1_000)
    async with house.sessions() as session:
        caps = [
            {"kind": "spend", "period": "day", "points": 300},
            {"kind": "spend", "period": "transaction", "points": 250},
        ]
        await session.execute(update(Wallet).where(col(Wallet.code) == "reward").values(caps=caps))
        await session.commit()
    terminal = Terminal(bank_client, house, customer_id)

    large = await terminal.hold(251)
    first, again = await terminal.hold(200, reference="B1"), await terminal.hold(200, reference="B1")
    over, fits = await terminal.hold(101), await terminal.hold(100)
    await terminal.capture(first.json()["id"], 150)
    freed, full = await terminal.hold(50), await terminal.hold(1)

    refused = [(one.json()["code"], one.json()["period"], one.json()["left"]) for one in (large, over, full)]
    assert refused == [
        ("spend_cap_reached", "transaction", 250),
        ("spend_cap_reached", "day", 100),
        ("spend_cap_reached", "day", 0),
    ]
    assert [one.status_code for one in (first, again, fits, freed)] == [201] * 4
