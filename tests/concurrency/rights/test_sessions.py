"""Races between sessions of the customers' own database role: whoever wins, everything adds up."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.errors import Refusal
from guibin.core.unit_of_work import unit_of_work
from guibin.points import invariants as points_invariants
from guibin.points.models import EntryKind
from guibin.rights import invariants
from guibin.rights.errors import AlreadyUsed
from guibin.rights.service import UseRequest, use_code
from guibin.security.ciphers import KeyRing
from support.databases import Database
from support.points import NOON, add_customers, post_points, sessions_of
from support.rights import (
    OPERATOR,
    add_pool,
    add_right,
    codes_of,
    free_stock,
    give_tier,
    make_keys,
    redemptions_of,
    take,
)

CONNECTIONS = 12
LOCK_NOT_AVAILABLE = "55P03"
Made = TypeVar("Made")


@dataclass(frozen=True)
class Arena:
    """A committed database with a pool of connections for each role."""

    owner: SessionFactory
    customer: SessionFactory
    bank: SessionFactory
    keys: KeyRing

    async def customers(self, count: int, points: int) -> list[UUID]:
        """Commit customers, who earn their points through the bank's role."""
        async with self.owner() as session:
            ids = await add_customers(session, count)
            await session.commit()
        async with self.bank() as session:
            for customer_id in ids if points else []:
                await post_points(session, customer_id, EntryKind.EARN, points)
            await session.commit()
        return ids

    async def redeem(self, customer_id: UUID, right_id: UUID, *, quantity: int = 1) -> str:
        """Redeem in one unit of work, and say how it ended."""
        try:
            async with unit_of_work(self.customer) as work:
                await work.protect()
                done = await take(work.session, customer_id, right_id, quantity=quantity)
                return f"quota {done.redemption.quota_used}, points {done.redemption.points_charged}"
        except Refusal as refusal:
            return refusal.code

    async def check(self) -> None:
        """Hold every invariant of ledger and rights."""
        async with self.owner() as session:
            assert await points_invariants.check(session) == []
            assert await invariants.check(session) == []


@pytest.fixture
async def arena(database: Database, tmp_path: Path) -> AsyncIterator[Arena]:
    async with (
        sessions_of(database.owner_url, pool_size=1) as owner,
        sessions_of(database.customer_url, pool_size=CONNECTIONS) as customer,
        sessions_of(database.bank_url, pool_size=CONNECTIONS) as bank,
    ):
        made = Arena(owner, customer, bank, make_keys(tmp_path))
        yield made
        await made.check()


Try = Callable[[], Awaitable[str]]


async def race(tries: Iterable[Try]) -> Counter[str]:
    """Let all of them run, as many at once as there are connections, and count how they ended."""
    gate = asyncio.Semaphore(CONNECTIONS)

    async def run(one: Try) -> str:
        async with gate:
            return await without_time_outs(one)

    return Counter(await asyncio.gather(*(run(one) for one in tries)))


async def without_time_outs(one: Try) -> str:
    """Run a try again after a lock time-out, as callers of the ports do; a deadlock fails the test."""
    while True:
        try:
            return await one()
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise


async def committed(arena: Arena, make: Callable[..., Awaitable[Made]], *arguments: object, **options: object) -> Made:
    """Arrange something in a committed session of the owner."""
    async with arena.owner() as session:
        made = await make(session, *arguments, **options)
        await session.commit()
    return made


async def test_of_64_redemptions_of_the_last_unit_one_succeeds(arena: Arena) -> None:
    customers = await arena.customers(64, 100)
    right = await committed(arena, add_right, stock=1)
    ends = await race(partial(arena.redeem, customer, right) for customer in customers)
    assert ends == {"quota 0, points 100": 1, "out_of_stock": 63}
    async with arena.owner() as session:
        assert await free_stock(session, right) == 0
        assert len(await redemptions_of(session, right)) == 1


@pytest.mark.merge
@pytest.mark.parametrize(("price", "successes"), [(100, 1), (10, 10)])
async def test_100_points_are_spent_once_whatever_the_number_of_tries(arena: Arena, price: int, successes: int) -> None:
    (customer,) = await arena.customers(1, 100)
    right = await committed(arena, add_right, prices=[{"tier": None, "points": price}])
    ends = await race(partial(arena.redeem, customer, right) for _ in range(64))
    assert ends == {f"quota 0, points {price}": successes, "insufficient_points": 64 - successes}


@pytest.mark.merge
async def test_two_rights_of_one_wallet_do_not_spend_the_same_points(arena: Arena) -> None:
    (customer,) = await arena.customers(1, 100)
    rights = [await committed(arena, add_right) for _ in range(2)]
    ends = await race(partial(arena.redeem, customer, rights[number % 2]) for number in range(16))
    assert ends == {"quota 0, points 100": 1, "insufficient_points": 15}


@pytest.mark.merge
async def test_of_64_claims_of_the_last_code_one_succeeds(arena: Arena) -> None:
    customers = await arena.customers(64, 100)
    right = await committed(arena, add_pool, arena.keys, ["CODE-0001"])
    ends = await race(partial(arena.redeem, customer, right) for customer in customers)
    assert ends == {"quota 0, points 100": 1, "out_of_stock": 63}


