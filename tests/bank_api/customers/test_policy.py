"""The bank's policy of identity over HTTP: whose word counts, by four eyes, and where each field comes from."""

from datetime import date
from typing import Any

import httpx
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import new_id, to_public
from guibin.customers.policy.service import apply_policy
from support.house import EAST, House
from support.lines import CARDS, PARTIES, Lines, party

POLICY = {
    "fields": {
        "phone": {"strategy": "most_recent"},
        "employer": {"strategy": "source_priority", "lines": ["personal_finance"]},
    },
    "reason": "手机号以最近更新为准，任职单位仅采信个人金融",
}


async def put(house: House, client: httpx.AsyncClient, body: dict[str, Any], version: int) -> httpx.Response:
    headers = house.headers("hq_operator") | {"If-Match": f'"{version}"'}
    return await client.put("/v1/identity-policy", json=body, headers=headers)


async def approve(house: House, client: httpx.AsyncClient, submitted: httpx.Response) -> httpx.Response:
    assert submitted.status_code == 202, submitted.text
    url = f"/v1/approvals/{submitted.json()['approval_id']}/approve"
    return await client.post(url, json={}, headers=house.headers("compliance", key=str(new_id())))


async def shown(house: House, client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await client.get(path, headers=house.headers("hq_operator"))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def fed(session: AsyncSession, house: House) -> str:
    """Let two lines tell of one customer, the second one on a later day."""
    lines, one = Lines(session, house.keys), {"customer_no": "60000001", "branch_code": EAST}
    await lines.take(PARTIES, party("A", phone="15400000001", **one), day=date(2026, 11, 20))
    await lines.take(
        PARTIES, party("X", phone="15400000002", employer="恒源商贸", **one), line=CARDS, day=date(2026, 11, 24)
    )
    await session.commit()
    customer = await lines.customer_of("A")
    assert customer is not None
    return to_public("cus", customer)


async def test_a_policy_by_four_eyes_changes_whose_word_counts_and_the_customer_says_where_fields_come_from(
    house: House, bank_client: httpx.AsyncClient
) -> None:
    async with house.sessions() as session:
        customer = await fed(session, house)
    before = await shown(house, bank_client, f"/v1/customers/{customer}")
    sources = {one["field"]: (one["line"], one["as_of"]) for one in before["sources"]}
    assert sources == {
        "name": ("personal_finance", "2026-11-20"),
        "phone": ("personal_finance", "2026-11-20"),
        "employer": ("credit_card", "2026-11-24"),
    }
    assert (await shown(house, bank_client, "/v1/identity-policy"))["version"] == 0

    twice = {
        "fields": {"phone": {"strategy": "oldest", "lines": ["credit_card", "credit_card"]}},
        "reason": POLICY["reason"],
    }
    refused = await put(house, bank_client, twice, 0)
    assert (refused.status_code, refused.json()["errors"][0]["type"]) == (422, "line_named_twice")
    first, second = await put(house, bank_client, POLICY, 0), await put(house, bank_client, POLICY, 0)
    assert (await approve(house, bank_client, first)).json()["state"] == "approved"
    late = await approve(house, bank_client, second)
    assert (late.status_code, late.json()["code"]) == (412, "version_conflict")

    async with house.sessions() as session:
        assert await apply_policy(session, open_keys=lambda: house.keys, limit=1_000) > 0
        assert await apply_policy(session, open_keys=lambda: house.keys, limit=1_000) == 0
        await session.commit()
    after = await shown(house, bank_client, f"/v1/customers/{customer}")
    assert {one["field"]: one["line"] for one in after["sources"]} == {
        "name": "personal_finance",
        "phone": "credit_card",
    }
    assert (before["phone"], after["phone"]) == ("154****0001", "154****0002")
    policy = await shown(house, bank_client, "/v1/identity-policy")
    assert (policy["version"], policy["is_applied"], policy["fields"]["phone"]["strategy"]) == (1, True, "most_recent")


async def test_what_files_bring_is_composed_by_the_policy_at_once(house: House, bank_client: httpx.AsyncClient) -> None:
    await approve(house, bank_client, await put(house, bank_client, POLICY, 0))
    async with house.sessions() as session:
        customer = await fed(session, house)
    found = await shown(house, bank_client, f"/v1/customers/{customer}")
    assert found["phone"] == "154****0002"
