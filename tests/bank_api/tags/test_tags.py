"""Tags over HTTP: who may define them, what is refused, and the way from a draft to a version in force."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import col, update

from guibin.core.ids import new_id, to_public
from guibin.organisation.models import StaffRole
from support.house import EAST, ROOT, WEST, House
from support.tagging import MILLION, OLD, RICH, add_facts

NEW = {
    "code": "rich",
    "axis": "asset_structure",
    "name_zh": "月日均百万客户",
    "name_en": "Average of a million or more",
    "rule": RICH,
}


async def create(client: httpx.AsyncClient, house: House, **parts: Any) -> httpx.Response:
    return await client.post("/v1/tags", json=NEW | parts, headers=house.headers("hq_operator"))


async def add_people(house: House, *averages: int, branch: str = EAST) -> list[str]:
    ids = []
    for average in averages:
        customer_id = await house.add_customer(branch=branch)
        async with house.sessions() as session:
            await add_facts(session, customer_id, house.branches[branch].id, aum_mda_fen=average)
            await session.commit()
        ids.append(to_public("cus", customer_id))
    return ids


def code_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


async def test_a_rule_comes_into_force_when_another_person_approves(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    await add_people(house, MILLION, MILLION, 0)
    created = await create(bank_client, house)
    assert created.status_code == 201
    assert (created.json()["state"], created.json()["draft_rule"], created.headers["ETag"]) == ("draft", RICH, '"1"')

    submitted = await bank_client.post("/v1/tags/rich/submit", headers=house.headers("hq_operator"))
    assert (submitted.status_code, submitted.json()["status"]) == (202, "pending")

    approval = f"/v1/approvals/{submitted.json()['approval_id']}"
    shown = (await bank_client.get(approval, headers=house.headers("hq_approver"))).json()
    assert (shown["preview"]["customers"], shown["preview"]["members"]) == (3, 2)
    approved = await bank_client.post(f"{approval}/approve", json={}, headers=house.headers("hq_approver"))
    assert approved.status_code == 200

    tag = (await bank_client.get("/v1/tags/rich", headers=house.headers("auditor"))).json()
    assert (tag["state"], tag["published_version"], tag["rule"], tag["draft_rule"]) == ("published", 1, RICH, None)
    versions = (await bank_client.get("/v1/tags/rich/versions", headers=house.headers("auditor"))).json()
    assert [(one["version"], one["rule"]) for one in versions["items"]] == [(1, RICH)]


async def test_an_amended_rule_is_counted_within_what_its_maker_may_submit(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    await add_people(house, MILLION, MILLION)
    await add_people(house, MILLION, branch=WEST)
    await create(bank_client, house)
    submitted = await bank_client.post("/v1/tags/rich/submit", headers=house.headers("hq_operator"))
    approval, approver = f"/v1/approvals/{submitted.json()['approval_id']}", house.headers("hq_approver")
    await bank_client.post(f"{approval}/request-changes", json={"comment": "请核对"}, headers=approver)
    maker = house.staff["hq_operator"].id
    async with house.sessions() as session:
        moved = update(StaffRole).where(col(StaffRole.staff_id) == maker)
        await session.exec(moved.values(branch_id=house.branches[WEST].id))
        session.add(StaffRole(staff_id=maker, role="customer_service", branch_id=house.branches[ROOT].id))
        await session.commit()
    amended = await bank_client.post(f"{approval}/amend", json={}, headers=house.headers("hq_operator"))
    assert (amended.json()["preview"]["customers"], amended.json()["preview"]["members"]) == (1, 1)


async def test_t5_a_rule_that_hits_everybody_is_submitted_with_its_count(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    await add_people(house, 0, 0)
    await create(bank_client, house, rule={"fact": "gender", "op": "exists"})
    submitted = await bank_client.post("/v1/tags/rich/submit", headers=house.headers("hq_operator"))
    assert submitted.status_code == 202
    approval = f"/v1/approvals/{submitted.json()['approval_id']}"
    shown = (await bank_client.get(approval, headers=house.headers("hq_approver"))).json()
    assert shown["preview"]["share_percent"] == 100.0


async def test_t8_tags_that_rest_on_each_other_are_refused_with_the_ring(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    await create(bank_client, house)
    unknown = await create(bank_client, house, code="gift", rule={"tag": "riches"}, name_zh="赠礼", name_en="Gift")
    assert code_of(unknown) == (422, "rule_tag_unknown")
    made = await create(bank_client, house, code="gift", rule={"tag": "rich"}, name_zh="赠礼", name_en="Gift")
    assert made.status_code == 201
    edited = await bank_client.put(
        "/v1/tags/rich",
        json={name: value for name, value in NEW.items() if name != "code"} | {"rule": {"not": {"tag": "gift"}}},
        headers=house.headers("hq_operator") | {"If-Match": '"1"'},
    )
    assert code_of(edited) == (409, "rule_cycle")
    assert edited.json()["path"] == ["gift", "rich", "gift"]


WRONG_RULES: dict[str, tuple[dict[str, Any], str, str]] = {
    "T1 injection": ({"fact": "1;select", "op": "exists"}, "rule_field_unknown", "rule/fact"),
    "T1 id_no": ({"fact": "id_no", "op": "exists"}, "rule_field_unknown", "rule/fact"),
    "T1 dunder": ({"fact": "__class__", "op": "exists"}, "rule_field_unknown", "rule/fact"),
    "T1 path": ({"fact": "customer.password", "op": "exists"}, "rule_field_unknown", "rule/fact"),
    "T2 regex": (OLD | {"op": "regex"}, "rule_operator_invalid", "rule/op"),
    "T2 distance": (OLD | {"op": "distance"}, "rule_operator_invalid", "rule/op"),
    "T2 sql": (OLD | {"op": "sql"}, "rule_operator_invalid", "rule/op"),
    "T2 between": (OLD | {"op": "between", "value": [1, 2, 3]}, "rule_operator_invalid", "rule/value"),
    "T3 text for number": (OLD | {"value": "sixty"}, "rule_value_invalid", "rule/value"),
    "T3 1,001": (OLD | {"op": "in", "value": list(range(1_001))}, "rule_value_invalid", "rule/value"),
    "T3 empty in": (OLD | {"op": "in", "value": []}, "rule_value_invalid", "rule/value"),
    "T4 depth 6": ({"not": {"not": {"not": {"not": {"not": OLD}}}}}, "rule_too_complex", "rule/not/not/not/not/not"),
    "T4 51 nodes": ({"all": [OLD] * 50}, "rule_too_complex", "rule/all/49"),
    "T4 empty group": ({"all": []}, "rule_too_complex", "rule/all"),
}


async def test_t1_t2_t3_t4_a_wrong_rule_is_refused_with_its_place(
    bank_client: httpx.AsyncClient, house: House, subtests: pytest.Subtests
) -> None:
    headers = house.headers("hq_operator")
    for row, (rule, code, place) in WRONG_RULES.items():
        created = await create(bank_client, house, rule=rule)
        previewed = await bank_client.post("/v1/tags/mda_1m/preview", json={"rule": rule}, headers=headers)
        for response in (created, previewed):
            with subtests.test(row):
                assert code_of(response) == (422, code)
                assert response.json()["place"] == place


WRONG_TAGS: dict[str, tuple[dict[str, Any], int, str]] = {
    "T7 equal after folding": ({"name_en": "ＡVERAGE of A million"}, 409, "tag_exists"),
    "T7 41 characters": ({"name_zh": "名" * 41}, 422, "validation_failed"),
    "code taken": ({"code": "mda_1m"}, 409, "tag_exists"),
    "rule for a manual tag": ({"kind": "manual"}, 409, "tag_kind_conflict"),
    "code with a blank": ({"code": "a b"}, 422, "validation_failed"),
    "B10 server-owned field": ({"state": "published"}, 422, "validation_failed"),
    "unknown axis": ({"axis": "colour"}, 422, "validation_failed"),
    "rule as text": ({"rule": "age > 60"}, 422, "validation_failed"),
}


async def test_t7_a_wrong_tag_is_refused(
    bank_client: httpx.AsyncClient, house: House, subtests: pytest.Subtests
) -> None:
    for row, (parts, status, code) in WRONG_TAGS.items():
        with subtests.test(row):
            assert code_of(await create(bank_client, house, **parts)) == (status, code)


async def test_t7_a_name_that_looks_like_a_formula_is_text(bank_client: httpx.AsyncClient, house: House) -> None:
    created = await create(bank_client, house, name_en="=1+1")
    assert (created.status_code, created.json()["name_en"]) == (201, "=1+1")


async def test_creating_again_with_the_same_key_answers_the_same(bank_client: httpx.AsyncClient, house: House) -> None:
    headers = house.headers("hq_operator", key="once")
    first = await bank_client.post("/v1/tags", json=NEW, headers=headers)
    second = await bank_client.post("/v1/tags", json=NEW, headers=headers)
    assert (second.status_code, second.content) == (201, first.content)
    assert second.headers["Idempotent-Replayed"] == "true"


async def test_an_edit_needs_the_etag_that_was_read(bank_client: httpx.AsyncClient, house: House) -> None:
    await create(bank_client, house)
    edit = {name: value for name, value in NEW.items() if name != "code"} | {"rule": OLD}
    headers = house.headers("hq_operator")
    assert (await bank_client.put("/v1/tags/rich", json=edit, headers=headers)).status_code == 428
    stale = await bank_client.put("/v1/tags/rich", json=edit, headers=headers | {"If-Match": '"7"'})
    assert code_of(stale) == (412, "version_conflict")
    done = await bank_client.put("/v1/tags/rich", json=edit, headers=headers | {"If-Match": '"1"'})
    assert (done.status_code, done.headers["ETag"], done.json()["draft_rule"]) == (200, '"2"', OLD)


async def test_a_preview_counts_and_shows_customers_of_the_draft(bank_client: httpx.AsyncClient, house: House) -> None:
    rich, _ = await add_people(house, MILLION, 0)
    await create(bank_client, house)
    preview = await bank_client.post("/v1/tags/rich/preview", json={}, headers=house.headers("hq_operator"))
    assert preview.status_code == 200
    body = preview.json()
    assert (body["customers"], body["members"], body["share_percent"], body["added"]) == (2, 1, 50.0, 1)
    assert [one["customer_id"] for one in body["sample"]] == [rich]


async def test_a_preview_of_another_rule_shows_the_difference(bank_client: httpx.AsyncClient, house: House) -> None:
    await add_people(house, MILLION, 0)
    everybody = {"rule": {"fact": "aum_mda", "op": ">=", "value": "0.00"}}
    preview = await bank_client.post("/v1/tags/mda_1m/preview", json=everybody, headers=house.headers("hq_operator"))
    assert (preview.json()["members"], preview.json()["added"], preview.json()["removed"]) == (2, 1, 0)


@pytest.mark.merge  # it waits for the five seconds; tests/shared/tags/test_preview.py for a twentieth of one
async def test_t6_a_preview_that_waits_too_long_is_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    await add_people(house, MILLION)
    async with house.sessions() as session:
        await slow_facts(session)
        await session.commit()
    preview = await bank_client.post("/v1/tags/mda_1m/preview", json={}, headers=house.headers("hq_operator"))
    assert code_of(preview) == (409, "rule_too_expensive")
    assert preview.json()["limit_seconds"] == 5.0


async def slow_facts(session: Any) -> None:
    """Let every read of the facts take longer than a preview may."""
    for statement in (
        "ALTER TABLE customer_fact RENAME TO stored_fact",
        "CREATE VIEW customer_fact AS SELECT f.* FROM stored_fact f CROSS JOIN (SELECT pg_sleep(20)) slow",
        "GRANT SELECT ON customer_fact TO guibin_bank",
    ):
        await session.execute(text(statement))


async def test_what_there_is_not_cannot_be_previewed_or_submitted(bank_client: httpx.AsyncClient, house: House) -> None:
    await create(bank_client, house, rule=None)
    await create(bank_client, house, code="friend", kind="manual", rule=None, name_zh="朋友", name_en="Friend")
    headers = house.headers("hq_operator")
    answers = {
        "rich/preview": (409, "tag_rule_missing"),
        "friend/preview": (409, "tag_kind_conflict"),
        "unknown/preview": (404, "not_found"),
    }
    for path, expected in answers.items():
        assert code_of(await bank_client.post(f"/v1/tags/{path}", json={}, headers=headers)) == expected
    for path, expected in {"rich": (409, "tag_rule_missing"), "friend": (409, "tag_kind_conflict")}.items():
        assert code_of(await bank_client.post(f"/v1/tags/{path}/submit", headers=headers)) == expected


async def test_a_draft_that_waits_is_not_submitted_again(bank_client: httpx.AsyncClient, house: House) -> None:
    await create(bank_client, house)
    headers = house.headers("hq_operator")
    await bank_client.post("/v1/tags/rich/submit", headers=headers)
    assert code_of(await bank_client.post("/v1/tags/rich/submit", headers=headers)) == (409, "state_conflict")


async def test_a_retired_tag_stays_readable(bank_client: httpx.AsyncClient, house: House) -> None:
    headers = house.headers("hq_operator")
    reason = {"reason": "replaced by another"}
    retired = await bank_client.post("/v1/tags/mda_1m/retire", json=reason, headers=headers)
    assert retired.json() == {"code": "mda_1m", "state": "retired", "ended": 0}
    assert code_of(await bank_client.post("/v1/tags/mda_1m/retire", json=reason, headers=headers)) == (
        409,
        "state_conflict",
    )
    assert (await bank_client.get("/v1/tags/mda_1m", headers=headers)).json()["state"] == "retired"


async def test_the_list_is_filtered_and_paged_by_code(bank_client: httpx.AsyncClient, house: House) -> None:
    headers = house.headers("auditor")
    first = (await bank_client.get("/v1/tags?axis=liabilities&limit=7", headers=headers)).json()
    cursor = first["next_cursor"]
    second = (await bank_client.get(f"/v1/tags?axis=liabilities&limit=7&cursor={cursor}", headers=headers)).json()
    codes = [one["code"] for one in first["items"] + second["items"]]
    assert codes == sorted(codes)
    assert (len(codes), second["next_cursor"]) == (11, None)
    assert (await bank_client.get("/v1/tags?kind=manual", headers=headers)).json()["items"] == []


async def test_reach_counts_within_the_readers_scope(bank_client: httpx.AsyncClient, house: House) -> None:
    await create(bank_client, house, code="friend", kind="manual", rule=None, name_zh="朋友", name_en="Friend")
    (east,) = await add_people(house, MILLION)
    await add_people(house, MILLION, branch=WEST)
    given = await bank_client.put(
        f"/v1/customers/{east}/tags/friend", json={"reason": "an old friend"}, headers=house.headers("branch_head")
    )
    assert given.status_code == 200
    reach = {}
    for role in ("branch_head", "branch_head_west", "auditor"):
        tag = (await bank_client.get("/v1/tags/friend", headers=house.headers(role))).json()
        reach[role] = (tag["members"], tag["reach_percent"])
    assert reach == {"branch_head": (1, 100.0), "branch_head_west": (0, 0.0), "auditor": (1, 50.0)}


async def test_an_unknown_tag_is_not_found(bank_client: httpx.AsyncClient, house: House) -> None:
    headers = house.headers("auditor")
    customer_id = to_public("cus", new_id())
    for path in ("/v1/tags/unheard_of", "/v1/tags/unheard_of/versions", f"/v1/customers/{customer_id}/tags"):
        assert code_of(await bank_client.get(path, headers=headers)) == (404, "not_found")
