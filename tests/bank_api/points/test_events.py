"""Events of business lines come in over HTTP and earn at once."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlmodel import select

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.customers.models import Customer, CustomerRef, RefKind
from guibin.customers.references import customer_no_ref
from guibin.points.earning.models import EarningRuleVersion
from guibin.points.invariants import check
from guibin.points.models import PointsEntry
from support.house import House

SCOPES = ("earn:post",)


def event(customer_id: UUID, reference: str = "T-1", **changes: Any) -> dict[str, Any]:
    return {
        "line": "credit_card",
        "reference": reference,
        "customer_id": to_public("cus", customer_id),
        "event_type": "card_spend",
        "occurred_at": clock.now().isoformat(),
        "amount": "1234.50",
        **changes,
    }


async def send(
    bank_client: httpx.AsyncClient, house: House, *events: object, key: str | None = None
) -> list[dict[str, Any]]:
    headers = house.service_headers("core_banking", SCOPES, key=key or str(new_id()))
    answer = await bank_client.post("/v1/points/events", json={"events": list(events)}, headers=headers)
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


async def entries_of(house: House, customer_id: UUID) -> list[PointsEntry]:
    async with house.sessions() as session:
        assert await check(session) == []
        query = select(PointsEntry).where(PointsEntry.customer_id == customer_id)
        return list((await session.exec(query)).all())


async def test_an_event_earns_at_once(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id = await house.add_customer()

    (result,) = await send(bank_client, house, event(customer_id))

    (entry,) = await entries_of(house, customer_id)
    assert (result["index"], result["status"], result["points"]) == (0, "earned", 61)
    assert result["entry_ids"] == [to_public("ent", entry.id)]
    assert (entry.points, entry.source_id, entry.actor_id) == (
        61,
        "credit_card:T-1",
        house.services["core_banking"],
    )


async def test_e7_an_event_that_no_rule_rewards_is_recorded_as_nothing(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()

    results = await send(
        bank_client, house, event(customer_id, "T-1", event_type="deposit"), event(customer_id, "T-2", amount="19.99")
    )

    assert [(result["status"], result["points"]) for result in results] == [("nothing", 0), ("nothing", 0)]


async def test_e1_the_same_event_again_changes_nothing(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id = await house.add_customer()
    one = event(customer_id)
    await send(bank_client, house, one)

    results = await send(bank_client, house, one, one)

    assert [result["status"] for result in results] == ["replayed", "replayed"]
    assert len(await entries_of(house, customer_id)) == 1


async def test_one_reference_twice_in_a_batch_earns_once(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id = await house.add_customer()
    one = event(customer_id)

    results = await send(bank_client, house, one, one)

    assert [result["status"] for result in results] == ["earned", "replayed"]
    assert len(await entries_of(house, customer_id)) == 1


async def test_e1_a_reference_with_other_content_or_another_customer_is_a_conflict(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer_id, other = await house.add_customer(), await house.add_customer(name="王五")
    one = event(customer_id)
    await send(bank_client, house, one)

    results = await send(bank_client, house, one | {"amount": "99.00"}, one | {"customer_id": to_public("cus", other)})

    assert [(result["status"], result["code"]) for result in results] == [("refused", "reference_conflict")] * 2
    assert await entries_of(house, other) == []


async def test_the_same_reference_of_another_line_is_another_event(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()

    results = await send(bank_client, house, event(customer_id), event(customer_id, line="e_finance"))

    assert [result["status"] for result in results] == ["earned", "earned"]


async def test_a_customer_is_found_by_the_customer_number(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id = await house.add_customer()
    ref = customer_no_ref(house.keys, "C1029384756")
    assert ref is not None
    async with house.sessions() as session:
        session.add(CustomerRef(ref=ref, kind=RefKind.CUSTOMER_NO, customer_id=customer_id, valid_from=clock.today()))
        await session.commit()
    one = event(customer_id)
    del one["customer_id"]

    known, unknown = await send(
        bank_client,
        house,
        one | {"customer_no": "c1029384756"},
        one | {"customer_no": "C5647382910", "reference": "T-2"},
    )

    assert known["status"] == "earned"
    assert (unknown["status"], unknown["code"]) == ("refused", "customer_unknown")


async def test_an_event_of_a_customer_who_was_merged_away_earns_for_the_one_who_stays(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    stays, gone = await house.add_customer(), await house.add_customer()
    async with house.sessions() as session:
        (await session.get_one(Customer, gone)).merged_into = stays
        await session.commit()

    (result,) = await send(bank_client, house, event(gone))

    assert result["status"] == "earned"
    assert len(await entries_of(house, stays)) == 1


async def test_e5_a_customer_whom_nobody_knows_is_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    (result,) = await send(bank_client, house, event(new_id()))

    assert (result["status"], result["code"]) == ("refused", "customer_unknown")


BAD_ROWS: list[dict[str, Any]] = [
    {"amount": "12.345"},
    {"amount": "1,000"},
    {"amount": 12.5},
    {"amount": "-1.00"},
    {"event_type": "gift"},
    {"line": "insurance"},
    {"reference": ""},
    {"occurred_at": "2026-02-30T10:00:00+08:00"},
    {"occurred_at": "2026-11-20T10:00:00"},
    {"customer_no": "C1029384756"},
    {"customer_id": None},
    {"customer_id": "rgt_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4"},
    {"points": 100},
]


async def test_e4_an_event_too_old_or_ahead_is_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id = await house.add_customer()
    times = [(clock.now() + timedelta(hours=hours)).isoformat() for hours in (-400 * 24 - 1, 1)]

    results = await send(bank_client, house, *(event(customer_id, occurred_at=at) for at in times))

    assert [(result["status"], result["code"]) for result in results] == [("refused", "event_date_out_of_range")] * 2


async def test_e7_an_event_that_would_earn_more_than_an_entry_holds_is_refused(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()
    async with house.sessions() as session:
        version = await session.get(EarningRuleVersion, ("reward_payment", 1))
        assert version is not None
        gift = {"wallet": "reward", "kind": "proportional", "points": 1_000, "per": "20.00"}
        version.terms = version.terms | {"cases": [{"gives": [gift]}]}
        await session.commit()

    (result,) = await send(bank_client, house, event(customer_id, event_type="payment", amount="999999999999999.00"))

    assert (result["status"], result["code"]) == ("refused", "amount_out_of_range")


async def test_e2_e6_bad_rows_leave_the_others_alone(bank_client: httpx.AsyncClient, house: House) -> None:
    customer_id = await house.add_customer()
    rows: list[object] = [event(customer_id, f"B-{number}") | bad for number, bad in enumerate(BAD_ROWS)]
    rows += [None, "row", 7, []]

    results = await send(bank_client, house, event(customer_id, "G-1"), *rows, event(customer_id, "G-2"))

    assert [result["status"] for result in results] == ["earned", *["refused"] * len(rows), "earned"]
    assert [result["index"] for result in results] == list(range(len(rows) + 2))
    assert {result["code"] for result in results[1:-1]} == {"validation_failed"}
    assert all(result["facts"]["errors"][0]["type"] for result in results[1:-1])
    assert results[1]["facts"]["errors"][0]["loc"] == ["body", "events", 1, "amount"]
    assert "12.345" not in str(results)
    assert len(await entries_of(house, customer_id)) == 2


async def test_e2_a_batch_of_a_thousand_is_taken_and_one_more_is_not(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()
    rows = [event(customer_id, f"T-{number}") for number in range(1_001)]

    results = await send(bank_client, house, *rows[:1_000])

    assert sum(result["points"] for result in results) == 61_000
    headers = house.service_headers("core_banking", SCOPES, key="too-many")
    answer = await bank_client.post("/v1/points/events", json={"events": rows}, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["type"]) == (422, "too_many_items")


async def test_e2_a_batch_that_is_none_is_refused(bank_client: httpx.AsyncClient, house: House) -> None:
    headers = house.service_headers("core_banking", SCOPES, key="none")
    bodies: list[dict[str, Any]] = [{}, {"events": []}, {"events": {}}, {"events": [], "more": 1}]
    for body in bodies:
        answer = await bank_client.post("/v1/points/events", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_e3_a_batch_sent_again_with_its_key_is_answered_from_the_key(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    customer_id = await house.add_customer()
    headers = house.service_headers("core_banking", SCOPES, key="batch-1")
    body = {"events": [event(customer_id)]}

    first = await bank_client.post("/v1/points/events", json=body, headers=headers)
    second = await bank_client.post("/v1/points/events", json=body, headers=headers)

    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.content == first.content


async def test_e12_events_need_a_key_a_service_and_its_scope(bank_client: httpx.AsyncClient, house: House) -> None:
    body = {"events": [event(await house.add_customer())]}

    async def answer(headers: dict[str, str]) -> tuple[int, str]:
        got = await bank_client.post("/v1/points/events", json=body, headers=headers)
        return got.status_code, got.json()["code"]

    assert await answer({}) == (401, "token_required")
    assert await answer(house.service_headers("core_banking", SCOPES)) == (422, "idempotency_key_required")
    assert await answer(house.service_headers("core_banking", (), key="k")) == (403, "forbidden")
    assert await answer(house.service_headers("supplier_terminal", SCOPES, key="k")) == (403, "forbidden")
    assert await answer(house.headers("hq_operator", key="k")) == (403, "forbidden")
