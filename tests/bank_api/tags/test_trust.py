"""What can be relied on: stale tags say so, few build on sensitive ones, drafts are tried, completion is told."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import select

from guibin.core import clock
from guibin.core.ids import to_public
from guibin.customers.models import CustomerAccess
from guibin.tags.models import CustomerTag, Tag, TagSource, TagState, TagVersion
from guibin.tags.runs.completion import write_completion
from guibin.tags.service import run_night
from support.house import EAST, House
from support.rights import give_tier
from support.tagging import OLD, add_facts, add_manual_tag, add_rule_in_force, add_tag

EARNING: dict[str, Any] = {
    "name_zh": "关怀积分",
    "name_en": "Care",
    "events": ["card_spend"],
    "when": {"fact": "tags", "op": "has_any", "value": ["ill"]},
    "cases": [{"gives": [{"wallet": "reward", "kind": "fixed", "points": 1}]}],
}


@pytest.fixture
async def customer(house: House) -> UUID:
    """A customer in the book of the eastern manager, 70 years old."""
    customer_id = await house.add_customer()
    async with house.sessions() as session:
        await add_facts(session, customer_id, house.branches[EAST].id, age=70, tier="T1")
        served: dict[str, Any] = {"staff_id": house.staff["manager"].id, "role": "primary", "valid_from": clock.today()}
        session.add(CustomerAccess(customer_id=customer_id, **served))
        await session.commit()
    return customer_id


async def test_every_answer_about_a_customer_says_which_tags_are_stale(
    bank_client: httpx.AsyncClient, house: House, customer: UUID
) -> None:
    path, headers = f"/v1/customers/{to_public('cus', customer)}", house.headers("manager")
    closed = clock.last_closed_day()
    async with house.sessions() as session:
        await add_rule_in_force(session, "elderly", OLD)
        await add_manual_tag(session, "golfer")
        key: dict[str, Any] = {"customer_id": customer, "tag_code": "golfer", "source": TagSource.MANUAL}
        session.add(CustomerTag(**key, since=clock.today()))
        await run_night(session, day=closed - timedelta(days=1))
        await session.commit()

    async def marks() -> tuple[dict[str, bool], bool, bool]:
        listed = (await bank_client.get(f"{path}/tags", headers=headers)).json()["items"]
        why = (await bank_client.get(f"{path}/tags/elderly/why", headers=headers)).json()
        sides = (await bank_client.get(path, headers=headers)).json()
        ours = {one["code"]: one["stale"] for one in listed if one["code"] in {"elderly", "golfer"}}
        return ours, why["stale"], "elderly" in sides["stale_tags"]

    assert await marks() == ({"elderly": True, "golfer": False}, True, True)
    async with house.sessions() as session:
        await run_night(session, day=closed)
        await session.commit()
    assert await marks() == ({"elderly": False, "golfer": False}, False, False)
    async with house.sessions() as session:
        tag = (await session.exec(select(Tag).where(Tag.code == "elderly"))).one()
        tag.state, tag.suspended_on = TagState.SUSPENDED, clock.today()
        session.add(tag)
        await session.commit()
    assert await marks() == ({"elderly": True, "golfer": False}, True, True)


async def test_only_who_sees_sensitive_tags_names_them_in_rules_of_earning(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    async with house.sessions() as session:
        await add_tag(session, "ill", kind="manual", state="published", sensitivity="sensitive")
        await session.commit()
    body = {"code": "care", "branch": None, "terms": EARNING}
    headers = house.headers("hq_operator")
    refused = await bank_client.post("/v1/earning-rules", json=body, headers=headers)
    assert (refused.status_code, refused.json()["code"], refused.json()["tag"]) == (403, "tag_sensitive", "ill")
    harmless = body | {"terms": EARNING | {"when": {"fact": "tags", "op": "has_any", "value": ["golfer"]}}}
    assert (await bank_client.post("/v1/earning-rules", json=harmless, headers=headers)).status_code == 201


async def test_a_draft_is_tried_against_a_customer(
    bank_client: httpx.AsyncClient, house: House, customer: UUID
) -> None:
    async with house.sessions() as session:
        tag = await add_rule_in_force(session, "elderly", OLD)
        tag.draft_rule = OLD | {"value": 80}
        session.add(tag)
        await session.commit()
    path = f"/v1/customers/{to_public('cus', customer)}/tags/elderly/why"
    in_force = (await bank_client.get(path, headers=house.headers("manager"))).json()
    drafted = (await bank_client.get(f"{path}?draft=true", headers=house.headers("manager"))).json()
    assert (in_force["version"], in_force["matches"], drafted["version"], drafted["matches"]) == (1, True, None, False)
    assert (drafted["conditions"][0]["value"], drafted["conditions"][0]["actual"]) == (80, 70)


async def test_staff_add_to_a_score_with_a_reason_and_an_end(
    bank_client: httpx.AsyncClient, house: House, customer: UUID
) -> None:
    async with house.sessions() as session:
        await add_tag(session, "worth", kind="score", state="published", published_version=1)
        rule: dict[str, Any] = {"score": [{"points": 10, "when": OLD}]}
        session.add(TagVersion(tag_code="worth", version=1, rule=rule, published_at=clock.now()))
        await session.commit()
    path, headers = f"/v1/customers/{to_public('cus', customer)}/tags/worth", house.headers("manager")
    until = clock.today() + timedelta(days=30)
    body = {"points": 15, "reason": "recommended", "until": str(until)}
    added = await bank_client.put(f"{path}/modifier", json=body, headers=headers)
    assert (added.status_code, added.json()["points"], added.json()["until"]) == (200, 15, str(until))
    again = await bank_client.put(f"{path}/modifier", json=body | {"points": 5}, headers=headers)
    assert again.json()["points"] == 5
    why = (await bank_client.get(f"{path}/why?as_of={clock.today()}", headers=headers)).json()
    assert why["numbers"]["modifier"] == "5"
    listed = (await bank_client.get(f"{path}/modifiers", headers=headers)).json()["items"]
    assert [(one["points"], one["reason"]) for one in listed] == [(5, "recommended")]
    nothing = await bank_client.put(f"{path}/modifier", json=body | {"points": 0}, headers=headers)
    assert nothing.status_code == 422
    ended = await bank_client.request("DELETE", f"{path}/modifier", json={"reason": "over"}, headers=headers)
    assert ended.status_code == 204
    gone = await bank_client.request("DELETE", f"{path}/modifier", json={"reason": "over"}, headers=headers)
    assert gone.status_code == 404


async def test_completion_is_told_by_branch_and_day(
    bank_client: httpx.AsyncClient, house: House, customer: UUID
) -> None:
    """Counted are those to whom the night of the day gave a tier: nobody had one on a bank's first day."""
    other, none = await house.add_customer(), await house.add_customer()
    closed = clock.last_closed_day()
    async with house.sessions() as session:
        await add_facts(session, other, house.branches[EAST].id)
        await add_facts(session, none, house.branches[EAST].id)
        await give_tier(session, customer, "T1", since=closed)
        await give_tier(session, other, "T2", since=clock.today())
        await give_tier(session, none, "T2", since=clock.today() + timedelta(days=1))
        for axis in ("asset_structure", "source", "liabilities", "products_held", "transactions"):
            await add_tag(session, f"on_{axis}", kind="manual", state="published", axis=axis)
            given: dict[str, Any] = {"tag_code": f"on_{axis}", "source": TagSource.MANUAL, "since": clock.today()}
            session.add(CustomerTag(customer_id=customer, **given))
            if axis == "source":
                session.add(CustomerTag(customer_id=other, **given))
        await session.flush()
        for day in (closed - timedelta(days=1), closed):
            await write_completion(session, day=day)
        await session.commit()
    found = (await bank_client.get("/v1/reports/tag-completion", headers=house.headers("hq_operator"))).json()
    assert [(one["customers"], one["complete"], one["percent"]) for one in found["branches"]] == [(2, 1, 50.0)]
    assert found["branches"][0]["by_axis"]["source"] == 2
    assert [(one["customers"], one["complete"]) for one in found["days"]] == [(2, 1), (1, 1)]
    blind = (await bank_client.get("/v1/reports/tag-completion", headers=house.headers("manager"))).json()
    assert blind == {"branches": [], "days": []}


