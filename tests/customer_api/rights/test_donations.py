"""Donations: points for a good cause, with a receipt, summed by cause, and given back within their month only."""

from datetime import UTC, datetime

import httpx
import pytest

from guibin.core import clock
from guibin.points import invariants as points_invariants
from guibin.rights import invariants
from support.shop import Shop
from support.till import Till

CAUSE = {
    "organisation_zh": "儿童健康基金会",
    "organisation_en": "Health of children",
    "project_zh": "热午餐",
    "project_en": "Hot lunches",
    "unit_value": "2.50",
}


@pytest.fixture
def till(shop: Shop, customer_client: httpx.AsyncClient, bank_client: httpx.AsyncClient) -> Till:
    return Till(shop.house, customer_client, bank_client)


async def test_a_donation_has_a_receipt_is_summed_by_cause_and_stays_given_once_its_month_is_over(
    shop: Shop, till: Till
) -> None:
    me, other = await shop.customer(1_000), await shop.right()
    right = await shop.right(fulfilment="instruction", offer={"donates": CAUSE})

    asked = await till.redeem(me, other, named_donor=True)
    named = (await till.redeem(me, right, 3, named_donor=True)).json()
    quiet = (await till.redeem(me, right, 2)).json()
    receipt = await till.read(me, f"/v1/redemptions/{named['id']}/donation-receipt")
    stranger = till.house.customer_headers(await shop.customer(0))
    foreign = await till.customer.get(f"/v1/redemptions/{named['id']}/donation-receipt", headers=stranger)
    back = await till.refund(named["id"], units=1)
    month = f"{clock.today():%Y-%m}"
    told = await till.bank.get(f"/v1/reports/donations/{month}", headers=till.house.headers("hq_operator"))
    with clock.fixed_at(datetime(clock.today().year + 1, 12, 31, tzinfo=UTC)):
        late = await till.refund(quiet["id"])

    assert (asked.status_code, asked.json()["code"]) == (409, "donor_not_asked")
    assert (named["state"], named["points_charged"]) == ("fulfilled", 300)
    assert (receipt["organisation"], receipt["project"], receipt["donor"]) == ("儿童健康基金会", "热午餐", "张三丰")
    assert foreign.status_code == 404
    assert (receipt["units"], receipt["points"], receipt["value"]) == (3, 300, "7.50")
    assert (await till.read(me, f"/v1/redemptions/{quiet['id']}/donation-receipt"))["donor"] is None
    assert (back.status_code, back.json()["points_refunded"]) == (200, 100)
    (cause,) = told.json()["items"]
    assert (cause["donations"], cause["units"], cause["points"], cause["value"]) == (2, 4, 400, "10.00")
    assert (late.status_code, late.json()["code"], late.json()["month"]) == (409, "donation_handed_over", month)
    async with till.house.sessions() as session:
        assert await points_invariants.check(session) == []
        assert await invariants.check(session) == []
