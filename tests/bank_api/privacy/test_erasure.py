"""POST /v1/customers/{id}/erase: two people, one receipt, and nobody comes back (T-PII-6, BAD-D7, BAD-D8)."""

import asyncio
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from guibin.core import clock
from guibin.core.lines import Line
from guibin.feeds.models import FeedKind
from guibin.feeds.repository import lock_feeds
from guibin.points import invariants as points_invariants
from guibin.privacy.repository.erasures import forget
from guibin.rights import invariants as rights_invariants
from support.house import House
from support.points import commit_points, sessions_of
from support.privacy import (
    DAY,
    EVIDENCE,
    SECRETS,
    agree,
    ask_to_erase,
    deliver,
    erase,
    move_in,
    parties,
    rows_of,
)
from support.rights import take
from support.shop import Shop
from support.stored import stored_in_clear


async def test_an_erased_customer_leaves_the_ledger_and_nothing_personal(
    house: House, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    customer = await move_in(house, bank_client)
    await commit_points(house.database, customer, 500, at=clock.now())
    token = house.customer_headers(customer)
    assert (await customer_client.get("/v1/me", headers=token)).status_code == 200
    sums = await rows_of(house, "SELECT wallet, sum(points) FROM points_entry GROUP BY wallet")

    await erase(house, bank_client, customer)

    refused = await customer_client.get("/v1/me", headers=token)
    assert (refused.status_code, refused.json()["code"]) == (401, "token_invalid")
    assert await stored_in_clear(house, SECRETS) == []
    stored = await rows_of(
        house,
        "SELECT to_jsonb(c) FROM customer c WHERE id = :id",
        id=customer,
    )
    left = {name: value for name, value in stored[0][0].items() if value is not None}
    assert left.keys() <= {
        *("id", "party_type", "status", "branch_id", "gender", "leading_line", "opened_on"),
        *("created_at", "not_before", "erased_at"),
    }
    gone = ("source_record", "customer_ref", "holding", "holding_balance", "customer_event", "customer_tag")
    for table in (*gone, "customer_fact", "customer_access"):
        assert await rows_of(house, f"SELECT 1 FROM {table} WHERE customer_id = :id", id=customer) == [], table
    assert await rows_of(house, "SELECT wallet, sum(points) FROM points_entry GROUP BY wallet") == sums
    async with house.sessions() as session:
        assert await points_invariants.check(session) == []
        assert await rights_invariants.check(session) == []


async def test_an_erased_customer_is_not_brought_back_by_record_or_number(
    house: House, bank_client: httpx.AsyncClient
) -> None:
    customer = await move_in(house, bank_client)
    await erase(house, bank_client, customer)
    for content, line in (
        (parties(name="欧阳灭绝"), "personal_finance"),
        (parties("RECORD-1", name="欧阳灭绝"), "credit_card"),
        (parties(customer_no=""), "personal_finance"),
    ):
        told = await deliver(house, bank_client, "parties", content, line)
        assert [reject["code"] for reject in told["rejects"]] == ["customer_erased"]
    newcomer = await deliver(house, bank_client, "parties", parties("RECORD-2", customer_no="ECIF1"), "credit_card")
    assert newcomer["rows_rejected"] == 0
    assert await rows_of(house, "SELECT 1 FROM source_record WHERE customer_id = :id", id=customer) == []
    earned = await bank_client.post(
        "/v1/points/events",
        json={
            "events": [
                {
                    "line": "credit_card",
                    "reference": "T-9",
                    "customer_id": f"cus_{customer}",
                    "event_type": "card_spend",
                    "occurred_at": f"{DAY}T10:00:00+08:00",
                    "amount": "100.00",
                }
            ]
        },
        headers=house.service_headers("core_banking", ["earn:post"], key="events"),
    )
    assert earned.json()["results"][0]["code"] == "customer_unknown"


async def test_d8_asking_twice_waits_for_one_approval_and_then_answers_the_same_receipt(
    house: House, bank_client: httpx.AsyncClient
) -> None:
    customer = await house.add_customer()
    first, second = [await ask_to_erase(house, bank_client, customer) for _ in range(2)]
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    by_maker = await bank_client.post(
        f"/v1/approvals/{first.json()['approval_id']}/approve", json={}, headers=house.headers("branch_head")
    )
    assert by_maker.status_code == 403
    assert (await agree(house, bank_client, first.json()["approval_id"])).status_code == 200
    receipts = [await ask_to_erase(house, bank_client, customer) for _ in range(2)]
    assert [receipt.status_code for receipt in receipts] == [200, 200]
    assert receipts[0].json() == receipts[1].json()
    told = receipts[0].json()
    assert (told["status"], len(told["receipt"])) == ("erased", 64)
    assert told["backups_until"] > told["erased_at"]


async def test_d7_open_matters_and_a_legal_duty_block_the_erasure(house: House, bank_client: httpx.AsyncClient) -> None:
    shop = Shop(house)
    customer = await shop.customer(1_000)
    right = await shop.right(prices=[{"tier": None, "points": 10}])
    async with sessions_of(house.database.customer_url, pool_size=1) as factory, factory() as session:
        await take(session, customer, UUID(right.removeprefix("rgt_")), at=clock.now())
        await session.commit()
    async with house.sessions() as session:
        owed = text("UPDATE points_account SET debt = 5, held = 10 WHERE customer_id = :id")
        await session.execute(owed, {"id": customer})
        await session.commit()
    frozen = {"items": [{"kind": "judicial_freeze", "reference": "COURT-1"}]}
    put = await bank_client.put(
        f"/v1/customers/cus_{customer}/restrictions", json=frozen, headers=house.headers("branch_head")
    )
    assert put.status_code == 200, put.text
    blocked = await ask_to_erase(house, bank_client, customer)
    assert (blocked.status_code, blocked.json()["code"]) == (409, "erase_blocked")
    assert blocked.json()["kinds"] == ["legal_retention", "open_redemptions", "points_debt", "points_held"]


async def test_what_comes_up_after_the_request_blocks_the_approval_and_frees_the_customer(
    house: House, bank_client: httpx.AsyncClient
) -> None:
    customer = await move_in(house, bank_client)
    asked = await ask_to_erase(house, bank_client, customer)
    await deliver(house, bank_client, "parties", parties("RECORD-3"), "credit_card")
    failed = await agree(house, bank_client, asked.json()["approval_id"])
    assert (failed.status_code, failed.json()["kinds"]) == (409, ["records_changed"])
    again = await ask_to_erase(house, bank_client, customer)
    assert again.status_code == 202
    assert again.json()["approval_id"] != asked.json()["approval_id"]
    assert (await agree(house, bank_client, again.json()["approval_id"])).status_code == 200


async def test_an_erasure_waits_for_the_file_that_is_being_taken(house: House, bank_client: httpx.AsyncClient) -> None:
    asked = await ask_to_erase(house, bank_client, await house.add_customer())
    async with house.sessions() as session:
        await lock_feeds(session, line=Line.CREDIT_CARD, kind=FeedKind.BALANCES)
        agreed = asyncio.create_task(agree(house, bank_client, asked.json()["approval_id"]))
        assert (await asyncio.wait({agreed}, timeout=0.3))[0] == set()
    assert (await agreed).status_code == 200


async def test_who_was_merged_into_an_erased_customer_is_erased_too_and_both_are_shown_without_a_name(
    house: House, bank_client: httpx.AsyncClient
) -> None:
    loser, survivor = await house.add_customer(), await house.add_customer()
    async with house.sessions() as session:
        merged = text("UPDATE customer SET merged_into = :survivor WHERE id = :loser")
        await session.execute(merged, {"survivor": survivor, "loser": loser})
        await session.commit()
    await erase(house, bank_client, loser)
    left = await rows_of(house, "SELECT data_key, name_enc, name_idx, phone_idx FROM customer")
    assert [tuple(row) for row in left] == [(None, None, None, None)] * 2
    shown = await bank_client.get(f"/v1/customers/cus_{loser}", headers=house.headers("compliance"))
    assert (shown.status_code, shown.json()["id"], shown.json()["name"]) == (200, f"cus_{survivor}", None)
    assert shown.json()["status"] == "closed"


async def test_no_service_may_delete_rows_without_a_verified_erasure(
    house: House, bank_client: httpx.AsyncClient
) -> None:
    untouched, asked_for = await house.add_customer(), await house.add_customer()
    assert (await ask_to_erase(house, bank_client, asked_for)).status_code == 202
    for customer, table in ((untouched, "customer_ref"), (untouched, "points_entry"), (asked_for, "customer_ref")):
        async with sessions_of(house.database.bank_url, pool_size=1) as factory, factory() as session:
            with pytest.raises(DBAPIError, match="privacy_forget"):
                await forget(session, customer_id=customer, table=table)
    async with sessions_of(house.database.bank_url, pool_size=1) as factory, factory() as session:
        await session.execute(text("CREATE TEMP TABLE erasure (customer_id uuid, state text)"))
        own = text("INSERT INTO pg_temp.erasure VALUES (:customer, 'verified')")
        await session.execute(own, {"customer": untouched})
        with pytest.raises(DBAPIError, match="no erasure is verified"):
            await forget(session, customer_id=untouched, table="customer_ref")


async def test_a_manager_and_a_neighbouring_branch_cannot_ask(house: House, bank_client: httpx.AsyncClient) -> None:
    customer = await house.add_customer()
    url = f"/v1/customers/cus_{customer}/erase"
    for role, status in (("manager", 403), ("compliance", 403), ("branch_head_west", 404)):
        answer = await bank_client.post(url, json=EVIDENCE, headers=house.headers(role))
        assert answer.status_code == status, role
