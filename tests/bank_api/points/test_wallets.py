"""Kinds of points as data: shown with all their terms, made and changed by two people."""

from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import update
from sqlmodel import col, select

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.points.invariants import check
from guibin.points.models import PointsAccount, PointsLot, Wallet
from support.house import House
from support.points import commit_points
from support.shop import Shop

CLUB: dict[str, Any] = {
    "code": "club",
    "name_zh": "俱乐部积分",
    "name_en": "Club points",
    "unit_zh": "积分",
    "unit_en": "points",
    "cost": "0.20",
    "funding_line": "credit_card",
    "spendable": ["travel"],
    "expiry": "inactivity",
    "expiry_months": 6,
    "activity_events": ["login"],
    "caps": [{"kind": "spend", "period": "day", "points": 500}],
    "valuation": {"points": 3, "amount": "1.00", "step": "0.10", "rounding": "half_up"},
}


class Desk:
    """Head office: one submits, another approves."""

    def __init__(self, client: httpx.AsyncClient, house: House) -> None:
        self.client, self.house = client, house

    async def make(self, body: dict[str, Any], role: str = "hq_operator") -> httpx.Response:
        headers = self.house.headers(role, key=str(new_id()))
        return await self.client.post("/v1/wallets", json=body, headers=headers)

    async def read(self, code: str) -> httpx.Response:
        return await self.client.get(f"/v1/wallets/{code}", headers=self.house.headers("hq_operator"))

    async def change(self, code: str, etag: str | None, **changes: Any) -> httpx.Response:
        before = (await self.read(code)).json()
        body = {name: value for name, value in before.items() if name not in {"code", "revision"}} | changes
        headers = self.house.headers("hq_operator") | ({"If-Match": etag} if etag else {})
        return await self.client.put(f"/v1/wallets/{code}", json=body, headers=headers)

    async def approve(self, submitted: httpx.Response) -> httpx.Response:
        assert submitted.status_code == 202, submitted.text
        url = f"/v1/approvals/{submitted.json()['approval_id']}/approve"
        return await self.client.post(url, json={}, headers=self.house.headers("hq_approver"))


async def test_a_wallet_is_made_by_two_people_and_its_points_lapse_for_want_of_activity(
    bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient, house: House
) -> None:
    desk, customer_id = Desk(bank_client, house), await house.add_customer()

    asked, twice = await desk.make(CLUB), await desk.make(CLUB)
    unseen = await desk.read("club")
    done, late = await desk.approve(asked), await desk.approve(twice)
    made = await desk.read("club")
    await commit_points(house.database, customer_id, 100, wallet="club")
    mine = (await customer_client.get("/v1/me/points", headers=house.customer_headers(customer_id))).json()["wallets"]

    assert (unseen.status_code, done.status_code, made.status_code) == (404, 200, 200)
    assert (late.status_code, late.json()["code"]) == (409, "wallet_code_taken")
    assert made.headers["etag"] == '"1"'
    assert {name: made.json()[name] for name in CLUB} == CLUB
    club = next(one for one in mine if one["wallet"] == "club")
    assert (club["balance"], club["next_expiry"]) == (100, {"date": "2027-05-25", "points": 100})


async def test_points_have_the_worth_that_two_people_agree_on(
    bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient, house: House
) -> None:
    desk, customer_id = Desk(bank_client, house), await house.add_customer()
    await commit_points(house.database, customer_id, 250)
    me, url = house.customer_headers(customer_id), "/v1/me/points/value"
    formula = {"points": 150, "amount": "1.00", "step": "1.00", "rounding": "up"}

    before = (await customer_client.get(url, headers=me)).json()
    asked = await desk.change("reward", (await desk.read("reward")).headers["etag"], valuation=formula)
    waiting = (await customer_client.get(url, headers=me)).json()
    await desk.approve(asked)
    after = (await customer_client.get(url, headers=me, params={"amount": "2.00"})).json()
    of_some = (await customer_client.get(url, headers=me, params={"points": 301})).json()
    none = await desk.change("reward", (await desk.read("reward")).headers["etag"], valuation=None)
    await desk.approve(none)
    worthless = (await customer_client.get(url, headers=me)).json()
    growing = await desk.change("growth", (await desk.read("growth")).headers["etag"], valuation=formula)

    assert [(one["wallet"], one["points"], one["value"], one["needed"]) for one in before["wallets"]] == [
        ("reward", 250, "25.00", None)
    ]
    assert [one["value"] for one in waiting["wallets"]] == ["25.00"]
    assert after["wallets"][0] == {
        "wallet": "reward",
        "unit": "积分",
        "available": 250,
        "points": 250,
        "value": "2.00",
        "needed": 151,
        "formula": formula,
    }
    assert [(one["available"], one["points"], one["value"]) for one in of_some["wallets"]] == [(250, 301, "3.00")]
    assert (worthless["wallets"], growing.status_code) == ([], 422)


async def test_a_change_counts_for_what_is_issued_from_then_on(bank_client: httpx.AsyncClient, house: House) -> None:
    desk, customer_id = Desk(bank_client, house), await house.add_customer()
    await commit_points(house.database, customer_id, 100)
    etag = (await desk.read("reward")).headers["etag"]

    first = await desk.change("reward", etag, cost="0.25", funding_line="e_finance")
    second = await desk.change("reward", etag, cost="0.30")
    done, late = await desk.approve(first), await desk.approve(second)
    stale, blind = await desk.change("reward", etag), await desk.change("reward", None)
    await commit_points(house.database, customer_id, 50)

    assert (done.status_code, late.status_code, late.json()["code"]) == (200, 412, "version_conflict")
    assert [one.status_code for one in (stale, blind)] == [412, 428]
    async with house.sessions() as session:
        query = select(PointsLot.original, PointsLot.cost_fen, PointsLot.funding_line)
        lots = sorted((await session.exec(query)).all())
    assert lots == [(50, 25, "e_finance"), (100, 10, "credit_card")]


