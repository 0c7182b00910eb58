"""Points of growth over HTTP: counted by a tier scheme, in use only then, spent nowhere."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.holdings.models import EventType
from guibin.tags.facts import refresh_facts
from guibin.tiers.defaults import LOWER_BOUNDS_CNY
from guibin.tiers.service import evaluate
from support.house import House
from support.points import commit_points, event_rows
from support.rights import add_right

BOUNDS = {code: f"{cny}.00" for code, cny in LOWER_BOUNDS_CNY.items()}
SCHEME: dict[str, Any] = {
    "name": "成长值方案",
    "lower_bounds": BOUNDS,
    "growth": {"wallet": "growth", "points": {"T0": 50, "T1": 100, "T2": 500}},
}


class Office:
    """Head office: one submits, another approves."""

    def __init__(self, client: httpx.AsyncClient, house: House) -> None:
        self.client, self.house = client, house

    async def draft(self, **growth: object) -> httpx.Response:
        body = SCHEME | {"growth": SCHEME["growth"] | growth}
        return await self.client.post("/v1/tier-schemes", json=body, headers=self.house.headers("hq_operator"))

    async def put_in_force(self) -> None:
        made = (await self.draft()).json()
        submit = f"/v1/tier-schemes/{made['id']}/submit"
        asked = await self.client.post(submit, headers=self.house.headers("hq_operator"))
        assert (await self.approve(asked)).status_code == 200

    async def switch(self, *, active: bool) -> httpx.Response:
        headers = self.house.headers("hq_operator")
        before = await self.client.get("/v1/wallets/growth", headers=headers)
        body = {name: value for name, value in before.json().items() if name not in {"code", "revision"}}
        headers |= {"If-Match": before.headers["etag"]}
        return await self.client.put("/v1/wallets/growth", json=body | {"active": active}, headers=headers)

    async def approve(self, submitted: httpx.Response) -> httpx.Response:
        assert submitted.status_code == 202, submitted.text
        url = f"/v1/approvals/{submitted.json()['approval_id']}/approve"
        return await self.client.post(url, json={}, headers=self.house.headers("hq_approver"))


async def _night(house: House) -> None:
    async with house.sessions() as session:
        today = clock.today()
        await refresh_facts(session, day=today)
        await evaluate(session, day=today)
        await session.commit()


async def _tier(house: House, customer_id: UUID) -> tuple[str | None, int | None]:
    async with house.sessions() as session:
        query = "SELECT tier_code, growth_points FROM tier_history WHERE customer_id = :id ORDER BY effective_on DESC"
        connection = await session.connection()
        row = (await connection.execute(text(query), {"id": customer_id})).first()
        return (None, None) if row is None else (row[0], row[1])


async def test_growth_points_give_a_tier_and_are_spent_nowhere(
    bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient, house: House
) -> None:
    office, customer_id = Office(bank_client, house), await house.add_customer()

    early = await office.switch(active=True)
    await office.put_in_force()
    switched = await office.approve(await office.switch(active=True))
    off = await office.switch(active=False)
    await commit_points(house.database, customer_id, 120, wallet="growth")
    await _night(house)
    mine = (await customer_client.get("/v1/me/tier", headers=house.customer_headers(customer_id))).json()

    assert [(one.status_code, one.json()["code"]) for one in (early, off)] == [(409, "growth_not_counted")] * 2
    assert switched.status_code == 200
    assert await _tier(house, customer_id) == ("T1", 120)
    assert (mine["next"]["growth_points"], mine["next"]["growth_missing"]) == (50, 0)  # T1 begins tomorrow

    held = await bank_client.post(
        "/v1/points/holds",
        json={
            "customer_id": to_public("cus", customer_id),
            "wallet": "growth",
            "points": 1,
            "expires_at": (clock.now() + timedelta(hours=2)).isoformat(),
            "reference": "B1",
            "reason": "机场贵宾厅预约占用积分",
        },
        headers=house.service_headers("core_banking", ("points:hold",), key=str(new_id())),
    )
    async with house.sessions() as session:
        right = await add_right(session, wallet="growth")
        await session.commit()
    taken = await customer_client.post(
        "/v1/redemptions",
        json={"right_id": to_public("rgt", right), "quantity": 1},
        headers=house.customer_headers(customer_id, key=str(new_id())),
    )
    rule: dict[str, Any] = {"name_zh": "成长礼", "name_en": "Growth", "events": ["salary"]}
    rule["cases"] = [{"gives": [{"wallet": "growth", "kind": "fixed", "points": 400}]}]
    headers, shown = house.headers("hq_operator"), to_public("cus", customer_id)
    await bank_client.post("/v1/earning-rules", json={"code": "growing", "terms": rule}, headers=headers)
    event = {"event_type": "salary", "occurred_at": clock.now().isoformat(), "customer_id": shown}
    tried = await bank_client.post("/v1/earning-rules/growing/simulate", json=event, headers=headers)
    assert (held.status_code, held.json()["code"]) == (409, "points_not_spendable")
    assert (tried.status_code, tried.json()["tier"]) == (200, {"before": "T1", "after": "T2"})
    month = (clock.today().replace(day=1) - timedelta(days=1)).replace(day=1)
    async with house.sessions() as session:
        at = clock.start_of_day(month) + timedelta(hours=12)
        session.add_all(event_rows(customer_id, EventType.SALARY, occurred_at=at))
        await session.commit()
    url = "/v1/earning-rules/growing/back-test"
    tested = await bank_client.post(url, json={"month": month.isoformat()[:7]}, headers=headers)
    assert tested.json()["moves"] == [{"before": "T1", "after": "T2", "customers": 1}]
    assert (taken.status_code, taken.json()["code"]) == (409, "category_not_spendable")


@pytest.mark.parametrize(
    ("growth", "fault"),
    [
        ({"wallet": "reward"}, "wallet_not_growth"),
        ({"wallet": "nothing"}, "wallet_not_growth"),
        ({"points": {"T1": 500, "T2": 500}}, "not_rising"),
        ({"points": {"T9": 500}}, "tier_unknown"),
    ],
)
async def test_growth_that_makes_no_scheme_is_refused(
    bank_client: httpx.AsyncClient, house: House, growth: dict[str, object], fault: str
) -> None:
    answer = await Office(bank_client, house).draft(**growth)
    assert (answer.status_code, answer.json()["code"], answer.json()["fault"]) == (422, "tier_range_invalid", fault)
