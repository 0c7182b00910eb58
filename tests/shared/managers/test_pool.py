"""Back to the pool: only low tiers, only whom nobody looked after, never without a notice, never on stale figures."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin import wiring
from guibin.care.models import CareTask, Promise, Touch
from guibin.core import clock
from guibin.core.ids import new_id, to_public
from guibin.handovers.models import Handover
from guibin.holdings.models import Holding
from guibin.managers import followers, repository
from guibin.managers.claims.models import Claim, ClaimOrigin
from guibin.managers.followers import Change
from guibin.managers.models import Grade, Manager
from guibin.managers.pool.models import PoolPlace
from guibin.managers.pool.service import return_idle
from guibin.managers.service import assign
from guibin.outbox.models import OutboxEvent
from support.points import add_customers
from support.tiers import MILLION, add_manager, branch_of, give_tier, put_average, seed_defaults

BEGAN = date(2026, 1, 10)
NOTICE = date(2026, 6, 10)
"""Five months after the beginning, from which the notice counts; the night before it writes it."""
RETURN = date(2026, 7, 10)
NOTHING = {"noticed": 0, "returned": 0, "left": 0}


class Book:
    """A customer of a manager for months, with figures of the day."""

    def __init__(self, session: AsyncSession, customer_id: UUID, manager: Manager) -> None:
        self.session, self.customer_id, self.manager = session, customer_id, manager

    async def night(self, first_day: date, *, stale: bool = False) -> dict[str, int]:
        day = first_day - timedelta(days=1)
        await put_average(
            self.session, self.customer_id, MILLION, day=day, stale_lines=["personal_finance"] if stale else []
        )
        for holding in (await self.session.exec(select(Holding))).all():
            if holding.id == self.customer_id:
                holding.opened_on = date(2025, 1, 1)
        await self.session.flush()
        return await return_idle(self.session, day=day)

    async def touch(self, on: date, result: str = "reached") -> None:
        row = Touch(
            customer_id=self.customer_id,
            id=new_id(),
            staff_id=self.manager.staff_id,
            kind="call",
            channel="phone",
            direction="out",
            purpose="care",
            result=result,
            at=clock.start_of_day(on) + timedelta(hours=9),
            source="staff",
            recorded_at=clock.now(),
        )
        self.session.add(row)
        await self.session.flush()

    async def is_served(self) -> bool:
        return bool(await repository.open_coverages(self.session, customer_ids=[self.customer_id]))

    async def place(self) -> PoolPlace | None:
        query = select(PoolPlace).where(col(PoolPlace.customer_id) == self.customer_id)
        return (await self.session.exec(query.execution_options(populate_existing=True))).first()


@pytest.fixture
async def book(session: AsyncSession, request: pytest.FixtureRequest) -> Book:
    wiring.connect()
    await seed_defaults(session)
    customer_id = (await add_customers(session))[0]
    tier = getattr(request, "param", "T1")
    await give_tier(session, customer_id, tier, on=BEGAN)
    manager = await add_manager(session, await branch_of(session, customer_id), Grade.SENIOR)
    await repository.begin_coverage(
        session, {customer_id: manager.id}, {customer_id: BEGAN}, source="run", reason="matrix"
    )
    return Book(session, customer_id, manager)


async def test_after_five_months_the_manager_is_told_and_after_six_the_customer_is_in_the_pool(book: Book) -> None:
    assert await book.night(NOTICE - timedelta(days=1)) == NOTHING
    assert await book.night(NOTICE) == NOTHING | {"noticed": 1}
    assert await book.night(NOTICE) == NOTHING
    place = await book.place()
    assert place is not None
    assert (place.manager_id, place.noticed_on, place.returns_on) == (book.manager.id, NOTICE, RETURN)
    assert await book.night(RETURN - timedelta(days=1)) == NOTHING
    assert await book.is_served()
    assert await book.night(RETURN) == NOTHING | {"returned": 1}
    assert not await book.is_served()
    assert await book.night(RETURN) == NOTHING
    told = (await book.session.exec(select(OutboxEvent).order_by(col(OutboxEvent.created_at)))).all()
    manager = to_public("mgr", book.manager.id)
    assert {one.customer_id for one in told} == {book.customer_id}
    assert [(one.type, one.payload) for one in told] == [
        ("pool.noticed", {"manager_id": manager, "returns_on": RETURN.isoformat()}),
        ("pool.returned", {"manager_id": manager, "returned_on": RETURN.isoformat()}),
    ]


async def test_what_is_open_of_who_is_in_the_pool_is_nobodys_and_no_handover_waits(book: Book) -> None:
    giver = await add_manager(book.session, book.manager.branch_id, Grade.SENIOR)
    change = Change(book.customer_id, giver.id, book.manager.id, BEGAN, "matrix", "run")
    await followers.follow_all(book.session, [change])
    promise = Promise(
        customer_id=book.customer_id,
        id=new_id(),
        manager_id=book.manager.id,
        promised_by=book.manager.staff_id,
        due_on=RETURN,
        created_at=clock.now(),
    )
    task = CareTask(
        customer_id=book.customer_id,
        id=new_id(),
        manager_id=book.manager.id,
        kind="call",
        origin="staff",
        made_by="staff",
        occasion=RETURN,
        starts_on=RETURN,
        due_on=RETURN,
        created_at=clock.now(),
    )
    book.session.add_all([promise, task])
    await book.night(NOTICE)
    await book.night(RETURN)
    for row in (promise, task):
        await book.session.refresh(row)
        assert (row.state, row.manager_id) == ("open", None)
    states = (await book.session.exec(select(Handover.state))).all()
    assert states == ["superseded"]


async def test_who_is_in_the_pool_is_assigned_to_nobody_by_the_night_until_the_tier_rises(book: Book) -> None:
    await book.night(NOTICE)
    await book.night(RETURN)
    assert (await assign(book.session, day=RETURN))["assigned"] == 0
    await give_tier(book.session, book.customer_id, "T2", on=RETURN + timedelta(days=1))
    assert (await assign(book.session, day=RETURN))["assigned"] == 1
    assert await book.night(RETURN + timedelta(days=2)) == NOTHING | {"left": 1}


async def test_who_is_claimed_in_the_pool_goes_to_the_claimant(book: Book) -> None:
    await book.night(NOTICE)
    await book.night(RETURN)
    claimant = await add_manager(book.session, book.manager.branch_id, Grade.SENIOR)
    book.session.add(
        Claim(
            customer_id=book.customer_id,
            id=new_id(),
            manager_id=claimant.id,
            origin=ClaimOrigin.CODE,
            valid_from=RETURN,
            valid_to=RETURN + timedelta(days=90),
            created_at=clock.now(),
        )
    )
    await book.session.flush()
    assert (await assign(book.session, day=RETURN))["assigned"] == 1
    served = await repository.open_coverages(book.session, customer_ids=[book.customer_id])
    assert served[book.customer_id].manager_id == claimant.id


async def test_a_call_that_reached_the_customer_keeps_the_customer(book: Book) -> None:
    await book.night(NOTICE)
    await book.touch(NOTICE + timedelta(days=3))
    assert await book.night(NOTICE + timedelta(days=4)) == NOTHING | {"left": 1}
    assert await book.night(RETURN) == NOTHING
    assert await book.is_served()


async def test_a_call_that_nobody_answered_does_not(book: Book) -> None:
    await book.night(NOTICE)
    await book.touch(NOTICE + timedelta(days=3), "no_answer")
    assert await book.night(RETURN) == NOTHING | {"returned": 1}


async def test_nobody_is_told_or_returned_on_stale_figures(book: Book) -> None:
    assert await book.night(NOTICE, stale=True) == NOTHING
    assert (await book.night(NOTICE + timedelta(days=1)))["noticed"] == 1
    assert await book.night(RETURN + timedelta(days=1), stale=True) == NOTHING
    assert (await book.night(RETURN + timedelta(days=2)))["returned"] == 1


async def test_nobody_is_returned_without_a_notice_a_month_before(book: Book) -> None:
    late = RETURN + timedelta(days=60)
    assert await book.night(late) == NOTHING | {"noticed": 1}
    assert await book.night(late + timedelta(days=29)) == NOTHING
    assert await book.is_served()


@pytest.mark.parametrize("book", ["T2", "T5"], indirect=True)
async def test_a_higher_tier_never_goes_back(book: Book) -> None:
    assert await book.night(RETURN) == NOTHING


async def test_a_sale_keeps_the_customer(book: Book) -> None:
    await book.night(NOTICE)
    day = RETURN - timedelta(days=1)
    await put_average(book.session, book.customer_id, MILLION, day=day)
    [holding] = (await book.session.exec(select(Holding))).all()
    holding.opened_on = NOTICE + timedelta(days=2)
    await book.session.flush()
    assert await return_idle(book.session, day=day) == NOTHING | {"left": 1}
