"""A rule for a wallet and a change of the wallet at the same moment: never do deposits come to earn goods."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from support.house import House
from support.waiting import until

WAITERS = text(
    "SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)"
    " WHERE NOT granted AND datname = current_database()"
)
ASSETS: dict[str, Any] = {
    "code": "deposits_count",
    "name_zh": "资产积分",
    "name_en": "Points from assets",
    "wallet": "club",
    "weights": {"deposits": "1.00"},
    "threshold": "50000.00",
    "step": "1000.00",
    "first_month": "2099-12",
}
EVENTS: dict[str, Any] = {
    "code": "deposits_earn",
    "terms": {
        "name_zh": "存款",
        "name_en": "Deposits",
        "events": ["deposit"],
        "cases": [{"gives": [{"wallet": "club", "kind": "fixed", "points": 1}]}],
    },
}
CLUB: dict[str, Any] = {
    "code": "club",
    "name_zh": "俱乐部积分",
    "name_en": "Club points",
    "unit_zh": "积分",
    "unit_en": "points",
    "cost": "0.20",
    "spendable": ["travel"],
}


async def approve(client: httpx.AsyncClient, house: House, submitted: httpx.Response) -> httpx.Response:
    assert submitted.status_code == 202, submitted.text
    url = f"/v1/approvals/{submitted.json()['approval_id']}/approve"
    return await client.post(url, json={}, headers=house.headers("hq_approver"))


async def waiting(house: House, count: int) -> None:
    """Wait until so many transactions of the database wait for a lock."""
    async with house.sessions() as session:

        async def wait() -> bool:
            return bool((await session.execute(WAITERS)).scalar_one() >= count)

        await until(wait)


@pytest.mark.merge
@pytest.mark.parametrize(("url", "draft"), [("/v1/asset-rules", ASSETS), ("/v1/earning-rules", EVENTS)])
async def test_a_rule_and_the_change_that_would_forbid_it_are_not_both_taken(
    bank_client: httpx.AsyncClient, house: House, url: str, draft: dict[str, Any]
) -> None:
    operator = house.headers("hq_operator")
    made = await bank_client.post("/v1/wallets", json=CLUB, headers=operator)
    assert (await approve(bank_client, house, made)).status_code == 200
    drafted = await bank_client.post(url, json=draft, headers=operator)
    assert drafted.status_code == 201, drafted.text
    wallet = await bank_client.get("/v1/wallets/club", headers=operator)
    terms = {name: value for name, value in wallet.json().items() if name not in {"code", "revision"}}
    change = await bank_client.put(
        "/v1/wallets/club",
        json=terms | {"transferable": True},
        headers=operator | {"If-Match": wallet.headers["etag"]},
    )
    subject = drafted.json().get("id", draft["code"])

    # Whoever came first has looked already, and writes when the row is free again.
    async with house.sessions() as holder:
        await holder.execute(text("SELECT FROM wallet WHERE code = 'club' FOR UPDATE"))
        changing = asyncio.create_task(approve(bank_client, house, change))
        await waiting(house, 1)
        submitting = asyncio.create_task(bank_client.post(f"{url}/{subject}/submit", headers=operator))
        await asyncio.wait({submitting}, timeout=1)
        await holder.rollback()
    changed, submitted = await changing, await submitting

    assert changed.status_code == 200, changed.text
    assert (submitted.status_code, submitted.json()["code"]) == (409, "deposit_reward_forbidden")


async def test_a_wallet_in_which_moved_deposits_earn_does_not_come_to_buy_goods(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    operator = house.headers("hq_operator")
    await approve(bank_client, house, await bank_client.post("/v1/wallets", json=CLUB, headers=operator))
    await bank_client.post("/v1/earning-rules", json=EVENTS, headers=operator)
    submitted = await bank_client.post("/v1/earning-rules/deposits_earn/submit", headers=operator)
    assert submitted.status_code == 202, submitted.text
    wallet = await bank_client.get("/v1/wallets/club", headers=operator)
    terms = {name: value for name, value in wallet.json().items() if name not in {"code", "revision"}}

    refused = await bank_client.put(
        "/v1/wallets/club", json=terms | {"buys_goods": True}, headers=operator | {"If-Match": wallet.headers["etag"]}
    )

    assert (refused.status_code, refused.json()["code"]) == (409, "deposit_reward_forbidden")
