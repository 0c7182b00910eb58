"""What becomes of points when two customers become one, and when they are two again."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.customers.merging import Merge
from guibin.points import service
from guibin.points.invariants import check
from guibin.points.merging import PARTICIPANT, take_over_later
from guibin.points.models import AccountState, EntryKind, PointsAccount, PointsEntry, PointsLot
from guibin.security.actors import NIGHTLY_JOB
from support.points import ACTOR, DAY, NOON, add_customers, let_owner_post, post_points

SOON, LATER = DAY + timedelta(days=30), DAY + timedelta(days=300)


class Two:
    """A losing and a surviving customer, on a day at noon."""

    def __init__(self, session: AsyncSession, loser: UUID, survivor: UUID) -> None:
        self.session = session
        self.loser = loser
        self.survivor = survivor
        self.merge = Merge(new_id(), loser, survivor, NIGHTLY_JOB.id, DAY)
        self.moved: dict[str, Any] = {}

    async def objection(self) -> str | None:
        return await PARTICIPANT.objection(self.session, losing_id=self.loser, surviving_id=self.survivor)

    async def become_one(self) -> None:
        await PARTICIPANT.lock(self.session, losing_id=self.loser, surviving_id=self.survivor)
        assert await self.objection() is None
        self.moved = await PARTICIPANT.move(self.session, self.merge)
        await self.session.execute(
            text("UPDATE customer SET merged_into = :survivor WHERE id = :loser"),
            {"survivor": self.survivor, "loser": self.loser},
        )
        await self.session.execute(
            text(
                "INSERT INTO customer_merge (customer_id, id, losing_id, reason, moved, merged_at, merged_by, stale)"
                " VALUES (:survivor, :id, :loser, 'test', '{}', now(), :loser, false)"
            ),
            {"survivor": self.survivor, "loser": self.loser, "id": self.merge.id},
        )

    async def become_two(self) -> None:
        await PARTICIPANT.give_back(self.session, self.merge, self.moved)

    async def account(self, customer_id: UUID) -> tuple[int, int, int]:
        one = await self.session.get_one(PointsAccount, (customer_id, "reward"), populate_existing=True)
        return one.balance, one.debt, one.pending

    async def both(self) -> list[tuple[int, int]]:
        return [(await self.account(one))[:2] for one in (self.loser, self.survivor)]

    async def lots(self, customer_id: UUID) -> list[tuple[int, date | None]]:
        query = select(PointsLot).where(PointsLot.customer_id == customer_id, PointsLot.remaining > 0)
        lots = (await self.session.exec(query.execution_options(populate_existing=True))).all()
        return sorted(((lot.remaining, lot.expires_on) for lot in lots), key=str)

    async def entry(self, customer_id: UUID, kind: EntryKind) -> PointsEntry:
        query = select(PointsEntry).where(PointsEntry.customer_id == customer_id, PointsEntry.kind == kind)
        return (await self.session.exec(query.order_by(col(PointsEntry.seq).desc()))).all()[0]

    async def owe(self, customer_id: UUID, points: int) -> None:
        """Let a customer owe points: earned, spent, and taken back."""
        await post_points(self.session, customer_id, EntryKind.EARN, points)
        earned = await self.entry(customer_id, EntryKind.EARN)
        await post_points(self.session, customer_id, EntryKind.ADJUST_DEBIT, points)
        await self.take_back(customer_id, earned.id, points)

    async def take_back(self, customer_id: UUID, entry_id: UUID, points: int) -> None:
        await service.claw_back(
            self.session,
            customer_id=customer_id,
            entry_id=entry_id,
            points=points,
            reason_zh="退货",
            reason_en="return",
            source_kind="run",
            source_id=str(new_id()),
            actor_id=ACTOR,
        )


@pytest.fixture
async def two(session: AsyncSession) -> Two:
    await let_owner_post(session)
    return Two(session, *await add_customers(session, 2))


async def test_points_go_over_with_their_dates_and_what_is_left_comes_back(two: Two, session: AsyncSession) -> None:
    with clock.fixed_at(NOON):
        await post_points(session, two.loser, EntryKind.EARN, 60, expires_on=SOON)
        await post_points(session, two.loser, EntryKind.EARN, 40, expires_on=LATER)
        await post_points(session, two.loser, EntryKind.EARN, 7, expires_on=DAY - timedelta(days=1))
        await post_points(session, two.survivor, EntryKind.EARN, 5, expires_on=SOON + timedelta(days=1))
        await two.become_one()
        assert await two.both() == [(0, 0), (105, 0)]
        assert (60, SOON) in await two.lots(two.survivor)
        assert (40, LATER) in await two.lots(two.survivor)
        out, came = await two.entry(two.loser, EntryKind.MERGE_OUT), await two.entry(two.survivor, EntryKind.MERGE_IN)
        assert (out.points, came.points, out.source_id) == (-100, 100, came.source_id)
        assert (await two.entry(two.loser, EntryKind.EXPIRE)).points == -7

        await post_points(session, two.survivor, EntryKind.REDEEM, 70)
        await two.become_two()
        assert await two.both() == [(35, 0), (0, 0)]
        assert await two.lots(two.loser) == [(35, LATER)]
        assert await check(session) == []


async def test_a_merge_in_a_merge_gives_everybody_the_own_points_back(two: Two, session: AsyncSession) -> None:
    """The outer one is undone first: what it gives back must still be known as the points of the inner one."""
    with clock.fixed_at(NOON):
        for customer, points, day in ((two.loser, 60, SOON), (two.loser, 7, LATER), (two.survivor, 5, LATER)):
            await post_points(session, customer, EntryKind.EARN, points, expires_on=day)
        outer = Two(session, two.survivor, *await add_customers(session))
        await two.become_one()
        await outer.become_one()
        await post_points(session, outer.survivor, EntryKind.REDEEM, 10)
        await outer.become_two()
        await session.execute(text("UPDATE customer SET merged_into = NULL WHERE id = :id"), {"id": two.survivor})
        await two.become_two()
        assert await two.lots(two.loser) == [(50, SOON), (7, LATER)]
        assert await two.lots(two.survivor) == [(5, LATER)]
        assert await check(session) == []


@pytest.mark.parametrize(
    ("own", "owed", "there", "owed_there", "after"),
    [
        (100, 0, 0, 30, (70, 0)),
        (20, 0, 0, 30, (0, 10)),
        (0, 30, 100, 0, (70, 0)),
        (0, 30, 10, 0, (0, 20)),
        (0, 30, 0, 5, (0, 35)),
    ],
)
async def test_debt_of_either_is_paid_out_of_what_both_have(
    two: Two, session: AsyncSession, own: int, owed: int, there: int, owed_there: int, after: tuple[int, int]
) -> None:
    with clock.fixed_at(NOON):
        for customer, points, debt in ((two.loser, own, owed), (two.survivor, there, owed_there)):
            if debt:
                await two.owe(customer, debt)
            if points:
                await post_points(session, customer, EntryKind.EARN, points)
        await two.become_one()
        assert await two.both() == [(0, 0), after]
        await two.become_two()
        (balance, debt), (kept, kept_debt) = await two.both()
        assert balance - debt + kept - kept_debt == own - owed + there - owed_there
        assert await check(session) == []


async def test_what_comes_free_with_the_origin_later_goes_over_too(two: Two, session: AsyncSession) -> None:
    with clock.fixed_at(NOON):
        await post_points(session, two.loser, EntryKind.EARN, 100)
        await post_points(session, two.loser, EntryKind.REDEEM, 30)
        spent, earned = await two.entry(two.loser, EntryKind.REDEEM), await two.entry(two.loser, EntryKind.EARN)
        await two.become_one()
        await service.refund(
            session,
            customer_id=two.loser,
            entry_id=spent.id,
            points=30,
            reason_zh="退还",
            reason_en="back",
            source_kind="run",
            source_id="1",
            actor_id=ACTOR,
        )
        assert await two.both() == [(30, 0), (70, 0)]
        assert await take_over_later(session, limit=10) == 1
        assert await two.both() == [(0, 0), (100, 0)]
        await two.take_back(two.loser, earned.id, 100)
        assert await take_over_later(session, limit=10) == 1
        assert await two.both() == [(0, 0), (0, 0)]
        assert await take_over_later(session, limit=10) == 0
        assert await check(session) == []


async def test_a_debt_that_comes_over_late_is_paid_out_of_what_came_over(two: Two, session: AsyncSession) -> None:
    """An event of the losing customer is undone while they are one: the other one's points, due sooner, pay nothing."""
    with clock.fixed_at(NOON):
        await post_points(session, two.survivor, EntryKind.EARN, 100, expires_on=SOON)
        for _ in range(2):
            await post_points(session, two.loser, EntryKind.EARN, 40, expires_on=LATER)
        earned = await two.entry(two.loser, EntryKind.EARN)
        await two.become_one()
        for part in (10, 30):
            await two.take_back(two.loser, earned.id, part)
            assert await take_over_later(session, limit=10) == 1
        await two.become_two()
        assert await two.both() == [(40, 0), (100, 0)]
        assert await check(session) == []


