"""How a supplier keeps the hours of its contract: in time, late, failed, open and unknown, by month and right."""

from datetime import datetime, timedelta
from uuid import UUID

import httpx
from sqlalchemy import text

from guibin.core.ids import new_id
from support.house import House
from support.settlements import MONTH, Month, october, open_month

STEP = text(
    "INSERT INTO redemption_step (customer_id, redemption_id, state, at, actor_id)"
    " VALUES (:customer, :id, :state, :at, :customer)"
)
ORDER = text(
    "INSERT INTO supplier_order (customer_id, id, redemption_id, right_id, supplier_id, product_code, quantity, state,"
    " tries, next_try_at, created_at, sent_at) VALUES (:customer, :order, :id, :right, :supplier, 'YL-VIP', 1, 'sent',"
    " 1, :at, :at, :at)"
)
AGREED = text("UPDATE supplier_price SET fulfil_hours = 48 WHERE valid_from = '2026-10-16'")


async def took(month: Month, at: datetime, *, hours: float | None = None, state: str = "fulfilled") -> UUID:
    """Let something be redeemed, and come to its end so many hours later."""
    redemption = await month.take(at, state=state)
    if hours is not None:
        ended = at + timedelta(hours=hours)
        async with month.shop.house.sessions.begin() as session:
            values = {"customer": month.customer, "id": redemption, "state": state, "at": ended}
            await session.execute(STEP, values)
    return redemption


async def test_the_hours_of_the_contract_are_held_against_what_was_delivered(
    house: House, bank_client: httpx.AsyncClient
) -> None:
    month = await open_month(house, bank_client)
    lost = await took(month, october(23), state="in_fulfilment")
    async with house.sessions.begin() as session:
        await session.execute(AGREED)
        values = {"customer": month.customer, "id": lost, "right": month.right, "supplier": month.supplier}
        await session.execute(ORDER, values | {"order": new_id(), "at": october(23)})
    # Before the 16th nothing was agreed; exactly 48 hours are in time, and what was cancelled nobody waited for.
    await took(month, october(3), hours=100)
    for hours in (1, 2, 3, 48, 48.5):
        await took(month, october(20), hours=hours)
    await took(month, october(21), hours=5, state="failed")
    await took(month, october(22), state="confirmed")
    await took(month, october(22), hours=1, state="cancelled")

    items = (await month.get("/service-level?months=36")).json()["items"]
    both = {"month": MONTH, "ordered": 9, "fulfilled": 6, "failed": 1, "open": 2, "overdue": 2, "unknown": 1}
    both |= {"in_time": 4, "late": 1, "agreed": 8, "kept_percent": 50.0, "median_hours": 25.5, "p95_hours": 87.12}
    assert [one["right_code"] for one in items] == [None, "lounge"]
    assert [{name: one[name] for name in both} for one in items] == [both, both]
    built = await month.build()
    assert {name: built["service"][name] for name in both if name != "month"} == {
        name: value for name, value in both.items() if name != "month"
    }


async def test_the_hours_are_part_of_the_contract_that_two_people_make(
    house: House, bank_client: httpx.AsyncClient
) -> None:
    month = await open_month(house, bank_client)
    right = (await month.get("/prices")).json()["items"][0]["right_id"]
    new = {"right_id": right, "valid_from": "2027-01-01", "price": "90.00"}
    endless = await month.post("/prices", **new, fulfil_hours=0)
    submitted = await month.post("/prices", **new, fulfil_hours=24)
    assert (endless.status_code, (await month.approve(submitted)).status_code) == (422, 200)
    prices = (await month.get("/prices")).json()["items"]
    assert [(one["valid_from"], one["fulfil_hours"]) for one in prices][1:] == [
        ("2026-10-16", None),
        ("2027-01-01", 24),
    ]
    assert (await month.get("/service-level")).json() == {"items": []}
