"""Value vouchers, codes of the bank's own pattern, and pictures of codes for suppliers that are not connected."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.rights.patterns import CodePattern, Symbols
from guibin.rights.service.codes import new_code
from support.shop import Shop

URL = "/v1/voucher-uses"
CODE = "ABCD-1234"


async def use(client: httpx.AsyncClient, shop: Shop, **body: Any) -> httpx.Response:
    return await client.post(URL, json=body, headers=shop.house.headers("lobby", key=str(new_id())))


async def bought(client: httpx.AsyncClient, shop: Shop, right: str) -> tuple[UUID, str]:
    customer = await shop.customer()
    headers = shop.house.customer_headers(customer, key=str(new_id()))
    made = await client.post("/v1/redemptions", json={"right_id": right, "quantity": 1}, headers=headers)
    assert made.status_code == 201, made.text
    return customer, f"/v1/redemptions/{made.json()['id']}"


async def shown(client: httpx.AsyncClient, shop: Shop, customer: UUID, path: str) -> dict[str, Any]:
    answer = await client.get(f"{path}/code", headers=shop.house.customer_headers(customer))
    body: dict[str, Any] = answer.json()
    return body


async def test_a_value_voucher_is_used_in_parts_until_nothing_is_left(
    shop: Shop, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    customer, path = await bought(customer_client, shop, await shop.pool([CODE], value_fen=100_00))
    first = await use(bank_client, shop, code=CODE, amount="30.50", place="一楼收银台", reference="R1")
    again = await use(bank_client, shop, code=CODE, amount="30.50", reference="R1")
    assert (first.status_code, first.json()["amount"], first.json()["remaining"]) == (200, "30.50", "69.50")
    assert (again.json()["id"], again.json()["remaining"]) == (first.json()["id"], "69.50")
    seen = await shown(customer_client, shop, customer, path)
    assert (seen["value"], seen["remaining"], seen["used_at"]) == ("100.00", "69.50", None)
    more = await use(bank_client, shop, code=CODE, amount="69.51")
    assert (more.status_code, more.json()["code"], more.json()["remaining"]) == (409, "value_exhausted", "69.50")
    rest = await use(bank_client, shop, code=CODE)
    assert (rest.json()["amount"], rest.json()["remaining"], rest.json()["state"]) == ("69.50", "0.00", "fulfilled")
    nothing = await use(bank_client, shop, code=CODE)
    assert (nothing.status_code, nothing.json()["code"]) == (409, "value_exhausted")


async def test_a_value_voucher_that_was_used_in_part_does_not_go_back(
    shop: Shop, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    customer, path = await bought(
        customer_client, shop, await shop.pool([CODE], value_fen=100_00, offer={"cancel_hours": 1})
    )
    await use(bank_client, shop, code=CODE, amount="0.01")
    headers = shop.house.customer_headers(customer, key=str(new_id()))
    answer = await customer_client.post(f"{path}/cancel", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_used")


async def test_an_amount_is_for_value_vouchers_only(
    shop: Shop, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    await bought(customer_client, shop, await shop.pool([CODE]))
    answer = await use(bank_client, shop, code=CODE, amount="1.00")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_value_voucher")


@pytest.mark.merge
async def test_of_64_uses_at_once_no_more_is_used_than_there_is(
    shop: Shop, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    customer, path = await bought(customer_client, shop, await shop.pool([CODE], value_fen=100_00))

    async def part() -> tuple[int, str | None]:
        while True:  # a lock time-out is asked again, as callers do
            answer = await use(bank_client, shop, code=CODE, amount="3.00")
            if answer.status_code < 500 and answer.json().get("code") != "busy":
                return answer.status_code, answer.json().get("code")

    assert Counter(await asyncio.gather(*(part() for _ in range(64)))) == {
        (200, None): 33,
        (409, "value_exhausted"): 31,
    }
    assert (await shown(customer_client, shop, customer, path))["remaining"] == "1.00"


async def test_a_picture_for_a_supplier_that_is_not_connected_lives_until_its_code_is_used(
    shop: Shop, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    customer, path = await bought(customer_client, shop, await shop.pool([CODE], offer={"static_code": True}))
    seen = await shown(customer_client, shop, customer, path)
    assert seen["qr_expires_at"] is None
    with clock.fixed_at(clock.now() + timedelta(days=30)):
        first = await use(bank_client, shop, qr=seen["qr"])
        second = await use(bank_client, shop, qr=seen["qr"])
    assert first.status_code == 200, first.text
    assert (second.status_code, second.json()["code"]) == (409, "already_used")


async def test_a_code_is_not_used_before_its_first_day(
    shop: Shop, bank_client: httpx.AsyncClient, customer_client: httpx.AsyncClient
) -> None:
    customer, path = await bought(customer_client, shop, await shop.pool([CODE], offer={"code_inactive_days": 2}))
    assert (await shown(customer_client, shop, customer, path))["qr"] is None
    early = await use(bank_client, shop, code=CODE)
    assert (early.status_code, early.json()["code"]) == (404, "code_not_valid")
    first = datetime.combine(clock.today() + timedelta(days=2), datetime.min.time(), clock.BUSINESS_ZONE)
    with clock.fixed_at(first):
        assert (await use(bank_client, shop, code=CODE)).status_code == 200


async def test_a_typing_error_in_a_code_of_the_banks_pattern_is_told_from_a_wrong_code(
    shop: Shop, bank_client: httpx.AsyncClient
) -> None:
    right = await shop.pool([CODE])
    pattern = {"symbols": "base32", "length": 16, "prefix": "GB", "check": True}
    headers = shop.house.headers("rights_operator", key=str(new_id()))
    made = await bank_client.post(
        f"/v1/rights/{right}/codes", json={"generate": 3, "pattern": pattern}, headers=headers
    )
    assert made.json()["added"] == 3, made.text
    code = new_code(CodePattern(Symbols.BASE32, 16, "GB", check=True))
    wrong = code[:-1] + ("2" if code[-1] != "2" else "3")
    answers = [await use(bank_client, shop, code=text) for text in (code, wrong)]
    assert [answer.json()["code"] for answer in answers] == ["code_not_valid", "code_mistyped"]


@pytest.mark.parametrize("symbols", Symbols)
def test_the_check_symbol_finds_every_single_wrong_symbol(symbols: Symbols) -> None:
    pattern = CodePattern(symbols, 26, "GB", check=True)
    code = new_code(pattern).replace("-", "")
    assert not pattern.is_mistyped(code)
    for place in range(2, len(code)):
        for symbol in set(symbols.alphabet) - {code[place]}:
            assert pattern.is_mistyped(code[:place] + symbol + code[place + 1 :])
