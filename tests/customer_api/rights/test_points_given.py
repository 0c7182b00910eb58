"""Points of another kind as a right: given with the redemption, to oneself or to who shows a code, and given back."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from guibin.core.ids import new_id
from guibin.points.models import Wallet
from support.house import House
from support.shop import Shop
from support.transfers import Giving

CLUB: dict[str, object] = {
    "code": "club",
    "name_zh": "俱乐部积分",
    "name_en": "Club points",
    "unit_zh": "积分",
    "unit_en": "points",
    "cost_fen": 50,
    "funding_line": "e_finance",
    "transferable": True,
}
PRICES: list[dict[str, object]] = [{"tier": None, "points": 100}]


async def add_club(house: House, **changes: object) -> None:
    async with house.sessions() as session:
        session.add(Wallet.model_validate(CLUB | changes))
        await session.commit()


async def make_right(shop: Shop, to: str = "customer") -> str:
    gives = {"wallet": "club", "points": 20, "to": to}
    return await shop.right(fulfilment="instruction", prices=PRICES, offer={"gives": gives})


class Till:
    """A customer who redeems, looks and is refunded."""

    def __init__(self, shop: Shop, client: httpx.AsyncClient) -> None:
        self.house, self.client = shop.house, client

    async def redeem(self, customer: UUID, right: str, **body: Any) -> httpx.Response:
        key = str(body.pop("key", new_id()))
        headers = self.house.customer_headers(customer, key=key)
        return await self.client.post(
            "/v1/redemptions", json={"right_id": right, "quantity": 1} | body, headers=headers
        )

    async def read(self, customer: UUID, path: str) -> dict[str, Any]:
        answer = await self.client.get(path, headers=self.house.customer_headers(customer))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def balances(self, customer: UUID) -> dict[str, int]:
        wallets = (await self.read(customer, "/v1/me/points"))["wallets"]
        return {one["wallet"]: one["available"] for one in wallets if one["wallet"] in {"reward", "club"}}

    async def refund(self, bank: httpx.AsyncClient, redemption: str, **body: Any) -> httpx.Response:
        headers = self.house.headers("hq_operator", key=str(new_id()))
        return await bank.post(
            f"/v1/redemptions/{redemption}/refund", json={"reason": "客户操作有误，申请退还"} | body, headers=headers
        )


async def test_points_become_points_of_another_kind_at_once_and_both_sides_come_back(
    shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    await add_club(shop.house)
    till, me = Till(shop, customer_client), await shop.customer(1_000)
    right = await make_right(shop)

    seen = await till.redeem(me, right, quantity=3, dry_run=True)
    asked = await till.redeem(me, right, receiving_code="GBT1.x")
    done = await till.redeem(me, right, quantity=3, key="first")
    again = await till.redeem(me, right, quantity=3, key="first")
    had = await till.balances(me)
    shown = await till.read(me, f"/v1/redemptions/{done.json()['id']}")
    entries = (await till.read(me, "/v1/me/points/entries?wallet=club"))["items"]
    part = await till.refund(bank_client, done.json()["id"], units=1)
    back = await till.refund(bank_client, done.json()["id"])
    after = await till.balances(me)

    assert (await till.read(me, f"/v1/rights/{right}"))["gives"] == {"wallet": "club", "points": 20, "to": "customer"}
    assert (seen.status_code, seen.json()["points_charged"]) == (200, 300)
    assert (asked.status_code, asked.json()["code"]) == (409, "receiving_code_not_asked")
    assert (done.status_code, done.json()["state"], done.json()["points_charged"]) == (201, "fulfilled", 300)
    assert (again.content, again.headers["idempotent-replayed"]) == (done.content, "true")
    assert had == {"reward": 700, "club": 60}
    assert (shown["state"], shown["given"]) == ("fulfilled", {"wallet": "club", "points": 60, "to": "customer"})
    assert [step["state"] for step in shown["steps"]] == ["confirmed", "fulfilled"]
    assert [(one["kind"], one["points"], one["source_kind"]) for one in entries] == [("earn", 60, "redemption")]
    assert (part.status_code, part.json()["code"]) == (409, "not_refundable")
    assert (back.status_code, after) == (200, {"reward": 1_000, "club": 0})


async def test_somebody_else_receives_points_by_a_code_that_is_good_once(
    shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    await add_club(shop.house)
    till, giving = Till(shop, customer_client), Giving(shop.house, customer_client)
    me, friend = await shop.customer(1_000), await shop.customer(0)
    right = await make_right(shop, to="other")
    code = await giving.code(friend, "club")

    none, own = await till.redeem(me, right), await till.redeem(me, right, receiving_code=await giving.code(me, "club"))
    done = await till.redeem(me, right, receiving_code=code)
    twice = await till.redeem(me, right, receiving_code=code)
    had = await till.balances(me), await till.balances(friend)
    theirs = (await till.read(friend, "/v1/me/points/entries?wallet=club"))["items"]
    await giving.give(friend, await giving.code(me, "club"), 1, wallet="club")
    spent = await till.refund(bank_client, done.json()["id"])

    assert [(one.status_code, one.json()["code"]) for one in (none, own, twice)] == [
        (409, "receiving_code_required"),
        (409, "transfer_to_self"),
        (409, "transfer_code_invalid"),
    ]
    assert (done.status_code, had) == (201, ({"reward": 900, "club": 0}, {"reward": 0, "club": 20}))
    assert [(one["kind"], one["points"]) for one in theirs] == [("earn", 20)]
    assert (spent.status_code, spent.json()["code"], spent.json()["left"]) == (409, "given_points_spent", 19)


@pytest.mark.parametrize(
    ("changes", "code"), [({"active": False}, "wallet_closed"), ({"balance_cap": 19}, "receiver_unavailable")]
)
async def test_nothing_is_paid_where_nothing_can_be_given(
    shop: Shop, customer_client: httpx.AsyncClient, changes: dict[str, object], code: str
) -> None:
    await add_club(shop.house, **changes)
    till, me = Till(shop, customer_client), await shop.customer(1_000)
    right = await make_right(shop)

    refused = await till.redeem(me, right, key="first")
    again = await till.redeem(me, right, key="first")

    assert (refused.status_code, refused.json()["code"], again.content) == (409, code, refused.content)
    assert (await till.balances(me))["reward"] == 1_000


async def test_terms_give_only_other_points_and_no_goods_for_deposits(
    shop: Shop, bank_client: httpx.AsyncClient
) -> None:
    await add_club(shop.house, buys_goods=True)
    headers = shop.house.headers("rights_operator")

    async def draft(wallet: str, fulfilment: str = "instruction", **terms: Any) -> httpx.Response:
        gives = {"wallet": "club", "points": 1} | terms.pop("gives", {})
        body = {
            "code": f"r{new_id().hex[:8]}",
            "wallet": wallet,
            "fulfilment": fulfilment,
            "stock_mode": "unlimited",
            "category": "finance",
            "name_zh": "积分转换",
            "name_en": "Other points",
            "description_zh": "积分转换",
            "description_en": "Other points",
            "terms": {"prices": PRICES, "gives": gives} | terms,
        }
        return await bank_client.post("/v1/rights", json=body, headers=headers | {"Idempotency-Key": str(new_id())})

    good = await draft("reward")
    deposits = await draft("service")
    wrong = [
        await draft("club"),
        await draft("reward", gives={"wallet": "growth"}),
        await draft("reward", gives={"wallet": "none"}),
        await draft("reward", fulfilment="hand_out"),
        await draft("reward", prices=[{"tier": None, "points": 0}]),
        await draft("reward", cancel_hours=24),
        await draft("reward", quotas=[{"tier": "T1", "period": "year", "times": 1}]),
    ]

    assert (good.status_code, good.json()["draft_terms"]["gives"]) == (
        201,
        {"wallet": "club", "points": 1, "to": "customer"},
    )
    assert (deposits.status_code, deposits.json()["code"]) == (409, "deposit_reward_forbidden")
    assert [one.status_code for one in wrong] == [422] * len(wrong)