async def test_tags_are_held_against_each_other_and_a_tag_is_profiled(
    bank_client: httpx.AsyncClient, house: House, customer: UUID
) -> None:
    ids = [customer, *[await house.add_customer() for _ in range(3)]]
    async with house.sessions() as session:
        for number, customer_id in enumerate(ids[1:]):
            await add_facts(session, customer_id, house.branches[EAST].id, age=30 + number, tier="T2")
        for code, holders in (("golfer", ids[:2]), ("sailor", ids[:2]), ("skier", ids[2:])):
            await add_manual_tag(session, code)
            for customer_id in holders:
                given: dict[str, Any] = {"tag_code": code, "source": TagSource.MANUAL, "since": clock.today()}
                session.add(CustomerTag(customer_id=customer_id, **given))
        await session.commit()
    headers = house.headers("hq_operator")
    body = {"codes": ["sailor", "golfer", "skier"]}
    pairs = (await bank_client.post("/v1/tags/overlap", json=body, headers=headers)).json()["pairs"]
    assert [(one["first"], one["second"], one["both"], one["lift"]) for one in pairs] == [
        ("golfer", "sailor", 2, 2.0),
        ("golfer", "skier", 0, 0.0),
        ("sailor", "skier", 0, 0.0),
    ]
    found = (await bank_client.get("/v1/tags/golfer/profile", headers=headers)).json()
    assert (found["customers"], found["members"], found["tiers"]) == (4, 2, {"T1": 1, "T2": 1})
    assert found["ages"] == {"30_to_39": 1, "70_and_over": 1}
    assert [(one["code"], one["members"], one["lift"]) for one in found["traits"]] == [("sailor", 2, 2.0)]
    mine = (await bank_client.get("/v1/tags/golfer/profile", headers=house.headers("manager"))).json()
    assert (mine["customers"], mine["members"]) == (1, 1)
