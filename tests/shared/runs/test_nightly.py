"""The night: what it does, that it can be killed anywhere, that a second changes nothing, that one runs at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text, update
from sqlmodel import col, select

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.errors import ValidationFailed
from guibin.core.ids import new_id
from guibin.core.leases import Lease
from guibin.managers.models import Coverage, Unassigned
from guibin.points.invariants import check
from guibin.points.models import PointsAccount
from guibin.runs import repository
from guibin.runs.errors import PeriodClosed, RunInProgress
from guibin.runs.models import Run, RunState
from guibin.runs.service import LEASE_LIFE, NIGHTLY, carry_out, nightly, request_run
from guibin.runs.steps import STEPS
from guibin.tags.models import CustomerFact
from guibin.tiers.models import TierHistory
from support.databases import Database, cloned_database
from support.house import House
from support.nights import AFTER, BY_HAND, MONTH_END, all_tables, as_worker, furnish
from support.server import Server
from support.tiers import tier_changes
from support.waiting import until

NEXT_DAY = MONTH_END + timedelta(days=1)
WAITING = (
    "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()"
)


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture(autouse=True)
def _the_day_after() -> Iterator[None]:
    with clock.fixed_at(AFTER):
        yield


@pytest.fixture
async def customers(house: House) -> list[UUID]:
    return await furnish(house)


@pytest.fixture
async def sessions(house: House) -> AsyncIterator[SessionFactory]:
    async with as_worker(house.database) as made:
        yield made


def _kill_after(step: str) -> Callable[[str, dict[str, int]], None]:
    def progress(name: str, _counts: dict[str, int]) -> None:
        if name == step:
            raise Killed

    return progress


async def test_a_night_brings_tiers_managers_and_points(
    house: House, customers: list[UUID], sessions: SessionFactory
) -> None:
    run = await nightly(sessions, day=MONTH_END, actor=BY_HAND)
    assert (run.state, run.business_date, run.finished_at) == (RunState.FINISHED, MONTH_END, AFTER)
    async with house.sessions() as session:
        steps = {step.name: step.counts for step in await repository.steps_of(session, run.id)}
        tiers = dict((await session.exec(select(TierHistory.customer_id, TierHistory.tier_code))).all())
        served = set((await session.exec(select(Coverage.customer_id))).all())
        queue = (await session.exec(select(Unassigned))).all()
        points = (await session.exec(select(PointsAccount.balance).order_by(col(PointsAccount.balance)))).all()
        assert await check(session) == []
    assert tiers == dict(zip(customers[1:], ("T1", "T2", "T4"), strict=True))
    assert served == {customers[1], customers[2]}
    assert [(one.customer_id, one.reason) for one in queue] == [(customers[3], "no_eligible_manager")]
    assert steps["feeds"] == {"fresh": 7, "stale": 0, "missing": 0}
    assert steps["earn"]["read"] == steps["earn"]["earned"] == 4
    assert (steps["expire"]["expired"], steps["expire"]["points"]) == (1, 70)
    assert steps["facts"]["read"] == 4
    assert steps["tiers"] == tier_changes(first=3)
    assert (steps["coverage"]["assigned"], steps["coverage"]["queued"]) == (2, 1)
    assert (steps["asset_awards"]["changed"], steps["asset_points"]["points"]) == (3, 880)
    assert points == [30, 150, 700, *[5_000] * 4]


@pytest.mark.merge
async def test_a_night_killed_after_any_step_ends_like_an_undisturbed_one(
    house: House, customers: list[UUID], server: Server
) -> None:
    assert len(customers) == 4
    await house.sessions.kw["bind"].dispose()
    template = replace(server, template=house.database.name)
    async with cloned_database(template, f"{house.database.name}_calm") as calm:
        async with as_worker(calm) as sessions:
            await nightly(sessions, day=MONTH_END, actor=BY_HAND)
        expected = await all_tables(calm)
    for step in STEPS:
        async with cloned_database(template, f"{house.database.name}_{step.name}") as killed:
            assert await _killed_and_resumed(killed, step.name) == expected, step.name


async def _killed_and_resumed(database: Database, step: str) -> dict[str, list[str]]:
    async with as_worker(database) as sessions:
        with pytest.raises(Killed):
            await nightly(sessions, day=MONTH_END, actor=BY_HAND, progress=_kill_after(step))
        done: list[str] = []
        await nightly(sessions, day=MONTH_END, actor=BY_HAND, progress=lambda name, _: done.append(name))
        names = [one.name for one in STEPS]
        assert done == names[names.index(step) + 1 :]
        async with sessions() as session:
            assert len(await repository.list_runs(session, limit=9)) == 1
    return await all_tables(database)


@pytest.mark.usefixtures("customers")
async def test_a_second_night_of_the_day_changes_nothing(house: House, sessions: SessionFactory) -> None:
    first = await nightly(sessions, day=MONTH_END, actor=BY_HAND)
    before = await all_tables(house.database)
    with clock.fixed_at(AFTER + timedelta(hours=1)):
        second = await nightly(sessions, day=MONTH_END, actor=BY_HAND)
    assert await all_tables(house.database) == before
    assert second.id != first.id
    async with sessions() as session:
        steps = {step.name: step.counts for step in await repository.steps_of(session, second.id)}
    assert steps["facts"] == {"read": 4, "changed": 0}
    assert (steps["tags"]["added"], steps["tags"]["ended"]) == (0, 0)
    assert steps["tiers"] == tier_changes()
    assert steps["earn"]["read"] == steps["expire"]["read"] == 0


@pytest.mark.usefixtures("customers")
async def test_of_two_nights_at_once_one_is_refused(house: House, sessions: SessionFactory) -> None:
    async with as_worker(house.database) as others:
        both = await asyncio.gather(
            nightly(sessions, day=MONTH_END, actor=BY_HAND),
            nightly(others, day=MONTH_END, actor=BY_HAND),
            return_exceptions=True,
        )
    assert sorted(type(one).__name__ for one in both) == ["Run", "RunInProgress"]


async def test_the_lease_of_a_dead_process_lapses(house: House, sessions: SessionFactory) -> None:
    async with house.sessions() as session:
        session.add(Lease(name=NIGHTLY, holder=new_id(), expires_at=AFTER + LEASE_LIFE))
        await session.commit()
    with pytest.raises(RunInProgress):
        await nightly(sessions, day=MONTH_END, actor=BY_HAND)
    with clock.fixed_at(AFTER + LEASE_LIFE):
        assert (await nightly(sessions, day=MONTH_END, actor=BY_HAND)).state == RunState.FINISHED


@pytest.mark.usefixtures("customers")
async def test_who_has_lost_the_lease_undoes_the_step_at_hand(house: House, sessions: SessionFactory) -> None:
    async with house.sessions() as holder:
        connection = await holder.connection()
        await connection.execute(text("LOCK TABLE customer_fact IN EXCLUSIVE MODE"))
        night = asyncio.create_task(nightly(sessions, day=MONTH_END, actor=BY_HAND))
        await _until_somebody_waits(house)
        async with house.sessions() as thief:
            values = {"holder": new_id(), "expires_at": AFTER + timedelta(hours=1)}
            await thief.execute(update(Lease).values(values))
            await thief.commit()
        await holder.rollback()
    with pytest.raises(RunInProgress):
        await night
    async with house.sessions() as session:
        assert (await session.exec(select(CustomerFact))).all() == []


async def _until_somebody_waits(house: House) -> None:
    async def waits() -> bool:
        async with house.sessions() as session:
            return bool((await (await session.connection()).exec_driver_sql(WAITING)).scalar_one())

    await until(waits)


async def test_a_day_that_is_not_over_is_refused(sessions: SessionFactory) -> None:
    with pytest.raises(ValidationFailed):
        await nightly(sessions, day=clock.today(), actor=BY_HAND)


async def test_a_day_before_one_that_is_closed_is_refused(sessions: SessionFactory) -> None:
    await nightly(sessions, day=MONTH_END, actor=BY_HAND)
    with pytest.raises(PeriodClosed) as refused:
        await nightly(sessions, day=MONTH_END - timedelta(days=1), actor=BY_HAND)
    assert refused.value.facts == {"closed": MONTH_END}


async def test_a_night_that_broke_off_is_finished_before_a_later_one(sessions: SessionFactory) -> None:
    with pytest.raises(Killed):
        await nightly(sessions, day=MONTH_END - timedelta(days=1), actor=BY_HAND, progress=_kill_after("tags"))
    done: list[str] = []
    await nightly(sessions, day=MONTH_END, actor=BY_HAND, progress=lambda name, _: done.append(name))
    names = [one.name for one in STEPS]
    assert done == [*names[names.index("tags") + 1 :], *names]
    assert await _states(sessions) == {MONTH_END - timedelta(days=1): "finished", MONTH_END: "finished"}


async def test_a_run_that_is_told_to_stop_stays_open_for_the_next(sessions: SessionFactory) -> None:
    async with sessions() as session:
        run = await request_run(session, day=MONTH_END, actor=BY_HAND)
        await session.commit()
    done: list[str] = []
    stopped = await carry_out(
        sessions, run.id, progress=lambda name, _: done.append(name), stopping=lambda: len(done) == 3
    )
    assert (stopped.state, len(done)) == (RunState.RUNNING, 3)
    finished = await carry_out(sessions, run.id, progress=lambda name, _: done.append(name))
    assert (finished.state, done) == (RunState.FINISHED, [step.name for step in STEPS])


async def test_asking_twice_for_an_open_run_gives_the_same(sessions: SessionFactory) -> None:
    found: list[Run] = []
    for _ in range(2):
        async with sessions() as session:
            found.append(await request_run(session, day=MONTH_END, actor=BY_HAND))
            await session.commit()
    assert found[0].id == found[1].id


@pytest.mark.usefixtures("customers")
async def test_a_late_night_leaves_newer_coverage_alone(house: House, sessions: SessionFactory) -> None:
    await nightly(sessions, day=MONTH_END, actor=BY_HAND)
    async with house.sessions() as session:
        await session.execute(update(Coverage).values(valid_from=NEXT_DAY + timedelta(days=5)))
        await session.commit()
    with clock.fixed_at(AFTER + timedelta(days=6)):
        run = await nightly(sessions, day=NEXT_DAY, actor=BY_HAND)
    async with sessions() as session:
        [coverage] = [step for step in await repository.steps_of(session, run.id) if step.name == "coverage"]
    assert (coverage.counts["assigned"], coverage.counts["handed_over"]) == (0, 0)


async def test_statements_over_everybody_never_walk_through_a_table_for_each_customer(
    sessions: SessionFactory,
) -> None:
    async with sessions() as session:
        await repository.expect_everybody(session)
        assert (await session.execute(text("SHOW enable_nestloop"))).scalar_one() == "off"
        await session.commit()
        assert (await session.execute(text("SHOW enable_nestloop"))).scalar_one() == "on"


async def _states(sessions: SessionFactory) -> dict[date, str]:
    async with sessions() as session:
        return {run.business_date: run.state for run in await repository.list_runs(session, limit=9)}
