"""Tiers by hand from a list, and how many a branch may have: all of a list or none of it, and never more than that."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from support.house import EAST, WEST, House
from support.tiers import give_tier

TODAY = clock.today()
TERMS = {
    "reason_code": "retention",
    "reason": "客户资产正从他行转入，保留层级",
    "valid_to": (TODAY + timedelta(days=90)).isoformat(),
}


@pytest.fixture
async def customer_ids(house: House) -> list[UUID]:
    found = [await house.add_customer(branch=branch) for branch in (EAST, EAST, WEST)]
    async with house.sessions() as session:
        for customer_id in found:
            await give_tier(session, customer_id, "T1", on=TODAY)
        await session.commit()
    return found


async def _ask(client: httpx.AsyncClient, house: House, rows: list[dict[str, str]], **terms: Any) -> httpx.Response:
    body = TERMS | {"rows": rows} | terms
    return await client.post("/v1/tier-overrides", json=body, headers=house.headers("hq_operator"))


def _rows(customer_ids: list[UUID], tier: str = "T3") -> list[dict[str, str]]:
    return [{"key": to_public("cus", one), "tier": tier} for one in customer_ids]


async def _approve(client: httpx.AsyncClient, house: House, submitted: httpx.Response) -> httpx.Response:
    assert submitted.status_code == 202, submitted.text
    url = f"/v1/approvals/{submitted.json()['approval_id']}/approve"
    return await client.post(url, json={}, headers=house.headers("hq_approver"))


async def _tiers(client: httpx.AsyncClient, house: House, customer_ids: list[UUID]) -> list[str]:
    urls = [f"/v1/customers/{to_public('cus', one)}/tier" for one in customer_ids]
    answers = [await client.get(url, headers=house.headers("hq_operator")) for url in urls]
    return [answer.json()["current"]["code"] for answer in answers]


async def _bound(client: httpx.AsyncClient, house: House, branch: str, most: int) -> None:
    url = f"/v1/branches/{to_public('brn', house.branches[branch].id)}/tier-override-quota"
    submitted = await client.put(url, json={"most": most}, headers=house.headers("hq_operator"))
    assert (await _approve(client, house, submitted)).status_code == 200


async def test_a_list_gives_all_its_tiers_once_another_person_agrees(
    bank_client: httpx.AsyncClient, house: House, customer_ids: list[UUID]
) -> None:
    rows = _rows(customer_ids[:2]) + _rows(customer_ids[2:], "T4")
    submitted = await _ask(bank_client, house, rows)
    url = f"/v1/approvals/{submitted.json()['approval_id']}"
    preview = (await bank_client.get(url, headers=house.headers("hq_approver"))).json()["preview"]
    moves = [{"from": "T1", "to": "T3", "customers": 2}, {"from": "T1", "to": "T4", "customers": 1}]
    assert (preview["customers"], preview["moves"]) == (3, moves)
    assert await _tiers(bank_client, house, customer_ids) == ["T1", "T1", "T1"]
    assert (await _approve(bank_client, house, submitted)).json()["state"] == "approved"
    assert await _tiers(bank_client, house, customer_ids) == ["T3", "T3", "T4"]


async def test_rows_that_cannot_be_are_named_by_their_numbers_and_nothing_is_asked_for(
    bank_client: httpx.AsyncClient, house: House, customer_ids: list[UUID]
) -> None:
    rows = [
        *_rows([customer_ids[0], new_id(), customer_ids[0]]),
        *_rows([customer_ids[1]], "T9"),
        {"key": "88009999", "tier": "T3"},
    ]
    refused = await _ask(bank_client, house, rows)
    assert (refused.status_code, refused.json()["code"]) == (422, "override_rows_invalid")
    assert [(one["row"], one["reason"]) for one in refused.json()["rows"]] == [
        (2, "unknown_customer"),
        (3, "duplicate"),
        (4, "unknown_tier"),
        (5, "unknown_customer"),
    ]
    waiting = await bank_client.get("/v1/approvals", headers=house.headers("hq_operator"))
    assert waiting.json()["items"] == []


async def test_one_tier_that_changed_since_keeps_the_whole_list_back(
    bank_client: httpx.AsyncClient, house: House, customer_ids: list[UUID]
) -> None:
    submitted = await _ask(bank_client, house, _rows(customer_ids))
    async with house.sessions() as session:
        await give_tier(session, customer_ids[2], "T2", on=TODAY)
        await session.commit()
    refused = await _approve(bank_client, house, submitted)
    assert (refused.status_code, refused.json()["code"]) == (409, "state_conflict")
    assert await _tiers(bank_client, house, customer_ids) == ["T1", "T1", "T2"]


async def test_a_branch_has_no_more_tiers_by_hand_than_it_may_and_its_parent_counts_it_too(
    bank_client: httpx.AsyncClient, house: House, customer_ids: list[UUID]
) -> None:
    await _bound(bank_client, house, EAST, 1)
    refused = await _ask(bank_client, house, _rows(customer_ids[:2]))
    facts = {name: refused.json()[name] for name in ("code", "branch", "most", "in_use")}
    assert facts == {"code": "override_quota_reached", "branch": EAST, "most": 1, "in_use": 0}
    assert (await _approve(bank_client, house, await _ask(bank_client, house, _rows(customer_ids[:1])))).is_success
    quotas = await bank_client.get("/v1/tier-override-quotas", headers=house.headers("hq_operator"))
    assert [(one["branch"], one["most"], one["in_use"]) for one in quotas.json()["items"]] == [(EAST, 1, 1)]
    url = f"/v1/customers/{to_public('cus', customer_ids[1])}/tier/override"
    wish = TERMS | {"tier": "T2"}
    full = await bank_client.post(url, json=wish, headers=house.headers("hq_operator"))
    assert (full.status_code, full.json()["code"]) == (409, "override_quota_reached")
    again = await _ask(bank_client, house, _rows(customer_ids[:1], "T4"))
    assert (await _approve(bank_client, house, again)).is_success, "who has one already takes no second place"


async def test_two_approvals_at_once_do_not_both_take_the_last_place(
    bank_client: httpx.AsyncClient, house: House, customer_ids: list[UUID]
) -> None:
    await _bound(bank_client, house, EAST, 1)
    asked = [await _ask(bank_client, house, _rows([one])) for one in customer_ids[:2]]
    answers = await asyncio.gather(*(_approve(bank_client, house, one) for one in asked))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert sorted(await _tiers(bank_client, house, customer_ids[:2])) == ["T1", "T3"]


async def test_a_bound_that_was_changed_meanwhile_is_not_overwritten(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    url = f"/v1/branches/{to_public('brn', house.branches[EAST].id)}/tier-override-quota"
    asked = [await bank_client.put(url, json={"most": most}, headers=house.headers("hq_operator")) for most in (5, 6)]
    assert (await _approve(bank_client, house, asked[0])).is_success
    assert (await _approve(bank_client, house, asked[1])).json()["code"] == "version_conflict"
