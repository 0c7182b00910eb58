"""The checker of a chaos run finds what does not agree, and raises no alarm about what nobody can know."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from chaos.checker import check
from chaos.history import History, Operation, Outcome

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.points.models import SourceKind
from guibin.rights.models import Fulfilment
from guibin_tools.supplier_simulator.application import Behaviour
from support.house import House
from support.points import commit_points
from support.shop import Shop
from support.supplying import connected
from support.transfers import Giving


def add(history: History, kind: str, outcome: Outcome, answer: dict[str, Any], **facts: Any) -> Operation:
    operation = history.invoke(kind, "bank", "cus_x", f"{kind}-{len(history.operations)}", **facts)
    operation.outcome, operation.status, operation.answer = outcome, 200, answer
    return operation


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "history.jsonl")


@pytest.mark.parametrize(
    ("kind", "answer", "facts", "says"),
    [
        ("redeem", {"id": "rdm_x"}, {"right": "rgt_x"}, "rdm_x was acknowledged to cus_x, there it is of None"),
        ("reserve", {"id": "rsv_x"}, {}, "rsv_x was acknowledged to cus_x, there it is of None"),
        ("submit", {"approval_id": "apr_x"}, {}, "apr_x was acknowledged to cus_x, there it is of None"),
        ("approve", {}, {"approval": "apr_x", "points": 5}, "correction 0 (ok) has the entries []"),
        ("use", {}, {"redemption": "rdm_x"}, "0 codes of rdm_x are used, 1 uses were acknowledged, 0 unknown"),
        ("cancel", {}, {"redemption": "rdm_x"}, "rdm_x was given back and is not there"),
        ("refund", {}, {"redemption": "rdm_x", "units": 1}, "rdm_x was given back and is not there"),
        ("transfer", {"id": "trf_x"}, {}, "trf_x was acknowledged to cus_x, there it is of None"),
        ("hold", {"id": "hol_x"}, {}, "hol_x was acknowledged to cus_x, there it is of None"),
        ("earn", {"results": [{"entry_ids": ["ent_x"]}]}, {}, "event 0 (ok) has 0 entries, told 1"),
    ],
)
async def test_what_was_acknowledged_and_is_not_there_is_found_by_its_row_and_by_its_key(
    house: House, history: History, kind: str, answer: dict[str, Any], facts: dict[str, Any], says: str
) -> None:
    add(history, kind, Outcome.OK, answer, **facts)
    found = await check(history, house.database.admin_url)
    assert found == [f"I5: {says}", f"I5: operation 0 ({kind}) was told 200, its key keeps None"]


async def test_what_was_refused_or_never_asked_and_is_there_is_found_and_what_nobody_knows_of_is_not(
    house: House, history: History
) -> None:
    customer = await house.add_customer()
    refused, unknown = (add(history, "earn", outcome, {}) for outcome in (Outcome.FAIL, Outcome.INFO))
    for source in (refused.key, unknown.key, "nobody"):
        await commit_points(house.database, customer, 5, source=f"credit_card:{source}", source_kind=SourceKind.EVENT)
    found = await check(history, house.database.admin_url)
    assert found == [
        "I5: an event that nobody sent has earned: credit_card:nobody",
        "I5: event 0 (fail) has 1 entries, told 0",
        "I5: operation 0 (earn) was told 200, its key keeps None",
    ]


async def test_a_redemption_that_stands_though_it_was_cancelled_and_a_hold_that_is_open_though_spent_are_found(
    house: House, history: History, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    shop = Shop(house)
    customer, right = await shop.customer(), await shop.right(prices=[{"tier": None, "points": 10}])
    headers = house.customer_headers(customer, key="redeem-0")
    redeemed = await customer_client.post("/v1/redemptions", json={"right_id": right, "quantity": 1}, headers=headers)
    hold = {
        "customer_id": to_public("cus", customer),
        "wallet": "reward",
        "points": 5,
        "expires_at": (clock.now() + timedelta(hours=1)).isoformat(),
        "reference": "B1",
        "reason": "机场贵宾厅预约占用积分",
    }
    headers = house.service_headers("core_banking", ["points:hold"], key="hold-1")
    held = await bank_client.post("/v1/points/holds", json=hold, headers=headers)
    for kind, answer in (("redeem", redeemed), ("hold", held)):
        done = add(history, kind, Outcome.OK, answer.json(), right=right)
        done.customer, done.status = to_public("cus", customer), answer.status_code
    redemption, held_id = redeemed.json()["id"], held.json()["id"]
    add(history, "cancel", Outcome.INFO, {}, redemption=redemption)
    add(history, "capture", Outcome.INFO, {}, hold=held_id, points=5)
    assert await check(history, house.database.admin_url) == []
    for one in (*history.of("cancel"), *history.of("capture")):
        one.outcome, one.status, one.answer = Outcome.OK, 404, {"captured": 5}
    assert await check(history, house.database.admin_url) == [
        f"I5: {redemption} is confirmed with 0 units given back",
        f"I5: {held_id} is open with 0 spent",
    ]


async def test_a_gift_to_somebody_else_and_an_order_that_stands_otherwise_than_in_its_suppliers_book_are_found(
    house: House, history: History, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    shop = Shop(house)
    (giver, receiver), giving = await shop.customers(2, 100), Giving(house, customer_client)
    await giving.allow()
    given = await giving.give(giver, await giving.code(receiver), 5, key="transfer-0")
    done = add(history, "transfer", Outcome.OK, given.json(), to=to_public("cus", receiver), points=5)
    done.customer, done.status = to_public("cus", giver), given.status_code
    async with connected(shop, bank_client, customer_client) as supply:
        supply.desk.behaviour = Behaviour.LOSE
        right = await supply.right(Fulfilment.ORDER, prices=[{"tier": None, "points": 5}])
        redeemed = await customer_client.post(
            "/v1/redemptions",
            json={"right_id": right, "quantity": 1},
            headers=house.customer_headers(giver, key="redeem-1"),
        )
        await supply.tend()
        bought = add(history, "redeem", Outcome.OK, redeemed.json(), right=right)
        bought.customer, bought.status = to_public("cus", giver), redeemed.status_code
        number = await supply.order_no(redeemed.json()["id"])
        stray = {"ord_x": {"state": "done"}}
        done.facts["points"] = 6
        assert await check(history, house.database.admin_url, supply.desk.orders | stray) == [
            f"I5: transfer 0 gave 5 points to {to_public('cus', receiver)}",
            "I5: the supplier has ord_x, which nobody ordered",
            f"I5: {number} is sent, in_fulfilment; its supplier says done",
        ]
        done.facts["points"] = 5
        await supply.later()
        await supply.tend()
        assert await check(history, house.database.admin_url, supply.desk.orders) == []
