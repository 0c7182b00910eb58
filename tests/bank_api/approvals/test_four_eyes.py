"""Four eyes over HTTP: the maker is not the checker, the payload is the one that was read, one execution at most."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func
from sqlmodel import col, delete, select, update

from guibin.approvals.models import Approval
from guibin.core import clock
from guibin.core.ids import from_public, new_id, to_public
from guibin.organisation.models import RoleGrant, Staff, StaffRole
from guibin.tiers.defaults import LOWER_BOUNDS_CNY
from guibin.tiers.models import TierScheme
from support.house import EAST, ROOT, WEST, House

BOUNDS = {code: f"{cny}.00" for code, cny in LOWER_BOUNDS_CNY.items()}
Submit = Callable[[], Awaitable[dict[str, Any]]]


@pytest.fixture
def submit(bank_client: httpx.AsyncClient, house: House) -> Submit:
    """Submit a tier scheme as head office's operator, and show the approval."""

    async def make() -> dict[str, Any]:
        maker = house.headers("hq_operator")
        body = {"name": "方案", "lower_bounds": BOUNDS | {"T1": "250000.00"}}
        scheme = (await bank_client.post("/v1/tier-schemes", json=body, headers=maker)).json()
        submitted = (await bank_client.post(f"/v1/tier-schemes/{scheme['id']}/submit", headers=maker)).json()
        shown: dict[str, Any] = (
            await bank_client.get(f"/v1/approvals/{submitted['approval_id']}", headers=maker)
        ).json()
        return shown

    return make


async def _decide(
    client: httpx.AsyncClient,
    house: House,
    approval: dict[str, Any],
    verb: str = "approve",
    *,
    role: str = "hq_approver",
    **body: str,
) -> httpx.Response:
    return await client.post(f"/v1/approvals/{approval['id']}/{verb}", json=body, headers=house.headers(role))


async def _scheme_states(house: House) -> list[str]:
    async with house.sessions() as session:
        query = select(TierScheme.state).order_by(col(TierScheme.created_at).desc())
        return list((await session.exec(query)).all())


async def _second_approver(house: House) -> str:
    """Let the rights' approver decide on everything that head office decides on."""
    async with house.sessions() as session:
        staff, root = house.staff["rights_approver"].id, house.branches[ROOT].id
        session.add(StaffRole(staff_id=staff, role="hq_approver", branch_id=root))
        await session.commit()
    return "rights_approver"


async def test_an_approval_shows_payload_hash_and_when_it_lapses(submit: Submit, house: House) -> None:
    shown = await submit()
    assert (shown["kind"], shown["domain"], shown["state"]) == ("tier_scheme.activate", "tiers", "pending")
    assert shown["maker_id"] == to_public("stf", house.staff["hq_operator"].id)
    assert len(shown["payload_hash"]) == 64
    assert shown["payload"]["lower_bounds"]["T1"] == "250000.00"


async def test_the_hash_that_was_read_is_approved(bank_client: httpx.AsyncClient, house: House, submit: Submit) -> None:
    shown = await submit()
    response = await _decide(bank_client, house, shown, payload_hash=shown["payload_hash"], comment="核对无误")
    assert (response.status_code, response.json()["state"]) == (200, "approved")
    assert response.json()["decided_at"] is not None


async def test_q5_another_hash_is_refused_and_nothing_happens(
    bank_client: httpx.AsyncClient, house: House, submit: Submit
) -> None:
    response = await _decide(bank_client, house, await submit(), payload_hash="0" * 64)
    assert (response.status_code, response.json()["code"]) == (412, "version_conflict")
    assert await _scheme_states(house) == ["pending", "active"]


async def test_a_payload_that_was_changed_after_the_submission_is_void(
    bank_client: httpx.AsyncClient, house: House, submit: Submit
) -> None:
    shown = await submit()
    async with house.sessions() as session:
        await session.exec(update(Approval).values(payload=shown["payload"] | {"revision": 7}))
        await session.commit()
    response = await _decide(bank_client, house, shown)
    assert (response.status_code, response.json()["code"]) == (412, "version_conflict")


