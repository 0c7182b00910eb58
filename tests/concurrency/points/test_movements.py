"""Races of what moves points after they were earned: refunds, reversals, holds, spending, expiry, corrections.

Whatever wins, everything adds up; nobody meets a deadlock; what must happen once happens once.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.errors import Refusal
from guibin.core.ids import new_id
from guibin.points import service
from guibin.points.invariants import check
from guibin.points.models import EntryKind, PointsAccount, PointsEntry, PointsHold
from guibin.points.service import Held, Posted
from support.databases import Database
from support.points import ACTOR, DAY, NOON, commit_customers, post_points, sessions_of

AT_ONCE = 64
WALLET = "reward"
LOCK_NOT_AVAILABLE = "55P03"
TOMORROW = NOON + timedelta(days=1)


@dataclass(frozen=True)
class Arena:
    """One customer's account, and a pool of connections for each role that moves its points."""

    customer_id: UUID
    owner: SessionFactory
    customer: SessionFactory
    bank: SessionFactory
    worker: SessionFactory

    async def account(self) -> PointsAccount:
        """Return the account as it is now."""
        async with self.owner() as session:
            query = select(PointsAccount).where(PointsAccount.customer_id == self.customer_id)
            return (await session.exec(query)).one()

    async def moved(self) -> int:
        """Return what all entries of the account add up to, debt and pending aside."""
        async with self.owner() as session:
            query = select(func.sum(col(PointsEntry.points))).where(PointsEntry.customer_id == self.customer_id)
            return int((await session.exec(query)).one() or 0)

    async def post(self, factory: SessionFactory, kind: EntryKind, points: int, **options: Any) -> UUID:
        """Post and commit; returns the entry."""
        async with factory() as session:
            posted = await post_points(session, self.customer_id, kind, points, **options)
            await session.commit()
        assert posted.entry_id is not None
        return posted.entry_id

    async def refund(self, entry_id: UUID, points: int, *, source: str | None = None) -> str:
        """Give back and say how it ended."""
        return await ended(
            self.customer,
            lambda session: service.refund(
                session, customer_id=self.customer_id, entry_id=entry_id, points=points, **because(source)
            ),
        )

    async def claw_back(self, entry_id: UUID, points: int) -> str:
        """Take back and say how it ended."""
        return await ended(
            self.bank,
            lambda session: service.claw_back(
                session, customer_id=self.customer_id, entry_id=entry_id, points=points, **because()
            ),
        )

    async def spend(self, points: int) -> str:
        """Spend and say how it ended."""
        return await ended(
            self.customer, lambda session: post_points(session, self.customer_id, EntryKind.REDEEM, points, at=TOMORROW)
        )

    async def hold(self, points: int, *, source: str | None = None) -> UUID | None:
        """Set points aside; returns the hold, None where too few are there."""
        async with self.bank() as session:
            try:
                with clock.fixed_at(NOON):
                    held = await service.hold(
                        session,
                        customer_id=self.customer_id,
                        wallet=WALLET,
                        points=points,
                        expires_at=TOMORROW,
                        **because(source),
                    )
            except Refusal:
                return None
            await session.commit()
        return held.hold_id

    async def capture(self, hold_id: UUID, points: int) -> str:
        """Spend what was set aside and say how it ended."""

        async def spend(session: AsyncSession) -> Posted:
            with clock.fixed_at(NOON):
                return await service.capture(
                    session, customer_id=self.customer_id, hold_id=hold_id, points=points, **because()
                )

        return await ended(self.bank, spend)

    async def release(self, hold_id: UUID) -> str:
        """Give what was set aside free and say how it ended."""

        async def free(session: AsyncSession) -> Held:
            with clock.fixed_at(NOON):
                return await service.release(session, customer_id=self.customer_id, hold_id=hold_id)

        return await ended(self.bank, free)

    async def lapse(self) -> str:
        """End the holds whose time is up."""

        async def end(session: AsyncSession) -> int:
            with clock.fixed_at(TOMORROW + timedelta(seconds=1)):
                return await service.release_lapsed(session)

        return await ended(self.worker, end)

    async def expire(self, day: date = DAY) -> str:
        """Expire the lots of a day at noon of the next."""

        async def end(session: AsyncSession) -> dict[str, int]:
            with clock.fixed_at(NOON + (day - DAY) + timedelta(days=1)):
                return await service.expire(session, day=day)

        return await ended(self.worker, end)


def because(source: str | None = None) -> dict[str, Any]:
    return {
        "reason_zh": "测试",
        "reason_en": "test",
        "source_kind": "approval",
        "source_id": source or str(new_id()),
        "actor_id": ACTOR,
    }


async def ended(factory: SessionFactory, move: Callable[[AsyncSession], Awaitable[object]]) -> str:
    """Move in a transaction of its own; a lock time-out is tried again, as a caller does, a deadlock fails the test."""
    while True:
        async with factory() as session:
            try:
                await move(session)
                await session.commit()
            except Refusal as refusal:
                return refusal.code
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                    raise
            else:
                return "ok"


async def race(tries: Iterable[Awaitable[str]]) -> Counter[str]:
    """Let all of them run at once and count how they ended."""
    return Counter(await asyncio.gather(*tries))


@pytest.fixture
async def arena(database: Database) -> AsyncIterator[Arena]:
    (customer_id,) = await commit_customers(database.owner_url)
    async with (
        sessions_of(database.owner_url, pool_size=2) as owner,
        sessions_of(database.customer_url, pool_size=8) as customer,
        sessions_of(database.bank_url, pool_size=8) as bank,
        sessions_of(database.worker_url, pool_size=2) as worker,
    ):
        yield Arena(customer_id, owner, customer, bank, worker)
        async with owner() as session:
            assert await check(session) == []


