"""A month with a supplier over HTTP: prices, our statement, theirs beside it, disputes, confirmation, invoice."""

import random
from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.core.workbook import write_workbook
from guibin.suppliers.models import SettlementBasis
from support.house import House
from support.settlements import (
    FINANCE,
    HEADER,
    MONTH,
    REDEEMED,
    Month,
    csv,
    october,
    open_month,
    row,
)


async def test_a_month_is_built_from_what_stands_at_the_price_of_its_day(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    month = await open_month(house, bank_client)
    first = await month.take(october(1), 2)
    # The last instant of 15 October in Shanghai, and the first of 16: each at the price of its day.
    second, third = await month.take(october(15, 15)), await month.take(october(15, 16), companions=1)
    await month.take(october(2), state="cancelled")
    half = await month.take(october(3), 2, refunded=1)
    await month.take(datetime(2026, 10, 31, 16, tzinfo=UTC))

    early = await month.post(f"/settlements/{clock.today():%Y-%m}")
    built = await month.build()
    again = await month.build()

    assert (early.status_code, early.json()["code"]) == (409, "month_not_over")
    assert [(one["redemption_id"], one["quantity"], one["price"]) for one in await month.lines()] == [
        (to_public("rdm", first), 2, "86.50"),
        (to_public("rdm", half), 1, "86.50"),
        (to_public("rdm", second), 1, "86.50"),
        (to_public("rdm", third), 2, "90.00"),
    ]
    assert (built["gross"], built["tax"]) == (
        "526.00",
        [{"rate": "6.00", "gross": "526.00", "tax": "29.77", "net": "496.23"}],
    )
    assert again["gross"] == built["gross"]


async def laid_side_by_side(month: Month) -> None:
    """Build a month of three redemptions, beside a file that has one right, one at another price, and a stranger's."""
    first, second = await month.take(october(1), 2), await month.take(october(2))
    await month.take(october(3))
    await month.build()
    theirs = csv(row(first, 2, right="YL-VIP"), row(second, price="90.00"), "who,lounge,1,86.50")
    taken, same = await month.send(theirs), await month.send(theirs)
    assert taken.status_code == 201, taken.text
    assert (taken.json()["equal_lines"], same.json()["revision"]) == (1, taken.json()["revision"])


LETTER = {"supplier_reference": "YL-2", "supplier_agreed_on": "2026-11-01"}
WORDS = "双方核对后一致同意按此结算"


async def test_their_statement_is_laid_beside_ours_and_every_difference_is_decided(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    month = await open_month(house, bank_client)
    await month.take(october(1))
    await month.build()
    missing = await month.post(f"/settlements/{MONTH}/submit", **LETTER)
    await laid_side_by_side(month)
    differences = (await month.get(f"/settlements/{MONTH}/differences")).json()["items"]
    url = f"/settlements/{MONTH}/differences"

    refused = [
        await month.post(f"/settlements/{MONTH}/submit", **LETTER),
        await month.post(url, differences=[1], state="ours", words="ok"),
        await month.post(url, differences=[9], state="ours", words=WORDS),
    ]

    assert (missing.status_code, missing.json()["code"]) == (409, "statement_missing")
    assert sorted((one["finding"], one["file_line"]) for one in differences if one["finding"] != "only_ours") == [
        ("only_theirs", 4),
        ("price_differs", 3),
    ]
    assert sorted(one["finding"] or "" for one in await month.lines()) == [
        "equal",
        "only_ours",
        "only_ours",
        "price_differs",
    ]
    assert [answer.json()["code"] for answer in refused] == ["differences_open", "reason_required", "not_found"]


async def test_a_confirmed_month_is_frozen_drawn_from_the_prepayment_and_invoiced_to_the_fen(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    month = await open_month(house, bank_client, prepaid=True)
    await laid_side_by_side(month)
    by_finding = {
        one["finding"]: one["number"] for one in (await month.get(f"/settlements/{MONTH}/differences")).json()["items"]
    }
    ours = [by_finding["only_ours"], by_finding["only_theirs"]]
    url = f"/settlements/{MONTH}/differences"
    await month.post(url, differences=ours, state="ours", words=WORDS)
    await month.post(url, differences=[by_finding["price_differs"]], state="theirs", words=WORDS)
    paid = await month.post("/prepayments", FINANCE, reference="PAY-1", amount="300.00")
    twice = await month.post("/prepayments", FINANCE, reference="PAY-1", amount="300.00")
    confirmed = await month.confirm()
    frozen = (await month.get(f"/settlements/{MONTH}", FINANCE)).json()
    bill = {"number": "FP1", "day": "2026-11-21", "gross": "349.50"}
    refused = [
        await month.post(f"/settlements/{MONTH}"),
        await month.send(csv("a,b,1,1")),
        await month.post(f"/settlements/{MONTH}/invoice", FINANCE, **bill, tax="19.77"),
    ]
    invoiced = await month.post(f"/settlements/{MONTH}/invoice", FINANCE, **bill, tax="19.78")
    file = await month.get(f"/settlements/{MONTH}/lines", Accept="text/csv")

    assert (paid.json()["balance"], twice.json()["code"]) == ("300.00", "prepayment_taken")
    assert confirmed.status_code == 200, confirmed.text
    amounts = {name: frozen[name] for name in ("state", "gross", "prepaid", "payable")}
    assert amounts == {"state": "confirmed", "gross": "349.50", "prepaid": "300.00", "payable": "49.50"}
    assert (await month.get("/prepayments")).json()["balance"] == "0.00"
    assert [answer.json()["code"] for answer in refused] == [
        "settlement_frozen",
        "settlement_frozen",
        "invoice_differs",
    ]
    assert (invoiced.status_code, invoiced.json()["invoice_no"]) == (201, "FP1")
    assert len(file.content.decode("utf-8-sig").splitlines()) == 1 + 3 + 2


async def test_what_goes_back_after_its_month_comes_as_a_correction_once(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    month = await open_month(house, bank_client)
    september = datetime(2026, 9, 3, tzinfo=UTC)
    first, second = await month.take(september, 2), await month.take(september)
    await month.build("2026-09")
    later = await month.post(f"/settlements/{MONTH}")
    await month.send(csv(row(first, 2), row(second)), "2026-09")
    assert (await month.confirm("2026-09")).status_code == 200
    await month.give_back(first)
    await month.take(october(20))

    built = await month.build()
    lines = await month.lines()
    back = await month.post("/settlements/2026-08")

    assert (later.status_code, later.json()["code"], later.json()["month"]) == (409, "earlier_month_open", "2026-09")
    assert [(one["kind"], one["quantity"], one["price"]) for one in lines] == [
        ("supply", 1, "90.00"),
        ("correction", -2, "86.50"),
    ]
    assert built["gross"] == "-83.00"
    assert (back.status_code, back.json()["code"]) == (409, "later_month_settled")


async def test_prices_follow_each_other_and_take_a_second_person(bank_client: httpx.AsyncClient, house: House) -> None:
    month = await open_month(house, bank_client)
    right = to_public("rgt", month.right)
    other = await month.shop.right(code="spa")

    async def submit(right_id: str, first: str, until: str | None = None, price: str = "95.00") -> httpx.Response:
        return await month.post("/prices", right_id=right_id, valid_from=first, valid_to=until, price=price)

    overlap = await submit(right, "2026-10-16")
    approved = await month.approve(await submit(right, "2026-12-01"))
    ended = await month.approve(await submit(other, "2026-10-01", "2026-10-15"))
    gap = await submit(other, "2026-10-16")
    prices = (await month.get("/prices")).json()["items"]

    assert [overlap.json()["code"], gap.json()["code"]] == ["price_overlaps", "price_leaves_gap"]
    assert (approved.status_code, ended.status_code) == (200, 200), approved.text
    assert [(one["right_code"], one["valid_from"], one["valid_to"], one["price"]) for one in prices] == [
        ("lounge", "2026-09-01", "2026-10-16", "86.50"),
        ("lounge", "2026-10-16", "2026-12-01", "90.00"),
        ("lounge", "2026-12-01", None, "95.00"),
        ("spa", "2026-10-01", "2026-10-15", "95.00"),
    ]


async def test_a_supply_without_a_price_and_a_file_of_another_form_are_refused(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    month = await open_month(house, bank_client)
    await month.take(datetime(2026, 8, 3, tzinfo=UTC))
    unpriced = await month.post("/settlements/2026-08")
    taken = await month.take(october(1))
    await month.build()

    refused = [await month.send(content) for content in (b"\xff\xff", b"reference,right\n", b"PK\x03\x04")]
    book = write_workbook({"s": [HEADER.split(","), [to_public("rdm", taken), "lounge", 1, "86.5"], ["x", "y", "z"]]})
    sheet = await month.send(book)

    assert (unpriced.status_code, unpriced.json()["code"], unpriced.json()["right_code"]) == (
        409,
        "contract_price_missing",
        "lounge",
    )
    assert [answer.json()["code"] for answer in refused] == [
        "statement_unreadable",
        "statement_columns",
        "workbook_unreadable",
    ]
    assert (sheet.json()["equal_lines"], sheet.json()["differences"]) == (
        1,
        [{"finding": "unreadable", "open": 1, "ours": 0, "theirs": 0}],
    )


@pytest.mark.merge
async def test_the_differences_planted_in_five_thousand_lines_are_found_and_no_other(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    month = await open_month(house, bank_client)
    chance = random.Random(20_261_126)
    taken = [(new_id(), chance.randint(1, 5)) for _ in range(5_000)]
    rows = [
        {
            "customer": month.customer,
            "id": one,
            "right": month.right,
            "quantity": units,
            "at": october(1),
            "refunded": 0,
            "state": "fulfilled",
            "companions": 0,
        }
        for one, units in taken
    ]
    async with house.sessions() as session:
        await session.execute(REDEEMED, rows)
        await session.commit()
    planted: Counter[str] = Counter()
    theirs: list[str] = []
    for one, units in taken:
        kind = chance.choice(["equal"] * 40 + ["only_ours", "only_theirs", "price", "quantity", "both", "doubled"])
        good = row(one, units)
        changed = {
            "price": [row(one, units, "86.51")],
            "quantity": [row(one, units + 1)],
            "both": [row(one, units + 1, "86.51")],
            "doubled": [good, good],
            "only_ours": [],
            "only_theirs": [good, row(new_id())],
        }
        names = {"price": "price_differs", "quantity": "quantity_differs", "both": "both_differ"}
        planted[names.get(kind, kind)] += kind != "equal"
        theirs += changed.get(kind, [good])
    chance.shuffle(theirs)

    built = await month.build()
    answer = await month.send(csv(*theirs))

    assert built["lines"] == 5_000
    assert answer.status_code == 201, answer.text
    found = {one["finding"]: one["open"] for one in answer.json()["differences"]}
    assert found == {kind: count for kind, count in planted.items() if count}


CODE = text(
    "INSERT INTO voucher_code (right_id, id, code_hash, code_enc, redemption_id, customer_id, taken_at, used_at,"
    " spent_fen) VALUES (:right, :id, uuid_send(:id), '\\x00', :redemption, :customer, :at, :used, 0)"
)


async def add_codes(month: Month, redemption: UUID, *used: datetime | None) -> None:
    """Give a redemption codes that end on 20 October, used then or never."""
    async with month.shop.house.sessions() as session:
        ending = text("UPDATE redemption SET fulfilment = 'code', valid_until = '2026-10-20' WHERE id = :id")
        await session.execute(ending, {"id": redemption})
        for at in used:
            values = {"right": month.right, "id": new_id(), "redemption": redemption, "customer": month.customer}
            await session.execute(CODE, values | {"at": october(1), "used": at})
        await session.commit()


async def test_what_was_used_is_paid_on_the_day_of_its_use(bank_client: httpx.AsyncClient, house: House) -> None:
    month = await open_month(house, bank_client, basis=SettlementBasis.USED)
    by_code = await month.take(october(1), 3, companions=2)
    await add_codes(month, by_code, october(2), october(17), None)
    handed_out, ordered = await month.take(datetime(2026, 9, 20, tzinfo=UTC), 2), await month.take(october(3))
    await add_codes(month, ordered, october(19))
    async with house.sessions() as session:
        step = text(
            "INSERT INTO redemption_step (customer_id, redemption_id, state, at, actor_id)"
            " VALUES (:customer, :id, 'fulfilled', :at, :customer)"
        )
        await session.execute(step, {"customer": month.customer, "id": handed_out, "at": october(18)})
        await session.execute(step, {"customer": month.customer, "id": ordered, "at": october(4)})
        by_order = text("UPDATE redemption SET fulfilment = 'order' WHERE id = :id")
        await session.execute(by_order, {"id": ordered})
        await session.commit()

    await month.build()

    assert [(one["redemption_id"], one["day"], one["quantity"], one["price"]) for one in await month.lines()] == [
        (to_public("rdm", by_code), "2026-10-02", 3, "86.50"),  # the guests come with the first code
        (to_public("rdm", ordered), "2026-10-04", 1, "86.50"),  # delivered with the order, wherever its code is used
        (to_public("rdm", by_code), "2026-10-17", 1, "90.00"),
        (to_public("rdm", handed_out), "2026-10-18", 2, "90.00"),
    ]


async def test_codes_that_nobody_used_are_returned_where_that_is_agreed(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    month = await open_month(house, bank_client)
    redemption = await month.take(october(1), 4, state="confirmed", refunded=1)
    await add_codes(month, redemption, october(2), None, None, None)
    async with house.sessions() as session:  # the code of the unit that went back is paid for by nobody
        void = text(
            "UPDATE voucher_code SET returned_at = taken_at"
            " WHERE id = (SELECT max(id::text)::uuid FROM voucher_code WHERE used_at IS NULL)"
        )
        await session.execute(void)
        await session.commit()

    kept = await month.build()
    returned = await month.build(unused_returned=True)

    assert (kept["gross"], returned["gross"]) == ("259.50", "86.50")
    assert [(one["kind"], one["quantity"]) for one in await month.lines()] == [("supply", 3), ("unused", -2)]
