"""A tier by hand over HTTP: asked for with a reason and an end, approved by another person, shown with its reason."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import col, select, update

from guibin.audit.models import AuditEntry
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.models import Customer
from guibin.organisation.models import StaffRole
from guibin.tiers.models import TierOverride
from support.house import EAST, WEST, House
from support.tiers import give_tier

TODAY = clock.today()
REASON = "客户资产正从他行转入，保留层级"


def wish(**changes: Any) -> dict[str, Any]:
    valid_to = (TODAY + timedelta(days=90)).isoformat()
    return {"tier": "T3", "reason_code": "assets_in_transit", "reason": REASON, "valid_to": valid_to} | changes


@pytest.fixture
async def customer_id(house: House) -> UUID:
    found = await house.add_customer()
    async with house.sessions() as session:
        await give_tier(session, found, "T1", on=TODAY)
        await session.commit()
    return found


async def _ask(
    client: httpx.AsyncClient, house: House, customer_id: UUID, role: str = "hq_operator", **changes: Any
) -> httpx.Response:
    url = f"/v1/customers/{to_public('cus', customer_id)}/tier/override"
    return await client.post(url, json=wish(**changes), headers=house.headers(role))


async def _approve(client: httpx.AsyncClient, house: House, submitted: httpx.Response) -> httpx.Response:
    url = f"/v1/approvals/{submitted.json()['approval_id']}/approve"
    return await client.post(url, json={}, headers=house.headers("hq_approver"))


async def _tier(client: httpx.AsyncClient, house: House, customer_id: UUID) -> dict[str, Any]:
    url = f"/v1/customers/{to_public('cus', customer_id)}/tier"
    shown: dict[str, Any] = (await client.get(url, headers=house.headers("branch_head"))).json()
    return shown


async def test_nothing_changes_before_another_person_approves(
    bank_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    submitted = await _ask(bank_client, house, customer_id)
    assert (submitted.status_code, submitted.json()["status"]) == (202, "pending")
    shown = await _tier(bank_client, house, customer_id)
    assert (shown["current"]["code"], shown["overrides"]) == ("T1", [])
    url = f"/v1/approvals/{submitted.json()['approval_id']}"
    preview = (await bank_client.get(url, headers=house.headers("hq_approver"))).json()["preview"]
    assert (preview["before"], preview["after"], preview["mode"], preview["replaces"]) == ("T1", "T3", "hold", [])


async def test_an_approved_override_is_there_on_the_next_request_and_history_says_why(
    bank_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    submitted = await _ask(bank_client, house, customer_id)
    assert (await _approve(bank_client, house, submitted)).json()["state"] == "approved"
    shown = await _tier(bank_client, house, customer_id)
    assert (shown["current"]["code"], shown["current"]["since"]) == ("T3", TODAY.isoformat())
    [override] = shown["overrides"]
    assert override | {"approval_id": submitted.json()["approval_id"]} == override
    assert (override["maker_id"], override["approver_id"]) == (
        to_public("stf", house.staff["hq_operator"].id),
        to_public("stf", house.staff["hq_approver"].id),
    )
    assert [(row["code"], row["cause"], row["reason"]) for row in shown["history"]] == [
        ("T3", "override", REASON),
        ("T1", "first", None),
    ]
    async with house.sessions() as session:
        query = select(AuditEntry).where(AuditEntry.action == "tier.override", AuditEntry.object_type == "customer")
        [entry] = (await session.exec(query)).all()
    assert (entry.owner_id, entry.reason) == (customer_id, REASON)


async def test_a_new_override_ends_the_one_before_it(
    bank_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    await _approve(bank_client, house, await _ask(bank_client, house, customer_id))
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    short = await _ask(bank_client, house, customer_id, tier="T2", mode="lock", valid_to=tomorrow)
    assert (await _approve(bank_client, house, short)).status_code == 200
    shown = await _tier(bank_client, house, customer_id)
    assert (shown["current"]["code"], [one["tier"] for one in shown["overrides"]]) == ("T2", ["T2"])
    async with house.sessions() as session:
        rows = (await session.exec(select(TierOverride).order_by(col(TierOverride.created_at)))).all()
    assert [(row.valid_to > row.valid_from, row.end_reason) for row in rows] == [(False, "replaced"), (True, None)]


async def test_an_override_that_was_replaced_before_it_began_is_neither_to_come_nor_replaced_again(
    bank_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    before, first, last = ((TODAY + timedelta(days=days)).isoformat() for days in (5, 10, 40))
    await _approve(bank_client, house, await _ask(bank_client, house, customer_id, valid_from=first, valid_to=last))
    await _approve(bank_client, house, await _ask(bank_client, house, customer_id, tier="T2"))
    shown = await _tier(bank_client, house, customer_id)
    assert [one["tier"] for one in shown["overrides"]] == ["T2"]
    submitted = await _ask(bank_client, house, customer_id, tier="T4", valid_from=before)
    url = f"/v1/approvals/{submitted.json()['approval_id']}"
    preview = (await bank_client.get(url, headers=house.headers("hq_approver"))).json()["preview"]
    assert [one["tier"] for one in preview["replaces"]] == ["T2"]


async def test_a_tier_that_changed_since_makes_the_approval_fail(
    bank_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    submitted = await _ask(bank_client, house, customer_id)
    async with house.sessions() as session:
        await give_tier(session, customer_id, "T2", on=TODAY)
        await session.commit()
    refused = await _approve(bank_client, house, submitted)
    assert (refused.status_code, refused.json()["code"], refused.json()["from"]) == (409, "state_conflict", "T2")
    url = f"/v1/approvals/{submitted.json()['approval_id']}"
    seen = (await bank_client.get(url, headers=house.headers("hq_operator"))).json()
    assert (seen["state"], seen["failure"]) == ("failed", "state_conflict")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"reason": "补"}, "reason_required"),
    ({"valid_to": TODAY.isoformat()}, "period_invalid"),
    ({"valid_from": (TODAY - timedelta(days=1)).isoformat()}, "period_invalid"),
    ({"valid_to": (TODAY + timedelta(days=367)).isoformat()}, "period_invalid"),
    ({"tier": "T9"}, "validation_failed"),
    ({"mode": "grant"}, "validation_failed"),
    ({"valid_to": "2027-02-30"}, "validation_failed"),
    ({"manager_id": "mgr_1"}, "validation_failed"),
]


async def test_a_wish_of_the_wrong_form_is_refused(
    bank_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    for changes, code in WRONG:
        refused = await _ask(bank_client, house, customer_id, **changes)
        assert (refused.status_code, refused.json()["code"]) == (422, code), changes


async def test_those_without_the_grant_give_no_tier(
    bank_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    for role in ("manager", "branch_head", "hq_approver", "auditor", "compliance"):
        assert (await _ask(bank_client, house, customer_id, role)).status_code == 403, role


async def _station(house: House, role: str, branch: str) -> None:
    async with house.sessions() as session:
        mine = col(StaffRole.staff_id) == house.staff[role].id
        await session.exec(update(StaffRole).where(mine).values(branch_id=house.branches[branch].id))
        await session.commit()


async def test_the_neighbours_customer_answers_like_nobodys(
    bank_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    await _station(house, "hq_operator", WEST)
    foreign, unknown = await _ask(bank_client, house, customer_id), await _ask(bank_client, house, new_id())
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}
    await _station(house, "hq_operator", EAST)
    assert (await _ask(bank_client, house, customer_id)).status_code == 202


async def test_a_customer_who_moved_out_of_the_makers_branches_gets_no_tier(
    bank_client: httpx.AsyncClient, house: House, customer_id: UUID
) -> None:
    await _station(house, "hq_operator", EAST)
    submitted = await _ask(bank_client, house, customer_id)
    async with house.sessions() as session:
        moved = update(Customer).where(col(Customer.id) == customer_id).values(branch_id=house.branches[WEST].id)
        await session.exec(moved)
        await session.commit()
    refused = await _approve(bank_client, house, submitted)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    url = f"/v1/approvals/{submitted.json()['approval_id']}"
    seen = (await bank_client.get(url, headers=house.headers("hq_operator"))).json()
    assert (seen["state"], seen["failure"]) == ("failed", "forbidden")
