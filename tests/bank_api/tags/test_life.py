"""The life of a tag over HTTP: owner and category, suspended and resumed, expiry, runs by hand, sensitive tags."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update
from sqlmodel import col, select

from guibin.audit.models import AuditEntry
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.models import CustomerAccess
from guibin.outbox.models import OutboxEvent
from guibin.privacy.models import Consent, ConsentState, Purpose
from guibin.tags.live.service import judge_changed
from guibin.tags.models import CustomerFact
from guibin.tags.service import keep_tags, run_tags
from support.house import EAST, House
from support.tagging import DAY, OLD, add_facts

REASON = {"reason": "asked for by the customer"}
HAND = {"code": "golf", "kind": "manual", "axis": "service", "name_zh": "高尔夫", "name_en": "Plays golf"}


def code_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


async def create(client: httpx.AsyncClient, house: House, **parts: Any) -> httpx.Response:
    return await client.post("/v1/tags", json=HAND | parts, headers=house.headers("hq_operator"))


@pytest.fixture
async def customer(house: House) -> UUID:
    """A customer in the book of the eastern manager, 70 years old."""
    customer_id = await house.add_customer()
    async with house.sessions() as session:
        await add_facts(session, customer_id, house.branches[EAST].id, age=70)
        served: dict[str, Any] = {"staff_id": house.staff["manager"].id, "role": "primary", "valid_from": clock.today()}
        session.add(CustomerAccess(customer_id=customer_id, **served))
        await session.commit()
    return customer_id


def path_of(customer_id: UUID, rest: str = "") -> str:
    return f"/v1/customers/{to_public('cus', customer_id)}/tags{rest}"


async def told_of_tags(house: House) -> list[tuple[str, str, str]]:
    async with house.sessions() as session:
        rows = (await session.exec(select(OutboxEvent).where(col(OutboxEvent.type).startswith("tag.")))).all()
    return sorted((one.type, one.payload["tag"], one.payload["reason"]) for one in rows)


async def consent(house: House, customer_id: UUID, state: ConsentState) -> None:
    words: dict[str, Any] = {
        "purpose": Purpose.SENSITIVE,
        "channel": "any",
        "text_version": 1,
        "given_at": "customer_port",
    }
    words |= {"given_at": "customer_port"}
    said: dict[str, Any] = {"recorded_at": clock.now(), "recorded_by": customer_id, "state": state}
    async with house.sessions() as session:
        session.add(Consent(customer_id=customer_id, id=new_id(), **words, **said))
        await session.commit()


async def codes_of(client: httpx.AsyncClient, house: House, role: str, customer_id: UUID) -> tuple[list[str], int]:
    answer = (await client.get(path_of(customer_id), headers=house.headers(role))).json()
    return [one["code"] for one in answer["items"]], answer["hidden"]


async def test_a_tag_stands_in_a_category_of_its_axis_and_has_an_owner(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    headers = house.headers("hq_operator")
    tree = (await bank_client.get("/v1/tag-categories", headers=headers)).json()["items"]
    roots = {one["code"] for one in tree if one["parent_code"] is None}
    assert (len(roots), len(tree)) == (6, 31)
    own = {"code": "young", "parent": "source.personal", "name_zh": "青年", "name_en": "Young"}
    assert (await bank_client.post("/v1/tag-categories", json=own, headers=headers)).json()["axis"] == "source"
    again = await bank_client.post("/v1/tag-categories", json=own, headers=headers)
    assert code_of(again) == (409, "tag_category_exists")
    lost = await bank_client.post("/v1/tag-categories", json=own | {"parent": "no"}, headers=headers)
    assert code_of(lost) == (422, "tag_category_unknown")

    assert code_of(await create(bank_client, house, category="young")) == (422, "tag_category_unknown")
    made = (await create(bank_client, house, axis="source", category="young", review_on="2027-06-30")).json()
    assert (made["category_code"], made["review_on"]) == ("young", "2027-06-30")
    assert made["owner_id"] == to_public("stf", house.staff["hq_operator"].id)
    found = await bank_client.get("/v1/tags?category=source.personal", headers=headers)
    assert {one["category_code"] for one in found.json()["items"]} == {"young", "source.personal"}


async def test_a_suspended_tag_is_given_to_nobody_and_kept_by_who_has_it(
    bank_client: httpx.AsyncClient, house: House, customer: UUID
) -> None:
    await create(bank_client, house)
    maker, manager = house.headers("hq_operator"), house.headers("manager")
    assert (await bank_client.put(path_of(customer, "/golf"), json=REASON, headers=manager)).status_code == 200
    suspended = await bank_client.post("/v1/tags/golf/suspend", json=REASON, headers=maker)
    assert (suspended.json()["state"], suspended.json()["suspended_on"]) == ("suspended", str(clock.today()))
    assert (await codes_of(bank_client, house, "manager", customer))[0] == ["golf"]
    again = await bank_client.put(path_of(customer, "/golf"), json=REASON, headers=manager)
    assert code_of(again) == (409, "state_conflict")
    twice = await bank_client.post("/v1/tags/golf/suspend", json=REASON, headers=maker)
    assert code_of(twice) == (409, "state_conflict")
    resumed = await bank_client.post("/v1/tags/golf/resume", json=REASON, headers=maker)
    assert (resumed.json()["state"], resumed.json()["suspended_on"]) == ("published", None)
    not_suspended = await bank_client.post("/v1/tags/golf/resume", json=REASON, headers=maker)
    assert code_of(not_suspended) == (409, "state_conflict")


async def test_the_night_retires_a_tag_on_the_day_that_was_announced(
    bank_client: httpx.AsyncClient, house: House, customer: UUID
) -> None:
    await create(bank_client, house)
    await bank_client.put(path_of(customer, "/golf"), json=REASON, headers=house.headers("manager"))
    day, body = clock.today() + timedelta(days=7), REASON | {"retires_in_days": 7}
    announced = await bank_client.post("/v1/tags/golf/suspend", json=body, headers=house.headers("hq_operator"))
    assert (announced.json()["state"], announced.json()["retires_on"]) == ("suspended", str(day))
    async with house.sessions() as session:
        assert (await keep_tags(session, day=day - timedelta(days=1)))["retired"] == 0
        assert (await keep_tags(session, day=day))["retired"] == 1
        await session.commit()
    assert await codes_of(bank_client, house, "manager", customer) == ([], 0)


async def test_a_value_expires_unless_it_is_confirmed(
    bank_client: httpx.AsyncClient, house: House, customer: UUID
) -> None:
    await create(bank_client, house, value_days=30)
    headers, day = house.headers("manager"), clock.today()
    given = (await bank_client.put(path_of(customer, "/golf"), json=REASON, headers=headers)).json()
    assert (given["confirmed_on"], given["expires_on"]) == (str(day), str(day + timedelta(days=30)))
    async with house.sessions() as session:
        assert (await keep_tags(session, day=day + timedelta(days=29)))["expired"] == 0
        assert (await keep_tags(session, day=day + timedelta(days=30)))["expired"] == 1
        await session.commit()
    later = day + timedelta(days=30)
    for as_of, expected in ((later - timedelta(days=1), ["golf"]), (later, [])):
        answer = await bank_client.get(path_of(customer), params={"as_of": str(as_of)}, headers=headers)
        assert [one["code"] for one in answer.json()["items"]] == expected


async def test_a_tag_of_manual_policy_runs_when_somebody_lets_it(
    bank_client: httpx.AsyncClient, house: House, customer: UUID
) -> None:
    maker, approver = house.headers("hq_operator"), house.headers("hq_approver")
    await create(bank_client, house, kind="rule", rule=OLD, update_policy="manual", publishes_events=True)
    assert code_of(await bank_client.post("/v1/tags/golf/run", headers=maker)) == (409, "tag_rule_missing")
    submitted = (await bank_client.post("/v1/tags/golf/submit", headers=maker)).json()["approval_id"]
    await bank_client.post(f"/v1/approvals/{submitted}/approve", json={}, headers=approver)
    async with house.sessions() as session:
        await run_tags(session, day=DAY)
        await session.commit()
    assert "golf" not in (await codes_of(bank_client, house, "manager", customer))[0]
    ran = (await bank_client.post("/v1/tags/golf/run", headers=maker)).json()
    assert (ran["added"], ran["ended"]) == (1, 0)
    assert "golf" in (await codes_of(bank_client, house, "manager", customer))[0]
    assert await told_of_tags(house) == []  # the definition moved, not the customer
    async with house.sessions() as session:
        await session.execute(update(CustomerFact).values(age=30))
        await session.commit()
    assert (await bank_client.post("/v1/tags/golf/run", headers=maker)).json()["ended"] == 1
    assert await told_of_tags(house) == [("tag.left", "golf", "rule")]


async def test_others_are_told_of_a_tag_by_hand_that_publishes_events_and_never_of_a_sensitive_one(
    bank_client: httpx.AsyncClient, house: House, customer: UUID
) -> None:
    refused = await create(bank_client, house, publishes_events=True, sensitivity="sensitive")
    assert code_of(refused) == (422, "validation_failed")
    made = await create(bank_client, house, publishes_events=True)
    assert (made.status_code, made.json()["publishes_events"]) == (201, True)
    for method in ("PUT", "PUT", "DELETE"):
        answer = await bank_client.request(
            method, path_of(customer, "/golf"), json=REASON, headers=house.headers("manager")
        )
        assert answer.status_code < 300, answer.text
    assert await told_of_tags(house) == [("tag.entered", "golf", "manual"), ("tag.left", "golf", "manual")]


async def test_a_tag_in_real_time_follows_what_happens_to_a_customer(
    bank_client: httpx.AsyncClient, house: House, customer: UUID
) -> None:
    maker, approver = house.headers("hq_operator"), house.headers("hq_approver")
    friend = {"code": "friend", "name_zh": "朋友", "name_en": "Friend"}
    await create(bank_client, house, **friend)
    refused = await create(bank_client, house, kind="rule", rule=OLD, update_policy="real_time")
    assert (code_of(refused), refused.json()["facts"]) == ((422, "tag_not_real_time"), ["age"])
    await create(bank_client, house, kind="rule", rule={"tag": "friend"}, update_policy="real_time")
    submitted = (await bank_client.post("/v1/tags/golf/submit", headers=maker)).json()["approval_id"]
    await bank_client.post(f"/v1/approvals/{submitted}/approve", json={}, headers=approver)
    await _next_turn(house)

    manager, seen = house.headers("manager"), []
    for method in ("PUT", "DELETE"):
        await bank_client.request(method, path_of(customer, "/friend"), json=REASON, headers=manager)
        await _next_turn(house)
        seen.append((await codes_of(bank_client, house, "manager", customer))[0])
        why = (await bank_client.get(path_of(customer, "/golf/why"), headers=manager)).json()
        assert (why["has"], why["matches"]) == (method == "PUT", method == "PUT")

    assert seen == [["friend", "golf"], []]


async def _next_turn(house: House) -> None:
    async with house.sessions() as session:
        await judge_changed(session)
        await session.commit()


async def test_a_sensitive_tag_asks_for_consent_and_is_seen_by_few(
    bank_client: httpx.AsyncClient, house: House, customer: UUID
) -> None:
    await create(bank_client, house, sensitivity="sensitive")
    path, manager, head = path_of(customer, "/golf"), house.headers("manager"), house.headers("branch_head")
    assert code_of(await bank_client.put(path, json=REASON, headers=manager)) == (409, "tag_consent_missing")
    await consent(house, customer, ConsentState.GRANTED)
    assert code_of(await bank_client.put(path, json=REASON, headers=head)) == (404, "not_found")
    assert (await bank_client.put(path, json=REASON, headers=manager)).status_code == 200

    assert await codes_of(bank_client, house, "manager", customer) == (["golf"], 0)
    assert await codes_of(bank_client, house, "branch_head", customer) == ([], 1)
    for headers, listed, status in ((manager, 1, 200), (head, 0, 404)):
        found = await bank_client.get("/v1/customers?tag=golf", headers=headers)
        assert len(found.json()["items"]) == listed
        sides = await bank_client.get(f"/v1/customers/{to_public('cus', customer)}", headers=headers)
        assert ("golf" in sides.json()["tags"]) is bool(listed)
        assert (await bank_client.get(f"{path}/why", headers=headers)).status_code == status
    async with house.sessions() as session:
        seen = select(AuditEntry).where(col(AuditEntry.action) == "tag.sensitive_seen")
        assert [row.object_id for row in (await session.exec(seen)).all()] == [to_public("cus", customer)]

    await consent(house, customer, ConsentState.REVOKED)
    assert await codes_of(bank_client, house, "manager", customer) == ([], 1)


async def test_a_tag_that_tells_of_a_sensitive_one_is_sensitive_too(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    await create(bank_client, house)
    rule = {"code": "tells", "kind": "rule", "name_zh": "间接", "name_en": "Tells", "rule": {"tag": "golf"}}
    assert (await create(bank_client, house, **rule)).status_code == 201
    headers = house.headers("hq_operator") | {"If-Match": '"1"'}
    body = {name: value for name, value in HAND.items() if name not in {"code", "kind"}} | {"sensitivity": "sensitive"}
    refused = await bank_client.put("/v1/tags/golf", json=body, headers=headers)
    assert (*code_of(refused), refused.json()["tag"]) == (409, "tag_sensitivity_too_low", "tells")
    closed = {"code": "secret", "name_zh": "敏感", "name_en": "Secret", "sensitivity": "sensitive"}
    await create(bank_client, house, **closed)
    tells = rule | {"code": "tells_too", "name_zh": "间接二", "name_en": "Tells too", "rule": {"tag": "secret"}}
    assert code_of(await create(bank_client, house, **tells)) == (409, "tag_sensitivity_too_low")
    assert (await create(bank_client, house, **tells, sensitivity="sensitive")).status_code == 201


async def test_no_run_gives_a_sensitive_tag_to_who_did_not_consent(
    bank_client: httpx.AsyncClient, house: House, customer: UUID
) -> None:
    maker, approver = house.headers("hq_operator"), house.headers("hq_approver")
    await create(bank_client, house, kind="rule", rule=OLD, sensitivity="sensitive")
    submitted = (await bank_client.post("/v1/tags/golf/submit", headers=maker)).json()["approval_id"]
    await bank_client.post(f"/v1/approvals/{submitted}/approve", json={}, headers=approver)
    given = []
    for state in (None, ConsentState.GRANTED, ConsentState.REVOKED):
        if state is not None:
            await consent(house, customer, state)
        given.append((await bank_client.post("/v1/tags/golf/run", headers=maker)).json())
    assert [(one["added"], one["ended"]) for one in given] == [(0, 0), (1, 0), (0, 1)]
    preview = await bank_client.post("/v1/tags/golf/preview", json={}, headers=maker)
    assert (preview.json()["members"], preview.json()["sample"]) == (1, [])
