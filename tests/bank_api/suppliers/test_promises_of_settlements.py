"""What always holds of settlements: each planted fault is found, and a race of two people breaks nothing."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from guibin.suppliers.settlements import invariants
from support.house import House
from support.settlements import FINANCE, MONTH, Month, csv, october, open_month, row

WORDS = "双方核对后一致同意按此结算"
EARLIER_OPEN = """
    UPDATE settlement SET month = '2026-11-01'; INSERT INTO settlement
        (id, supplier_id, month, state, basis, unused_returned, lines, quantity, gross_fen, prepaid_fen, statement_no,
         statement_lines, equal_lines, revision, maker_id, built_at)
    SELECT gen_random_uuid(), supplier_id, '2026-10-01', 'draft', basis, false, 0, 0, 0, 0, 0, 0, 0, 1, maker_id,
           built_at FROM settlement
"""
FAULTS = (
    "UPDATE settlement_line SET quantity = quantity + 1",
    "UPDATE settlement SET gross_fen = gross_fen + 1",
    "UPDATE settlement_difference SET state = 'open', decided_at = NULL",
    "UPDATE supplier_prepayment SET balance_fen = balance_fen + 1",
    "UPDATE settlement SET prepaid_fen = prepaid_fen - 1",
    EARLIER_OPEN,
)


async def confirmed(month: Month) -> None:
    """Confirm a month with a difference that was decided, drawn from a prepayment."""
    first = await month.take(october(1), 2)
    await month.post("/prepayments", FINANCE, reference="PAY-1", amount="300.00")
    await month.build()
    assert (await month.send(csv(row(first, 1)))).status_code == 201
    decided: dict[str, Any] = {"differences": [1], "state": "ours", "words": WORDS}
    assert (await month.post(f"/settlements/{MONTH}/differences", **decided)).status_code == 200
    assert (await month.confirm()).status_code == 200


async def test_a_sound_month_raises_no_alarm_and_each_planted_fault_does(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    await confirmed(await open_month(house, bank_client, prepaid=True))
    async with house.sessions() as session:
        assert await invariants.check(session) == []
        for fault in FAULTS:
            point = await session.begin_nested()
            for statement in fault.split("; "):
                await session.execute(text(statement))
            assert {found.id for found in await invariants.check(session)} == {"I14"}, fault
            await point.rollback()


@pytest.mark.merge
async def test_a_month_that_is_closed_while_it_is_built_anew_and_a_unit_goes_back_stays_sound(
    bank_client: httpx.AsyncClient, house: House
) -> None:
    month = await open_month(house, bank_client)
    taken = [await month.take(october(1 + place)) for place in range(8)]
    await month.build()
    await month.send(csv(*(row(one) for one in taken)))
    submitted = await month.post(
        f"/settlements/{MONTH}/submit", supplier_reference="YL", supplier_agreed_on="2026-11-20"
    )
    answers = await asyncio.gather(
        month.approve(submitted),
        *(month.post(f"/settlements/{MONTH}") for _ in range(16)),
        *(month.give_back(one) for one in taken[:2]),
        *(month.send(csv(*(row(one, 2) for one in taken))) for _ in range(4)),
    )
    codes = Counter(answer.status_code for answer in answers if answer is not None)
    assert set(codes) <= {200, 201, 409, 412, 503}, codes
    state = (await month.get(f"/settlements/{MONTH}")).json()
    async with house.sessions() as session:
        assert await invariants.check(session) == []
    if state["state"] == "confirmed":
        assert state["gross"] == "692.00"
