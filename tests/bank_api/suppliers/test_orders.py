"""Orders at a supplier over HTTP: sent once after the redemption, asked for when an answer is lost, then ended."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from guibin.core.ids import new_id
from guibin.points import invariants as points_invariants
from guibin.rights import invariants as rights_invariants
from guibin.rights.models import Fulfilment
from guibin.suppliers import invariants as order_invariants
from guibin_tools.supplier_simulator.application import Behaviour, Desk
from support.house import House
from support.shop import Shop
from support.supplying import OPERATOR, Supply, add_supplier, connected

CHEAP = ({"tier": None, "points": 10},)
ACCOUNT = {"recharge_account": "13800138000"}
HOME = {"recipient": "王小明", "phone": "13800138000", "address": "上海市浦东新区世纪大道1号"}
BY_HAND = "供应商来电确认，邮件为证"


async def points_of(supply: Supply, customer: UUID) -> int:
    async with supply.shop.house.sessions() as session:
        assert await points_invariants.check(session) == []
        assert await rights_invariants.check(session) == []
        assert await order_invariants.check(session) == []
    headers = supply.shop.house.customer_headers(customer)
    wallets = (await supply.customers.get("/v1/me/points", headers=headers)).json()
    return sum(one["available"] for one in wallets["wallets"])


async def neighbour(supply: Supply) -> Supply:
    """Add another supplier, with a secret of its own."""
    headers = supply.shop.house.headers(OPERATOR, key=str(new_id()))
    path = await add_supplier(supply.shop.house, supply.bank, code="LY", name="邻源", base_url="http://127.0.0.1:9")
    secret = (await supply.bank.get(f"{path}/secret", headers=headers)).json()["secret"]
    return Supply(supply.shop, Desk(secret), supply.bank, supply.customers, path)


async def test_r15_an_order_is_sent_once_after_the_redemption_and_ends_as_its_supplier_says(
    house: House, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    shop = Shop(house)
    customer = await shop.customer(100)
    async with connected(shop, bank_client, customer_client) as supply:
        right = await supply.right(Fulfilment.ORDER, prices=CHEAP)
        done = (await supply.redeem(customer, right)).json()
        assert (done["state"], supply.desk.posts) == ("confirmed", 0)
        await supply.tend()
        assert await supply.states(done["id"]) == ("done", "fulfilled", None, False)
        code = (await supply.seen(customer, done["id"], "/code")).json()
        assert (code["code"].startswith("SIM-"), code["qr"]) == (True, None)

        supply.desk.behaviour = Behaviour.LOSE
        lost = (await supply.redeem(customer, right)).json()["id"]
        await supply.tend()
        assert (await supply.states(lost))[:3] == ("sent", "in_fulfilment", "unreachable")
        fail = await bank_client.post(
            f"/v1/redemptions/{lost}/fail", json={"reason": BY_HAND}, headers=house.headers("lobby", key=str(new_id()))
        )
        assert (fail.status_code, fail.json()["code"]) == (409, "order_open")
        await supply.later(hours=25)
        async with house.sessions() as session:
            faults = await order_invariants.check(session)
        assert [(fault.id, fault.key) for fault in faults] == [("I12", await supply.order_no(lost))]
        await supply.tend()
        assert await supply.states(lost) == ("done", "fulfilled", None, False)
        assert supply.desk.posts == 2

        supply.desk.behaviour = Behaviour.REFUSE
        refused = (await supply.redeem(customer, right)).json()["id"]
        await supply.tend()
        assert await supply.states(refused) == ("refused", "failed", None, False)
        assert await points_of(supply, customer) == 80


async def test_c1_c2_c4_to_c8_call_backs_bring_an_order_forward_once_and_only_with_their_signature(
    house: House, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    shop = Shop(house)
    customer = await shop.customer(100)
    async with connected(shop, bank_client, customer_client) as supply:
        right = await supply.right(Fulfilment.PARCEL, prices=CHEAP)
        supply.desk.behaviour, supply.desk.after = Behaviour.ACCEPT, 3600
        bare = await supply.redeem(customer, right)
        assert (bare.status_code, bare.json()["code"], bare.json()["needed"]) == (409, "delivery_required", "address")
        parcel = (await supply.redeem(customer, right, delivery=HOME)).json()["id"]
        await supply.tend()
        assert (await supply.states(parcel))[:2] == ("accepted", "in_fulfilment")
        assert supply.desk.received[0] | HOME == supply.desk.received[0]

        event: dict[str, Any] = {
            "id": "e1",
            "type": "order.done",
            "order_no": await supply.order_no(parcel),
            "tracking_no": "SF1234",
        }
        forged = await supply.call_back(secret="supsec_other", **event)
        assert (forged.status_code, forged.json()["code"]) == (401, "signature_invalid")
        unsigned = await customer_client.post(forged.request.url.path, json=event)
        assert (unsigned.status_code, unsigned.json()["code"]) == (401, "signature_invalid")
        other = await neighbour(supply)
        for secret, refusal in ((None, (404, "not_found")), (supply.desk.secret, (401, "signature_invalid"))):
            astray = await other.call_back(secret=secret, **event)
            assert (astray.status_code, astray.json()["code"]) == refusal
        assert (await supply.states(parcel))[:2] == ("accepted", "in_fulfilment")
        differs = await supply.call_back(**event | {"quantity": 2})
        assert (differs.status_code, differs.json()["code"]) == (409, "mismatch")
        unknown = await supply.call_back(**event | {"order_no": f"ord_{new_id()}"})
        assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
        ignored = await supply.call_back(**event | {"type": "order.weighed"})
        many = await asyncio.gather(*(supply.call_back(**event) for _ in range(5)))
        assert [ignored.status_code, *(one.status_code for one in many)] == [200] * 6
        reused = await supply.call_back(**event | {"type": "order.refused"})
        assert (reused.status_code, reused.json()["code"]) == (409, "mismatch")
        await supply.tend()
        behind = await supply.call_back(**event | {"id": "e2", "type": "order.accepted"})
        await supply.tend()
        assert (behind.status_code, (await supply.states(parcel))[:2]) == (200, ("done", "fulfilled"))
        order = (await supply.seen(customer, parcel)).json()["order"]
        assert (order["supplier"], order["state"], order["tracking_no"]) == ("翼行", "done", "SF1234")
        async with house.sessions() as session:
            kept = await session.execute(text("SELECT event_id, changed, content_enc FROM supplier_event ORDER BY 1"))
            assert [tuple(row) for row in kept] == [("e1", True, None), ("e2", False, None)]
        assert await points_of(supply, customer) == 90


async def test_a_person_settles_what_no_supplier_tells(
    house: House, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    shop = Shop(house)
    customer = await shop.customer(100)
    async with connected(shop, bank_client, customer_client) as supply:
        top_up = await supply.right(Fulfilment.TOP_UP, prices=CHEAP)
        plain = await shop.right(prices=CHEAP)
        needless = await supply.redeem(customer, plain, delivery=ACCOUNT)
        assert (needless.status_code, needless.json()["code"]) == (409, "delivery_not_asked")
        both = await supply.redeem(customer, top_up, delivery=ACCOUNT | HOME)
        assert both.status_code == 422
        supply.desk.behaviour = Behaviour.FORGET
        lost, other = [(await supply.redeem(customer, top_up, delivery=ACCOUNT)).json()["id"] for _ in range(2)]
        nothing = await supply.settle(lost, "lobby", outcome="refused", reason=BY_HAND)
        assert (nothing.status_code, nothing.json()["code"]) == (409, "no_open_order")
        await supply.tend()
        early = await supply.settle(lost, "lobby", outcome="refused", reason=BY_HAND)
        assert (early.status_code, early.json()["code"]) == (409, "order_open")
        await supply.later()
        for body, code in (({}, "reason_required"), ({"codes": ["ABCD-1"], "reason": BY_HAND}, "codes_differ")):
            refused = await supply.settle(lost, "lobby", outcome="done", **body)
            assert refused.json()["code"] == code
        ended = await supply.settle(lost, "lobby", outcome="refused", reason=BY_HAND)
        assert (ended.status_code, ended.json()["state"], ended.json()["id"][:4]) == (200, "refused", "ord_")
        assert (await supply.states(lost))[:2] == ("refused", "failed")

        waits = await supply.settle(other, "lobby", outcome="ask", reason=BY_HAND)
        assert (waits.status_code, waits.json()["tries"]) == (200, 0)
        await supply.tend()
        assert (await supply.states(other))[0] in {"waiting", "sent"}
        supply.desk.behaviour = Behaviour.DONE
        await supply.later()
        await supply.tend()
        await supply.later()
        await supply.tend()
        assert (await supply.states(other))[:2] == ("done", "fulfilled")
        listed = await bank_client.get(f"{supply.path}/orders?state=done", headers=house.headers("lobby"))
        assert [one["redemption_id"] for one in listed.json()["items"]] == [other]
        assert await points_of(supply, customer) == 90
        async with house.sessions() as session:
            rows = await session.execute(text("SELECT r::text || o::text FROM redemption r, supplier_order o"))
            assert not any("13800138000" in row[0] for row in rows)
