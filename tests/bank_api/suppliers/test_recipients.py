"""Who received what counts for the income tax."""

from datetime import timedelta

import httpx

from guibin.core import clock
from guibin.core.ids import new_id
from support.house import WEST, House
from support.shop import Shop


async def test_gifts_and_prizes_are_listed_by_month_to_those_whose_customers_had_them(
    house: House, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    shop = Shop(house)
    gift = await shop.right(code="tea", tax_kind="gift")
    others = [await shop.right(code="prize", tax_kind="prize"), await shop.right(code="plain")]
    worth = await shop.pool(["GIFT-0001"], code="voucher", tax_kind="gift", value_fen=50_00)
    east, west = await shop.customer(), await shop.customer(branch=WEST)

    async def had(customer: object, right: str, quantity: int = 1, role: str = "branch_head") -> None:
        headers = house.customer_headers(customer, key=str(new_id()))  # type: ignore[arg-type]
        body = {"right_id": right, "quantity": quantity}
        made = await customer_client.post("/v1/redemptions", json=body, headers=headers)
        assert made.status_code == 201, made.text
        staff = house.headers(role, key=str(new_id()))
        if right == worth:
            served = await bank_client.post("/v1/voucher-uses", json={"code": "GIFT-0001"}, headers=staff)
        else:
            served = await bank_client.post(f"/v1/redemptions/{made.json()['id']}/fulfil", json={}, headers=staff)
        assert served.status_code == 200, served.text

    await had(east, gift, 2)
    await had(east, worth)
    for right in others:
        await had(west, right, role="branch_head_west")

    async def listed(role: str, query: str = "", month: str = f"{clock.today():%Y-%m}") -> list[tuple[object, ...]]:
        url = f"/v1/reports/tax-recipients/{month}{query}"
        answer = await bank_client.get(url, headers=house.headers(role))
        assert answer.status_code == 200, answer.text
        return [(one["right_code"], one["units"], one["points"], one["value"]) for one in answer.json()["items"]]

    assert await listed("branch_head") == [("voucher", 1, 100, "50.00"), ("tea", 2, 200, None)]
    assert [row[0] for row in await listed("hq_operator")] == ["prize", "voucher", "tea"]
    assert [row[0] for row in await listed("hq_operator", "?tax_kind=none")] == ["plain"]
    before = clock.today().replace(day=1) - timedelta(days=1)
    assert await listed("hq_operator", month=f"{before:%Y-%m}") == []
