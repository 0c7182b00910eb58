"""What others of a household put in goes back to whom it belonged, whatever happened to them meanwhile."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.customers.models import Customer
from guibin.points import service
from guibin.points.household import service as household
from guibin.points.household.errors import HouseholdPointsUnavailable
from guibin.points.invariants import check
from guibin.points.models import EntryKind, PointsAccount, PointsLot, Wallet
from guibin.points.service import Posted
from guibin.relations.models import HouseholdMember
from guibin.security.actors import Actor, ActorKind
from support.households import add_household, says
from support.points import ACTOR, NOON, add_customers, let_owner_post, post_points

DAY = clock.business_day(NOON)
SOON = DAY + timedelta(days=3)
SPENDER = Actor(ActorKind.CUSTOMER, ACTOR, "test")


class Home:
    """A head who spends, and two who put in: 60 points that end soon, and 40 that end later."""

    def __init__(self, session: AsyncSession, members: list[UUID]) -> None:
        self.session = session
        self.head, self.spouse, self.child = members

    async def redeem(self, points: int, *, at: Any = NOON) -> Posted:
        with clock.fixed_at(at):
            shared = await household.open_pool(self.session, customer_id=self.head, wallet="reward")
            await household.draw(self.session, shared, actor=SPENDER, points=points)
            return await post_points(self.session, self.head, EntryKind.REDEEM, points, at=at)

    async def refund(self, paid: Posted, points: int, *, at: Any = NOON) -> Posted:
        with clock.fixed_at(at):
            return await service.refund(
                self.session,
                customer_id=self.head,
                entry_id=paid.entry_id,
                points=points,
                reason_zh="测试",
                reason_en="test",
                source_kind="run",
                source_id=str(new_id()),
                actor_id=ACTOR,
            )

    async def lots(self, customer_id: UUID) -> list[tuple[int, date | None]]:
        query = select(PointsLot).where(PointsLot.customer_id == customer_id, col(PointsLot.remaining) > 0)
        rows = (await self.session.exec(query.execution_options(populate_existing=True))).all()
        return sorted((lot.remaining, lot.expires_on) for lot in rows)

    async def sets(self, table: type, customer_id: UUID, **values: object) -> None:
        owner = col(getattr(table, "id" if table is Customer else "customer_id"))
        await self.session.exec(update(table).where(owner == customer_id).values(**values))
        self.session.expire_all()


@pytest.fixture
async def home(session: AsyncSession) -> Home:
    await let_owner_post(session)
    members = await add_customers(session, 3)
    wallet = await session.get_one(Wallet, "reward")
    wallet.pooled = True
    await add_household(
        session, *zip(members, ("head", "spouse", "child"), (100, 100, 100), strict=True), since=DAY - timedelta(days=9)
    )
    for one in members:
        await says(session, one, "granted")
        await says(session, one, "granted", purpose="pooling")
    await post_points(session, members[1], EntryKind.EARN, 60, expires_on=SOON)
    await post_points(session, members[2], EntryKind.EARN, 40, expires_on=DAY + timedelta(days=90))
    return Home(session, members)


async def test_a_refund_in_parts_goes_back_the_last_drawn_first_and_what_expired_by_its_days_of_grace(
    home: Home,
) -> None:
    paid = await home.redeem(90)
    had = [await home.lots(one) for one in (home.head, home.spouse, home.child)]

    part = await home.refund(paid, 40)
    first = [await home.lots(one) for one in (home.head, home.spouse, home.child)]
    late = NOON + timedelta(days=5)
    rest = await home.refund(paid, 50, at=late)

    later = DAY + timedelta(days=90)
    grace = clock.business_day(late) + timedelta(days=30)
    assert had == [[], [], [(10, later)]]
    assert first == [[], [(10, SOON)], [(10, later), (30, later)]]
    assert [await home.lots(one) for one in (home.head, home.child)] == [[], [(10, later), (30, later)]]
    assert await home.lots(home.spouse) == [(10, SOON), (50, grace)]
    assert [(one.balance_after, one.available_after) for one in (part, rest)] == [(0, 0), (0, 0)]
    assert await check(home.session) == []


async def test_it_goes_to_who_a_giver_is_by_now_pays_what_is_owed_there_and_stays_where_nobody_takes_it(
    home: Home,
) -> None:
    (survivor,) = await add_customers(home.session)
    earned = await post_points(home.session, survivor, EntryKind.EARN, 25)
    await post_points(home.session, survivor, EntryKind.REDEEM, 25)
    named: dict[str, Any] = {
        "source_kind": "run",
        "source_id": "back",
        "actor_id": ACTOR,
        "reason_zh": "",
        "reason_en": "",
    }
    with clock.fixed_at(NOON):
        await service.claw_back(home.session, customer_id=survivor, entry_id=earned.entry_id, points=25, **named)
    paid = await home.redeem(100)
    await home.sets(Customer, home.spouse, merged_into=survivor)
    await home.sets(PointsAccount, home.child, state="closed")

    await home.refund(paid, 100)

    taken = await home.session.get_one(PointsAccount, (survivor, "reward"), populate_existing=True)
    assert (taken.balance, taken.debt) == (35, 0)
    assert await home.lots(survivor) == [(35, SOON)]
    assert await home.lots(home.head) == [(40, DAY + timedelta(days=90))]
    assert await check(home.session) == []


async def test_a_spenders_debt_is_not_paid_with_others_points_and_who_left_gives_nothing(home: Home) -> None:
    earned = await post_points(home.session, home.head, EntryKind.EARN, 30)
    await post_points(home.session, home.head, EntryKind.REDEEM, 30)
    named: dict[str, Any] = {
        "source_kind": "run",
        "source_id": "back",
        "actor_id": ACTOR,
        "reason_zh": "",
        "reason_en": "",
    }
    with clock.fixed_at(NOON):
        await service.claw_back(home.session, customer_id=home.head, entry_id=earned.entry_id, points=30, **named)
        view = await household.look(home.session, customer_id=home.head)
    await home.redeem(10)
    account = await home.session.get_one(PointsAccount, (home.head, "reward"), populate_existing=True)
    owing = (account.balance, account.debt)
    await home.sets(HouseholdMember, home.spouse, valid_to=DAY)
    with clock.fixed_at(NOON):
        left = await household.open_pool(home.session, customer_id=home.head, wallet="reward")
    await home.sets(HouseholdMember, home.head, valid_to=DAY)

    with clock.fixed_at(NOON), pytest.raises(HouseholdPointsUnavailable):
        await household.open_pool(home.session, customer_id=home.head, wallet="reward")
    assert [(one.own, one.others, one.usable) for one in view.wallets] == [(0, 100, 100)]
    assert (owing, left.others) == ((0, 30), 40)
    assert await check(home.session) == []
