"""Looking at one unmasked value: rows D1 to D3 of the bad-input catalogue, and what the trail keeps."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from guibin.core import clock
from guibin.core.ids import to_public
from support.house import BANK_AUDIENCE, House

from .conftest import EAST_PHONE, Known

REASON = "客户到网点更换预留手机号，核对旧号"


async def look(client: httpx.AsyncClient, house: House, known: Known, role: str = "manager", **body: Any) -> Any:
    path = f"/v1/customers/{to_public('cus', known.east)}/reveal"
    return await client.post(path, headers=house.headers(role), json={"field": "phone", "reason": REASON, **body})


async def rows(house: House, query: str) -> list[Any]:
    async with house.sessions() as session:
        return list((await session.execute(text(query))).all())


async def test_a_value_is_shown_with_a_reason_and_the_trail_says_which_and_why(
    bank_client: httpx.AsyncClient, house: House, known: Known
) -> None:
    answer = await look(bank_client, house, known, ticket="CS-2026-118")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"field": "phone", "value": EAST_PHONE, "looks_today": 1}
    assert answer.headers["cache-control"] == "no-store"
    kept = await rows(house, "SELECT owner_id, reason, facts FROM audit_entry WHERE action = 'customer.reveal'")
    assert [row.owner_id for row in kept] == [known.east]
    assert kept[0].reason == REASON
    assert kept[0].facts["field"] == "phone"
    assert EAST_PHONE not in str(kept)


@pytest.mark.parametrize("reason", [None, "", "九个字的原因不够啊", "aaaaaaaaaa"])
async def test_d1_without_a_reason_nothing_is_shown(
    bank_client: httpx.AsyncClient, house: House, known: Known, reason: str | None
) -> None:
    answer = await look(bank_client, house, known, reason=reason)
    assert (answer.status_code, answer.json()["code"]) == (
        422,
        "reason_required" if reason != "" else "validation_failed",
    )
    assert await rows(house, "SELECT revealed FROM reveal_day") == []


async def test_d2_the_twenty_first_look_of_a_day_is_refused(
    bank_client: httpx.AsyncClient, house: House, known: Known
) -> None:
    async with house.sessions() as session:
        used = "INSERT INTO reveal_day (staff_id, day, revealed) VALUES (:staff_id, :day, 19)"
        await session.execute(text(used), {"staff_id": house.staff["manager"].id, "day": clock.today()})
        await session.commit()
    assert (await look(bank_client, house, known)).json()["looks_today"] == 20
    refused = await look(bank_client, house, known)
    assert (refused.status_code, refused.json()["code"]) == (429, "daily_limit")
    assert refused.json()["limit"] == "reveal_per_day"
    assert 0 < int(refused.headers["retry-after"]) <= 86_400
    assert [row.revealed for row in await rows(house, "SELECT revealed FROM reveal_day")] == [20]


async def test_a_branch_head_may_look_more_often_than_a_manager(
    bank_client: httpx.AsyncClient, house: House, known: Known
) -> None:
    async with house.sessions() as session:
        used = "INSERT INTO reveal_day (staff_id, day, revealed) VALUES (:staff_id, :day, 20)"
        await session.execute(text(used), {"staff_id": house.staff["branch_head"].id, "day": clock.today()})
        await session.commit()
    assert (await look(bank_client, house, known, role="branch_head")).status_code == 200


@pytest.mark.parametrize(
    ("minutes", "acr"), [(20, "mfa"), (1, "pwd"), (1, None), (None, "mfa")], ids=["old", "weak", "unsaid", "no time"]
)
async def test_d3_a_look_needs_a_fresh_login_with_a_second_factor(
    bank_client: httpx.AsyncClient, house: House, known: Known, minutes: int | None, acr: str | None
) -> None:
    logged_in = None if minutes is None else clock.now() - timedelta(minutes=minutes)
    subject = house.staff["manager"].subject
    token = house.issuer.issue(subject, BANK_AUDIENCE, lifetime=timedelta(hours=1), auth_time=logged_in, acr=acr)
    path = f"/v1/customers/{to_public('cus', known.east)}/reveal"
    answer = await bank_client.post(
        path, headers={"Authorization": f"Bearer {token}"}, json={"field": "phone", "reason": REASON}
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "reauth_required")
    assert answer.json()["max_age"] == 900
    assert 'error="insufficient_user_authentication"' in answer.headers["www-authenticate"]


async def test_a_customer_of_somebody_else_is_not_found(
    bank_client: httpx.AsyncClient, house: House, known: Known
) -> None:
    assert (await look(bank_client, house, known, role="manager_west")).status_code == 404


@pytest.mark.parametrize("role", ["lobby", "auditor", "administrator"])
async def test_who_only_reads_does_not_look(
    bank_client: httpx.AsyncClient, house: House, known: Known, role: str
) -> None:
    assert (await look(bank_client, house, known, role=role)).status_code == 403


async def test_a_value_that_the_bank_has_not_is_said_and_does_not_count(
    bank_client: httpx.AsyncClient, house: House, known: Known
) -> None:
    answer = await look(bank_client, house, known, field="employer")
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_reveal")
    assert await rows(house, "SELECT revealed FROM reveal_day") == []


async def test_a_day_unlike_the_thirty_before_is_noted(
    bank_client: httpx.AsyncClient, house: House, known: Known
) -> None:
    staff_id, today = house.staff["manager"].id, clock.today()
    async with house.sessions() as session:
        for day, number in ((today - timedelta(days=1), 2), (today, 6)):
            used = "INSERT INTO reveal_day (staff_id, day, revealed) VALUES (:staff_id, :day, :number)"
            await session.execute(text(used), {"staff_id": staff_id, "day": day, "number": number})
        await session.commit()
    await look(bank_client, house, known)
    kept = await rows(house, "SELECT facts FROM audit_entry WHERE action = 'customer.reveal'")
    assert [row.facts["unusual"] for row in kept] == [True]


async def test_t_pii_3_a_value_that_was_moved_stays_closed_and_the_trail_says_where(
    bank_client: httpx.AsyncClient, house: House, known: Known
) -> None:
    async with house.sessions() as session:
        moved = "UPDATE customer SET phone_enc = (SELECT name_enc FROM customer WHERE id = :west) WHERE id = :east"
        await session.execute(text(moved), {"east": known.east, "west": known.west})
        await session.commit()
    answer = await look(bank_client, house, known)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_fault")
    kept = await rows(house, "SELECT * FROM audit_entry WHERE action = 'value.damaged'")
    assert [(row.object_type, row.owner_id, row.facts["column"]) for row in kept] == [
        ("customer", known.east, "phone_enc")
    ]
    assert await rows(house, "SELECT revealed FROM reveal_day") == []
