"""What a customer redeemed before becoming one with another is the other's to see, to show and to cancel."""

from typing import Any
from uuid import UUID

import httpx
from sqlmodel import select

from guibin.core import clock
from guibin.core.ids import from_public, new_id, to_public
from guibin.customers.merging import first_objection, merge, unmerge
from guibin.customers.models import CustomerMerge
from guibin.outbox.models import OutboxEvent
from guibin.points.merging import take_over_later
from guibin.points.models import Wallet
from guibin.rights import invariants
from guibin.security.actors import NIGHTLY_JOB
from support.house import House
from support.packages import add_package
from support.points import sessions_of
from support.shop import Shop


async def become_one(house: House, loser: UUID, survivor: UUID) -> None:
    async with sessions_of(house.database.bank_url, pool_size=1) as factory, factory() as session:
        assert await first_objection(session, losing_id=loser, surviving_id=survivor) is None
        await merge(
            session, actor=NIGHTLY_JOB, losing_id=loser, surviving_id=survivor, day=clock.today(), reason="test"
        )
        await session.commit()


async def become_two(house: House, survivor: UUID) -> None:
    async with sessions_of(house.database.bank_url, pool_size=1) as factory, factory() as session:
        journal = (await session.exec(select(CustomerMerge).where(CustomerMerge.customer_id == survivor))).one()
        await unmerge(session, actor=NIGHTLY_JOB, journal=journal, day=clock.today(), reason="test")
        await session.commit()


