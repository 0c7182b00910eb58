"""Who rose by parked money: found by the last days of the month that decided, in scope, page by page."""

from datetime import timedelta

import httpx

from guibin.core.ids import to_public
from guibin.holdings.models import HoldingBalance
from support.house import EAST, WEST, House
from support.tiers import MILLION, MONTH, give_tier, put_average

LAST_DAYS = MONTH.replace(day=29)


async def test_who_rose_on_money_of_the_last_days_is_listed_and_who_held_it_all_month_is_not(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    parked, steady, elsewhere = [await house.add_customer(branch=branch) for branch in (EAST, EAST, WEST)]
    async with house.sessions() as session:
        for customer_id in (parked, steady, elsewhere):
            await put_average(session, customer_id, MILLION)
            await give_tier(session, customer_id, "T2", on=MONTH + timedelta(days=31))
        for customer_id in (parked, elsewhere):
            session.add(
                HoldingBalance(customer_id=customer_id, holding_id=customer_id, day=LAST_DAYS, balance_fen=10 * MILLION)
            )
        await session.commit()
    url = "/v1/reports/parked-rises/2026-10"
    found = (await bank_client.get(url, headers=house.headers("branch_head"))).json()["items"]
    average = (28 * MILLION + 3 * 10 * MILLION) // 31
    assert found == [
        {
            "customer_id": to_public("cus", parked),
            "tier": "T2",
            "effective_on": "2026-11-01",
            "spike_percent": 10 * MILLION * 100 // average,
            "freshness": {"as_of": "2026-10-31", "stale": False, "stale_lines": []},
        }
    ]
    everywhere = (await bank_client.get(url, headers=house.headers("hq_operator"))).json()["items"]
    assert len(everywhere) == 2
    higher = await bank_client.get(f"{url}?least_percent=900", headers=house.headers("branch_head"))
    assert higher.json()["items"] == []
    other = await bank_client.get("/v1/reports/parked-rises/2026-09", headers=house.headers("branch_head"))
    assert other.json()["items"] == []
