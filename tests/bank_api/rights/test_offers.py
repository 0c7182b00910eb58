"""Offers as operators write them: what is stored, what is refused, and what customers make of it once approved."""

from typing import Any

import httpx
import pytest

from guibin.core.ids import new_id
from support.house import EAST, ROOT
from support.shop import Shop

OPERATOR, APPROVER = "rights_operator", "rights_approver"
TERMS: dict[str, Any] = {
    "prices": [
        {"tier": None, "points": 150, "class_of_service": "A"},
        {"tier": None, "points": 50, "hours": {"from": "00:00", "to": "23:59"}, "weekdays": [1, 2, 3, 4, 5, 6, 7]},
        {"tier": None, "points": 100},
    ],
    "quotas": [{"tier": "T2", "period": "tier", "times": 1}],
    "companions": {"most": [{"tier": "T2", "guests": 1}], "points": 40, "quotas": []},
    "visibility": {"tiers": ["T2", "T3"], "branches": [ROOT], "from": "2026-01-01T00:00:00+08:00"},
    "eligibility": {"tiers": ["T2"]},
    "limit": {"times": 3, "period": "tier"},
    "total_limit": 4,
    "step_up_points": 5000,
    "beneficiary": "allowed",
    "owner_branch": ROOT,
    "budget_line": None,
    "unit_cost": "12.50",
}
NEW: dict[str, Any] = {
    "code": "lounge",
    "wallet": "reward",
    "fulfilment": "hand_out",
    "stock_mode": "unlimited",
    "category": "travel",
    "name_zh": "机场贵宾厅",
    "name_en": "Airport lounge",
    "description_zh": "一次",
    "description_en": "One visit",
    "brand": "龙腾",
    "labels": ["出行"],
    "featured": True,
    "place": 3,
    "tax_kind": "gift",
    "terms": TERMS,
}
WRONG_TERMS: list[dict[str, Any]] = [
    {"prices": [TERMS["prices"][0], TERMS["prices"][0] | {"points": 1}]},
    {"prices": [{"tier": None, "points": 1, "hours": {"from": "10:00", "to": "10:00"}}]},
    {"prices": [{"tier": None, "points": 1, "hours": {"from": "24:00", "to": "10:00"}}]},
    {"prices": [{"tier": None, "points": 1, "weekdays": [0]}]},
    {"prices": [{"tier": None, "points": 1, "first_day": "2026-02-02", "last_day": "2026-02-01"}]},
    {"prices": [{"tier": None, "points": 1, "wallet": "gold"}]},
    {"prices": [{"tier": None, "points": 1, "tag": "no_such_tag"}]},
    {"companions": {"most": []}},
    {"companions": {"most": [{"tier": "T2", "guests": 21}]}},
    {"companions": {"most": [{"tier": "T9", "guests": 1}]}},
    {"visibility": {"from": "2026-01-02T00:00:00+08:00", "to": "2026-01-01T00:00:00+08:00"}},
    {"visibility": {"branches": ["no-such-branch"]}},
    {"eligibility": {"branches": [ROOT]}},
    {"owner_branch": "no-such-branch"},
    {"owner_branch": None, "budget_line": "credit_card"},
    {"unit_cost": "-1.00"},
    {"total_limit": 0},
    {"step_up_points": 0},
]


@pytest.fixture
async def right(shop: Shop, bank_client: httpx.AsyncClient) -> str:
    """Return the path of the right, published by four eyes."""
    answer = await post(bank_client, shop, "/v1/rights", **NEW)
    assert answer.status_code == 201, answer.text
    path = f"/v1/rights/{answer.json()['id']}"
    submitted = await post(bank_client, shop, f"{path}/submit")
    approved = await post(bank_client, shop, f"/v1/approvals/{submitted.json()['approval_id']}/approve", APPROVER)
    assert approved.status_code == 200, approved.text
    return path


async def post(
    client: httpx.AsyncClient, shop: Shop, path: str, role: str = OPERATOR, /, **body: Any
) -> httpx.Response:
    return await client.post(path, json=body, headers=shop.house.headers(role, key=str(new_id())))


async def test_an_offer_is_approved_as_it_was_written_and_sold_as_it_was_approved(
    shop: Shop, right: str, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    seen = (await bank_client.get(right, headers=shop.house.headers(OPERATOR))).json()
    kept = {name: value for name, value in TERMS.items() if name not in {"visibility", "budget_line"}}
    assert {name: seen["terms"][name] for name in kept} == kept
    assert seen["terms"]["visibility"] == TERMS["visibility"] | {"from": "2025-12-31T16:00:00+00:00"}
    assert {name: seen[name] for name in ("brand", "labels", "featured", "place", "tax_kind")} == {
        name: NEW[name] for name in ("brand", "labels", "featured", "place", "tax_kind")
    }
    customer = await shop.customer(tier="T2", branch=EAST)
    headers = shop.house.customer_headers(customer)
    shown = (await customer_client.get("/v1/rights?brand=龙腾&label=出行&featured=true", headers=headers)).json()
    (item,) = shown["items"]
    assert (item["price"], item["quota_left"], item["companions"]["allowed"]) == (50, 1, 1)
    wish = {"right_id": right.removeprefix("/v1/rights/"), "quantity": 2, "companions": 2}

    async def redeem(who: Any, **change: Any) -> httpx.Response:
        key = shop.house.customer_headers(who, key=str(new_id()))
        return await customer_client.post("/v1/redemptions", json=wish | change, headers=key)

    first = (await redeem(customer)).json()
    assert (first["quota_used"], first["points_charged"]) == (1, 50 + 2 * 40)
    limited = (await redeem(customer)).json()
    assert (limited["code"], limited["period"], limited["left"]) == ("limit_reached", "tier", 1)
    other = await shop.customer(tier="T2", branch=EAST)
    assert (await redeem(other, quantity=3)).json()["of"] == "everybody"
    assert (await redeem(other)).status_code == 201
    unseen, seen_only = await shop.customer(tier="T1"), await shop.customer(tier="T3")
    assert (await redeem(unseen)).status_code == 404
    missed = (await redeem(seen_only, quantity=1, companions=0)).json()
    assert (missed["code"], missed["missing"], missed["tiers"]) == ("not_eligible", ["tier"], ["T2"])


async def test_terms_that_hold_no_water_are_refused(shop: Shop, bank_client: httpx.AsyncClient) -> None:
    for wrong in WRONG_TERMS:
        answer = await post(bank_client, shop, "/v1/rights", **NEW | {"terms": TERMS | wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), wrong
