"""A rule of earning that gives a right: once for an event, as far as there is any, and back with the points."""

from typing import Any
from uuid import UUID

import httpx
from sqlmodel import col, select

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.points import invariants as points_invariants
from guibin.points.earning.models import EarningEffect
from guibin.rights import invariants
from guibin.rights.models import Redemption, RightsItem
from support.house import House
from support.rights import free_stock
from support.shop import Shop

PATH = "/v1/earning-rules"


def terms(right: str, **changes: Any) -> dict[str, Any]:
    effect = {"kind": "right", "right": right, "quantity": 1}
    gift = {"wallet": "reward", "kind": "fixed", "points": 500}
    case = {"gives": [gift], "effects": [effect]}
    return {"name_zh": "满百赠权益", "name_en": "A lounge visit", "events": ["card_spend"], "cases": [case]} | changes


class Desk:
    """Head office makes a rule by two people, and the bank's systems send events."""

    def __init__(self, client: httpx.AsyncClient, house: House) -> None:
        self.client, self.house, self.moment = client, house, ""

    async def draft(self, body: dict[str, Any]) -> httpx.Response:
        body = {"code": "large", "terms": body}
        return await self.client.post(PATH, json=body, headers=self.house.headers("hq_operator"))

    async def publish(self) -> None:
        submitted = await self.client.post(f"{PATH}/large/submit", headers=self.house.headers("hq_operator"))
        url = f"/v1/approvals/{submitted.json()['approval_id']}/approve"
        assert (await self.client.post(url, json={}, headers=self.house.headers("hq_approver"))).status_code == 200
        self.moment = clock.now().isoformat()

    async def send(self, *customers: UUID, reference: str = "") -> list[dict[str, Any]]:
        rows = [
            {
                "line": "credit_card",
                "reference": reference or str(new_id()),
                "customer_id": to_public("cus", customer_id),
                "event_type": "card_spend",
                "occurred_at": self.moment,
                "amount": "1000.00",
            }
            for customer_id in customers
        ]
        headers = self.house.service_headers("core_banking", ("earn:post",), key=str(new_id()))
        answer = await self.client.post("/v1/points/events", json={"events": rows}, headers=headers)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["results"])

    async def effects(self) -> list[str]:
        async with self.house.sessions() as session:
            assert await points_invariants.check(session) == []
            assert await invariants.check(session) == []
            rows = (await session.exec(select(EarningEffect).order_by(col(EarningEffect.made_at)))).all()
            return sorted(f"{row.subject}:{row.state}" for row in rows)


async def test_a_right_is_given_once_for_an_event_as_long_as_there_is_any_and_goes_back_with_the_points(
    bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient, house: House
) -> None:
    desk, shop = Desk(bank_client, house), Shop(house)
    right = await shop.right(code="lounge", stock=1)
    first, second = sorted([await house.add_customer(), await house.add_customer()])
    coffee = await shop.pool(["COFFEE-1", "COFFEE-2"], code="coffee")
    both = terms("lounge")
    both["cases"][0]["effects"].append({"kind": "right", "right": "coffee"})
    assert (await desk.draft(both)).status_code == 201
    asked = {
        "customer_id": to_public("cus", first),
        "event_type": "card_spend",
        "amount": "1000.00",
        "line": "credit_card",
        "occurred_at": clock.now().isoformat(),
    }
    tried = await bank_client.post(f"{PATH}/large/simulate", json=asked, headers=house.headers("hq_operator"))
    await desk.publish()

    results = [*await desk.send(first, reference="one"), *await desk.send(second)]
    again = await desk.send(first, reference="one")
    mine = (await customer_client.get("/v1/redemptions", headers=house.customer_headers(first))).json()["items"]
    code = next(one["id"] for one in mine if one["right_id"] == coffee)
    codes = (await customer_client.get(f"/v1/redemptions/{code}/code", headers=house.customer_headers(first))).json()
    had = await desk.effects()
    reversal = await bank_client.post(
        f"/v1/points/entries/{results[0]['entry_ids'][0]}/reverse",
        json={"customer_id": to_public("cus", first), "reason": "交易已退货，按工单收回积分"},
        headers=house.headers("hq_operator", key=str(new_id())),
    )
    url = f"/v1/approvals/{reversal.json()['approval_id']}/approve"
    assert (await bank_client.post(url, json={}, headers=house.headers("hq_approver"))).status_code == 200

    (draft,) = [one for one in tried.json()["rules"] if one["code"] == "large"]
    assert [one["right"] for one in draft["effects"]] == ["lounge", "coffee"]
    assert [(one["status"], one["points"]) for one in results] == [("earned", 500)] * 2
    assert again[0]["status"] == "replayed"
    assert sorted((one["right_id"], one["state"], one["points_charged"]) for one in mine) == sorted(
        [(right, "confirmed", 0), (coffee, "confirmed", 0)]
    )
    assert codes["codes"][0]["code"].startswith("COFFEE-")
    assert had == ["coffee:done", "coffee:done", "lounge:done", "lounge:missed"]
    assert await desk.effects() == ["coffee:done", "coffee:ended", "lounge:ended", "lounge:missed"]
    async with house.sessions() as session:
        states = (await session.exec(select(Redemption.state).where(Redemption.customer_id == first))).all()
        item = (await session.exec(select(RightsItem.id).where(RightsItem.code == "lounge"))).one()
        assert (set(states), await free_stock(session, item)) == ({"refunded"}, 1)


async def test_a_rule_gives_no_right_that_there_is_not_or_that_deposits_would_earn(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    desk, shop = Desk(bank_client, house), Shop(house)
    await shop.right(code="lounge")
    await shop.right(code="parcel", fulfilment="parcel")

    unknown, parcel = await desk.draft(terms("nothing")), await desk.draft(terms("parcel"))
    many = await desk.draft(terms("lounge", cases=[{"gives": [], "effects": []}]))
    deposit = await desk.draft(
        terms("lounge", events=["deposit"])
        | {
            "cases": [
                {
                    "gives": [{"wallet": "service", "kind": "fixed", "points": 1}],
                    "effects": [{"kind": "right", "right": "lounge"}],
                }
            ]
        }
    )

    assert [(one.status_code, one.json()["code"]) for one in (unknown, parcel)] == [(422, "rule_terms_invalid")] * 2
    assert (many.status_code, deposit.status_code, deposit.json()["code"]) == (422, 409, "deposit_reward_forbidden")
