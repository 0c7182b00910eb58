"""Tier schemes over HTTP: drafted, edited with the ETag, submitted, approved by another person, in force."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.organisation.models import StaffRole
from guibin.tiers.defaults import LOWER_BOUNDS_CNY, TERMS
from guibin.tiers.models import TierScheme
from guibin.tiers.repository import list_tiers, replace_lines
from guibin.tiers.rules import Name
from guibin.tiers.service import evaluate
from support.house import EAST, ROOT, WEST, House
from support.points import sessions_of
from support.rights import add_right
from support.tiers import MILLION, add_override, give_tier, put_average

BOUNDS = {code: f"{cny}.00" for code, cny in LOWER_BOUNDS_CNY.items()}
HIGHER = BOUNDS | {"T2": "1500000.00"}


def draft(name: str = "2027 方案", **bounds: str) -> dict[str, Any]:
    return {"name": name, "lower_bounds": HIGHER | bounds}


async def _create(client: httpx.AsyncClient, house: House, **bounds: str) -> dict[str, Any]:
    response = await client.post("/v1/tier-schemes", json=draft(**bounds), headers=house.headers("hq_operator"))
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


async def _submit(client: httpx.AsyncClient, house: House, scheme_id: str) -> str:
    response = await client.post(f"/v1/tier-schemes/{scheme_id}/submit", headers=house.headers("hq_operator"))
    assert response.status_code == 202, response.text
    assert response.json()["status"] == "pending"
    approval: str = response.json()["approval_id"]
    return approval


async def _state(client: httpx.AsyncClient, house: House, scheme_id: str) -> str:
    response = await client.get(f"/v1/tier-schemes/{scheme_id}", headers=house.headers("hq_operator"))
    state: str = response.json()["state"]
    return state


async def _decide(
    client: httpx.AsyncClient, house: House, approval: str, verb: str = "approve", **body: str
) -> httpx.Response:
    return await client.post(f"/v1/approvals/{approval}/{verb}", json=body, headers=house.headers("hq_approver"))


async def test_tiers_are_listed_with_the_lines_in_force(bank_client: httpx.AsyncClient, house: House) -> None:
    response = await bank_client.get("/v1/tiers", headers=house.headers("lobby"))
    items = response.json()["items"]
    assert {tier["code"]: tier["lower_bound"] for tier in items} == BOUNDS
    assert [tier["managed"] for tier in items] == [False, True, True, True, True, True]


async def test_a_draft_is_shown_with_its_revision_as_etag(bank_client: httpx.AsyncClient, house: House) -> None:
    made = await _create(bank_client, house)
    response = await bank_client.get(f"/v1/tier-schemes/{made['id']}", headers=house.headers("manager"))
    assert response.status_code == 200
    assert response.headers["etag"] == '"1"'
    assert response.json() == made
    assert (made["state"], made["lower_bounds"]) == ("draft", HIGHER)


async def test_schemes_are_listed_newest_first_page_by_page(bank_client: httpx.AsyncClient, house: House) -> None:
    made = [(await _create(bank_client, house))["id"] for _ in range(2)]
    headers = house.headers("hq_operator")
    first = (await bank_client.get("/v1/tier-schemes?limit=2", headers=headers)).json()
    assert [item["id"] for item in first["items"]] == made[::-1]
    rest = await bank_client.get(f"/v1/tier-schemes?limit=2&cursor={first['next_cursor']}", headers=headers)
    assert [item["state"] for item in rest.json()["items"]] == ["active"]
    assert rest.json()["items"][0]["lower_bounds"] == BOUNDS


async def test_a_draft_is_edited_with_the_etag_that_was_read(bank_client: httpx.AsyncClient, house: House) -> None:
    made = await _create(bank_client, house)
    url, headers = f"/v1/tier-schemes/{made['id']}", house.headers("hq_operator")
    edited = await bank_client.put(url, json=draft("新名", T1="300000.00"), headers=headers | {"If-Match": '"1"'})
    assert edited.status_code == 200
    assert edited.headers["etag"] == '"2"'
    assert (edited.json()["name"], edited.json()["lower_bounds"]["T1"]) == ("新名", "300000.00")
    stale = await bank_client.put(url, json=draft(), headers=headers | {"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")
    without = await bank_client.put(url, json=draft(), headers=headers)
    assert (without.status_code, without.json()["code"]) == (428, "precondition_required")


@pytest.mark.parametrize(
    ("bounds", "fault"),
    [
        ({"T2": "200000.00"}, "not_rising"),
        ({"T0": "-1.00"}, "negative"),
        ({"T9": "20000000.00"}, "tier_unknown"),
    ],
)
async def test_t9_lines_that_make_no_scheme_are_refused(
    bank_client: httpx.AsyncClient, house: House, bounds: dict[str, str], fault: str
) -> None:
    response = await bank_client.post("/v1/tier-schemes", json=draft(**bounds), headers=house.headers("hq_operator"))
    assert (response.status_code, response.json()["code"]) == (422, "tier_range_invalid")
    assert response.json()["fault"] == fault


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x"},
        {"name": "", "lower_bounds": HIGHER},
        {"name": "x", "lower_bounds": HIGHER | {"T1": 300000}},
        {"name": "x", "lower_bounds": HIGHER | {"T1": "1.234"}},
        {"name": "x", "lower_bounds": HIGHER, "state": "active"},
    ],
)
async def test_a_body_of_the_wrong_form_is_refused(
    bank_client: httpx.AsyncClient, house: House, body: dict[str, Any]
) -> None:
    response = await bank_client.post("/v1/tier-schemes", json=body, headers=house.headers("hq_operator"))
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")


async def test_a_draft_is_made_once_under_its_key(bank_client: httpx.AsyncClient, house: House) -> None:
    headers = house.headers("hq_operator", key="scheme-1")
    first = await bank_client.post("/v1/tier-schemes", json=draft(), headers=headers)
    again = await bank_client.post("/v1/tier-schemes", json=draft(), headers=headers)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_submission_under_its_key_makes_one_approval(bank_client: httpx.AsyncClient, house: House) -> None:
    made = await _create(bank_client, house)
    url, headers = f"/v1/tier-schemes/{made['id']}/submit", house.headers("hq_operator", key="submit-1")
    first = await bank_client.post(url, headers=headers)
    again = await bank_client.post(url, headers=headers)
    assert (first.status_code, again.content) == (202, first.content)


@pytest.mark.parametrize("role", ["manager", "branch_head", "hq_approver", "auditor", "rights_operator"])
async def test_only_those_who_define_tiers_draft_schemes(
    bank_client: httpx.AsyncClient, house: House, role: str
) -> None:
    response = await bank_client.post("/v1/tier-schemes", json=draft(), headers=house.headers(role))
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("path", ["/v1/tiers", "/v1/tier-schemes"])
async def test_without_a_token_nothing_is_shown(bank_client: httpx.AsyncClient, path: str) -> None:
    assert (await bank_client.get(path)).status_code == 401


async def test_an_unknown_scheme_is_not_found(bank_client: httpx.AsyncClient, house: House) -> None:
    url, headers = f"/v1/tier-schemes/{to_public('sch', new_id())}", house.headers("hq_operator")
    assert (await bank_client.get(url, headers=headers)).status_code == 404
    edit = await bank_client.put(url, json=draft(), headers=headers | {"If-Match": '"1"'})
    assert edit.status_code == 404
    assert (await bank_client.post(f"{url}/submit", headers=headers)).status_code == 404


async def test_an_approved_scheme_replaces_the_one_in_force(bank_client: httpx.AsyncClient, house: House) -> None:
    made = await _create(bank_client, house)
    approval = await _submit(bank_client, house, made["id"])
    assert await _state(bank_client, house, made["id"]) == "pending"
    approved = await _decide(bank_client, house, approval)
    assert (approved.status_code, approved.json()["state"]) == (200, "approved")
    assert await _state(bank_client, house, made["id"]) == "active"
    tiers = (await bank_client.get("/v1/tiers", headers=house.headers("manager"))).json()["items"]
    assert tiers[2]["lower_bound"] == "1500000.00"
    listed = (await bank_client.get("/v1/tier-schemes", headers=house.headers("manager"))).json()["items"]
    assert [item["state"] for item in listed] == ["active", "replaced"]


async def test_the_approver_sees_who_would_move(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id = await house.add_customer()
    async with house.sessions() as session:
        await put_average(session, customer_id, MILLION, day=clock.last_closed_day())
        await give_tier(session, customer_id, "T2")
        await session.commit()
    made = await _create(bank_client, house)
    approval = await _submit(bank_client, house, made["id"])
    shown = (await bank_client.get(f"/v1/approvals/{approval}", headers=house.headers("hq_approver"))).json()
    moves = [{"from": "T2", "to": "T1", "customers": 1}]
    others: dict[str, Any] = {"growth_before": None, "growth_after": None, "names_before": {}, "names_after": {}}
    terms = {name: shown["preview"].pop(f"terms_{name}") for name in ("before", "after")}
    assert shown["preview"] == {"before": BOUNDS, "after": HIGHER, **others, "moves": moves}
    assert (terms["before"]["transition_months"]["T4"], terms["after"]["transition_months"]) == (6, {})
    assert (shown["kind_label"], shown["preview_labels"]["moves"]) == ("启用层级方案", "层级变动客户数")
    assert shown["payload"] == {"scheme_id": made["id"], "revision": 1, "lower_bounds": HIGHER}


async def test_a_rejected_scheme_is_a_draft_again(bank_client: httpx.AsyncClient, house: House) -> None:
    made = await _create(bank_client, house)
    approval = await _submit(bank_client, house, made["id"])
    rejected = await _decide(bank_client, house, approval, "reject", comment="too high")
    assert rejected.json()["state"] == "rejected"
    assert await _state(bank_client, house, made["id"]) == "draft"
    assert await _submit(bank_client, house, made["id"]) != approval


async def test_what_was_submitted_can_be_neither_edited_nor_submitted_again(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    made = await _create(bank_client, house)
    await _submit(bank_client, house, made["id"])
    url, headers = f"/v1/tier-schemes/{made['id']}", house.headers("hq_operator")
    edit = await bank_client.put(url, json=draft(), headers=headers | {"If-Match": '"1"'})
    again = await bank_client.post(f"{url}/submit", headers=headers)
    assert [(one.status_code, one.json()["code"]) for one in (edit, again)] == [(409, "scheme_not_draft")] * 2


async def test_the_maker_cannot_approve_even_with_the_approvers_role(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    made = await _create(bank_client, house)
    approval = await _submit(bank_client, house, made["id"])
    async with house.sessions() as session:
        maker, root = house.staff["hq_operator"].id, house.branches[ROOT].id
        session.add(StaffRole(staff_id=maker, role="hq_approver", branch_id=root))
        await session.commit()
    refused = await bank_client.post(f"/v1/approvals/{approval}/approve", json={}, headers=house.headers("hq_operator"))
    assert (refused.status_code, refused.json()["code"]) == (403, "self_approval")
    assert await _state(bank_client, house, made["id"]) == "pending"


async def test_two_schemes_approved_at_once_leave_one_in_force(bank_client: httpx.AsyncClient, house: House) -> None:
    approvals = []
    for _ in range(2):
        made = await _create(bank_client, house)
        approvals.append(await _submit(bank_client, house, made["id"]))
    answers = await asyncio.gather(*(_decide(bank_client, house, approval) for approval in approvals))
    assert [answer.status_code for answer in answers] == [200, 200]
    async with house.sessions() as session:
        connection = await session.connection()
        query = "SELECT state, count(*) FROM tier_scheme GROUP BY state ORDER BY state"
        assert [tuple(row) for row in await connection.execute(text(query))] == [("active", 1), ("replaced", 2)]


FAULTS = [
    ({"keep_percent": 90, "transition_months": {"T2": 3}}, "double_forgiveness"),
    ({"net_from": "T9"}, "tier_unknown"),
    ({"household": {"members": 1, "highest": "T9"}}, "tier_unknown"),
    ({"routes": [{"kind": "card_limit", "amounts": {"T1": "2.00", "T2": "1.00"}}]}, "not_rising"),
    ({"routes": [{"kind": "rating", "points": {"T1": 5}}]}, "weights"),
    ({"validity": {"kind": "fixed"}}, "validity"),
    ({"calendar": ["02-30"]}, "date"),
]


@pytest.mark.parametrize(("terms", "fault"), FAULTS, ids=[fault for _, fault in FAULTS])
async def test_terms_that_make_no_scheme_are_refused(
    bank_client: httpx.AsyncClient, house: House, terms: dict[str, Any], fault: str
) -> None:
    body = draft() | {"terms": terms}
    response = await bank_client.post("/v1/tier-schemes", json=body, headers=house.headers("hq_operator"))
    assert (response.status_code, response.json()["code"]) == (422, "tier_range_invalid")
    assert response.json()["fault"] == fault


async def test_a_scheme_of_a_coming_day_waits_for_it_and_ends_by_itself(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    today, days = clock.today(), timedelta(days=1)
    period = {"effective_from": (today + 2 * days).isoformat(), "effective_to": (today + 3 * days).isoformat()}
    sharing = {"members": 2, "highest": "T3", "levels_below": 1}
    terms = {
        "metric": "best_of_three",
        "household": sharing,
        "routes": [{"kind": "loan_amount", "amounts": {"T3": "900000.00"}}],
    }
    headers = house.headers("hq_operator")
    over = draft() | {"effective_from": (today - days).isoformat()}
    refused = await bank_client.post("/v1/tier-schemes", json=over, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "period_invalid")
    made = (
        await bank_client.post("/v1/tier-schemes", json=draft() | {"terms": terms} | period, headers=headers)
    ).json()
    shown = made["terms"]
    assert (shown["metric"], shown["transition_months"]["T5"], shown["class_weights"]) == (
        "best_of_three",
        3,
        {"custody": 0},
    )
    assert (shown["routes"][0]["amounts"], shown["household"]) == ({"T3": "900000.00"}, sharing)
    await _decide(bank_client, house, await _submit(bank_client, house, made["id"]))
    states = [await _state(bank_client, house, made["id"])]
    for night in (0, 1, 2):
        async with house.sessions() as session:
            await evaluate(session, day=today + night * days)
            await session.commit()
        states.append(await _state(bank_client, house, made["id"]))
    assert states == ["scheduled", "scheduled", "active", "replaced"]


async def test_a_draft_is_tried_on_the_whole_book_of_the_caller(bank_client: httpx.AsyncClient, house: House) -> None:
    east, west, unknown, by_hand = [await house.add_customer(branch=one) for one in (EAST, WEST, EAST, EAST)]
    closed = clock.last_closed_day()
    async with house.sessions() as session:
        for one, tier in ((east, "T2"), (west, "T0"), (unknown, "T2"), (by_hand, "T2")):
            await give_tier(session, one, tier, on=closed - timedelta(days=60))
            await put_average(session, one, None if one == unknown else MILLION, day=closed)
        await add_override(session, by_hand, "T3", start=closed, days=9)
        once = {"tier": "T1", "period": "year", "times": 1}
        await add_right(session, quotas=[once], offer={"unit_cost": "100.00"})
        await session.commit()
    made = await _create(bank_client, house)
    url = f"/v1/tier-schemes/{made['id']}/simulate"
    tried = (await bank_client.post(url, headers=house.headers("hq_operator"))).json()
    assert {name: tried[name] for name in ("customers", "up", "down", "managed_before", "managed_after")} == {
        "customers": 2,
        "up": 1,
        "down": 1,
        "managed_before": 1,
        "managed_after": 2,
    }
    cost = tried["rights_cost"]
    assert (cost["at_most_before"], cost["at_most_after"], cost["usual_after"]) == ("0.00", "200.00", "0.00")
    assert {one["branch"]: one["moves"] for one in tried["branches"]} == {
        EAST: [{"before": "T2", "after": "T1", "customers": 1}],
        WEST: [{"before": "T0", "after": "T1", "customers": 1}],
    }
    assert await _state(bank_client, house, made["id"]) == "draft"
    refused = await bank_client.post(url, headers=house.headers("manager"))
    assert refused.status_code == 403


PLATINUM = {"T2": {"zh": "铂金客户", "en": "Platinum Plus"}}


async def test_tiers_are_called_as_a_scheme_says_once_it_is_in_force(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    body = draft() | {"names": PLATINUM}
    made = (await bank_client.post("/v1/tier-schemes", json=body, headers=house.headers("hq_operator"))).json()
    assert made["names"] == PLATINUM
    approval = await _submit(bank_client, house, made["id"])
    shown = (await bank_client.get(f"/v1/approvals/{approval}", headers=house.headers("hq_approver"))).json()["preview"]
    assert (shown["names_before"], shown["names_after"]) == ({"T2": {"zh": "白金客户", "en": "Platinum"}}, PLATINUM)
    assert (await _names(bank_client, house))["T2"] == "白金客户"
    await _decide(bank_client, house, approval)
    names = await _names(bank_client, house)
    assert (names["T2"], names["T3"]) == ("铂金客户", "钻石客户")


async def test_the_night_renames_the_tiers_of_a_scheme_whose_first_day_has_come(house: House) -> None:
    async with house.sessions() as session:
        tomorrow = clock.today() + timedelta(days=1)
        scheme = TierScheme(
            id=new_id(), name="明日", state="scheduled", created_at=clock.now(), terms=TERMS, effective_from=tomorrow
        )
        session.add(scheme)
        await session.flush()
        bounds = {code: cny * 100 for code, cny in LOWER_BOUNDS_CNY.items()}
        await replace_lines(session, scheme.id, bounds, names={"T2": Name("铂金客户", "Platinum Plus")})
        await session.commit()
    async with sessions_of(house.database.worker_url, pool_size=1) as worker, worker() as session:
        await evaluate(session, day=clock.today())
        await session.commit()
        assert [tier.name_zh for tier in await list_tiers(session)][2:4] == ["铂金客户", "钻石客户"]


@pytest.mark.parametrize(
    ("names", "fault"),
    [({"T9": {"zh": "新", "en": "New"}}, "tier_unknown"), ({"T2": {"zh": "钻石客户", "en": "New"}}, "names_alike")],
)
async def test_names_of_unknown_tiers_and_names_that_are_taken_are_refused(
    bank_client: httpx.AsyncClient, house: House, names: dict[str, Any], fault: str
) -> None:
    body = draft() | {"names": names}
    refused = await bank_client.post("/v1/tier-schemes", json=body, headers=house.headers("hq_operator"))
    assert (refused.status_code, refused.json()["code"], refused.json()["fault"]) == (422, "tier_range_invalid", fault)


async def _names(client: httpx.AsyncClient, house: House) -> dict[str, str]:
    response = await client.get("/v1/tiers", headers=house.headers("lobby"))
    return {tier["code"]: tier["name_zh"] for tier in response.json()["items"]}