async def test_q2_nobody_decides_twice(bank_client: httpx.AsyncClient, house: House, submit: Submit) -> None:
    shown = await submit()
    await _decide(bank_client, house, shown)
    for verb in ("approve", "reject"):
        again = await _decide(bank_client, house, shown, verb)
        assert (again.status_code, again.json()["code"]) == (409, "state_conflict")
        assert again.json()["from"] == "approved"


async def test_q2_what_was_rejected_is_not_approved_any_more(
    bank_client: httpx.AsyncClient, house: House, submit: Submit
) -> None:
    shown = await submit()
    await _decide(bank_client, house, shown, "reject")
    again = await _decide(bank_client, house, shown)
    assert (again.status_code, again.json()["from"]) == (409, "rejected")
    assert await _scheme_states(house) == ["draft", "active"]


async def test_a_decision_under_a_key_is_replayed(bank_client: httpx.AsyncClient, house: House, submit: Submit) -> None:
    url, headers = f"/v1/approvals/{(await submit())['id']}/approve", house.headers("hq_approver", key="decision-1")
    first = await bank_client.post(url, json={}, headers=headers)
    again = await bank_client.post(url, json={}, headers=headers)
    assert (first.status_code, again.content, again.headers["idempotent-replayed"]) == (200, first.content, "true")


async def test_q2_after_three_business_days_it_has_expired_and_is_a_draft_again(
    bank_client: httpx.AsyncClient, house: House, submit: Submit
) -> None:
    shown = await submit()
    async with house.sessions() as session:
        await session.exec(update(Approval).values(expires_at=clock.now() - timedelta(seconds=1)))
        await session.commit()
    response = await _decide(bank_client, house, shown)
    assert (response.status_code, response.json()["code"]) == (409, "approval_expired")
    seen = await bank_client.get(f"/v1/approvals/{shown['id']}", headers=house.headers("hq_operator"))
    assert seen.json()["state"] == "expired"
    assert await _scheme_states(house) == ["draft", "active"]
    again = await _decide(bank_client, house, shown)
    assert (again.status_code, again.json()["from"]) == (409, "expired")


async def test_q7_a_command_that_is_refused_fails_with_its_own_code(
    bank_client: httpx.AsyncClient, house: House, submit: Submit
) -> None:
    shown = await submit()
    async with house.sessions() as session:
        await session.exec(update(TierScheme).where(col(TierScheme.state) == "pending").values(revision=9))
        await session.commit()
    response = await _decide(bank_client, house, shown)
    assert (response.status_code, response.json()["code"]) == (409, "scheme_not_draft")
    seen = (await bank_client.get(f"/v1/approvals/{shown['id']}", headers=house.headers("hq_operator"))).json()
    assert (seen["state"], seen["failure"]) == ("failed", "scheme_not_draft")


async def test_a_maker_who_lost_the_grant_meanwhile_gets_nothing_done(
    bank_client: httpx.AsyncClient, house: House, submit: Submit
) -> None:
    shown = await submit()
    async with house.sessions() as session:
        await session.exec(update(Staff).where(col(Staff.id) == house.staff["hq_operator"].id).values(active=False))
        await session.commit()
    response = await _decide(bank_client, house, shown)
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")
    async with house.sessions() as session:
        approval = (await session.exec(select(Approval))).one()
    assert (approval.state, approval.failure) == ("failed", "forbidden")
    assert await _scheme_states(house) == ["draft", "active"]


async def test_q3_an_approver_who_lost_the_role_meanwhile_is_refused(
    bank_client: httpx.AsyncClient, house: House, submit: Submit
) -> None:
    shown = await submit()
    async with house.sessions() as session:
        await session.exec(delete(StaffRole).where(col(StaffRole.staff_id) == house.staff["hq_approver"].id))
        await session.commit()
    assert (await _decide(bank_client, house, shown)).status_code == 403


