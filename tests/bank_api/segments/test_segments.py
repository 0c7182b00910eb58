"""Segments over HTTP: a rule over tags and facts, counted step by step, run by the night, pinned, frozen, told of."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import update
from sqlmodel import col, select

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.outbox.models import OutboxEvent
from guibin.tags.models import CustomerFact
from guibin.tags.service import run_night
from support.house import EAST, WEST, House
from support.tagging import MILLION, RICH, add_facts, add_rule_in_force

RULE: dict[str, Any] = {"all": [{"tag": "rich"}, {"not": {"fact": "age", "op": ">=", "value": 60}}]}
NEW = {"code": "young_rich", "name_zh": "年轻高净值", "name_en": "Rich and young", "rule": RULE}


async def add_people(house: House, branch: str, *people: tuple[int, int]) -> list[UUID]:
    ids = []
    for average, age in people:
        customer_id = await house.add_customer(branch=branch)
        async with house.sessions() as session:
            facts = {"aum_mda_fen": average, "age": age, "as_of": clock.today()}
            await add_facts(session, customer_id, house.branches[branch].id, **facts)
            await session.commit()
        ids.append(customer_id)
    return ids


async def night(house: House, days_ago: int = 0) -> dict[str, int]:
    async with house.sessions() as session:
        counts = await run_night(session, day=clock.today() - timedelta(days=days_ago))
        await session.commit()
    return counts


async def members_of(client: httpx.AsyncClient, house: House, role: str, query: str = "") -> dict[str, list[str]]:
    found = await client.get(f"/v1/segments/young_rich/members{query}", headers=house.headers(role))
    assert found.status_code == 200, found.text
    return {one["customer_id"]: one["sources"] for one in found.json()["items"]}


async def publish(client: httpx.AsyncClient, house: House) -> None:
    assert (await client.post("/v1/segments", json=NEW, headers=house.headers("hq_operator"))).status_code == 201
    submitted = await client.post("/v1/tags/young_rich/submit", headers=house.headers("hq_operator"))
    approval = f"/v1/approvals/{submitted.json()['approval_id']}/approve"
    assert (await client.post(approval, json={}, headers=house.headers("hq_approver"))).status_code == 200


async def told_of(house: House) -> Counter[tuple[str, str, str]]:
    async with house.sessions() as session:
        events = (await session.exec(select(OutboxEvent).where(col(OutboxEvent.type).startswith("segment.")))).all()
    return Counter((one.subject, one.type, one.payload["reason"]) for one in events)


async def let_go_of_wealth(house: House, customer_id: UUID) -> None:
    async with house.sessions() as session:
        gone = update(CustomerFact).where(col(CustomerFact.customer_id) == customer_id)
        await session.execute(gone.values(aum_mda_fen=0, changed_in=9))
        await session.commit()


async def test_the_life_of_a_segment(bank_client: httpx.AsyncClient, house: House) -> None:
    asked, path = house.headers("hq_operator"), "/v1/segments/young_rich"
    a, b, old, poor = await add_people(house, EAST, (MILLION, 30), (MILLION, 40), (MILLION, 70), (0, 30))
    (west,) = await add_people(house, WEST, (MILLION, 35))
    async with house.sessions() as session:
        await add_rule_in_force(session, "rich", RICH)
        await session.commit()
    await night(house, days_ago=2)
    await publish(bank_client, house)

    counted = (await bank_client.post(f"{path}/count", json={}, headers=asked)).json()
    steps = [(step["place"], step["kind"], step["members"], step["change"]) for step in counted["steps"]]
    assert steps == [("rule/all/0", "start", 4, -1), ("rule/all/1", "subtract", 3, -1)]
    assert counted["freshness"] == {"as_of": clock.today().isoformat(), "stale": False, "stale_lines": []}

    await night(house, days_ago=1)
    ids = {name: to_public("cus", one) for name, one in (("a", a), ("b", b), ("old", old), ("poor", poor))}
    by_rule = {ids["a"]: ["rule"], ids["b"]: ["rule"], to_public("cus", west): ["rule"]}
    assert await members_of(bank_client, house, "hq_operator") == by_rule
    assert set(await members_of(bank_client, house, "branch_head")) == {ids["a"], ids["b"]}

    taken = await bank_client.post(f"{path}/snapshots", json={"purpose": "wave 1"}, headers=asked)
    assert (taken.status_code, taken.json()["members"], taken.json()["version"]) == (201, 3, 1)

    async def pin(name: str, side: str) -> int:
        body = {"side": side, "reason": "asked for"}
        return (await bank_client.put(f"{path}/pins/{ids[name]}", json=body, headers=asked)).status_code

    assert [await pin("poor", "in"), await pin("b", "out"), await pin("a", "in")] == [200, 200, 200]
    await let_go_of_wealth(house, a)  # who is not rich any more stays if pinned in, and who was put out stays out
    await night(house)
    now = {ids["a"]: ["manual"], ids["poor"]: ["manual"], to_public("cus", west): ["rule"]}
    assert await members_of(bank_client, house, "hq_operator") == now
    yesterday = (clock.today() - timedelta(days=1)).isoformat()
    assert await members_of(bank_client, house, "hq_operator", f"?as_of={yesterday}") == by_rule
    why = f"/v1/customers/{ids['b']}/tags/young_rich/why"
    shown = [(await bank_client.get(f"{why}{query}", headers=asked)).json() for query in ("", f"?as_of={yesterday}")]
    assert [(one["has"], one["version"]) for one in shown] == [(False, 1), (True, 1)]

    compared = (await bank_client.get(f"{path}/snapshots/{taken.json()['id']}", headers=asked)).json()
    assert {name: compared[name] for name in ("frozen", "still", "left", "joined")} == {
        "frozen": 3,
        "still": 2,
        "left": 1,
        "joined": 1,
    }
    frozen = await bank_client.get(f"{path}/snapshots/{taken.json()['id']}/members", headers=asked)
    assert {one["customer_id"] for one in frozen.json()["items"]} == set(by_rule)
    pins = (await bank_client.get(f"{path}/pins", headers=asked)).json()["items"]
    assert {one["customer_id"]: one["side"] for one in pins} == {ids["a"]: "in", ids["b"]: "out", ids["poor"]: "in"}

    body = {"reason": "over"}
    for name in ("poor", "b"):
        gone_pin = await bank_client.request("DELETE", f"{path}/pins/{ids[name]}", json=body, headers=asked)
        assert gone_pin.status_code == 204
    await night(house)
    assert set(await members_of(bank_client, house, "hq_operator")) == {ids["a"], ids["b"], to_public("cus", west)}

    assert await told_of(house) == Counter(
        {
            (ids["a"], "segment.entered", "rule"): 1,
            (ids["b"], "segment.entered", "rule"): 2,
            (ids["b"], "segment.left", "pin"): 1,
            (ids["poor"], "segment.entered", "pin"): 1,
            (ids["poor"], "segment.left", "pin"): 1,
            (to_public("cus", west), "segment.entered", "rule"): 1,
        }
    )


async def test_customers_out_of_scope_are_not_pinned_and_drafts_take_no_pins(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    (west,) = await add_people(house, WEST, (MILLION, 35))
    async with house.sessions() as session:
        await add_rule_in_force(session, "rich", RICH)
        await session.commit()
    pin, body = f"/v1/segments/young_rich/pins/{to_public('cus', west)}", {"side": "in", "reason": "why not"}
    await bank_client.post("/v1/segments", json=NEW, headers=house.headers("hq_operator"))
    draft = await bank_client.put(pin, json=body, headers=house.headers("hq_operator"))
    assert (draft.status_code, draft.json()["code"]) == (409, "state_conflict")
    await bank_client.request("DELETE", "/v1/segments/rich", headers=house.headers("hq_operator"))
    assert (await bank_client.put(pin, json=body, headers=house.headers("branch_head"))).status_code == 404
    over = await bank_client.request("DELETE", pin, json={"reason": "no"}, headers=house.headers("branch_head"))
    assert over.status_code == 404
    no_segment = await bank_client.get("/v1/segments/rich/members", headers=house.headers("hq_operator"))
    assert no_segment.status_code == 404


async def test_a_random_bucket_is_stable_even_and_differs_by_seed(bank_client: httpx.AsyncClient, house: House) -> None:
    await add_people(house, EAST, *[(0, 30)] * 60)
    headers = house.headers("hq_operator")

    async def hit(seed: str, below: int) -> set[str]:
        rule = {"fact": f"bucket.{seed}", "op": "<", "value": below}
        parts = {"code": "half", "name_zh": "一半", "name_en": "Half", "rule": rule}
        await bank_client.post("/v1/segments", json=parts, headers=headers)
        shown = await bank_client.post("/v1/segments/half/count", json={"rule": rule}, headers=headers)
        preview = await bank_client.post("/v1/tags/half/preview", json={"rule": rule}, headers=headers)
        assert shown.json()["members"] == preview.json()["members"]
        return {one["customer_id"] for one in preview.json()["sample"]} | {str(shown.json()["members"])}

    assert await hit("spring", 50) == await hit("spring", 50) != await hit("autumn", 50)
    assert (await hit("spring", 100)) >= {"60"}
    assert 15 <= max(int(one) for one in await hit("spring", 50) if one.isdigit()) <= 45