async def test_what_the_origin_had_marked_is_marked_until_the_merge_is_undone(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    loser, survivor = await shop.customers(2, 100)
    rights = [await shop.right() for _ in range(3)]
    for customer, right in ((loser, rights[0]), (loser, rights[1]), (survivor, rights[1]), (survivor, rights[2])):
        headers = shop.house.customer_headers(customer, key=str(new_id()))
        assert (await customer_client.put(f"/v1/me/favourites/{right}", headers=headers)).status_code == 204

    async def marked(customer: UUID) -> set[str]:
        answer = await customer_client.get("/v1/me/favourites", headers=shop.house.customer_headers(customer))
        return {item["id"] for item in answer.json()["items"]}

    await become_one(shop.house, loser, survivor)
    assert await marked(survivor) == {*rights}
    await become_two(shop.house, survivor)
    assert (await marked(survivor), await marked(loser)) == ({rights[1], rights[2]}, {rights[0], rights[1]})


async def test_redemptions_of_the_origin_are_read_shown_and_cancelled_by_whom_it_became(
    shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    house = shop.house
    loser, survivor = await shop.customers(2, 100)
    other = await shop.customer(100)
    right = await shop.pool(["CODE-1"], prices=[{"tier": None, "points": 30}], offer={"cancel_hours": 24})
    own = house.customer_headers(loser, key="k")
    body = {"right_id": right, "quantity": 1, "expected_points": 30}
    made = await customer_client.post("/v1/redemptions", json=body, headers=own)
    assert made.status_code == 201, made.text
    path = f"/v1/redemptions/{made.json()['id']}"
    await become_one(house, loser, survivor)

    headers = house.customer_headers(survivor, key="c")
    assert (await customer_client.get(path, headers=own)).status_code == 401
    assert (await customer_client.get(path, headers=house.customer_headers(other))).status_code == 404
    (listed,) = (await customer_client.get("/v1/redemptions", headers=headers)).json()["items"]
    assert (await customer_client.get(path, headers=headers)).json()["id"] == listed["id"] == made.json()["id"]
    (code,) = (await customer_client.get(f"{path}/code", headers=headers)).json()["codes"]
    assert code["code"] == "CODE-1"
    home = (await customer_client.get("/v1/me/home", headers=headers)).json()
    assert [one["redemption_id"] for one in home["usable_codes"]] == [listed["id"]]
    seen = await bank_client.get(
        f"/v1/customers/{to_public('cus', loser)}/redemptions", headers=house.headers("customer_service")
    )
    assert [one["id"] for one in seen.json()["items"]] == [listed["id"]]
    history = (await customer_client.get("/v1/me/points/entries", headers=headers)).json()["items"]
    assert sorted(entry["kind"] for entry in history) == ["earn", "earn", "merge_in", "merge_out", "redeem"]

    cancelled = await customer_client.post(f"{path}/cancel", headers=headers)
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    async with sessions_of(house.database.worker_url, pool_size=1) as factory, factory() as session:
        assert await take_over_later(session, limit=10) == 1
        await session.commit()
    wallets = (await customer_client.get("/v1/me/points", headers=headers)).json()["wallets"]
    assert [one["available"] for one in wallets if one["wallet"] == "reward"] == [200]


async def test_a_merge_gives_nobody_a_second_quota(shop: Shop, customer_client: httpx.AsyncClient) -> None:
    loser, survivor = await shop.customers(2, 100)
    right = await shop.right(prices=[{"tier": None, "points": 30}], limit_times=2, limit_period="year")
    body = {"right_id": right, "quantity": 1}

    async def redeem(customer: UUID, key: str) -> httpx.Response:
        return await customer_client.post(
            "/v1/redemptions", json=body, headers=shop.house.customer_headers(customer, key=key)
        )

    assert (await redeem(loser, "a")).status_code == (await redeem(survivor, "b")).status_code == 201
    await become_one(shop.house, loser, survivor)
    (shown,) = (await customer_client.get("/v1/rights", headers=shop.house.customer_headers(survivor))).json()["items"]
    assert [reason["code"] for reason in shown["reasons"]] == ["limit_reached"]
    third = await redeem(survivor, "c")
    assert (third.status_code, third.json()["code"]) == (409, "limit_reached")
    assert len(await shop.redemptions_of(right)) == 2


async def test_what_failed_before_a_merge_is_read_and_not_replaced(
    shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    house = shop.house
    loser, survivor = await shop.customers(2, 100)
    await shop.right(code="instead", prices=[{"tier": None, "points": 10}])
    offer = {"substitutes": [{"right": "instead", "price": "not_above"}]}
    right = await shop.right(prices=[{"tier": None, "points": 30}], offer=offer)
    own = house.customer_headers(loser, key="k")
    made = await customer_client.post("/v1/redemptions", json={"right_id": right, "quantity": 1}, headers=own)
    path = f"/v1/redemptions/{made.json()['id']}"
    failed = await bank_client.post(
        f"{path}/fail",
        json={"reason": "机场贵宾厅临时关闭，无法提供服务"},
        headers=house.headers("branch_head", key="f"),
    )
    assert failed.status_code == 200, failed.text
    before = (await customer_client.get(path, headers=own)).json()["replacing"]
    assert [one["code"] for one in before["alternatives"]] == ["instead"]
    await become_one(house, loser, survivor)

    headers = house.customer_headers(survivor, key="s")
    seen = await customer_client.get(path, headers=headers)
    assert (seen.status_code, seen.json()["state"], seen.json()["replacing"]) == (200, "failed", None)
    assert (await customer_client.get("/v1/me/home", headers=headers)).json()["replaceable"] is None


async def test_a_merge_gives_nobody_a_second_cap_on_spending_or_a_package_twice(
    shop: Shop, customer_client: httpx.AsyncClient
) -> None:
    house, month = shop.house, clock.today().replace(day=1)
    loser, survivor = [await shop.customer(100, tier="T2") for _ in range(2)]
    right = await shop.right(prices=[{"tier": None, "points": 30}])
    second = await shop.right()
    packed, beside = from_public("rgt", right), from_public("rgt", second)
    assert packed is not None
    assert beside is not None
    async with house.sessions() as session:
        package = await add_package(session, {packed: 2, beside: 1}, first_day=month)
        wallet = await session.get_one(Wallet, "reward")
        wallet.caps = [{"kind": "spend", "period": "month", "points": 50}]
        await session.commit()

    async def ask(customer: UUID, key: str, path: str = "/v1/redemptions", **body: object) -> httpx.Response:
        headers = house.customer_headers(customer, key=key)
        return await customer_client.post(path, json=body, headers=headers)

    public = to_public("pkg", package)
    wish: dict[str, Any] = {"right_id": right, "quantity": 1}
    chosen = await ask(loser, "a", f"/v1/me/packages/{public}/choices", rights=[right])
    assert chosen.status_code in {200, 201}, chosen.text
    assert (await ask(loser, "b", **wish)).status_code == 201
    assert (await ask(loser, "c", **wish, package_id=public)).status_code == 201
    await become_one(house, loser, survivor)

    other = await ask(survivor, "n", f"/v1/me/packages/{public}/choices", rights=[second])
    assert other.json()["code"] == "package_in_use"
    look = await ask(survivor, "d", **wish, dry_run=True)
    assert [reason["code"] for reason in look.json()["reasons"]] == ["spend_cap_reached"]
    assert (await ask(survivor, "e", **wish)).json()["code"] == "spend_cap_reached"
    assert (await ask(survivor, "f", **wish, package_id=public)).status_code == 201
    assert (await ask(survivor, "g", **wish, package_id=public)).json()["code"] == "package_used_up"
    async with house.sessions() as session:
        assert await invariants.check(session) == []
        told = (await session.exec(select(OutboxEvent).where(OutboxEvent.type == "customer.merged"))).one()
        assert (told.subject, told.payload) == (to_public("cus", loser), {"merged_into": to_public("cus", survivor)})