@pytest.mark.parametrize("role", ["rights_approver", "compliance", "administrator"])
async def test_q4_an_approver_of_other_domains_does_not_find_it(
    bank_client: httpx.AsyncClient, house: House, submit: Submit, role: str
) -> None:
    shown = await submit()
    assert (await _decide(bank_client, house, shown, role=role)).status_code == 404
    unseen = await bank_client.get(f"/v1/approvals/{shown['id']}", headers=house.headers(role))
    assert unseen.status_code == 404


@pytest.mark.parametrize("role", ["hq_operator", "manager", "auditor"])
async def test_those_without_the_grant_decide_nothing(
    bank_client: httpx.AsyncClient, house: House, submit: Submit, role: str
) -> None:
    response = await _decide(bank_client, house, await submit(), role=role)
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")


async def test_q6_no_service_decides(bank_client: httpx.AsyncClient, house: House, submit: Submit) -> None:
    headers = house.service_headers("core_banking", ["earn:post"])
    response = await bank_client.post(f"/v1/approvals/{(await submit())['id']}/approve", json={}, headers=headers)
    assert (response.status_code, response.json()["code"]) == (403, "human_required")


async def test_two_approvers_at_once_carry_it_out_once(
    bank_client: httpx.AsyncClient, house: House, submit: Submit
) -> None:
    shown, second = await submit(), await _second_approver(house)
    answers = await asyncio.gather(*(_decide(bank_client, house, shown, role=role) for role in ("hq_approver", second)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    async with house.sessions() as session:
        query = select(func.count()).select_from(TierScheme).where(col(TierScheme.state) == "active")
        assert (await session.exec(query)).one() == 1
    assert await _scheme_states(house) == ["active", "replaced"]


async def test_a_costly_command_takes_two_people(bank_client: httpx.AsyncClient, house: House, submit: Submit) -> None:
    shown, second = await submit(), await _second_approver(house)
    async with house.sessions() as session:
        await session.exec(update(Approval).values(cost_fen=50_000_01))
        await session.commit()
    first = await _decide(bank_client, house, shown)
    assert (first.status_code, first.json()["state"]) == (200, "pending")
    again = await _decide(bank_client, house, shown)
    assert (again.status_code, again.json()["code"]) == (409, "state_conflict")
    assert await _scheme_states(house) == ["pending", "active"]
    assert (await _decide(bank_client, house, shown, role=second)).json()["state"] == "approved"
    assert await _scheme_states(house) == ["active", "replaced"]


async def test_a_cost_above_the_approvers_limit_is_refused(
    bank_client: httpx.AsyncClient, house: House, submit: Submit
) -> None:
    shown = await submit()
    async with house.sessions() as session:
        await session.exec(update(RoleGrant).where(col(RoleGrant.verb) == "approve").values(limit_fen=100))
        await session.exec(update(Approval).values(cost_fen=101))
        await session.commit()
    assert (await _decide(bank_client, house, shown)).status_code == 403


async def test_an_agreement_counts_only_while_its_author_stands_over_the_branch(
    bank_client: httpx.AsyncClient, house: House, submit: Submit
) -> None:
    shown, second = await submit(), await _second_approver(house)
    async with house.sessions() as session:
        await session.exec(update(Approval).values(cost_fen=50_000_01, branch_id=house.branches[EAST].id))
        await session.commit()
    assert (await _decide(bank_client, house, shown)).json()["state"] == "pending"
    async with house.sessions() as session:
        moved = update(StaffRole).where(col(StaffRole.staff_id) == house.staff["hq_approver"].id)
        await session.exec(moved.values(branch_id=house.branches[WEST].id))
        await session.commit()
    assert (await _decide(bank_client, house, shown, role=second)).json()["state"] == "pending"
    assert await _scheme_states(house) == ["pending", "active"]


async def test_everybody_lists_the_own_requests_and_those_to_decide_on(
    bank_client: httpx.AsyncClient, house: House, submit: Submit
) -> None:
    shown = [(await submit())["id"] for _ in range(2)]
    for role, seen in (("hq_operator", shown[::-1]), ("hq_approver", shown[::-1]), ("rights_approver", [])):
        listed = (await bank_client.get("/v1/approvals", headers=house.headers(role))).json()["items"]
        assert [item["id"] for item in listed] == seen, role
    await _decide(bank_client, house, {"id": shown[0]})
    pending = await bank_client.get("/v1/approvals?state=pending&limit=1", headers=house.headers("hq_approver"))
    assert ([item["id"] for item in pending.json()["items"]], pending.json()["next_cursor"]) == ([shown[1]], None)


async def test_an_approver_of_a_branch_sees_only_requests_of_the_branch(
    bank_client: httpx.AsyncClient, house: House, submit: Submit
) -> None:
    approval_id = from_public("apr", (await submit())["id"])
    async with house.sessions() as session:
        values = {"domain": "points", "branch_id": house.branches[EAST].id}
        await session.exec(update(Approval).where(col(Approval.id) == approval_id).values(values))
        await session.commit()
    for role, seen in (("branch_head", 1), ("branch_head_west", 0)):
        listed = (await bank_client.get("/v1/approvals", headers=house.headers(role))).json()["items"]
        assert len(listed) == seen, role


async def test_an_unknown_approval_is_not_found(bank_client: httpx.AsyncClient, house: House) -> None:
    unknown = {"id": to_public("apr", new_id())}
    for verb in ("approve", "reject"):
        assert (await _decide(bank_client, house, unknown, verb)).status_code == 404
    url = f"/v1/approvals/{unknown['id']}"
    assert (await bank_client.get(url, headers=house.headers("hq_approver"))).status_code == 404
    assert (await bank_client.get(url)).status_code == 401


@pytest.mark.parametrize("body", [{"payload_hash": "x"}, {"comment": ""}, {"approved": True}])
async def test_a_decision_of_the_wrong_form_is_refused(
    bank_client: httpx.AsyncClient, house: House, submit: Submit, body: dict[str, object]
) -> None:
    url = f"/v1/approvals/{(await submit())['id']}/approve"
    response = await bank_client.post(url, json=body, headers=house.headers("hq_approver"))
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")


async def _add_role(house: House, who: str, role: str, branch: str) -> None:
    async with house.sessions() as session:
        session.add(StaffRole(staff_id=house.staff[who].id, role=role, branch_id=house.branches[branch].id))
        await session.commit()


async def _adjustment_in_the_east(client: httpx.AsyncClient, house: House, points: int) -> dict[str, Any]:
    customer = to_public("cus", await house.add_customer(branch=EAST))
    body = {"customer_id": customer, "wallet": "reward", "points": points, "reason": "系统故障少计积分补录"}
    headers = house.headers("hq_operator", key=str(new_id()))
    submitted = (await client.post("/v1/points/adjustments", json=body, headers=headers)).json()
    return {"id": submitted["approval_id"]}


async def test_a_role_without_a_branch_does_not_open_other_branches_to_a_second_role(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    await _add_role(house, "branch_head_west", "rights_approver", ROOT)
    approval = await _adjustment_in_the_east(bank_client, house, 300)
    stranger = await _decide(bank_client, house, approval, role="branch_head_west")
    seen = await bank_client.get(f"/v1/approvals/{approval['id']}", headers=house.headers("branch_head_west"))
    assert (stranger.status_code, seen.status_code) == (404, 404)
    assert (await _decide(bank_client, house, approval, role="branch_head")).status_code == 200


async def test_a_high_limit_in_one_branch_does_not_serve_another(bank_client: httpx.AsyncClient, house: House) -> None:
    await _add_role(house, "branch_head", "hq_approver", WEST)
    approval = await _adjustment_in_the_east(bank_client, house, 60_000)
    response = await _decide(bank_client, house, approval, role="branch_head")
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")
    assert (await _decide(bank_client, house, approval)).status_code == 200
