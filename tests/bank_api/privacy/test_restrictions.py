"""GET and PUT /v1/customers/{id}/restrictions, and what they block (CUS-18)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from guibin.core import clock
from support.house import House
from support.shop import Shop

DOCUMENT = {"reference": "COURT-2026-1"}
TODAY = clock.today()


async def put(house: House, bank: httpx.AsyncClient, customer: UUID, *items: dict[str, Any]) -> httpx.Response:
    url = f"/v1/customers/cus_{customer}/restrictions"
    return await bank.put(url, json={"items": list(items)}, headers=house.headers("branch_head"))


async def redeem(house: House, client: httpx.AsyncClient, customer: UUID, right: str, key: str) -> httpx.Response:
    headers = house.customer_headers(customer, key=key)
    return await client.post("/v1/redemptions", json={"right_id": right, "quantity": 1}, headers=headers)


async def test_r17_a_frozen_customer_redeems_nothing_and_is_not_told_why(
    house: House, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    shop = Shop(house)
    customer, right = await shop.customer(1_000), await shop.right()
    set_ = await put(house, bank_client, customer, {"kind": "judicial_freeze", **DOCUMENT})
    assert [(one["kind"], one["blocks"], one["valid_to"]) for one in set_.json()["items"]] == [
        ("judicial_freeze", ["redeem"], None)
    ]
    refused = await redeem(house, customer_client, customer, right, "one")
    assert (refused.status_code, refused.json()["code"]) == (409, "account_frozen")
    catalogue = await customer_client.get("/v1/rights", headers=house.customer_headers(customer))
    assert [reason["code"] for reason in catalogue.json()["items"][0]["reasons"]] == ["account_frozen"]
    for answer in (refused, catalogue):
        assert "judicial" not in answer.text
        assert "司法" not in answer.text
    assert (await put(house, bank_client, customer)).json()["items"] == []
    assert (await redeem(house, customer_client, customer, right, "two")).status_code == 201


async def test_restrictions_stand_from_day_to_day_and_the_strictest_of_several_wins(
    house: House, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    shop = Shop(house)
    customer, right = await shop.customer(1_000), await shop.right()
    week = {"valid_from": str(TODAY + timedelta(days=7)), "valid_to": str(TODAY + timedelta(days=9))}
    ahead = {"kind": "judicial_freeze", **DOCUMENT, **week}
    senior = {"kind": "senior", "reference": "DOC-1"}
    first = await put(house, bank_client, customer, senior, ahead)
    assert (await redeem(house, customer_client, customer, right, "one")).status_code == 201
    again = await put(house, bank_client, customer, ahead, senior)
    assert first.json() == again.json()
    at_once = await put(house, bank_client, await house.add_customer(), ahead)
    other = UUID(at_once.json()["customer_id"].removeprefix("cus_"))
    now = {name: value for name, value in ahead.items() if name != "valid_from"}
    begun = (await put(house, bank_client, other, now)).json()["items"]
    assert [one["valid_from"] for one in begun] == [str(TODAY)]
    with clock.fixed_at(clock.now() + timedelta(days=8)):
        refused = await redeem(house, customer_client, customer, right, "two")
        assert refused.json()["code"] in {"account_frozen", "token_invalid"}
        catalogue = await customer_client.get("/v1/rights", headers=house.customer_headers(customer))
        assert catalogue.json()["items"][0]["eligible"] is False
    with clock.fixed_at(clock.now() + timedelta(days=9)):
        catalogue = await customer_client.get("/v1/rights", headers=house.customer_headers(customer))
        assert catalogue.json()["items"][0]["eligible"] is True


async def test_who_may_not_log_in_is_logged_out_at_once(
    house: House, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    customer = await house.add_customer()
    headers = house.customer_headers(customer)
    assert (await put(house, bank_client, customer, {"kind": "aml", **DOCUMENT})).status_code == 200
    assert (await customer_client.get("/v1/me", headers=headers)).status_code == 200
    assert (await put(house, bank_client, customer, {"kind": "deceased", **DOCUMENT})).status_code == 200
    refused = await customer_client.get("/v1/me", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "token_invalid")


async def test_who_may_not_earn_earns_nothing(house: House, bank_client: httpx.AsyncClient) -> None:
    customer, other = await house.add_customer(), await house.add_customer()
    assert (await put(house, bank_client, customer, {"kind": "aml", **DOCUMENT})).status_code == 200
    spent = [
        {
            "line": "credit_card",
            "reference": f"T-{number}",
            "customer_id": f"cus_{one}",
            "event_type": "card_spend",
            "occurred_at": clock.now().isoformat(timespec="seconds"),
            "amount": "100.00",
        }
        for number, one in enumerate((customer, other))
    ]
    taken = await bank_client.post(
        "/v1/points/events",
        json={"events": spent},
        headers=house.service_headers("core_banking", ["earn:post"], key="events"),
    )
    assert [result["status"] for result in taken.json()["results"]] == ["nothing", "earned"]


async def test_a_restriction_of_no_kind_or_that_ends_before_it_begins_is_refused(
    house: House, bank_client: httpx.AsyncClient
) -> None:
    customer = await house.add_customer()
    unknown = await put(house, bank_client, customer, {"kind": "curse", **DOCUMENT})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "restriction_unknown")
    backwards = {"kind": "senior", **DOCUMENT, "valid_to": str(TODAY - timedelta(days=1))}
    assert (await put(house, bank_client, customer, backwards)).json()["code"] == "validation_failed"
    kinds = await bank_client.get("/v1/restriction-kinds", headers=house.headers("branch_head"))
    assert {"deceased", "judicial_freeze", "do_not_contact"} <= {kind["code"] for kind in kinds.json()["items"]}
