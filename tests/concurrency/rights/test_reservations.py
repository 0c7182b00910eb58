"""Races between reservations and redemptions: a unit is held or sold once, and time that is over blocks nobody."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import pytest

from guibin.core import clock
from guibin.core.errors import Refusal
from guibin.core.unit_of_work import unit_of_work
from guibin.rights.service import let_lapsed_go, release
from guibin.security.actors import Scope
from support.databases import Database
from support.points import NOON, sessions_of
from support.rights import add_pool, add_right, codes_of, free_stock, hold_units, redemptions_of, take

from .test_sessions import Arena, arena, committed, race

__all__ = ["arena"]

pytestmark = pytest.mark.merge

LATE = NOON + timedelta(minutes=15)


async def holding(arena: Arena, customer: UUID, right: UUID, *, at: datetime = NOON) -> str:
    try:
        async with unit_of_work(arena.customer) as work:
            await work.protect()
            await hold_units(work.session, customer, right, at=at)
    except Refusal as refusal:
        return refusal.code
    return "held"


async def taking(
    arena: Arena, customer: UUID, right: UUID, *, reservation: UUID | None = None, at: datetime = NOON
) -> str:
    try:
        async with unit_of_work(arena.customer) as work:
            await work.protect()
            await take(work.session, customer, right, reservation_id=reservation, at=at)
    except Refusal as refusal:
        return refusal.code
    return "taken" if reservation is None else "taken of mine"


async def releasing(arena: Arena, customer: UUID, reservation: UUID) -> str:
    try:
        async with unit_of_work(arena.customer) as work:
            await work.protect()
            with clock.fixed_at(NOON):
                scope = Scope.of_customer(customer)
                await release(work.session, scope, customer_id=customer, reservation_id=reservation)
    except Refusal as refusal:
        return refusal.code
    return "released"


async def held_by(arena: Arena, customers: list[UUID], right: UUID) -> list[UUID]:
    async with arena.customer() as session:
        rows = [await hold_units(session, customer, right) for customer in customers]
        await session.commit()
        return [row.id for row in rows]


@pytest.mark.parametrize("coded", [False, True])
async def test_of_64_who_hold_or_take_the_last_units_as_many_have_them_as_there_are(
    arena: Arena, *, coded: bool
) -> None:
    customers = await arena.customers(64, 1_000)
    codes = [f"7K3M9QPX02ZVH80{number}" for number in range(5)]
    right = await (committed(arena, add_pool, arena.keys, codes) if coded else committed(arena, add_right, stock=5))
    tries = [partial((holding, taking)[number % 2], arena, one, right) for number, one in enumerate(customers)]
    ends = await race(tries)
    assert ends["held"] + ends["taken"] == 5
    assert ends["out_of_stock"] == 59


@pytest.mark.parametrize("coded", [False, True])
async def test_a_reservation_is_taken_or_released_once_by_64_tries(arena: Arena, *, coded: bool) -> None:
    (mine,) = await arena.customers(1, 10_000)
    right = await (
        committed(arena, add_pool, arena.keys, ["7K3M9QPX02ZVH801"]) if coded else committed(arena, add_right, stock=1)
    )
    (reservation,) = await held_by(arena, [mine], right)
    takes = [partial(taking, arena, mine, right, reservation=reservation) for _ in range(32)]
    releases = [partial(releasing, arena, mine, reservation) for _ in range(32)]
    ends = await race(one for pair in zip(takes, releases, strict=True) for one in pair)
    assert ends["taken of mine"] + ends["released"] == 1
    assert ends["reservation_over"] == 63


@pytest.mark.parametrize("coded", [False, True])
async def test_what_lapses_is_had_by_its_holder_before_or_by_another_after_and_never_by_both(
    arena: Arena, database: Database, *, coded: bool
) -> None:
    customers = await arena.customers(32, 1_000)
    holders, others = customers[:8], customers[8:]
    codes = [f"7K3M9QPX02ZVH80{number}" for number in range(8)]
    right = await (committed(arena, add_pool, arena.keys, codes) if coded else committed(arena, add_right, stock=8))
    reservations = await held_by(arena, holders, right)
    early = LATE - timedelta(microseconds=1)
    mine = [
        partial(taking, arena, one, right, reservation=held, at=early)
        for one, held in zip(holders, reservations, strict=True)
    ]
    theirs = [partial((taking, holding)[number % 2], arena, one, right, at=LATE) for number, one in enumerate(others)]
    async with sessions_of(database.worker_url, pool_size=1) as worker:

        async def tidy() -> str:
            with clock.fixed_at(LATE):
                await let_lapsed_go(worker)
            return "tidied"

        ends = await race([*theirs[:12], *mine[:4], tidy, *mine[4:], tidy, *theirs[12:]])
    assert ends["taken of mine"] + ends["taken"] + ends["held"] == 8, ends
    async with arena.owner() as session:
        sold = len(await redemptions_of(session, right))
        left = len([row for row in await codes_of(session, right) if row.taken_at is None])
        assert left == 8 - sold if coded else await free_stock(session, right) == 0
    assert ends["tidied"] == 2
