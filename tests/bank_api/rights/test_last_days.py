"""The last day of codes: stamped when they are taken, shown to the customer, and held at the point of service."""

from datetime import datetime, timedelta

import httpx
import pytest

from guibin.core import clock
from guibin.core.ids import new_id
from support.shop import Shop

TEN_DAYS = {"offer": {"code_days": 10}}


async def test_a_code_is_used_on_its_last_day_and_not_after_it(
    shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient
) -> None:
    customer = await shop.customer()
    right = await shop.pool(["ABCD-1234", "ABCD-5678"], **TEN_DAYS)
    headers = shop.house.customer_headers(customer, key=str(new_id()))
    body = {"right_id": right, "quantity": 2}
    made = await customer_client.post("/v1/redemptions", json=body, headers=headers)
    assert made.status_code == 201, made.text
    path = f"/v1/redemptions/{made.json()['id']}"
    seen = await customer_client.get(path, headers=shop.house.customer_headers(customer))
    last = clock.today() + timedelta(days=10)
    assert seen.json()["valid_until"] == last.isoformat()
    evening = datetime.combine(last, datetime.max.time(), clock.BUSINESS_ZONE)

    with clock.fixed_at(evening):
        headers = shop.house.headers("lobby", key=str(new_id()))
        used = await bank_client.post("/v1/voucher-uses", json={"code": "ABCD-1234"}, headers=headers)
    with clock.fixed_at(evening + timedelta(seconds=1)):
        headers = shop.house.headers("lobby", key=str(new_id()))
        late = await bank_client.post("/v1/voucher-uses", json={"code": "ABCD-5678"}, headers=headers)
        shown = await customer_client.get(f"{path}/code", headers=shop.house.customer_headers(customer))

    assert used.status_code == 200, used.text
    assert (late.status_code, late.json()["code"]) == (404, "code_not_valid")
    assert [code["qr"] for code in shown.json()["codes"]] == [None, None]


@pytest.mark.parametrize(("days", "status"), [(0, 201), (-1, 409)])
async def test_no_code_is_sold_after_the_last_day_of_its_right(
    shop: Shop, customer_client: httpx.AsyncClient, days: int, status: int
) -> None:
    last = clock.today() + timedelta(days=days)
    right = await shop.pool(["ABCD-1234"], offer={"code_last_day": last.isoformat()})
    headers = shop.house.customer_headers(await shop.customer(), key=str(new_id()))
    answer = await customer_client.post("/v1/redemptions", json={"right_id": right, "quantity": 1}, headers=headers)
    assert answer.status_code == status, answer.text
