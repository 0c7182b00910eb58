"""Asset rules over HTTP: drafted, edited, submitted, approved by another person or by compliance, tried out first."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.products.models import ProductClass
from support.assets import OCTOBER, WAN, hold, send_day
from support.house import EAST, WEST, House
from support.tiers import give_tier

URL = "/v1/asset-rules"
NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)
TERMS: dict[str, Any] = {
    "name_zh": "理财积分",
    "name_en": "Points from wealth products",
    "wallet": "reward",
    "weights": {"wealth_management": "1.00", "fund": "0.5", "deposits": "0"},
    "threshold": "50000.00",
    "step": "1000.00",
    "first_month": "2026-12",
}
DRAFT = TERMS | {"code": "wealth_rewards"}
DEPOSITS = {"weights": {"deposits": "0.10"}}
DOCUMENT = {"compliance_document": "合规〔2026〕17号"}
WRONG: tuple[tuple[dict[str, Any], str, str | None], ...] = (
    ({"wallet": "gold"}, "asset_rule_invalid", "wallet_unknown"),
    ({"rate_per_mille": "0.8"}, "asset_rule_invalid", "step_or_rate"),
    ({"step": None, "rate_per_mille": "1000.001"}, "asset_rule_invalid", "rate_out_of_range"),
    ({"weights": {"fund": "0"}}, "asset_rule_invalid", "nothing_counts"),
    ({"tiers": ["T9"]}, "asset_rule_invalid", "tier_unknown"),
    ({"last_month": "2026-11"}, "asset_rule_invalid", "months_out_of_order"),
    ({"weights": {"fund": "1.01"}}, "validation_failed", None),
    ({"weights": {"gold": "1.00"}}, "validation_failed", None),
    ({"first_month": "2026-13"}, "validation_failed", None),
    ({"tiers": ["T1", "T1"]}, "validation_failed", None),
    ({"state": "active"}, "validation_failed", None),
)


@pytest.fixture(autouse=True)
def _late_november() -> Iterator[None]:
    with clock.fixed_at(NOON):
        yield


async def create(client: httpx.AsyncClient, house: House, **changes: Any) -> httpx.Response:
    return await client.post(URL, json=DRAFT | changes, headers=house.headers("hq_operator"))


async def submitted(client: httpx.AsyncClient, house: House, rule_id: str) -> str:
    response = await client.post(f"{URL}/{rule_id}/submit", headers=house.headers("hq_operator"))
    assert response.status_code == 202, response.text
    approval: str = response.json()["approval_id"]
    return approval


async def decide(client: httpx.AsyncClient, house: House, approval: str, role: str) -> httpx.Response:
    return await client.post(f"/v1/approvals/{approval}/approve", json={}, headers=house.headers(role))


async def shown(client: httpx.AsyncClient, house: House, rule_id: str) -> dict[str, Any]:
    body: dict[str, Any] = (await client.get(f"{URL}/{rule_id}", headers=house.headers("auditor"))).json()
    return body


async def test_a_rule_is_drafted_edited_submitted_and_in_force_once_another_person_agrees(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    made = await create(bank_client, house)
    assert made.status_code == 201, made.text
    rule = made.json()
    assert (rule["version"], rule["state"], rule["weights"]) == (
        1,
        "draft",
        {"fund": "0.50", "wealth_management": "1.00"},
    )
    url, headers = f"{URL}/{rule['id']}", house.headers("hq_operator")
    twice = await create(bank_client, house)
    assert (twice.status_code, twice.json()["code"]) == (409, "asset_rule_open")

    rate = TERMS | {"step": None, "rate_per_mille": "0.8", "tiers": ["T1", "T2"], "cap_points": 500}
    edited = await bank_client.put(url, json=rate, headers=headers | {"If-Match": '"1"'})
    assert edited.status_code == 200, edited.text
    assert (edited.json()["rate_per_mille"], edited.json()["step"], edited.headers["etag"]) == ("0.800", None, '"2"')
    stale = await bank_client.put(url, json=rate, headers=headers | {"If-Match": '"1"'})
    assert stale.json()["code"] == "version_conflict"

    approval = await submitted(bank_client, house, rule["id"])
    assert (await shown(bank_client, house, rule["id"]))["state"] == "pending"
    again = await bank_client.put(url, json=rate, headers=headers | {"If-Match": '"2"'})
    assert (again.status_code, again.json()["code"]) == (409, "asset_rule_not_draft")
    assert (await decide(bank_client, house, approval, "hq_operator")).status_code == 403
    assert (await decide(bank_client, house, approval, "hq_approver")).json()["state"] == "approved"
    assert (await shown(bank_client, house, rule["id"]))["state"] == "active"

    other_wallet = await create(bank_client, house, wallet="service")
    assert (other_wallet.status_code, other_wallet.json()["fault"]) == (422, "wallet_or_owner_changed")
    second = (await create(bank_client, house)).json()
    assert (second["version"], second["state"]) == (2, "draft")
    listed = (await bank_client.get(URL, headers=headers)).json()["items"]
    assert [one["version"] for one in listed if one["code"] == "wealth_rewards"] == [2, 1]


async def test_e7_deposits_earn_nothing_that_buys_goods(bank_client: httpx.AsyncClient, house: House) -> None:
    for deposit in ("deposits", "structured", "certificate_of_deposit"):
        refused = await create(bank_client, house, weights={"fund": "1.00", deposit: "0.01"})
        assert (refused.status_code, refused.json()["code"]) == (409, "deposit_reward_forbidden"), deposit
    allowed = await create(bank_client, house, wallet="service", **DEPOSITS)
    assert allowed.status_code == 201, allowed.text


async def test_compliance_alone_lets_deposits_count_and_its_document_is_shown(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    rule_id = (await create(bank_client, house, **DEPOSITS, **DOCUMENT)).json()["id"]
    approval = await submitted(bank_client, house, rule_id)

    assert (await decide(bank_client, house, approval, "hq_approver")).status_code in {403, 404}
    assert (await decide(bank_client, house, approval, "compliance")).json()["state"] == "approved"

    rule = await shown(bank_client, house, rule_id)
    assert (rule["state"], rule["compliance_document"]) == ("active", "合规〔2026〕17号")
    assert rule["compliance_id"] == to_public("stf", house.staff["compliance"].id)


async def test_a_wallet_that_comes_to_buy_goods_stops_what_was_submitted_for_it(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    ids = [
        (await create(bank_client, house, code=code, wallet="service", **DEPOSITS)).json()["id"]
        for code in ("one", "two")
    ]
    approval = await submitted(bank_client, house, ids[0])
    async with house.sessions() as session:
        await session.execute(text("UPDATE wallet SET transferable = true WHERE code = 'service'"))
        await session.commit()

    failed = await decide(bank_client, house, approval, "hq_approver")
    assert (failed.status_code, failed.json()["code"]) == (409, "deposit_reward_forbidden")
    late = await bank_client.post(f"{URL}/{ids[1]}/submit", headers=house.headers("hq_operator"))
    assert late.json()["code"] == "deposit_reward_forbidden"


async def test_terms_that_make_no_rule_are_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    for changes, code, fault in WRONG:
        refused = await create(bank_client, house, **changes)
        found = (refused.status_code, refused.json()["code"], refused.json().get("fault"))
        assert found == (422, code, fault), changes


async def test_a_branch_makes_rules_for_its_own_customers_alone(bank_client: httpx.AsyncClient, house: House) -> None:
    east, west = (to_public("brn", house.branches[code].id) for code in (EAST, WEST))
    for owner, status in ((None, 403), (west, 403), (east, 201)):
        body = DRAFT | {"owner_branch_id": owner}
        made = await bank_client.post(URL, json=body, headers=house.headers("branch_head"))
        assert made.status_code == status, made.text
    rule_id = made.json()["id"]
    elsewhere = await bank_client.post(f"{URL}/{rule_id}/submit", headers=house.headers("branch_head_west"))
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "forbidden")


async def test_a_version_cannot_begin_in_a_month_whose_points_are_given(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    async with house.sessions() as session:
        await session.execute(text("INSERT INTO asset_month (month, begun_at) VALUES ('2026-12-01', now())"))
        await session.commit()
    refused = await create(bank_client, house)
    assert (refused.status_code, refused.json()["code"], refused.json()["first"]) == (
        409,
        "asset_month_begun",
        "2027-01",
    )


async def test_a_rule_is_tried_on_a_customer_and_on_a_past_month(bank_client: httpx.AsyncClient, house: House) -> None:
    east, west = await house.add_customer(), await house.add_customer(branch=WEST)
    async with house.sessions() as session:
        for customer, fen in ((east, 123 * WAN), (west, 20 * WAN)):
            await hold(session, customer, ProductClass.FUND, {date(2025, 1, 1): fen})
            await hold(session, customer, ProductClass.CUSTODY, {date(2025, 1, 1): fen})
        await give_tier(session, east, "T2", on=OCTOBER)
        await send_day(session)
        await session.commit()
    items = (await bank_client.get(URL, headers=house.headers("hq_operator"))).json()["items"]
    rule_id = next(one["id"] for one in items if one["code"] == "service_assets")
    body = {"customer_id": to_public("cus", east), "month": "2026-10"}

    tried = await bank_client.post(f"{URL}/{rule_id}/simulate", json=body, headers=house.headers("branch_head"))
    assert tried.status_code == 200, tried.text
    found = tried.json()
    assert (found["points"], found["outcome"], found["tier"]) == (123, "points", "T2")
    assert found["reason"] == "2026年10月资产日均满 1,230,000.00 元"
    assert [(one["product_class"], one["weight"], one["average_band"], one["average"]) for one in found["classes"]] == [
        ("custody", "0.00", "1m_2m", None), ("fund", "1.00", "1m_2m", None)
    ]  # fmt: skip
    elsewhere = body | {"customer_id": to_public("cus", west)}
    refused = await bank_client.post(f"{URL}/{rule_id}/simulate", json=elsewhere, headers=house.headers("branch_head"))
    assert refused.status_code == 404

    month = {"month": "2026-10"}
    for role, tiers in (("hq_operator", [("-", 1, 20), ("T2", 1, 123)]), ("branch_head", [("T2", 1, 123)])):
        tested = await bank_client.post(f"{URL}/{rule_id}/back-test", json=month, headers=house.headers(role))
        assert tested.status_code == 200, tested.text
        result = tested.json()
        assert [(one["tier"], one["customers"], one["points"]) for one in result["tiers"]] == tiers
        assert result["cost"] == f"{sum(points for _, _, points in tiers)}.00"
    ahead = await bank_client.post(
        f"{URL}/{rule_id}/back-test", json={"month": "2026-11"}, headers=house.headers("hq_operator")
    )
    assert (ahead.status_code, ahead.json()["errors"][0]["type"]) == (422, "date_range")