async def test_what_would_make_points_something_else_is_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    desk, customer_id = Desk(bank_client, house), await house.add_customer()
    await commit_points(house.database, customer_id, 100)
    etag = (await desk.read("reward")).headers["etag"]

    off = await desk.change("reward", etag, active=False)
    lapsing = await desk.change("reward", etag, expiry="inactivity", expiry_years=None, expiry_months=6)
    small, taken = await desk.make(CLUB, "branch_head"), await desk.make(CLUB | {"code": "reward"})
    wrong = [
        await desk.make(CLUB | change)
        for change in (
            {"expiry_months": None},
            {"cost": "-0.01"},
            {"caps": [{"kind": "earn", "period": "tier", "points": 1}]},
            {"spendable": ["gold"]},
            {"activity_events": ["login", "login"]},
            {"expiry": "never", "expiry_months": None},
            {"valuation": {"points": 0, "amount": "1.00"}},
            {"valuation": {"points": 1, "amount": "1.00", "step": "0.05"}},
            {"revision": 1},
            {"expiry_share": 50, "rolls_over_to": "reward"},
            {"expiry": "calendar", "expiry_months": None, "expiry_years": 1, "expiry_share": 50},
            {"expiry": "never", "expiry_months": None, "rolls_over_to": "reward"},
        )
    ]

    assert [(one.status_code, one.json()["code"], one.json()["fields"]) for one in (off, lapsing)] == [
        (409, "wallet_in_use", ["active"]),
        (409, "wallet_in_use", ["expiry"]),
    ]
    assert (taken.status_code, taken.json()["code"]) == (409, "wallet_code_taken")
    assert small.status_code == 403
    assert [one.status_code for one in wrong] == [422] * 12


async def test_points_roll_over_only_where_that_makes_them_nothing_else(
    bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient, house: House
) -> None:
    desk, customer_id = Desk(bank_client, house), await house.add_customer()
    await commit_points(house.database, customer_id, 100)
    await desk.approve(await desk.make(CLUB))

    async def ask(code: str, **terms: object) -> httpx.Response:
        return await desk.change(code, (await desk.read(code)).headers["etag"], **terms)

    wrong = [await ask("reward", rolls_over_to=code) for code in ("nowhere", "growth")]
    asked = await ask("reward", rolls_over_to="club")
    circle, goods = await ask("club", rolls_over_to="reward"), await ask("service", rolls_over_to="reward")
    done, late = await desk.approve(asked), await desk.approve(circle)
    circle_again = await ask("club", rolls_over_to="reward")
    closed = await ask("club", active=False)
    mine = (await customer_client.get("/v1/me/points", headers=house.customer_headers(customer_id))).json()["wallets"]

    assert [(one.status_code, one.json()["code"], one.json()["fault"]) for one in (*wrong, late, circle_again)] == [
        (422, "roll_over_invalid", "unknown"),
        (422, "roll_over_invalid", "closed"),
        (422, "roll_over_invalid", "circle"),
        (422, "roll_over_invalid", "circle"),
    ]
    assert (done.status_code, (await desk.read("reward")).json()["rolls_over_to"]) == (200, "club")
    assert (closed.status_code, closed.json()["fields"]) == (409, ["active"])
    assert (goods.status_code, goods.json()["code"]) == (409, "deposit_reward_forbidden")
    assert {one["wallet"]: one["rolls_over_to"] for one in mine} == {"club": None, "reward": "club", "service": None}


async def test_of_points_that_lapsed_by_a_share_the_rest_is_spent_whenever_the_night_comes(
    customer_client: httpx.AsyncClient, house: House
) -> None:
    shop = Shop(house)
    right, me = await shop.right(prices=[{"tier": None, "points": 1}]), await shop.customer(101)
    async with house.sessions() as session:
        wallet = await session.get_one(Wallet, "reward")
        wallet.expiry, wallet.expiry_years, wallet.expiry_months, wallet.expiry_share = "inactivity", None, 6, 50
        account = await session.get_one(PointsAccount, (me, "reward"))
        account.lapses_on = clock.today() - timedelta(days=1)
        await session.exec(update(PointsLot).where(col(PointsLot.customer_id) == me).values(expires_on=None))
        await session.commit()

    async def redeem(quantity: int) -> httpx.Response:
        body = {"right_id": right, "quantity": quantity}
        headers = house.customer_headers(me, key=str(new_id()))
        return await customer_client.post("/v1/redemptions", json=body, headers=headers)

    seen = (await customer_client.get("/v1/me/points", headers=house.customer_headers(me))).json()["wallets"]
    refused, done = await redeem(52), await redeem(51)

    assert [one["available"] for one in seen if one["wallet"] == "reward"] == [51]
    assert (refused.status_code, refused.json()["code"], refused.json()["available"]) == (
        409,
        "insufficient_points",
        51,
    )
    assert (done.status_code, done.json()["available_after"]) == (201, 0)
    async with house.sessions() as session:
        assert await check(session) == []
