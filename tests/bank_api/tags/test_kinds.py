"""Tags with values over HTTP: from a draft to what a customer has and why."""

from typing import Any

import httpx

from guibin.core.ids import to_public
from guibin.tags.service import run_tags
from support.house import EAST, House
from support.tagging import DAY, MILLION, add_facts

NAMES = {"axis": "asset_structure", "name_zh": "贵金属等级", "name_en": "Kind of metal"}


def at_least(amount: str) -> dict[str, Any]:
    return {"fact": "aum", "op": ">=", "value": amount}


METAL = {
    "values": [
        {"value": "gold", "name_zh": "金", "name_en": "Gold", "when": at_least("1000000.00")},
        {"value": "silver", "name_zh": "银", "name_en": "Silver", "when": at_least("100000.00")},
    ]
}


async def publish(client: httpx.AsyncClient, house: House, tag: dict[str, Any]) -> dict[str, Any]:
    """Make a tag, submit it and let another person approve; returns what the approver saw."""
    maker, approver = house.headers("hq_operator"), house.headers("hq_approver")
    assert (await client.post("/v1/tags", json=tag, headers=maker)).status_code == 201
    submitted = await client.post(f"/v1/tags/{tag['code']}/submit", headers=maker)
    assert submitted.status_code == 202, submitted.text
    path = f"/v1/approvals/{submitted.json()['approval_id']}"
    shown: dict[str, Any] = (await client.get(path, headers=approver)).json()["preview"]
    assert (await client.post(f"{path}/approve", json={}, headers=approver)).status_code == 200
    return shown


async def test_a_customer_has_the_first_value_whose_rule_holds_and_why(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customers = {}
    async with house.sessions() as session:
        for name, fen in (("rich", MILLION), ("well_off", MILLION // 2), ("poor", 0)):
            customers[name] = await house.add_customer()
            await add_facts(session, customers[name], house.branches[EAST].id, aum_fen=fen)
        await session.commit()
    shown = await publish(bank_client, house, NAMES | {"code": "metal", "kind": "values", "rule": METAL})
    assert (shown["customers"], shown["members"], shown["values"]) == (3, 2, {"gold": 1, "silver": 1})
    async with house.sessions() as session:
        await run_tags(session, day=DAY)
        await session.commit()

    headers = house.headers("branch_head")
    path = f"/v1/customers/{to_public('cus', customers['well_off'])}/tags"
    items = (await bank_client.get(f"{path}?as_of={DAY}", headers=headers)).json()["items"]
    assert [(one["code"], one["value"], one["version"]) for one in items if one["code"] == "metal"] == [
        ("metal", "silver", 1)
    ]
    why = (await bank_client.get(f"{path}/metal/why", headers=headers)).json()
    assert (why["has"], why["values"], why["gives"], why["first_failing"]) == (True, ["silver"], ["silver"], None)
    assert [(one["place"], one["met"], one["masked"]) for one in why["conditions"]] == [
        ("rule/values/0/when", False, True),
        ("rule/values/1/when", True, True),
    ]
    path = f"/v1/customers/{to_public('cus', customers['poor'])}/tags/metal/why"
    why = (await bank_client.get(path, headers=headers)).json()
    assert (why["has"], why["gives"], why["first_failing"]) == (False, [], "rule/values/0/when")


async def test_a_preview_counts_by_value(bank_client: httpx.AsyncClient, house: House) -> None:
    async with house.sessions() as session:
        for age in (20, 30, 70):
            await add_facts(session, await house.add_customer(), house.branches[EAST].id, age=age)
        await session.commit()
    headers = house.headers("hq_operator")
    ranges = [{"value": "young", "below": 35}, {"below": 60}, {"value": "old"}]
    tag = NAMES | {"code": "ages", "kind": "aggregate", "rule": {"figure": "age", "ranges": ranges}}
    assert (await bank_client.post("/v1/tags", json=tag, headers=headers)).status_code == 201
    preview = (await bank_client.post("/v1/tags/ages/preview", json={}, headers=headers)).json()
    assert (preview["members"], preview["values"]) == (3, {"young": 2, "old": 1})
    assert sorted(one["value"] for one in preview["sample"]) == ["old", "young", "young"]
