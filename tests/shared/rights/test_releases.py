"""Stock that comes on offer by a plan: nobody has more than was released, and what goes back is released again."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.rights.errors import OutOfStock
from guibin.rights.models import StockRelease
from guibin.rights.service import RedemptionRequest, cancel, get_catalogue_entry, preview
from guibin.security.actors import Scope
from support.points import NOON
from support.rights import add_customer_with, add_right, customer_actor, give_tier, hold_units, take

LATE = NOON + timedelta(minutes=15)
TOMORROW = NOON + timedelta(days=1)


def line(code: str, units: int, *, at: Any = NOON, **whom: str) -> dict[str, Any]:
    return {"code": code, "dated": [{"at": at.isoformat(), "units": units}], **whom}


def plan(*lines: dict[str, Any], **terms: Any) -> dict[str, Any]:
    return {"release_plan": {"lines": list(lines)}, **terms}


async def taken_of(session: AsyncSession) -> dict[str, int]:
    query = select(StockRelease).execution_options(populate_existing=True)
    return {row.line: row.taken for row in (await session.exec(query)).all()}


async def test_units_are_had_as_they_are_released(bank: AsyncSession) -> None:
    mine = await add_customer_with(bank)
    both = [line("first", 2), line("second", 1, at=TOMORROW)]
    right_id = await add_right(bank, stock=10, offer=plan(*both))
    with pytest.raises(OutOfStock) as early:
        await take(bank, mine, right_id, at=NOON - timedelta(microseconds=1))
    assert early.value.facts == {"next_release_at": NOON.isoformat()}
    with pytest.raises(OutOfStock) as many:
        await take(bank, mine, right_id, quantity=3)
    assert many.value.facts == {"next_release_at": TOMORROW.isoformat()}
    await take(bank, mine, right_id, quantity=2)
    for asks, later in ((take, {}), (hold_units, {})):
        with pytest.raises(OutOfStock):
            await asks(bank, mine, right_id, **later)
    with clock.fixed_at(NOON):
        seen = await preview(bank, Scope.of_customer(mine), customer_id=mine, request=RedemptionRequest(right_id, 1))
        entry = await get_catalogue_entry(bank, Scope.of_customer(mine), customer_id=mine, right_id=right_id)
    for decision in (seen.decision, entry.decision):
        (reason,) = decision.reasons
        assert reason.facts == {"next_release_at": TOMORROW.isoformat()}
    assert entry.next_release_at == TOMORROW
    await take(bank, mine, right_id, at=TOMORROW)
    assert await taken_of(bank) == {"first": 2, "second": 1}


async def test_when_nothing_is_left_no_release_is_promised(bank: AsyncSession) -> None:
    mine = await add_customer_with(bank)
    right_id = await add_right(bank, stock=1, offer=plan(line("first", 1), line("second", 1, at=TOMORROW)))
    await take(bank, mine, right_id)
    with pytest.raises(OutOfStock) as refused:
        await take(bank, mine, right_id)
    assert refused.value.facts == {}


async def test_a_line_is_kept_for_its_tier(bank: AsyncSession) -> None:
    mine, other = await add_customer_with(bank), await add_customer_with(bank)
    await give_tier(bank, mine, "T3")
    right_id = await add_right(bank, stock=5, offer=plan(line("top", 1, tier="T3"), line("all", 1)))
    await take(bank, other, right_id)
    with pytest.raises(OutOfStock):
        await take(bank, other, right_id)
    await take(bank, mine, right_id)
    assert await taken_of(bank) == {"all": 1, "top": 1}


async def test_what_is_given_back_is_open_again(bank: AsyncSession) -> None:
    mine, other = await add_customer_with(bank), await add_customer_with(bank)
    right_id = await add_right(bank, stock=5, offer=plan(line("first", 2), cancel_hours=24))
    done = await take(bank, mine, right_id, quantity=2)
    with clock.fixed_at(NOON):
        scope, actor = Scope.of_customer(mine), customer_actor(mine)
        await cancel(bank, scope, actor=actor, redemption_id=done.redemption.id)
    assert await taken_of(bank) == {"first": 0}
    await take(bank, other, right_id, quantity=2)


async def test_a_reservation_holds_units_of_its_line_and_lets_them_go_when_it_lapses(bank: AsyncSession) -> None:
    mine, other = await add_customer_with(bank), await add_customer_with(bank)
    right_id = await add_right(bank, stock=5, offer=plan(line("first", 1), line("second", 1)))
    held = await hold_units(bank, mine, right_id)
    await take(bank, mine, right_id, reservation_id=held.id)
    await hold_units(bank, mine, right_id)
    assert await taken_of(bank) == {"first": 1, "second": 1}
    with pytest.raises(OutOfStock):
        await take(bank, other, right_id)
    with clock.fixed_at(LATE):
        wish = RedemptionRequest(right_id, 1)
        assert (await preview(bank, Scope.of_customer(other), customer_id=other, request=wish)).decision.eligible
    await take(bank, other, right_id, at=LATE)
    assert await taken_of(bank) == {"first": 1, "second": 1}
