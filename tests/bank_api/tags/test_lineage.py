"""What tags come from and what decides by them over HTTP: lineage, impact, use, and tags that nobody uses."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlmodel import select

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.outbox.models import OutboxEvent
from guibin.tags.models import Tag
from guibin.tags.service import keep_tags, run_night
from support.house import EAST, House
from support.rights import add_right
from support.tagging import RICH, add_facts, add_manual_tag, add_rule_in_force, add_tag

REASON = {"reason": "no longer needed"}
SPENT = {"fact": {"sum": "event.amount", "window": {"last_days": 30}}, "op": ">", "value": "0.00"}
BOTH: dict[str, Any] = {"all": [SPENT, {"tag": "rich"}]}
SPENDING = {
    "name_zh": "金卡刷卡",
    "name_en": "Golden spending",
    "events": ["card_spend"],
    "when": {"fact": "tags", "op": "has_any", "value": ["rich"]},
    "cases": [{"gives": [{"wallet": "reward", "kind": "fixed", "points": 1}]}],
}


async def open_bank(house: House) -> UUID:
    """Put two tags in force, of which one names the other, and a right for holders of a third; a customer of theirs."""
    customer_id = await house.add_customer(branch=EAST)
    async with house.sessions() as session:
        await add_facts(session, customer_id, house.branches[EAST].id)
        await add_rule_in_force(session, "rich", RICH)
        await add_rule_in_force(session, "spends_a_lot", BOTH)
        await add_manual_tag(session, "golf")
        offer = {"eligibility": {"tiers": None, "tags": ["golf"], "branches": None, "from": None, "to": None}}
        await add_right(session, code="lounge", offer=offer)
        await session.commit()
    return customer_id


async def test_a_tag_is_followed_to_its_sources_and_to_what_decides_by_it(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    await open_bank(house)
    headers = house.headers("hq_operator")
    found = (await bank_client.get("/v1/tags/spends_a_lot/lineage", headers=headers)).json()
    assert (found["version"], found["tags"], found["used_by"]) == (1, ["rich"], [])
    assert [(fact["fact"], fact["job"], fact["feeds"]) for fact in found["facts"]] == [
        ("event.amount", "events", ["events"])
    ]
    rich = (await bank_client.get("/v1/tags/rich/lineage", headers=headers)).json()
    assert [(one["kind"], one["code"], one["in_force"]) for one in rich["used_by"]] == [("tag", "spends_a_lot", True)]
    assert [(fact["fact"], fact["job"]) for fact in rich["facts"]] == [("aum_mda", "facts.holding")]
    golf = (await bank_client.get("/v1/tags/golf/lineage", headers=headers)).json()
    assert [(one["kind"], one["code"]) for one in golf["used_by"]] == [("right", "lounge")]

    fact = (await bank_client.get("/v1/facts/aum_mda/lineage", headers=headers)).json()
    assert (fact["type"], ">=" in fact["operators"], fact["feeds"][0]) == ("money", True, "holdings")
    assert ("tag", "rich") in {(one["kind"], one["code"]) for one in fact["used_by"]}
    assert (await bank_client.get("/v1/facts/shoe_size/lineage", headers=headers)).status_code == 404


async def test_a_tag_by_which_something_decides_cannot_be_retired(bank_client: httpx.AsyncClient, house: House) -> None:
    await open_bank(house)
    headers = house.headers("hq_operator")
    body = {"code": "golden", "branch": None, "terms": SPENDING}
    assert (await bank_client.post("/v1/earning-rules", json=body, headers=headers)).status_code == 201
    drafted = (await bank_client.get("/v1/tags/rich/lineage", headers=headers)).json()["used_by"]
    assert [(one["kind"], one["in_force"]) for one in drafted] == [("earning_rule", False), ("tag", True)]

    refused = (await bank_client.post("/v1/tags/rich/retire", json=REASON, headers=headers)).json()
    assert (refused["code"], refused["users"]) == ("tag_in_use", ["tag:spends_a_lot"])
    frozen = (await bank_client.post("/v1/tags/golf/suspend", json=REASON, headers=headers)).json()
    assert (frozen["state"], frozen["affected"]) == ("suspended", ["right:lounge"])
    assert (await bank_client.post("/v1/tags/spends_a_lot/retire", json=REASON, headers=headers)).status_code == 200
    assert (await bank_client.post("/v1/tags/rich/retire", json=REASON, headers=headers)).status_code == 200


async def test_who_approves_a_tag_sees_what_decides_by_it(bank_client: httpx.AsyncClient, house: House) -> None:
    await open_bank(house)
    async with house.sessions() as session:
        tag = (await session.exec(select(Tag).where(Tag.code == "rich"))).one()
        tag.draft_rule = RICH | {"value": "2000000.00"}
        session.add(tag)
        await session.commit()
    asked = (await bank_client.post("/v1/tags/rich/submit", headers=house.headers("hq_operator"))).json()
    shown = await bank_client.get(f"/v1/approvals/{asked['approval_id']}", headers=house.headers("hq_approver"))
    assert shown.json()["preview"]["affected"] == ["tag:spends_a_lot"]


async def test_the_use_of_a_tag_is_counted_by_way_and_people(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id = await open_bank(house)
    headers, head = house.headers("hq_operator"), house.headers("branch_head")
    before = (await bank_client.get("/v1/tags/golf/use", headers=headers)).json()
    assert (before["last_used_on"], before["decides"], before["freezes_on"]) == (None, 1, None)
    path = f"/v1/customers/{to_public('cus', customer_id)}/tags"
    assert (await bank_client.put(f"{path}/golf", json=REASON, headers=head)).status_code == 200
    for _ in range(2):
        await bank_client.get(path, headers=head)
        await bank_client.get("/v1/customers?tag=golf", headers=headers)
    after = (await bank_client.get("/v1/tags/golf/use", headers=headers)).json()
    assert after["last_used_on"] == str(clock.today())
    ways = ("filtered", "counted", "exported", "explained", "given", "shown", "people")
    assert [after["periods"][0][way] for way in ways] == [2, 0, 0, 0, 1, 1, 2]


async def test_the_night_freezes_a_tag_that_nobody_uses_and_retires_it_a_week_later(house: House) -> None:
    today = clock.today()
    long_ago = today - timedelta(days=40)
    async with house.sessions() as session:
        await add_tag(session, "forgotten", kind="manual", state="published", live_since=long_ago)
        await add_tag(session, "newcomer", kind="manual", state="published", live_since=today - timedelta(days=5))
        await add_rule_in_force(session, "rich", RICH)
        tag = await add_rule_in_force(session, "spends_a_lot", BOTH)
        tag.live_since = long_ago
        session.add(tag)
        rich = (await session.exec(select(Tag).where(Tag.code == "rich"))).one()
        rich.live_since = long_ago
        session.add(rich)
        await session.flush()
        assert (await keep_tags(session, day=today))["frozen"] == 2
        await run_night(session, day=clock.last_closed_day())
        told = (await session.exec(select(OutboxEvent).where(OutboxEvent.type == "tags.alert"))).one()
        assert told.payload["announced"] == ["forgotten", "spends_a_lot"]
        assert await keep_tags(session, day=today + timedelta(days=7)) == {"expired": 0, "retired": 2, "frozen": 1}


async def test_the_policy_says_when_a_tag_is_dead(bank_client: httpx.AsyncClient, house: House) -> None:
    headers = house.headers("hq_operator")
    found = await bank_client.get("/v1/tag-policy", headers=headers)
    assert (found.json()["unused_days"], found.json()["announced_days"]) == (30, 7)
    wanted = {"unused_days": None, "announced_days": 14, "full_every_days": 7, "checked_percent": 10}
    missing = await bank_client.put("/v1/tag-policy", json=wanted, headers=headers)
    assert missing.status_code == 428
    changed = await bank_client.put(
        "/v1/tag-policy", json=wanted, headers=headers | {"If-Match": found.headers["ETag"]}
    )
    assert (changed.status_code, changed.json()["revision"]) == (200, 2)
    async with house.sessions() as session:
        await add_tag(
            session, "forgotten", kind="manual", state="published", live_since=clock.today() - timedelta(days=400)
        )
        assert (await keep_tags(session, day=clock.today()))["frozen"] == 0
