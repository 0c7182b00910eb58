"""Requests that are changed, withdrawn or forgotten: who is asked anew, and what becomes of what was submitted."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import col, select, update

from guibin.approvals.models import Approval, ApprovalRule
from guibin.approvals.service import lapse
from guibin.core import clock
from guibin.core.ids import from_public, new_id, to_public
from guibin.organisation.models import RoleGrant, StaffRole
from guibin.points.models import PointsEntry
from guibin.tiers.defaults import LOWER_BOUNDS_CNY
from guibin.tiers.models import TierScheme
from support.house import ROOT, House
from support.points import sessions_of

BOUNDS = {code: f"{cny}.00" for code, cny in LOWER_BOUNDS_CNY.items()}
Ask = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def ask(bank_client: httpx.AsyncClient, house: House) -> Ask:
    """Call a verb of an approval in a role."""

    async def call(approval: str, verb: str, role: str = "hq_approver", /, **body: Any) -> httpx.Response:
        url, headers = f"/v1/approvals/{approval}/{verb}", house.headers(role)
        return (
            await bank_client.post(url, json=body, headers=headers)
            if verb != "withdraw"
            else (await bank_client.post(url, headers=headers))
        )

    return call


@pytest.fixture
async def customer_id(house: House) -> UUID:
    return await house.add_customer()


async def _adjust(client: httpx.AsyncClient, house: House, customer_id: UUID, points: int = 300) -> str:
    body = {"customer_id": to_public("cus", customer_id), "wallet": "reward", "points": points}
    headers = house.headers("hq_operator", key=str(new_id()))
    answer = await client.post(
        "/v1/points/adjustments", json=body | {"reason": "系统故障少计积分补录"}, headers=headers
    )
    approval: str = answer.json()["approval_id"]
    return approval


async def _scheme(client: httpx.AsyncClient, house: House) -> tuple[str, str]:
    headers, body = house.headers("hq_operator"), {"name": "方案", "lower_bounds": BOUNDS | {"T1": "250000.00"}}
    scheme: str = (await client.post("/v1/tier-schemes", json=body, headers=headers)).json()["id"]
    answer = await client.post(f"/v1/tier-schemes/{scheme}/submit", headers=headers)
    return scheme, answer.json()["approval_id"]


async def _show(client: httpx.AsyncClient, house: House, approval: str, **headers: str) -> dict[str, Any]:
    everything = house.headers("hq_operator") | headers
    shown: dict[str, Any] = (await client.get(f"/v1/approvals/{approval}", headers=everything)).json()
    return shown


async def _points(house: House) -> list[int]:
    async with house.sessions() as session:
        return list((await session.exec(select(PointsEntry.points))).all())


async def _scheme_states(house: House) -> list[str]:
    async with house.sessions() as session:
        return list((await session.exec(select(TierScheme.state).order_by(col(TierScheme.created_at).desc()))).all())


async def test_a_changed_request_has_a_new_hash_and_preview_and_asks_everybody_anew(
    bank_client: httpx.AsyncClient, house: House, ask: Ask, customer_id: UUID
) -> None:
    approval = await _adjust(bank_client, house, customer_id)
    before = await _show(bank_client, house, approval)
    asked = await ask(approval, "request-changes", comment="请按工单改为200分")
    assert (asked.status_code, asked.json()["state"], asked.json()["state_label"]) == (
        200,
        "changes_requested",
        "退回修改",
    )
    assert (await ask(approval, "approve")).json()["from"] == "changes_requested"
    amended = await ask(approval, "amend", "hq_operator", changes={"points": 200})
    after = amended.json()
    assert (amended.status_code, after["state"], after["revision"], after["preview"]["points"]) == (
        200,
        "pending",
        2,
        200,
    )
    assert after["payload_hash"] != before["payload_hash"]
    assert after["expires_at"] >= before["expires_at"]
    old = await ask(approval, "approve", payload_hash=before["payload_hash"])
    unseen = await ask(approval, "approve")
    assert [(one.status_code, one.json()["code"]) for one in (old, unseen)] == [(412, "version_conflict")] * 2
    assert (await ask(approval, "approve", payload_hash=after["payload_hash"])).json()["state"] == "approved"
    assert await _points(house) == [200]
    decisions = (await _show(bank_client, house, approval))["decisions"]
    checker = to_public("stf", house.staff["hq_approver"].id)
    assert [(one["approver_id"], one["verdict"], one["comment"], one["revision"]) for one in decisions] == [
        (checker, "changes_requested", "请按工单改为200分", 1),
        (checker, "agreed", None, 2),
    ]


async def test_a_definition_is_edited_where_it_stands_and_submitted_anew(
    bank_client: httpx.AsyncClient, house: House, ask: Ask
) -> None:
    scheme, approval = await _scheme(bank_client, house)
    await ask(approval, "request-changes", comment="T1 太高")
    headers = house.headers("hq_operator") | {"If-Match": '"1"'}
    lower = {"name": "方案", "lower_bounds": BOUNDS | {"T1": "210000.00"}}
    assert (await bank_client.put(f"/v1/tier-schemes/{scheme}", json=lower, headers=headers)).status_code == 200
    sent = await ask(approval, "amend", "hq_operator", changes={"T1": "1.00"})
    assert (sent.status_code, sent.json()["code"]) == (409, "amendment_not_possible")
    await _let_define(house, active=False)
    refused = await ask(approval, "amend", "hq_operator")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    await _let_define(house, active=True)
    amended = (await ask(approval, "amend", "hq_operator")).json()
    assert amended["preview"]["after"]["T1"] == "210000.00"
    assert (await ask(approval, "approve", payload_hash=amended["payload_hash"])).json()["state"] == "approved"
    assert await _scheme_states(house) == ["active", "replaced"]


async def _let_define(house: House, *, active: bool) -> None:
    """Take the operator's grant to submit tiers away, and give it back."""
    async with house.sessions() as session:
        grant = update(RoleGrant).where(col(RoleGrant.role) == "hq_operator", col(RoleGrant.domain) == "tiers")
        await session.exec(grant.where(col(RoleGrant.verb) == "submit").values(active=active))
        await session.commit()


