"""What a reservation holds: nobody else has it before its time is over, and whoever asks has it from then on."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import Refusal
from guibin.outbox.models import OutboxEvent
from guibin.rights.errors import OutOfStock
from guibin.rights.models import ReservationState, RightsStock, StockHold
from guibin.rights.repository import reservations as repository
from guibin.rights.reservation_errors import (
    AlreadyReserved,
    NothingToReserve,
    ReservationDiffers,
    ReservationOver,
    TooManyReservations,
)
from guibin.rights.service import RedemptionRequest, preview, release
from guibin.rights.service.reserving import MOST_RESERVED
from guibin.security.actors import Scope
from guibin.security.ciphers import KeyRing
from support.points import NOON
from support.rights import (
    add_customer_with,
    add_pool,
    add_right,
    codes_of,
    free_stock,
    give_tier,
    hold_units,
    take,
)

LATE = NOON + timedelta(minutes=15)


async def stock_of(session: AsyncSession, right_id: UUID) -> tuple[int, int, int]:
    query = select(RightsStock).where(RightsStock.right_id == right_id).execution_options(populate_existing=True)
    row = (await session.exec(query)).one()
    return row.free, row.reserved, row.sold


async def test_what_is_held_is_for_nobody_else_and_is_taken_by_naming_it(bank: AsyncSession) -> None:
    mine, other = await add_customer_with(bank), await add_customer_with(bank)
    right_id = await add_right(bank, stock=2)
    held = await hold_units(bank, mine, right_id, quantity=2)
    assert await stock_of(bank, right_id) == (0, 2, 0)
    for customer_id in (mine, other):
        with pytest.raises(OutOfStock):
            await take(bank, customer_id, right_id)
    with pytest.raises(ReservationOver):
        await take(bank, other, right_id, quantity=2, reservation_id=held.id)
    with pytest.raises(ReservationDiffers) as differs:
        await take(bank, mine, right_id, reservation_id=held.id)
    assert differs.value.facts == {"reserved": 2}
    with clock.fixed_at(NOON):
        wish = RedemptionRequest(right_id, 2, reservation_id=held.id)
        assert (await preview(bank, Scope.of_customer(mine), customer_id=mine, request=wish)).decision.eligible
    done = await take(bank, mine, right_id, quantity=2, reservation_id=held.id)
    assert await stock_of(bank, right_id) == (0, 0, 2)
    await bank.refresh(held)
    assert (held.state, held.redemption_id) == (ReservationState.TAKEN, done.redemption.id)
    with pytest.raises(ReservationOver):
        await take(bank, mine, right_id, quantity=2, reservation_id=held.id)


async def test_what_is_held_beyond_its_time_blocks_nobody_though_nobody_has_tidied_up(bank: AsyncSession) -> None:
    mine, other = await add_customer_with(bank), await add_customer_with(bank)
    right_id = await add_right(bank, stock=3)
    held = await hold_units(bank, mine, right_id, quantity=2)
    with pytest.raises(OutOfStock):
        await take(bank, other, right_id, quantity=2, at=LATE - timedelta(microseconds=1))
    with pytest.raises(ReservationOver):
        await take(bank, mine, right_id, quantity=2, reservation_id=held.id, at=LATE)
    with clock.fixed_at(LATE):
        seen = await preview(bank, Scope.of_customer(other), customer_id=other, request=RedemptionRequest(right_id, 3))
    assert seen.decision.eligible
    await take(bank, other, right_id, quantity=3, at=LATE)
    assert await stock_of(bank, right_id) == (0, 0, 3)
    with pytest.raises(OutOfStock):  # of another customer's stock, not for the old reservation
        await hold_units(bank, mine, right_id, at=LATE)


async def test_a_new_reservation_takes_over_what_another_holds_beyond_its_time(bank: AsyncSession) -> None:
    mine, other = await add_customer_with(bank), await add_customer_with(bank)
    right_id = await add_right(bank, stock=1)
    await hold_units(bank, mine, right_id)
    with pytest.raises(OutOfStock):
        await hold_units(bank, other, right_id)
    held = await hold_units(bank, other, right_id, at=LATE)
    assert await stock_of(bank, right_id) == (0, 1, 0)
    await take(bank, other, right_id, reservation_id=held.id, at=LATE)


async def test_codes_are_held_one_by_one(bank: AsyncSession, keys: KeyRing) -> None:
    mine, other = await add_customer_with(bank), await add_customer_with(bank)
    right_id = await add_pool(bank, keys, ["7K3M9QPX02ZVH801", "7K3M9QPX02ZVH802"])
    held = await hold_units(bank, mine, right_id, quantity=2)
    with pytest.raises(OutOfStock):
        await take(bank, other, right_id)
    done = await take(bank, mine, right_id, quantity=2, reservation_id=held.id)
    assert {(row.redemption_id, row.held_for) for row in await codes_of(bank, right_id)} == {(done.redemption.id, None)}


async def test_codes_that_are_held_beyond_their_time_are_anybodys(bank: AsyncSession, keys: KeyRing) -> None:
    mine, other = await add_customer_with(bank), await add_customer_with(bank)
    right_id = await add_pool(bank, keys, ["7K3M9QPX02ZVH801", "7K3M9QPX02ZVH802"])
    held = await hold_units(bank, mine, right_id, quantity=2)
    await take(bank, other, right_id, at=LATE)
    with pytest.raises(ReservationOver):
        await take(bank, mine, right_id, quantity=2, reservation_id=held.id, at=LATE)
    assert (await hold_units(bank, other, right_id, at=LATE)).quantity == 1


@pytest.mark.parametrize("coded", [False, True])
async def test_what_is_released_is_free_at_once(bank: AsyncSession, keys: KeyRing, *, coded: bool) -> None:
    mine, other = await add_customer_with(bank), await add_customer_with(bank)
    right_id = await (add_pool(bank, keys, ["7K3M9QPX02ZVH801"]) if coded else add_right(bank, stock=1))
    held = await hold_units(bank, mine, right_id)
    with clock.fixed_at(NOON):
        await release(bank, Scope.of_customer(mine), customer_id=mine, reservation_id=held.id)
        with pytest.raises(ReservationOver) as over:
            await release(bank, Scope.of_customer(mine), customer_id=mine, reservation_id=held.id)
    assert over.value.facts == {"state": "released"}
    await take(bank, other, right_id)


async def test_one_of_a_right_at_once_and_not_many_in_all(bank: AsyncSession) -> None:
    mine = await add_customer_with(bank)
    rights = [await add_right(bank, stock=5) for _ in range(MOST_RESERVED + 1)]
    first = await hold_units(bank, mine, rights[0])
    with pytest.raises(AlreadyReserved) as again:
        await hold_units(bank, mine, rights[0])
    assert again.value.facts["reservation_id"] == f"rsv_{first.id}"
    for right_id in rights[1:-1]:
        await hold_units(bank, mine, right_id)
    with pytest.raises(TooManyReservations):
        await hold_units(bank, mine, rights[-1])
    await hold_units(bank, mine, rights[0], at=LATE)
    await bank.refresh(first)
    assert first.state == ReservationState.LAPSED


async def test_only_what_could_be_redeemed_is_held(bank: AsyncSession) -> None:
    poor, mine = await add_customer_with(bank, 50), await add_customer_with(bank)
    right_id, limited = await add_right(bank, stock=5), await add_right(bank, stock=5, minimum_tier="T3")
    expected = {(poor, right_id): "insufficient_points", (mine, limited): "tier_required"}
    for (customer_id, asked), code in expected.items():
        with pytest.raises(Refusal) as refused:
            await hold_units(bank, customer_id, asked)
        assert refused.value.code == code
    await give_tier(bank, mine, "T3")
    await hold_units(bank, mine, limited)
    with pytest.raises(NothingToReserve):
        await hold_units(bank, mine, await add_right(bank))


async def test_stock_that_sinks_by_a_reservation_is_told_once(bank: AsyncSession) -> None:
    mine = await add_customer_with(bank)
    right_id = await add_right(bank, stock=10)
    await bank.execute(update(RightsStock).where(col(RightsStock.right_id) == right_id).values(low_at=9))
    held = await hold_units(bank, mine, right_id)
    await take(bank, mine, right_id, reservation_id=held.id)
    told = select(OutboxEvent.payload).where(OutboxEvent.owner_id == right_id, OutboxEvent.type == "right.low_stock")
    assert (await bank.exec(told)).all() == [{"free": 9, "threshold": 9}]


async def test_the_worker_frees_what_nobody_needed_and_tells_that_it_is_there_again(bank: AsyncSession) -> None:
    mine = await add_customer_with(bank)
    right_id = await add_right(bank, stock=1)
    await hold_units(bank, mine, right_id)
    assert await repository.rights_with_lapsed(bank, now=NOON, limit=9) == []
    assert await repository.rights_with_lapsed(bank, now=LATE, limit=9) == [right_id]
    assert await repository.let_lapsed_go(bank, right_id=right_id, now=LATE, most=9) == 1
    assert await free_stock(bank, right_id) == 1
    assert (await bank.exec(select(StockHold.held))).all() == [False]
