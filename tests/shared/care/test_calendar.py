"""The calendar of contacts: made ahead by the night, spread, never doubled, recomputed, satisfied by touches."""

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.models import CareTask, Touch
from guibin.care.plans.service import make_calendar, satisfy
from guibin.core.clock import business_day
from guibin.managers.models import Grade
from guibin.organisation.holidays import special_days
from support.caring import add_touch, tasks_of
from support.house import EAST, House
from support.tiers import add_manager, give_tier

START = date(2025, 12, 31)
CADENCE = {
    "T1": {"call": 3},
    "T2": {"call": 2},
    "T3": {"call": 1, "review": 6},
    "T4": {"call": 1, "review": 3, "visit": 12},
}
HOLIDAYS = {day: works for day, works, _ in special_days()}


def works(day: date) -> bool:
    return HOLIDAYS.get(day, day.isoweekday() < 6)


def owed(customer_id: UUID, tier: str, year: int) -> Iterator[tuple[str, date]]:
    """Compute a year's contacts with nothing of the product's: item, due day."""
    for code, months in CADENCE[tier].items():
        place = int(hashlib.md5(f"{customer_id}:{code}".encode(), usedforsecurity=False).hexdigest()[:8], 16) / 2**32
        for first_month in range(1, 13, months):
            days = [date(year, 1, 1) + timedelta(days=number) for number in range(365)]
            of_period = [one for one in days if first_month <= one.month < first_month + months and works(one)]
            yield f"{tier}.{code}", of_period[int(place * len(of_period))]


async def _people(house: House, session: AsyncSession, tiers: str = "T1 T2 T3 T4") -> dict[UUID, str]:
    people = {await house.add_customer(): tier for tier in tiers.split()}
    for customer_id, tier in people.items():
        await give_tier(session, customer_id, tier, on=date(2025, 1, 1))
    return people


def due(tasks: Sequence[CareTask]) -> list[tuple[str, date]]:
    return [(task.made_by, task.due_on) for task in tasks]


async def test_a_year_of_nights_makes_exactly_the_contacts_that_each_tier_is_owed(house: House) -> None:
    async with house.sessions() as session:
        people = await _people(house, session, "T1 T1 T2 T2 T3 T4")
        for number in range(12):
            await make_calendar(session, day=START + timedelta(days=number * 30))
        for customer_id, tier in people.items():
            made = [one for one in due(await tasks_of(session, customer_id)) if one[1].year == 2026]
            assert sorted(made) == sorted(owed(customer_id, tier, 2026))


async def test_the_same_night_again_changes_nothing_and_the_due_days_are_not_one(house: House) -> None:
    async with house.sessions() as session:
        people = await _people(house, session, "T1 " * 30)
        first = await make_calendar(session, day=START)
        assert first["made"] > 0
        assert await make_calendar(session, day=START) == {"made": 0, "satisfied": 0, "lapsed": 0}
        days = {task.due_on for one in people for task in await tasks_of(session, one)}
        assert len(days) > 15
        assert all(works(one) and START < one <= START + timedelta(days=92) for one in days)


async def test_a_tier_that_changes_lets_future_contacts_lapse_and_those_of_before_come_back_with_it(
    house: House,
) -> None:
    async with house.sessions() as session:
        (customer_id,) = await _people(house, session, "T3")
        await make_calendar(session, day=START)
        before = due(await tasks_of(session, customer_id))
        await give_tier(session, customer_id, "T1", on=date(2026, 1, 2))
        await make_calendar(session, day=date(2026, 1, 1))
        tasks = await tasks_of(session, customer_id)
        assert {task.made_by for task in tasks if task.state == "open" and task.due_on > date(2026, 1, 1)} <= {
            "T1.call"
        }
        assert {task.reason for task in tasks if task.state == "lapsed"} == {"plan_changed"}
        await give_tier(session, customer_id, "T3", on=date(2026, 1, 3))
        await make_calendar(session, day=date(2026, 1, 2))
        again = [task for task in await tasks_of(session, customer_id) if task.state == "open"]
        expected = [one for one in before if one[1] > date(2026, 1, 2)]
        assert [one for one in due(again) if one in expected] == expected


