"""Codes that a terminal took while it was offline: a result for each, each line safe to send again."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from guibin.core import clock
from guibin.core.ids import new_id
from support.house import House
from support.shop import Shop

URL = "/v1/voucher-uses/batch"
CODES = [f"ABCD-123{number}" for number in range(4)]
WRONG_GUESSES = text("SELECT calls FROM rate_counter WHERE name = 'wrong_code_per_hour'")


@pytest.fixture
async def shop(house: House, customer_client: httpx.AsyncClient) -> Shop:
    made = Shop(house)
    right = await made.pool(CODES)
    for _ in CODES:
        headers = house.customer_headers(await made.customer(), key=str(new_id()))
        bought = await customer_client.post("/v1/redemptions", json={"right_id": right, "quantity": 1}, headers=headers)
        assert bought.status_code == 201
    return made


def line(code: str, reference: str, *, minutes_ago: int = 0, **more: Any) -> dict[str, Any]:
    at = clock.now() - timedelta(minutes=minutes_ago)
    return {"code": code, "at": at.isoformat(), "reference": reference, **more}


async def send(client: httpx.AsyncClient, shop: Shop, *lines: dict[str, Any]) -> list[dict[str, Any]]:
    headers = shop.house.service_headers("supplier_terminal", ["voucher:use"], key=str(new_id()))
    answer = await client.post(URL, json={"uses": list(lines)}, headers=headers)
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


async def test_each_line_has_its_result_and_may_come_again(shop: Shop, bank_client: httpx.AsyncClient) -> None:
    first = await send(bank_client, shop, line(CODES[0], "T1"), line(CODES[1], "T2"), line("WRONG-123", "T3"))
    assert [(one["status"], one["code"]) for one in first] == [
        ("used", None),
        ("used", None),
        ("refused", "code_not_valid"),
    ]
    again = await send(bank_client, shop, line(CODES[0], "T1"), line(CODES[2], "T4"))
    assert [one["status"] for one in again] == ["replayed", "used"]
    assert again[0]["id"] == first[0]["id"]


async def test_who_comes_later_hears_who_was_first(shop: Shop, bank_client: httpx.AsyncClient) -> None:
    (online,) = await send(bank_client, shop, line(CODES[0], "T1", place="T2贵宾厅"))
    (late,) = await send(bank_client, shop, line(CODES[0], "T9", minutes_ago=3))
    assert (online["status"], late["status"], late["code"]) == ("used", "refused", "already_used")
    facts = late["facts"]
    assert (facts["place"], facts["by"], facts["by_you"], facts["reference"]) == ("T2贵宾厅", "service", True, "T1")


async def test_a_time_that_cannot_be_and_a_reference_of_another_use_are_refused(
    shop: Shop, bank_client: httpx.AsyncClient
) -> None:
    results = await send(
        bank_client,
        shop,
        line(CODES[0], "T1", minutes_ago=60 * 24 * 8),
        line(CODES[1], "T2", minutes_ago=-30),
        line(CODES[2], "T3"),
        line(CODES[3], "T3"),
    )
    assert [one["code"] for one in results] == ["use_time_invalid", "use_time_invalid", None, "reference_reused"]


async def test_after_five_wrong_codes_the_rest_is_not_looked_at_and_they_count_as_guesses(
    shop: Shop, bank_client: httpx.AsyncClient
) -> None:
    wrong = [line(f"WRONG-12{number}", f"T{number}") for number in range(6)]
    results = await send(bank_client, shop, *wrong, line(CODES[0], "T9"))
    assert [one["code"] for one in results] == ["code_not_valid"] * 5 + ["too_many_wrong_codes"] * 2
    async with shop.house.sessions() as session:
        counted = await session.execute(WRONG_GUESSES)
        assert counted.scalar_one() == 5


async def test_a_batch_of_the_wrong_form_is_refused(shop: Shop, bank_client: httpx.AsyncClient) -> None:
    headers = shop.house.service_headers("supplier_terminal", ["voucher:use"], key="k1")
    good = line(CODES[0], "T1")
    for uses in ([], [good] * 1_001, [{**good, "reference": None}], [{"code": CODES[0], "reference": "T1"}]):
        assert (await bank_client.post(URL, json={"uses": uses}, headers=headers)).status_code == 422, uses[:1]
