"""Corrections by hand: one person submits, another approves, then the entry is there."""

from typing import Any
from uuid import UUID

import httpx
from sqlmodel import col, select, update

from guibin.audit.models import AuditEntry
from guibin.core.ids import from_public, new_id, to_public
from guibin.customers.models import Customer
from guibin.points.invariants import check
from guibin.points.models import PointsEntry
from support.house import WEST, House
from support.points import commit_points

REASON = "系统故障少计积分，按工单补录"


def adjustment(customer_id: UUID, points: int, **changes: Any) -> dict[str, Any]:
    body = {"customer_id": to_public("cus", customer_id), "wallet": "reward", "points": points, "reason": REASON}
    return body | changes


async def submit(
    bank_client: httpx.AsyncClient, house: House, body: dict[str, Any], role: str = "hq_operator"
) -> httpx.Response:
    return await bank_client.post("/v1/points/adjustments", json=body, headers=house.headers(role, key=str(new_id())))


async def decide(
    bank_client: httpx.AsyncClient, house: House, approval: str, verdict: str = "approve", role: str = "hq_approver"
) -> httpx.Response:
    return await bank_client.post(f"/v1/approvals/{approval}/{verdict}", json={}, headers=house.headers(role))


async def entries_of(house: House, customer_id: UUID) -> list[PointsEntry]:
    async with house.sessions() as session:
        assert await check(session) == []
        query = select(PointsEntry).where(PointsEntry.customer_id == customer_id).order_by(col(PointsEntry.seq))
        return list((await session.exec(query)).all())


