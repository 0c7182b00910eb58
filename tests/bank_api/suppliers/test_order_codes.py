"""Codes that came with a supplier's order, used at our own counters and at the supplier's terminal."""

from typing import Any

import httpx
from sqlalchemy import text

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.rights import invariants as rights_invariants
from guibin.rights.models import Fulfilment
from guibin.suppliers import invariants as order_invariants
from guibin_tools.supplier_simulator.application import Behaviour
from support.house import House
from support.shop import Shop
from support.supplying import OPERATOR, Supply, connected

CHEAP = ({"tier": None, "points": 10},)
USES = "/v1/voucher-uses"
STEPS = text("SELECT state FROM redemption_step s WHERE 'rdm_' || s.redemption_id = :id ORDER BY at")


async def at_terminal(supply: Supply, *codes: str) -> list[Any]:
    """Send codes as a batch of the supplier's terminal; returns what became of each."""
    headers = supply.shop.house.service_headers("supplier_terminal", ["voucher:use"], key=str(new_id()))
    lines = [{"code": code, "at": clock.now().isoformat(), "reference": f"T-{code}"} for code in codes]
    answer = await supply.bank.post(f"{USES}/batch", json={"uses": lines}, headers=headers)
    assert answer.status_code == 200, answer.text
    return [one["code"] or one["status"] for one in answer.json()["results"]]


async def at_counter(supply: Supply, code: str) -> httpx.Response:
    headers = supply.shop.house.headers("lobby", key=str(new_id()))
    return await supply.bank.post(USES, json={"code": code}, headers=headers)


async def refund_one(supply: Supply, redemption: str) -> httpx.Response:
    headers = supply.shop.house.headers("customer_service", key=str(new_id()))
    body = {"units": 1, "reason": "客户投诉，服务未达约定标准"}
    return await supply.bank.post(f"/v1/redemptions/{redemption}/refund", json=body, headers=headers)


async def test_codes_of_an_order_are_used_once_at_the_counter_or_at_the_suppliers_own_terminal(
    house: House, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    shop = Shop(house)
    mine, other = await shop.customers(2, 100)
    own = await shop.pool(["SAME-0001"], prices=CHEAP)
    async with connected(shop, bank_client, customer_client) as supply:
        right = await supply.right(Fulfilment.ORDER, prices=CHEAP)
        supply.desk.behaviour, supply.desk.after = Behaviour.ACCEPT, 3600
        done = (await supply.redeem(mine, right, quantity=4)).json()["id"]
        assert (await supply.redeem(other, own)).status_code == 201
        await supply.tend()
        made: dict[str, Any] = {
            "codes": ["SAME-0001", "MADE-0002", "MADE-0003", "MADE-0004"],
            "order_no": await supply.order_no(done),
        }
        assert (await supply.call_back(id="e1", type="order.done", **made)).status_code == 200
        await supply.tend()
        assert (await supply.states(done))[:2] == ("done", "fulfilled")
        given_back = await refund_one(supply, done)
        assert (given_back.status_code, given_back.json()["quantity_refunded"]) == (200, 1)
        assert (await at_counter(supply, "MADE-0004")).json()["code"] == "code_not_valid"
        # The bank's counter cannot tell two rights apart that have one code; the supplier's terminal knows its own.
        assert (await at_counter(supply, "SAME-0001")).json()["code"] == "code_not_valid"
        terminal = f"{supply.path}/terminals/supplier_terminal"
        assert (await bank_client.put(terminal, headers=house.headers(OPERATOR))).status_code == 200
        first = await at_terminal(supply, "SAME-0001", "MADE-0002", "ELSE-0009")
        assert first == ["used", "used", "code_not_valid"]
        assert await at_terminal(supply, "SAME-0001", "MADE-0002") == ["replayed", "replayed"]
        last, again = await at_counter(supply, "MADE-0003"), await at_counter(supply, "MADE-0003")
        assert (last.status_code, last.json()["codes_left"]) == (200, 0)
        assert (again.status_code, again.json()["code"]) == (409, "already_used")
        kept = await refund_one(supply, done)
        assert (kept.status_code, kept.json()["code"], kept.json()["refundable"]) == (409, "already_used", 0)
        codes = (await supply.seen(mine, done, "/code")).json()
        assert codes["used_at"] is not None
        async with house.sessions() as session:
            states = (await session.execute(STEPS, {"id": done})).scalars().all()
            assert states == ["confirmed", "in_fulfilment", "fulfilled"]
            assert await rights_invariants.check(session) == await order_invariants.check(session) == []
