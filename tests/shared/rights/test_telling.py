"""What rights tell others of, in the transaction in which it happens."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import to_public
from guibin.outbox.models import OutboxEvent
from guibin.rights.models import RedemptionState, RightState, StockMode
from guibin.rights.parts import Part
from guibin.rights.repository import pool
from guibin.rights.service import UseRequest, add_codes, add_stock, use_code
from guibin.rights.service.telling import CODES_LOW_AT, tell_step
from guibin.security.ciphers import KeyRing
from support.rights import OPERATOR, TERMINAL, add_customer_with, add_pool, add_right, take


async def told(bank: AsyncSession) -> Sequence[OutboxEvent]:
    query = select(OutboxEvent).order_by(col(OutboxEvent.id))
    return (await bank.exec(query)).all()


async def of_stock(bank: AsyncSession) -> list[tuple[str, dict[str, Any]]]:
    return [(event.type, event.payload) for event in await told(bank) if not event.type.startswith("redemption")]


async def test_a_redemption_is_told_with_its_points_and_of_whom(bank: AsyncSession) -> None:
    customer_id, right_id = await add_customer_with(bank), await add_right(bank)
    done = await take(bank, customer_id, right_id, quantity=2)
    (event,) = await told(bank)
    assert (event.type, event.customer_id) == ("redemption.confirmed", customer_id)
    assert event.subject == to_public("rdm", done.redemption.id)
    assert event.payload == {
        "right_id": to_public("rgt", right_id),
        "quantity": 2,
        "wallet": "reward",
        "fulfilment": "hand_out",
        "points": 200,
    }


async def test_each_later_step_is_told_with_what_was_given_back(bank: AsyncSession) -> None:
    customer_id, right_id = await add_customer_with(bank), await add_right(bank)
    redemption = (await take(bank, customer_id, right_id, quantity=2)).redemption
    steps = [state for state in RedemptionState if state != RedemptionState.CONFIRMED]
    for state in steps:
        await tell_step(bank, redemption, state, part=Part(1, 0, 70))
    later = [event for event in await told(bank) if event.payload["points"] == 70]
    told_otherwise = {RedemptionState.IN_FULFILMENT, RedemptionState.AWAITING_PAYMENT}
    assert [event.type for event in later] == [f"redemption.{state}" for state in steps if state not in told_otherwise]
    assert {event.payload["quantity"] for event in later} == {1}


async def test_the_use_of_the_last_code_tells_that_the_customer_has_it_all(bank: AsyncSession, keys: KeyRing) -> None:
    right_id = await add_pool(bank, keys, ["AAAA-1111", "AAAA-2222"])
    await take(bank, await add_customer_with(bank), right_id, quantity=2)
    await use_code(bank, actor=TERMINAL, keys=keys, request=UseRequest(code="AAAA-1111"))
    before = [event.type for event in await told(bank)]
    await use_code(bank, actor=TERMINAL, keys=keys, request=UseRequest(code="AAAA-2222"))
    assert before == ["right.back_in_stock", "redemption.confirmed"]
    assert [event.type for event in await told(bank)] == [*before, "redemption.fulfilled"]


async def test_a_stock_that_sinks_to_a_tenth_is_told_once_and_again_after_it_was_filled(bank: AsyncSession) -> None:
    right_id = await add_right(bank, stock_mode=StockMode.COUNTED)
    await add_stock(bank, actor=OPERATOR, right_id=right_id, quantity=12)
    customer_id = await add_customer_with(bank, 10_000)
    filled = [("right.back_in_stock", {"free": 12})]
    await take(bank, customer_id, right_id, quantity=9)
    assert await of_stock(bank) == filled
    await take(bank, customer_id, right_id)
    low = [*filled, ("right.low_stock", {"free": 2, "threshold": 2})]
    assert await of_stock(bank) == low
    await take(bank, customer_id, right_id)
    await add_stock(bank, actor=OPERATOR, right_id=right_id, quantity=9)
    assert await of_stock(bank) == low
    await take(bank, customer_id, right_id, quantity=9)
    assert await of_stock(bank) == [*low, ("right.low_stock", {"free": 1, "threshold": 1})]
    await take(bank, customer_id, right_id)
    await add_stock(bank, actor=OPERATOR, right_id=right_id, quantity=1)
    assert (await of_stock(bank))[-1] == ("right.back_in_stock", {"free": 1})
    stock = await pool.find_stock(bank, right_ids=[right_id])
    assert (stock[right_id].low_at, stock[right_id].initial) == (1, 22)


async def test_codes_for_an_empty_pool_are_told_where_customers_see_the_right(
    bank: AsyncSession, keys: KeyRing
) -> None:
    seen: UUID = await add_pool(bank, keys, ["BBBB-1111"])
    await add_codes(bank, actor=OPERATOR, keys=keys, right_id=seen, codes=["BBBB-2222"])
    await add_pool(bank, keys, ["CCCC-1111"], state=RightState.DRAFT)
    (event,) = await told(bank)
    assert (event.type, event.subject, event.payload) == (
        "right.back_in_stock",
        to_public("rgt", seen),
        {"free": 1},
    )


async def test_a_pool_that_becomes_nearly_empty_is_told_once(bank: AsyncSession, keys: KeyRing) -> None:
    right_id = await add_pool(bank, keys, [f"LOWPOOL-{number:04}" for number in range(CODES_LOW_AT + 2)])
    customer_id = await add_customer_with(bank, 10_000)
    filled = [("right.back_in_stock", {"free": CODES_LOW_AT + 2})]
    await take(bank, customer_id, right_id, quantity=2)
    assert await of_stock(bank) == filled
    await take(bank, customer_id, right_id, quantity=3)
    low = [*filled, ("codes.low", {"free": CODES_LOW_AT - 3, "threshold": CODES_LOW_AT})]
    assert await of_stock(bank) == low
    await take(bank, customer_id, right_id)
    assert await of_stock(bank) == low