async def test_changes_are_held_to_what_a_submission_is_held_to(
    bank_client: httpx.AsyncClient, house: House, ask: Ask, customer_id: UUID
) -> None:
    approval = await _adjust(bank_client, house, customer_id)
    early = await ask(approval, "amend", "hq_operator", changes={"points": 1})
    assert (early.status_code, early.json()["from"]) == (409, "pending")
    await ask(approval, "request-changes", comment="请修改")
    for changes, answer in (
        ({"points": 0}, (422, "validation_failed")),
        ({"points": "7"}, (422, "validation_failed")),
        ({"customer_id": to_public("cus", customer_id)}, (422, "validation_failed")),
        ({"reason": "补"}, (422, "reason_required")),
        ({"points": -1}, (409, "insufficient_points")),
        ({"wallet": "unknown"}, (404, "not_found")),
    ):
        refused = await ask(approval, "amend", "hq_operator", changes=changes)
        assert (refused.status_code, refused.json()["code"]) == answer, changes
    assert (await _show(bank_client, house, approval))["state"] == "changes_requested"


async def test_only_the_maker_amends_and_withdraws(
    bank_client: httpx.AsyncClient, house: House, ask: Ask, customer_id: UUID
) -> None:
    approval = await _adjust(bank_client, house, customer_id)
    await ask(approval, "request-changes", comment="请修改")
    for role, status in (("hq_approver", 403), ("customer_service", 404), ("branch_head", 404)):
        for verb in ("amend", "withdraw"):
            assert (await ask(approval, verb, role)).status_code == status, (role, verb)
    assert (await ask(approval, "request-changes", "hq_operator", comment="x")).status_code == 403


async def test_what_was_withdrawn_is_a_draft_again_and_no_longer_decided_on(
    bank_client: httpx.AsyncClient, house: House, ask: Ask
) -> None:
    _, approval = await _scheme(bank_client, house)
    assert (await ask(approval, "withdraw", "hq_operator")).json()["state"] == "withdrawn"
    assert await _scheme_states(house) == ["draft", "active"]
    for verb, role in (("approve", "hq_approver"), ("withdraw", "hq_operator"), ("amend", "hq_operator")):
        refused = await ask(approval, verb, role)
        assert (refused.status_code, refused.json()["from"]) == (409, "withdrawn"), verb


async def test_the_night_ends_what_nobody_decided_on_and_gives_it_back(
    bank_client: httpx.AsyncClient, house: House, ask: Ask, customer_id: UUID
) -> None:
    _, forgotten = await _scheme(bank_client, house)
    returned, open_one = [await _adjust(bank_client, house, customer_id) for _ in range(2)]
    await ask(returned, "request-changes", comment="请修改")
    async with house.sessions() as session:
        overdue = col(Approval.id).in_([from_public("apr", one) for one in (forgotten, returned)])
        await session.exec(update(Approval).where(overdue).values(expires_at=clock.now() - timedelta(seconds=1)))
        await session.commit()
    late = await ask(returned, "amend", "hq_operator", changes={"points": 1})
    assert (late.status_code, late.json()["code"]) == (409, "approval_expired")
    async with sessions_of(house.database.worker_url, pool_size=1) as factory, factory() as session:
        assert await lapse(session) == {"read": 1, "expired": 1}
        assert await lapse(session) == {"read": 0, "expired": 0}
        await session.commit()
    assert await _scheme_states(house) == ["draft", "active"]
    states = [(await _show(bank_client, house, one))["state"] for one in (forgotten, returned, open_one)]
    assert states == ["expired", "expired", "pending"]