async def test_tasks_go_to_the_primary_manager_and_stop_when_the_customer_leaves(house: House) -> None:
    async with house.sessions() as session:
        (customer_id,) = await _people(house, session, "T3")
        await make_calendar(session, day=START)
        assert {task.manager_id for task in await tasks_of(session, customer_id)} == {None}
        manager = await add_manager(session, house.branches[EAST].id, Grade.SENIOR)
        await session.execute(
            text(
                "INSERT INTO coverage (customer_id, id, manager_id, role, valid_from, source, reason)"
                " VALUES (:one, :one, :manager, 'primary', '2026-01-01', 'staff', 'test')"
            ),
            {"one": customer_id, "manager": manager.id},
        )
        await make_calendar(session, day=date(2026, 1, 1))
        assert {task.manager_id for task in await tasks_of(session, customer_id)} == {manager.id}
        await session.execute(text("UPDATE customer SET status = 'closed' WHERE id = :one"), {"one": customer_id})
        await make_calendar(session, day=date(2026, 1, 2))
        states = {(task.state, task.reason) for task in await tasks_of(session, customer_id)}
        assert states == {("lapsed", "customer_gone")}


@dataclass
class Plain:
    """A task as the plain count sees it."""

    id: UUID
    starts_on: date
    due_on: date
    kind: str
    touch_id: UUID | None = None


def fits(touch: Touch, on: date, task: Plain) -> bool:
    if task.touch_id is not None or task.starts_on > on or touch.result != "reached":
        return False
    return touch.kind == task.kind or (task.kind == "call" and touch.kind in {"visit", "review", "meeting"})


async def test_a_year_of_touches_satisfies_the_contacts_that_a_plain_count_says(house: House) -> None:
    chance = random.Random(7)
    async with house.sessions() as session:
        people = await _people(house, session)
        await session.execute(text("""UPDATE care_plan SET terms = jsonb_set(terms, '{clock,lapses_after}', '366')"""))
        for number in range(5):
            await make_calendar(session, day=START + timedelta(days=number * 80))
        plain: dict[UUID, list[Plain]] = {}
        for customer_id in people:
            tasks = await tasks_of(session, customer_id)
            plain[customer_id] = [Plain(one.id, one.starts_on, one.due_on, one.made_by[3:]) for one in tasks]
            touches = []
            for _ in range(25):
                on = date(2026, 1, 1) + timedelta(days=chance.randrange(365))
                kind, result = (
                    chance.choice(["call", "visit", "review", "message"]),
                    chance.choice(["reached", "no_answer"]),
                )
                touches.append((await add_touch(session, customer_id, on, kind=kind, result=result), on))
            for touch, on in sorted(touches, key=lambda one: (one[0].at, one[0].id)):
                fitting = [one for one in plain[customer_id] if fits(touch, on, one)]
                if fitting:
                    first = min(fitting, key=lambda one: (one.due_on, one.kind != touch.kind, one.id))
                    first.touch_id = touch.id
        await make_calendar(session, day=date(2026, 12, 31))
        for customer_id, expected in plain.items():
            done = {task.id: task.touch_id for task in await tasks_of(session, customer_id)}
            assert any(done.values())
            assert {one.id: done[one.id] for one in expected} == {one.id: one.touch_id for one in expected}


async def test_a_touch_satisfies_one_contact_at_once_and_a_call_nobody_took_none(house: House) -> None:
    async with house.sessions() as session:
        (customer_id,) = await _people(house, session, "T3")
        await make_calendar(session, day=START)
        await add_touch(session, customer_id, date(2026, 1, 2), result="no_answer")
        assert await satisfy(session, customer_id=customer_id) == 0
        touch = await add_touch(session, customer_id, date(2026, 1, 2))
        assert await satisfy(session, customer_id=customer_id) == 1
        assert await satisfy(session, customer_id=customer_id) == 0
        done = [task for task in await tasks_of(session, customer_id) if task.state == "done"]
        assert [(task.made_by, task.touch_id) for task in done] == [("T3.call", touch.id)]
        assert [business_day(task.ended_at) for task in done if task.ended_at] == [date(2026, 1, 2)]
