"""A release plan over HTTP: submitted by one person, approved by another, and what customers see and have of it."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from guibin.core import clock
from guibin.core.ids import new_id
from support.shop import Shop

from .test_administration import APPROVER, Desk

DAILY = {"code": "daily", "daily": {"at": "10:00", "units": 1, "first_day": "2026-01-01"}}


def next_ten() -> datetime:
    """Return the next ten o'clock that is not too near."""
    local = clock.now().astimezone(clock.BUSINESS_ZONE) + timedelta(minutes=5)
    ten = local.replace(hour=10, minute=0, second=0, microsecond=0)
    return ten if ten > local else ten + timedelta(days=1)


async def redeem(client: httpx.AsyncClient, shop: Shop, customer: Any, right: str) -> httpx.Response:
    headers = shop.house.customer_headers(customer, key=str(new_id()))
    return await client.post("/v1/redemptions", json={"right_id": right, "quantity": 1}, headers=headers)


async def test_a_plan_is_in_force_once_it_is_approved_and_customers_see_when_there_is_more(
    shop: Shop, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    desk, ten = Desk(shop, bank_client), next_ten()
    mine, other = await shop.customers(2, 1_000)
    right = await shop.right(stock=5)
    path = f"/v1/rights/{right}/release-plan"
    assert (await desk.get(path)).json() == {"lines": []}
    before = {"at": (ten - timedelta(days=2)).isoformat(), "units": 1}
    lines = [{"code": "now", "dated": [before]}, {"code": "ten", "dated": [{"at": ten.isoformat(), "units": 1}]}]
    assert (await desk.put(path, None, lines=lines)).status_code == 428
    submitted = await desk.put(path, '"1"', lines=lines)
    assert (submitted.status_code, submitted.json()["status"]) == (202, "pending")
    again = await desk.put(path, '"2"', lines=lines)
    assert again.status_code in {409, 412}
    approval = f"/v1/approvals/{submitted.json()['approval_id']}"
    shown = (await desk.get(approval, APPROVER)).json()
    assert shown["preview"]["changed"] == ["release_plan"]
    assert (await desk.post(f"{approval}/approve", APPROVER)).status_code == 200
    assert (await redeem(customer_client, shop, mine, right)).status_code == 201
    refused = await redeem(customer_client, shop, other, right)
    assert (refused.status_code, refused.json()["code"]) == (409, "out_of_stock")
    assert datetime.fromisoformat(refused.json()["next_release_at"]) == ten
    entry = (await customer_client.get(f"/v1/rights/{right}", headers=shop.house.customer_headers(other))).json()
    assert datetime.fromisoformat(entry["next_release_at"]) == ten
    assert [reason["code"] for reason in entry["reasons"]] == ["out_of_stock"]
    with clock.fixed_at(ten):
        assert (await redeem(customer_client, shop, other, right)).status_code == 201
    plan = (await desk.get(path)).json()["lines"]
    assert [(line["code"], line["released"], line["taken"]) for line in plan] == [("now", 1, 1), ("ten", 0, 1)]


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ([{"code": "none"}], "missing"),
        ([DAILY, DAILY], "duplicate_item"),
        ([DAILY | {"tier": "T99"}], "unknown_tier"),
        ([DAILY | {"branch": "999999"}], "unknown_branch"),
        ([DAILY | {"daily": DAILY["daily"] | {"last_day": "2025-12-31"}}], "range"),  # type: ignore[operator]
    ],
)
async def test_a_plan_that_makes_no_sense_is_refused(
    shop: Shop, bank_client: httpx.AsyncClient, lines: list[dict[str, Any]], error: str
) -> None:
    right = await shop.right(stock=5)
    refused = await Desk(shop, bank_client).put(f"/v1/rights/{right}/release-plan", '"1"', lines=lines)
    assert refused.status_code == 422
    assert [one["type"] for one in refused.json()["errors"]] == [error]


async def test_only_counted_stock_has_a_plan_and_a_draft_holds_it_among_its_terms(
    shop: Shop, bank_client: httpx.AsyncClient
) -> None:
    desk = Desk(shop, bank_client)
    unlimited = await shop.right()
    refused = await desk.put(f"/v1/rights/{unlimited}/release-plan", '"1"', lines=[DAILY])
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_stock_mode")
    drafted = await desk.create()
    refused = await desk.put(f"{drafted}/release-plan", '"1"', lines=[DAILY])
    assert (refused.status_code, refused.json()["code"]) == (409, "state_conflict")