async def test_of_64_full_refunds_of_one_spend_one_gives_back(arena: Arena) -> None:
    await arena.post(arena.bank, EntryKind.EARN, 100)
    spent = await arena.post(arena.customer, EntryKind.REDEEM, 100)
    ends = await race(arena.refund(spent, 100) for _ in range(AT_ONCE))
    assert ends == {"ok": 1, "refund_exceeds_paid": AT_ONCE - 1}
    assert (await arena.account()).balance == 100


@pytest.mark.merge
async def test_of_64_partial_refunds_as_many_give_back_as_was_paid(arena: Arena) -> None:
    await arena.post(arena.bank, EntryKind.EARN, 60)
    await arena.post(arena.bank, EntryKind.EARN, 60, expires_on=DAY + timedelta(days=9))
    spent = await arena.post(arena.customer, EntryKind.REDEEM, 100)
    ends = await race(arena.refund(spent, 10) for _ in range(AT_ONCE))
    assert ends == {"ok": 10, "refund_exceeds_paid": AT_ONCE - 10}
    assert (await arena.account()).balance == 120


@pytest.mark.merge
async def test_one_refund_that_is_sent_64_times_at_once_is_made_once(arena: Arena) -> None:
    await arena.post(arena.bank, EntryKind.EARN, 100)
    spent = await arena.post(arena.customer, EntryKind.REDEEM, 100)
    ends = await race(arena.refund(spent, 40, source="the same") for _ in range(AT_ONCE))
    assert ends == {"ok": AT_ONCE}
    assert (await arena.account()).balance == 40


@pytest.mark.merge
async def test_of_64_reversals_of_one_credit_beside_spends_one_takes_back_and_the_rest_becomes_debt(
    arena: Arena,
) -> None:
    earned = await arena.post(arena.bank, EntryKind.EARN, 100)
    ends, spends = await asyncio.gather(
        race(arena.claw_back(earned, 100) for _ in range(AT_ONCE)), race(arena.spend(10) for _ in range(20))
    )
    assert ends == {"ok": 1, "reversal_exceeds_credit": AT_ONCE - 1}
    account = await arena.account()
    assert (account.balance, account.debt) == (0, 10 * spends["ok"])


@pytest.mark.merge
async def test_of_64_holds_of_10_from_100_points_ten_stand(arena: Arena) -> None:
    await arena.post(arena.bank, EntryKind.EARN, 100)
    held = await asyncio.gather(*(arena.hold(10) for _ in range(AT_ONCE)))
    assert sum(one is not None for one in held) == 10
    account = await arena.account()
    assert (account.balance, account.held) == (100, 100)


@pytest.mark.merge
async def test_of_captures_releases_and_time_outs_of_one_hold_one_ends_it(arena: Arena) -> None:
    for _ in range(10):
        await arena.post(arena.bank, EntryKind.EARN, 20)
        before = await arena.account()
        hold_id = await arena.hold(20)
        assert hold_id is not None
        captures, releases, _ = await asyncio.gather(
            race(arena.capture(hold_id, 15) for _ in range(16)),
            race(arena.release(hold_id) for _ in range(16)),
            race(arena.lapse() for _ in range(2)),
        )
        assert captures["ok"] + captures["hold_closed"] == releases["ok"] + releases["hold_closed"] == 16
        async with arena.owner() as session:
            hold = (await session.exec(select(PointsHold).where(PointsHold.id == hold_id))).one()
        assert (captures["ok"], releases["ok"]) == (int(hold.state == "captured"), int(hold.state == "released"))
        account = await arena.account()
        assert (account.held, before.balance - account.balance) == (0, hold.captured)


@pytest.mark.merge
async def test_what_is_held_does_not_expire_beside_captures_and_releases_and_goes_once_it_is_free(
    arena: Arena,
) -> None:
    await arena.post(arena.bank, EntryKind.EARN, 200, expires_on=DAY)
    holds = [hold_id for hold_id in [await arena.hold(10) for _ in range(20)] if hold_id is not None]
    assert len(holds) == 20
    captures, releases, _ = await asyncio.gather(
        race(arena.capture(hold_id, 10) for hold_id in holds[:10]),
        race(arena.release(hold_id) for hold_id in holds[10:]),
        race(arena.expire() for _ in range(4)),
    )
    assert captures["ok"] == 10
    assert releases["ok"] == 10
    await arena.expire(DAY + timedelta(days=1))
    account = await arena.account()
    assert (account.held, account.balance) == (0, 0)


@pytest.mark.merge
async def test_200_rounds_of_spending_expiring_adjusting_and_refunding_one_account_add_up(arena: Arena) -> None:
    """T-RACE-4: no deadlock in any round, and the ledger holds after each tenth of them."""
    for number in range(200):
        await arena.post(arena.bank, EntryKind.EARN, 30, expires_on=DAY)
        await arena.post(arena.bank, EntryKind.EARN, 20)
        spent = await arena.post(arena.customer, EntryKind.REDEEM, 10)
        before = (await arena.account()).balance
        ends = await race(
            [
                arena.spend(5),
                arena.spend(5),
                arena.expire(),
                arena.refund(spent, 10),
                ended(arena.bank, lambda session: post_points(session, arena.customer_id, EntryKind.ADJUST_DEBIT, 3)),
                ended(arena.bank, lambda session: post_points(session, arena.customer_id, EntryKind.ADJUST_CREDIT, 4)),
            ]
        )
        assert ends == {"ok": 6}
        account = await arena.account()
        assert account.balance == await arena.moved()
        assert account.balance <= before + 10 + 4 - 3 - 10
        if number % 20 == 0:
            async with arena.owner() as session:
                assert await check(session) == []