async def test_60000_points_need_a_second_person_and_the_entry_says_why(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()

    submitted = await submit(bank_client, house, adjustment(customer_id, 60_000))

    assert submitted.status_code == 202
    assert submitted.json()["status"] == "pending"
    assert await entries_of(house, customer_id) == []

    approval = submitted.json()["approval_id"]
    decided = await decide(bank_client, house, approval)

    assert (decided.status_code, decided.json()["state"], decided.json()["cost"]) == (200, "approved", "6000.00")
    (entry,) = await entries_of(house, customer_id)
    assert (entry.kind, entry.points, entry.reason_zh) == ("adjust_credit", 60_000, REASON)
    assert (entry.source_kind, entry.source_id, entry.actor_id) == (
        "approval",
        approval,
        house.staff["hq_operator"].id,
    )


async def test_what_was_typed_in_one_language_is_quoted_in_the_other(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()
    body = adjustment(customer_id, 50, reason="The lounge was closed", reason_code="goodwill")

    approval = (await submit(bank_client, house, body)).json()["approval_id"]
    shown = (await bank_client.get(f"/v1/approvals/{approval}", headers=house.headers("hq_approver"))).json()
    await decide(bank_client, house, approval)
    (entry,) = await entries_of(house, customer_id)
    wrong = await submit(bank_client, house, body | {"reason_code": "because"})

    texts = ("客户关怀（英文原文：The lounge was closed）", "Goodwill: The lounge was closed")
    assert (entry.reason_zh, entry.reason_en) == texts
    assert (shown["preview"]["reason_zh"], shown["preview"]["reason_en"]) == texts
    assert (wrong.status_code, wrong.json()["code"]) == (422, "validation_failed")


async def test_the_audit_shows_both_people(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id = await house.add_customer()
    approval = (await submit(bank_client, house, adjustment(customer_id, 10))).json()["approval_id"]
    await decide(bank_client, house, approval)

    async with house.sessions() as session:
        query = select(AuditEntry).where(AuditEntry.object_id == approval).order_by(col(AuditEntry.at))
        rows = (await session.exec(query)).all()

    assert [(row.result, row.actor_id) for row in rows] == [
        ("submitted", house.staff["hq_operator"].id),
        ("approved", house.staff["hq_approver"].id),
    ]


async def test_a_rejected_adjustment_moves_nothing(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id = await house.add_customer()
    approval = (await submit(bank_client, house, adjustment(customer_id, 10))).json()["approval_id"]

    decided = await decide(bank_client, house, approval, "reject")

    assert decided.json()["state"] == "rejected"
    assert await entries_of(house, customer_id) == []


async def test_points_are_taken_away_from_the_lots_that_expire_first(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()
    await commit_points(house.database, customer_id, 100)
    approval = (await submit(bank_client, house, adjustment(customer_id, -40))).json()["approval_id"]

    await decide(bank_client, house, approval)

    assert [(entry.kind, entry.points) for entry in await entries_of(house, customer_id)] == [
        ("earn", 100),
        ("adjust_debit", -40),
    ]


async def test_e11_taking_away_more_than_the_balance_is_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id = await house.add_customer()
    await commit_points(house.database, customer_id, 100)

    answer = await submit(bank_client, house, adjustment(customer_id, -101))

    assert (answer.status_code, answer.json()["code"]) == (409, "insufficient_points")
    assert (answer.json()["required"], answer.json()["available"], answer.json()["missing"]) == (101, 100, 1)


async def test_points_that_are_gone_meanwhile_make_the_approval_fail(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()
    await commit_points(house.database, customer_id, 100)
    first = (await submit(bank_client, house, adjustment(customer_id, -80))).json()["approval_id"]
    second = (await submit(bank_client, house, adjustment(customer_id, -80))).json()["approval_id"]
    await decide(bank_client, house, first)

    answer = await decide(bank_client, house, second)

    assert (answer.status_code, answer.json()["code"]) == (409, "insufficient_points")
    seen = await bank_client.get(f"/v1/approvals/{second}", headers=house.headers("hq_operator"))
    assert (seen.json()["state"], seen.json()["failure"]) == ("failed", "insufficient_points")
    assert len(await entries_of(house, customer_id)) == 2


async def test_e8_a_correction_without_a_reason_of_ten_characters_is_refused(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    body = adjustment(await house.add_customer(), 10)
    del body["reason"]
    for reason, code in (
        ({}, "reason_required"),
        ({"reason": "补录"}, "reason_required"),
        ({"reason": "123456789"}, "reason_required"),
        ({"reason": ""}, "validation_failed"),
        ({"reason": "x" * 201}, "validation_failed"),
    ):
        answer = await submit(bank_client, house, body | reason)
        assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_r1_points_that_are_no_points_are_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    body = adjustment(await house.add_customer(), 1)
    for points in (0, 1.5, "10", True, 10**12 + 1, -(10**12) - 1, 2**63, None):
        answer = await submit(bank_client, house, body | {"points": points})
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), points


async def test_e9_a_correction_above_ones_limit_of_cost_is_refused(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()

    within = await submit(bank_client, house, adjustment(customer_id, 50_000), "branch_head")
    above = await submit(bank_client, house, adjustment(customer_id, 50_001), "branch_head")

    assert within.status_code == 202
    assert (above.status_code, above.json()["code"]) == (403, "limit_exceeded")
    assert (above.json()["limit"], above.json()["cost"]) == ("5000.00", "5000.10")


async def test_a_customer_of_another_branch_is_not_found(bank_client: httpx.AsyncClient, house: House) -> None:
    elsewhere = await house.add_customer(branch=WEST)

    answers = [
        await submit(bank_client, house, adjustment(elsewhere, 10), "branch_head"),
        await submit(bank_client, house, adjustment(new_id(), 10)),
        await submit(bank_client, house, adjustment(await house.add_customer(), 10, wallet="no_such_wallet")),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "not_found")] * 3


async def test_a_wallet_that_is_off_is_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    answer = await submit(bank_client, house, adjustment(await house.add_customer(), 10, wallet="growth"))

    assert (answer.status_code, answer.json()["code"]) == (409, "wallet_closed")


async def test_q1_nobody_approves_an_own_correction(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id = await house.add_customer()
    approval = (await submit(bank_client, house, adjustment(customer_id, 10), "branch_head")).json()["approval_id"]

    answer = await decide(bank_client, house, approval, role="branch_head")

    assert (answer.status_code, answer.json()["code"]) == (403, "self_approval")


async def test_a_correction_sent_again_with_its_key_is_submitted_once(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    body = adjustment(await house.add_customer(), 10)
    headers = house.headers("hq_operator", key="adjust-1")

    first = await bank_client.post("/v1/points/adjustments", json=body, headers=headers)
    second = await bank_client.post("/v1/points/adjustments", json=body, headers=headers)
    other = await bank_client.post("/v1/points/adjustments", json=body | {"points": 11}, headers=headers)

    assert (second.status_code, second.content) == (202, first.content)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert from_public("apr", first.json()["approval_id"])


async def test_corrections_need_a_token_a_grant_and_a_key(bank_client: httpx.AsyncClient, house: House) -> None:
    body = adjustment(await house.add_customer(), 10)

    async def answer(headers: dict[str, str]) -> tuple[int, str]:
        got = await bank_client.post("/v1/points/adjustments", json=body, headers=headers)
        return got.status_code, got.json()["code"]

    assert await answer({}) == (401, "token_required")
    assert await answer(house.headers("lobby", key="k")) == (403, "forbidden")
    assert await answer(house.service_headers("core_banking", ("earn:post",), key="k")) == (403, "forbidden")
    assert await answer(house.headers("hq_operator")) == (422, "idempotency_key_required")


async def test_points_go_to_whom_the_customer_became_before_the_approval(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    losing, surviving = await house.add_customer(), await house.add_customer()
    approval = (await submit(bank_client, house, adjustment(losing, 10))).json()["approval_id"]
    async with house.sessions() as session:
        await session.exec(update(Customer).where(col(Customer.id) == losing).values(merged_into=surviving))
        await session.commit()

    decided = await decide(bank_client, house, approval)

    assert decided.json()["state"] == "approved"
    assert [entry.points for entry in await entries_of(house, surviving)] == [10]
    assert await entries_of(house, losing) == []