@pytest.mark.merge
async def test_r8_a_limit_of_one_is_held_against_64_tries_at_once(arena: Arena) -> None:
    (customer,) = await arena.customers(1, 10_000)
    right = await committed(arena, add_right, limit_times=1, limit_period="day")
    ends = await race(partial(arena.redeem, customer, right) for _ in range(64))
    assert ends == {"quota 0, points 100": 1, "limit_reached": 63}


@pytest.mark.merge
async def test_a_quota_is_used_up_exactly_even_by_a_customer_without_an_account(arena: Arena) -> None:
    (customer,) = await arena.customers(1, 0)
    await committed(arena, give_tier, customer, "T2")
    quotas = [{"tier": "T2", "period": "month", "times": 3}]
    right = await committed(arena, add_right, quotas=quotas)
    ends = await race(partial(arena.redeem, customer, right) for _ in range(32))
    assert ends == {"quota 1, points 0": 3, "insufficient_points": 29}


@pytest.mark.merge
async def test_100_codes_serve_150_claims_of_which_some_give_up(arena: Arena) -> None:
    """Every third of the first claims rolls back after it has its code; no claim is refused while a code is free."""
    customers = await arena.customers(150, 100)
    right = await committed(arena, add_pool, arena.keys, [f"CODE-{number:04}" for number in range(100)])
    ends = await race(
        partial(give_up, arena, customer, right) if number % 3 == 0 else partial(arena.redeem, customer, right)
        for number, customer in enumerate(customers)
    )
    assert ends["gave up"] + ends["out_of_stock"] + ends["quota 0, points 100"] == 150
    assert ends["gave up"] + ends["quota 0, points 100"] >= 100
    retried = await race(partial(arena.redeem, customer, right) for customer in customers)
    assert retried["quota 0, points 100"] == 100 - ends["quota 0, points 100"]
    async with arena.owner() as session:
        holders = [code.redemption_id for code in await codes_of(session, right)]
    assert None not in holders
    assert len(set(holders)) == 100


async def give_up(arena: Arena, customer_id: UUID, right_id: UUID) -> str:
    """Take a code and roll back."""
    async with arena.customer() as session:
        try:
            await take(session, customer_id, right_id)
        except Refusal as refusal:
            return refusal.code
        finally:
            await asyncio.sleep(0.01)
            await session.rollback()
    return "gave up"


async def test_a_claim_waits_for_a_code_that_its_holder_may_yet_give_back(arena: Arena) -> None:
    first, second = await arena.customers(2, 100)
    right = await committed(arena, add_pool, arena.keys, ["CODE-0001"])
    async with arena.customer() as session:
        await take(session, first, right)
        waiting = asyncio.create_task(arena.redeem(second, right))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await session.rollback()
    assert await waiting == "quota 0, points 100"


@pytest.mark.merge
async def test_claims_of_several_codes_never_wait_for_each_other_in_a_circle(arena: Arena) -> None:
    customers = await arena.customers(40, 1_000)
    right = await committed(arena, add_pool, arena.keys, [f"CODE-{number:04}" for number in range(60)])
    ends = await race(
        partial(arena.redeem, customer, right, quantity=1 + number % 3) for number, customer in enumerate(customers)
    )
    assert set(ends) <= {"out_of_stock", *(f"quota 0, points {units}00" for units in (1, 2, 3))}
    taken = sum(int(end.rpartition(" ")[2]) // 100 * count for end, count in ends.items() if end != "out_of_stock")
    async with arena.owner() as session:
        assert sum(code.redemption_id is not None for code in await codes_of(session, right)) == taken


@pytest.mark.merge
async def test_v4_of_64_uses_of_one_code_one_succeeds(arena: Arena) -> None:
    (customer,) = await arena.customers(1, 100)
    right = await committed(arena, add_pool, arena.keys, ["CODE-0001"])
    await arena.redeem(customer, right)
    ends = await race(partial(use, arena, "code 0001") for _ in range(64))
    assert ends == {"0 left": 1, "already_used": 63}


async def test_the_last_of_codes_used_at_once_fulfils_their_redemption(arena: Arena) -> None:
    (customer,) = await arena.customers(1, 1_000)
    codes = [f"CODE-{number:04}" for number in range(8)]
    right = await committed(arena, add_pool, arena.keys, codes)
    await arena.redeem(customer, right, quantity=8)
    ends = await race(partial(use, arena, code) for code in codes)
    assert ends == {f"{left} left": 1 for left in range(8)}
    async with arena.owner() as session:
        rows: Sequence[object] = [row.state for row in await redemptions_of(session, right)]
    assert rows == ["fulfilled"]


async def use(arena: Arena, code: str) -> str:
    """Use a code in one unit of work of the bank's role."""
    try:
        async with unit_of_work(arena.bank) as work:
            await work.protect()
            with clock.fixed_at(NOON + timedelta(minutes=1)):
                done = await use_code(
                    work.session, actor=OPERATOR, keys=arena.keys, request=UseRequest(code=code, qr=None)
                )
            return f"{done.codes_left} left"
    except AlreadyUsed as refusal:
        return refusal.code