async def test_how_long_and_by_how_many_is_what_the_banks_table_says(
    bank_client: httpx.AsyncClient, house: House, ask: Ask, customer_id: UUID
) -> None:
    async with house.sessions() as session:
        rule = ApprovalRule(kind="points.adjust", business_days=1, approvers=2, threshold_fen=None, approvers_above=2)
        session.add(rule)
        await session.commit()
    approval = await _adjust(bank_client, house, customer_id)
    shown = await _show(bank_client, house, approval)
    assert shown["approvers_needed"] == 2
    assert (await ask(approval, "approve")).json()["state"] == "pending"
    rules = (await bank_client.get("/v1/approval-rules", headers=house.headers("hq_operator"))).json()["items"]
    by_kind = {rule["kind"]: rule for rule in rules}
    assert (by_kind["points.adjust"]["business_days"], by_kind["points.adjust"]["approvers"]) == (1, 2)
    assert (by_kind["tag.publish"]["business_days"], by_kind["tag.publish"]["threshold"]) == (3, "50000.00")
    assert by_kind["coverage.assign"]["free_items"] == 20


async def test_a_rule_is_changed_by_two_administrators(
    bank_client: httpx.AsyncClient, house: House, ask: Ask, customer_id: UUID
) -> None:
    async with house.sessions() as session:
        second = StaffRole(staff_id=house.staff["auditor"].id, role="administrator", branch_id=house.branches[ROOT].id)
        session.add(second)
        await session.commit()
    url, administrator = "/v1/approval-rules/points.adjust", house.headers("administrator")
    rule = {"business_days": 5, "approvers": 1, "threshold": "100.00", "approvers_above": 3}
    submitted = await bank_client.put(url, json=rule, headers=administrator)
    assert submitted.status_code == 202, submitted.text
    approval = submitted.json()["approval_id"]
    assert (await ask(approval, "approve", "administrator")).json()["code"] == "self_approval"
    decided = (await ask(approval, "approve", "auditor")).json()
    assert (decided["state"], decided["preview"]["before"]["threshold_fen"]) == ("approved", "50000.00")
    adjusted = await _adjust(bank_client, house, customer_id, 1_001)
    assert (await _show(bank_client, house, adjusted))["approvers_needed"] == 3
    wrong = await bank_client.put(url, json=rule | {"approvers": 4}, headers=administrator)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "validation_failed")
    unknown = await bank_client.put("/v1/approval-rules/unknown", json=rule, headers=administrator)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    other = await bank_client.put(url, json=rule, headers=house.headers("hq_operator"))
    assert (other.status_code, other.json()["code"]) == (403, "forbidden")


async def test_requests_are_found_by_kind_domain_and_whose_they_are(
    bank_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    _, scheme = await _scheme(bank_client, house)
    adjusted = await _adjust(bank_client, house, customer_id)
    for role, query, found in (
        ("hq_approver", "kind=points.adjust", [adjusted]),
        ("hq_approver", "domain=tiers", [scheme]),
        ("hq_approver", "mine=false", [adjusted, scheme]),
        ("hq_approver", "mine=true", []),
        ("hq_operator", "mine=true&state=pending", [adjusted, scheme]),
        ("hq_operator", "mine=false", []),
        ("hq_approver", "state=withdrawn", []),
    ):
        listed = await bank_client.get(f"/v1/approvals?{query}", headers=house.headers(role))
        assert [item["id"] for item in listed.json()["items"]] == found, query
    wrong = await bank_client.get("/v1/approvals?mine=maybe", headers=house.headers("hq_approver"))
    assert (wrong.status_code, wrong.json()["code"]) == (422, "validation_failed")


async def test_people_read_what_it_is_about_in_their_language(
    bank_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    approval = await _adjust(bank_client, house, customer_id)
    shown = await _show(bank_client, house, approval)
    assert (shown["kind_label"], shown["state_label"]) == ("积分调整", "待审批")
    assert shown["preview"].keys() == shown["preview_labels"].keys()
    assert shown["preview_labels"]["available_after"] == "调整后可用积分"
    english = await _show(bank_client, house, approval, **{"Accept-Language": "en"})
    assert (english["kind_label"], english["preview_labels"]["cost"]) == ("Adjust points", "Cost in CNY")