async def test_what_comes_free_goes_from_merge_to_merge_and_back(two: Two, session: AsyncSession) -> None:
    """Who is between gets an account for it before being merged; afterwards nobody does."""
    with clock.fixed_at(NOON):
        for kind in (EntryKind.EARN, EntryKind.ADJUST_DEBIT):
            await post_points(session, two.loser, kind, 60)
        outer = Two(session, two.survivor, *await add_customers(session))
        point = text("UPDATE customer SET merged_into = :into WHERE id = :one")
        await two.become_one()
        await outer.become_one()
        await session.execute(point, {"one": two.loser, "into": outer.survivor})
        await post_points(session, two.loser, EntryKind.EARN, 60)
        assert [await take_over_later(session, limit=10) for _ in range(3)] == [1, 1, 0]
        assert await outer.account(outer.survivor) == (60, 0, 0)
        await outer.become_two()
        for one, into in ((two.survivor, None), (two.loser, two.survivor)):
            await session.execute(point, {"one": one, "into": into})
        await two.become_two()
        assert await two.both() == [(60, 0), (0, 0)]
        assert await check(session) == []


async def test_what_is_set_aside_is_waited_for_and_a_closed_account_takes_nothing(
    two: Two, session: AsyncSession
) -> None:
    with clock.fixed_at(NOON):
        await post_points(session, two.loser, EntryKind.EARN, 100)
        held = await service.hold(
            session,
            customer_id=two.loser,
            wallet="reward",
            points=10,
            expires_at=NOON + timedelta(hours=1),
            reason_zh="预占",
            reason_en="hold",
            source_kind="run",
            source_id="1",
            actor_id=ACTOR,
        )
        assert await two.objection() == "open_holds"
        await service.release(session, customer_id=two.loser, hold_id=held.hold_id)
        assert await two.objection() is None
        await post_points(session, two.survivor, EntryKind.EARN, 1)
        await session.execute(
            text("UPDATE points_account SET state = 'closed' WHERE customer_id = :one"), {"one": two.survivor}
        )
        assert await two.objection() == "account_closed"


async def test_a_frozen_account_freezes_the_one_it_goes_into(two: Two, session: AsyncSession) -> None:
    async def state() -> str:
        return (await session.get_one(PointsAccount, (two.survivor, "reward"), populate_existing=True)).state

    with clock.fixed_at(NOON):
        await post_points(session, two.loser, EntryKind.EARN, 100)
        await session.execute(text("UPDATE points_account SET state = 'frozen'"))
        await two.become_one()
        assert (await state(), await two.both()) == (AccountState.FROZEN, [(0, 0), (100, 0)])
        await two.become_two()
        assert (await state(), await two.both()) == (AccountState.OPEN, [(100, 0), (0, 0)])
