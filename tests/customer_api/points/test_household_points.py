"""Points of a household: put together by consent, spent by whom the head names, given back to whom they belonged."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import col, select

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.points.invariants import check
from guibin.points.models import EntryKind, PointsAccount, PointsEntry, PointsLot
from guibin.privacy.models import CustomerRestriction
from support.house import House
from support.households import add_household, says
from support.points import commit_points
from support.shop import Shop

PRICE = 100
TODAY = clock.today
URL = "/v1/me/household/points"


class Family:
    """A head, a spouse and a parent, who do as they do over HTTP."""

    def __init__(self, house: House, client: httpx.AsyncClient, members: list[UUID]) -> None:
        self.house, self.client = house, client
        self.head, self.spouse, self.parent = members

    async def call(self, who: UUID, method: str, url: str, body: Any = None) -> httpx.Response:
        headers = self.house.customer_headers(who, key=str(new_id()) if method == "POST" else None)
        return await self.client.request(method, url, json=body, headers=headers)

    async def look(self, who: UUID) -> dict[str, Any]:
        answer = await self.call(who, "GET", URL)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def sums(self, who: UUID) -> tuple[int, int, int]:
        (reward,) = (await self.look(who))["wallets"]
        return reward["own"], reward["others"], reward["usable"]

    async def name(
        self, who: UUID, limit: int | None, *, by: UUID | None = None, role: str = "spender"
    ) -> httpx.Response:
        members = (await self.look(who))["members"]
        place = next(one["id"] for one in members if one["is_me"])
        body = {"role": role, "month_limit": limit}
        return await self.call(by or self.head, "PUT", f"{URL}/members/{place}", body)

    async def say(self, who: UUID, *, granted: bool) -> None:
        texts = (await self.call(who, "GET", "/v1/me/consents")).json()["items"]
        version = next(one["text_version"] for one in texts if one["purpose"] == "pooling")
        word = {"purpose": "pooling", "granted": granted} | ({"text_version": version} if granted else {})
        answer = await self.call(who, "PUT", "/v1/me/consents", {"decisions": [word]})
        assert answer.status_code == 200, answer.text

    async def redeem(self, who: UUID, right: str, quantity: int = 1, **body: Any) -> httpx.Response:
        asked = {"right_id": right, "quantity": quantity, "from_household": True} | body
        return await self.call(who, "POST", "/v1/redemptions", asked)

    async def balances(self) -> list[int]:
        async with self.house.sessions() as session:
            found = []
            for who in (self.head, self.spouse, self.parent):
                row = await session.get(PointsAccount, (who, "reward"))
                found.append(0 if row is None else row.balance)
            return found

    async def broken(self) -> list[Any]:
        async with self.house.sessions() as session:
            return list(await check(session))


@pytest.fixture
def shop(house: House) -> Shop:
    return Shop(house)


@pytest.fixture
async def family(house: House, customer_client: httpx.AsyncClient) -> Family:
    """A household whose members all agreed to be one, with points that end in other years."""
    members = [await house.add_customer() for _ in range(3)]
    async with house.sessions() as session:
        for one in members:
            await says(session, one, "granted")
        places = zip(members, ("head", "spouse", "parent"), strict=True)
        await add_household(session, *((one, role, 100) for one, role in places), since=TODAY() - timedelta(days=9))
        await session.commit()
    year = TODAY().year
    for one, points, last in zip(members, (150, 40, 200), (year + 1, year + 2, year), strict=True):
        ends = date(last, 12, 31)
        await commit_points(house.database, one, points, expires_on=ends, at=clock.now())
    return Family(house, customer_client, members)


async def test_points_are_put_together_by_consent_spent_within_a_limit_and_given_back_to_whom_they_belonged(
    shop: Shop, family: Family, bank_client: httpx.AsyncClient
) -> None:
    right = await shop.right(prices=[{"tier": None, "points": PRICE}])
    spouse, parent, head = family.spouse, family.parent, family.head

    unnamed = await family.redeem(spouse, right)
    not_mine = await family.name(spouse, None, by=spouse)
    await family.name(spouse, 250)
    alone = await family.redeem(spouse, right)
    for one in (head, parent):
        await family.say(one, granted=True)
    seen = await family.sums(spouse)
    preview = await family.redeem(spouse, right, 2, dry_run=True)
    done = await family.redeem(spouse, right, 2)
    had = await family.balances()
    over = await family.redeem(spouse, right)
    mine = (await family.look(spouse))["members"]
    entries = {
        who: (await family.call(who, "GET", "/v1/me/points/entries")).json()["items"] for who in (spouse, parent)
    }
    headers = shop.house.headers("hq_operator", key=str(new_id()))
    url = f"/v1/redemptions/{done.json()['id']}/refund"
    part = await bank_client.post(url, json={"reason": "客户操作有误，申请退还", "units": 1}, headers=headers)
    after_part = await family.balances()
    staff = shop.house.headers("customer_service")
    of_staff = f"/v1/households/{(await family.look(spouse))['household_id']}/points"
    bank_sees = (await bank_client.get(of_staff, headers=staff)).json()
    headers = shop.house.headers("hq_operator", key=str(new_id()))
    await bank_client.post(url, json={"reason": "客户操作有误，申请退还"}, headers=headers)

    assert (unnamed.status_code, unnamed.json()["code"]) == (409, "household_points_unavailable")
    assert not_mine.status_code == 404
    assert (alone.status_code, alone.json()["code"], alone.json()["missing"]) == (409, "insufficient_points", 60)
    assert seen == (40, 350, 290)
    assert (preview.status_code, preview.json()["points_charged"]) == (200, 200)
    # Earliest expiry first: the parent's end this year, before the head's and the spouse's own.
    assert (done.status_code, had) == (201, [150, 40, 0])
    assert (over.status_code, over.json()["code"], over.json()["left"]) == (409, "household_limit_reached", 50)
    assert [(one["role"], one["used"], one["left"]) for one in mine] == [
        ("owner", 0, None),
        ("spender", 200, 50),
        ("viewer", 0, None),
    ]
    told = {who: [(one["kind"], one["points"], one["reason"]) for one in entries[who]] for who in entries}
    assert ("transfer_in", 200, "使用家庭成员（父母）共享的积分") in told[spouse]
    assert ("transfer_out", -200, "家庭成员（配偶）使用了您共享的积分") in told[parent]
    assert (part.status_code, after_part) == (200, [150, 40, 100])
    assert [(one["wallet"], one["together"]) for one in bank_sees["wallets"]] == [("reward", 250)]
    kinds = ("available", "given", "got_back", "spent", "gave_back")
    assert [
        (one["role"], one["gives"], one["used"], one["left"], *[one["wallets"][0][kind] for kind in kinds])
        for one in bank_sees["members"]
    ] == [
        ("owner", True, 0, None, 150, 0, 0, 0, 0),
        ("spender", False, 100, 150, 40, 0, 0, 200, 100),
        ("viewer", True, 0, None, 100, 200, 100, 0, 0),
    ]
    assert await family.balances() == [150, 40, 200]
    async with shop.house.sessions() as session:
        query = select(PointsLot).where(PointsLot.customer_id == parent, col(PointsLot.remaining) > 0)
        assert {lot.expires_on for lot in (await session.exec(query)).all()} == {date(TODAY().year, 12, 31)}
    assert (await family.look(spouse))["members"][1]["left"] == 250
    assert await family.broken() == []


async def test_who_takes_a_word_back_leaves_or_is_stopped_puts_nothing_in_any_more(shop: Shop, family: Family) -> None:
    right = await shop.right(prices=[{"tier": None, "points": PRICE}])
    with_money = await shop.right(prices=[{"tier": None, "points": PRICE, "money": "50.00"}])
    for one in (family.head, family.parent):
        await family.say(one, granted=True)
    await family.name(family.spouse, None)
    together = await family.sums(family.spouse)
    paid_too = [await family.redeem(family.spouse, with_money, dry_run=dry_run) for dry_run in (True, False)]

    await family.say(family.parent, granted=False)
    revoked = await family.sums(family.spouse)
    refused = await family.redeem(family.spouse, right, 2)
    async with shop.house.sessions() as session:
        await session.merge(
            CustomerRestriction(
                customer_id=family.head,
                id=new_id(),
                kind="judicial_freeze",
                valid_from=TODAY(),
                reference="test",
                set_by=new_id(),
                set_at=clock.now(),
            )
        )
        await session.commit()
    frozen = await family.sums(family.spouse)
    nothing = await family.redeem(family.spouse, right)
    looking = await family.redeem(family.parent, right)
    service_points = await family.redeem(family.spouse, right, wallet="service")

    assert [one.json()["code"] for one in paid_too] == ["household_pays_points_only"] * 2
    assert (together, revoked, frozen) == ((40, 350, 390), (40, 150, 190), (40, 0, 40))
    assert (refused.json()["code"], refused.json()["available"]) == ("insufficient_points", 190)
    assert [one.json()["code"] for one in (nothing, looking, service_points)] == [
        "insufficient_points",
        "household_points_unavailable",
        "wallet_not_pooled",
    ]
    assert await family.balances() == [150, 40, 200]


async def test_two_members_who_spend_the_last_points_at_once_do_not_both_have_them(shop: Shop, family: Family) -> None:
    right = await shop.right(prices=[{"tier": None, "points": 1}])
    for one in (family.head, family.spouse, family.parent):
        await family.say(one, granted=True)
    await family.name(family.spouse, None)
    await family.name(family.parent, None)
    everybody = [family.head, family.spouse, family.parent]

    answers = await asyncio.gather(*(family.redeem(who, right, 50) for who in everybody * 4))

    codes = [one.status_code if one.status_code == 201 else one.json()["code"] for one in answers]
    assert (codes.count(201), codes.count("insufficient_points")) == (7, 5), codes
    assert sum(await family.balances()) == 40
    async with shop.house.sessions() as session:
        redeemed = select(PointsEntry.points).where(PointsEntry.kind == EntryKind.REDEEM)
        assert sum((await session.exec(redeemed)).all()) == -350
    assert await family.broken() == []
