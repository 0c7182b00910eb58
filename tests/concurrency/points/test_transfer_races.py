"""Many transfers at once: no points are made, and two who give to each other do not wait for ever."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from guibin.core import clock
from guibin.core.errors import Refusal
from guibin.core.ids import new_id
from guibin.points import service
from guibin.points.invariants import check
from guibin.points.models import PointsAccount
from guibin.points.transfer_rules import ReceivingCode, write_receiving_code
from support.databases import Database
from support.ledger_driver import KEYS
from support.ledger_terms import let_pass_on
from support.points import commit_customers, commit_points, sessions_of

AT_ONCE = 40


async def give(database: Database, pairs: Sequence[tuple[UUID, UUID]], code: str | None = None) -> list[str]:
    """Let everybody give 10 points at once, by a code of the receiver's own or all by one; returns what came of it."""

    def new_code(receiver: UUID) -> str:
        ends_at = clock.now() + timedelta(minutes=1)
        return write_receiving_code(KEYS, ReceivingCode(new_id(), receiver, "reward", ends_at))

    async with sessions_of(database.customer_url, pool_size=AT_ONCE) as factory:

        async def one(giver: UUID, receiver: UUID) -> str:
            async with factory() as session:
                wanted = service.TransferRequest(code or new_code(receiver), "reward", 10)
                try:
                    await service.transfer(session, keys=KEYS, customer_id=giver, wanted=wanted)
                except Refusal as refusal:
                    return refusal.code
                await session.commit()
                return "posted"

        return list(await asyncio.gather(*(one(*pair) for pair in pairs)))


@pytest.mark.merge
async def test_of_many_gifts_at_once_as_many_succeed_as_there_are_points(database: Database) -> None:
    first, second, third = await commit_customers(database.owner_url, 3)
    for customer in (first, second):
        await commit_points(database, customer, 100, at=clock.now())
    async with sessions_of(database.owner_url, pool_size=1) as factory, factory() as session:
        await let_pass_on(session)
        await session.commit()

    gifts = await give(database, [(first, third)] * AT_ONCE)
    assert (gifts.count("posted"), gifts.count("insufficient_points")) == (10, AT_ONCE - 10)

    crossing = await give(database, [(second, third), (third, second)] * (AT_ONCE // 2))
    assert set(crossing) <= {"posted", "insufficient_points"}

    shown = write_receiving_code(KEYS, ReceivingCode(new_id(), first, "reward", clock.now() + timedelta(minutes=1)))
    by_one_code = await give(database, [(third, first), (second, first)] * 4, shown)
    assert by_one_code.count("posted") == 1

    async with sessions_of(database.owner_url, pool_size=1) as factory, factory() as session:
        assert await check(session) == []
        accounts = [await session.get_one(PointsAccount, (one, "reward")) for one in (first, second, third)]
        assert sum(account.balance for account in accounts) == 200
