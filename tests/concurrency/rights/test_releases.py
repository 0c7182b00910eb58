"""Sixty-four callers at ten o'clock: as many units are had as were released, each by one of them."""

from datetime import timedelta
from functools import partial

import pytest

from support.points import NOON
from support.rights import add_right

from .test_reservations import LATE, held_by, holding, taking
from .test_sessions import Arena, arena, committed, race

__all__ = ["arena"]

pytestmark = pytest.mark.merge


def released(*units: int) -> dict[str, object]:
    lines = [
        {"code": f"line{number}", "dated": [{"at": NOON.isoformat(), "units": count}]}
        for number, count in enumerate(units)
    ]
    return {"release_plan": {"lines": lines}}


async def test_of_64_at_the_moment_of_the_release_as_many_have_units_as_were_released(arena: Arena) -> None:
    customers = await arena.customers(64, 1_000)
    right = await committed(arena, add_right, stock=1_000, offer=released(3, 4))
    early = await race(partial(taking, arena, one, right, at=NOON - timedelta(seconds=1)) for one in customers)
    assert early == {"out_of_stock": 64}
    ends = await race(partial((taking, holding)[number % 2], arena, one, right) for number, one in enumerate(customers))
    assert ends["taken"] + ends["held"] == 7
    assert ends["out_of_stock"] == 57


async def test_reservations_that_lapse_at_the_release_are_had_once(arena: Arena) -> None:
    customers = await arena.customers(40, 1_000)
    right = await committed(arena, add_right, stock=1_000, offer=released(6))
    reservations = await held_by(arena, customers[:6], right)
    mine = [
        partial(taking, arena, one, right, reservation=held, at=LATE - timedelta(microseconds=1))
        for one, held in zip(customers[:6], reservations, strict=True)
    ]
    theirs = [partial(taking, arena, one, right, at=LATE) for one in customers[6:]]
    ends = await race([*theirs[:10], *mine, *theirs[10:]])
    assert ends["taken"] + ends["taken of mine"] == 6, ends
