"""The night's assignment: everybody of a managed tier has a manager, or stands in the queue with the reason."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import new_id
from guibin.customers.models import Customer, CustomerAccess
from guibin.managers import repository
from guibin.managers.matrix.repository import matrix_on
from guibin.managers.models import Coverage, Grade, Manager, Unassigned
from guibin.managers.service import assign
from guibin.organisation.models import Branch, BranchKind
from guibin.security.actors import Scope
from support.points import add_customers
from support.tiers import DAY, add_manager, branch_of, give_tier, seed_defaults

FROM = DAY + timedelta(days=1)
BANK = Scope.of_job()
NOTHING = {
    "assigned": 0,
    "handed_over": 0,
    "joined": 0,
    "succeeded": 0,
    "not_succeeded": 0,
    "ended": 0,
    "queued": 0,
    "resolved": 0,
    "waiting": 0,
}


@pytest.fixture
async def customer_id(session: AsyncSession) -> UUID:
    await seed_defaults(session)
    return (await add_customers(session))[0]


async def _coverage(session: AsyncSession, customer_id: UUID) -> list[Coverage]:
    return list(await repository.list_coverage(session, BANK, customer_id=customer_id))


async def _open_books(session: AsyncSession, customer_id: UUID) -> set[UUID]:
    query = select(CustomerAccess.staff_id).where(
        CustomerAccess.customer_id == customer_id, col(CustomerAccess.valid_to).is_(None)
    )
    return set((await session.exec(query)).all())


async def _waiting(session: AsyncSession, customer_id: UUID) -> Unassigned | None:
    query = select(Unassigned).where(Unassigned.customer_id == customer_id)
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def _served_by(session: AsyncSession, customer_id: UUID, grade: Grade, tier: str) -> Manager:
    await give_tier(session, customer_id, tier)
    manager = await add_manager(session, await branch_of(session, customer_id), grade)
    await assign(session, day=DAY - timedelta(days=1))
    return manager


async def test_a_managed_customer_gets_a_manager_from_the_next_day_on(session: AsyncSession, customer_id: UUID) -> None:
    await give_tier(session, customer_id, "T2")
    manager = await add_manager(session, await branch_of(session, customer_id), Grade.SENIOR)
    assert await assign(session, day=DAY) == NOTHING | {"assigned": 1}
    [coverage] = await _coverage(session, customer_id)
    assert (coverage.manager_id, coverage.valid_from, coverage.valid_to) == (manager.id, FROM, None)
    assert await _open_books(session, customer_id) == {manager.staff_id}


async def test_a_second_run_changes_nothing(session: AsyncSession, customer_id: UUID) -> None:
    await _served_by(session, customer_id, Grade.SENIOR, "T2")
    others = await add_customers(session)
    await give_tier(session, others[0], "T5")
    await assign(session, day=DAY)
    before = [row.model_dump() for row in await _coverage(session, customer_id)]
    assert await assign(session, day=DAY) == NOTHING | {"waiting": 1}
    assert [row.model_dump() for row in await _coverage(session, customer_id)] == before


@pytest.mark.parametrize("tier", ["T0", None])
async def test_a_customer_of_the_pool_gets_none(session: AsyncSession, customer_id: UUID, tier: str | None) -> None:
    await give_tier(session, customer_id, tier)
    await add_manager(session, await branch_of(session, customer_id), Grade.INTERMEDIATE)
    assert await assign(session, day=DAY) == NOTHING


async def test_a_tier_that_begins_the_day_after_counts(session: AsyncSession, customer_id: UUID) -> None:
    await give_tier(session, customer_id, "T1", on=FROM)
    await add_manager(session, await branch_of(session, customer_id), Grade.INTERMEDIATE)
    assert (await assign(session, day=DAY))["assigned"] == 1


async def test_nobody_is_left_alone_when_no_permitted_manager_has_room(
    session: AsyncSession, customer_id: UUID
) -> None:
    old = await _served_by(session, customer_id, Grade.INTERMEDIATE, "T1")
    await add_manager(session, await branch_of(session, customer_id), Grade.EXPERT, capacity=0)
    await give_tier(session, customer_id, "T3", on=FROM)
    assert await assign(session, day=DAY) == NOTHING
    assert [row.manager_id for row in await _coverage(session, customer_id)] == [old.id]
    assert await _open_books(session, customer_id) == {old.staff_id}


async def test_a_tier_that_the_present_manager_may_serve_too_changes_nothing(
    session: AsyncSession, customer_id: UUID
) -> None:
    await _served_by(session, customer_id, Grade.SENIOR, "T1")
    await give_tier(session, customer_id, "T2", on=FROM)
    assert await assign(session, day=DAY) == NOTHING


async def test_the_customers_of_a_manager_who_left_are_handed_over(session: AsyncSession, customer_id: UUID) -> None:
    left = await _served_by(session, customer_id, Grade.SENIOR, "T2")
    left.active = False
    new = await add_manager(session, left.branch_id, Grade.SENIOR)
    assert await assign(session, day=DAY) == NOTHING | {"handed_over": 1}
    after, before = await _coverage(session, customer_id)
    assert (after.manager_id, before.end_reason) == (new.id, "manager_left")


async def test_the_customer_of_a_manager_who_left_waits_when_there_is_nobody_else(
    session: AsyncSession, customer_id: UUID
) -> None:
    left = await _served_by(session, customer_id, Grade.SENIOR, "T2")
    left.active = False
    await session.flush()
    assert await assign(session, day=DAY) == NOTHING | {"queued": 1, "waiting": 1}


@pytest.mark.parametrize("gone", [{"status": "closed"}, {"status": "deceased"}, {"merged_into": True}])
async def test_the_coverage_of_the_gone_ends_and_makes_room(
    session: AsyncSession, customer_id: UUID, gone: dict[str, object]
) -> None:
    manager = await _served_by(session, customer_id, Grade.SENIOR, "T2")
    other = (await add_customers(session))[0]
    for name, value in gone.items():
        setattr(await session.get_one(Customer, customer_id), name, other if value is True else value)
    await session.flush()
    assert await assign(session, day=DAY) == NOTHING | {"ended": 1}
    [coverage] = await _coverage(session, customer_id)
    assert (coverage.valid_to, coverage.end_reason) == (FROM, "customer_gone")
    assert await repository.loads(session, [manager.id]) == {}


@pytest.mark.parametrize(
    ("tier", "grade", "capacity", "reason"),
    [
        ("T5", Grade.SENIOR, 10, "no_eligible_manager"),
        ("T5", Grade.PRIVATE_BANKER, 0, "no_capacity"),
    ],
)
async def test_who_gets_nobody_waits_with_the_reason(
    session: AsyncSession, customer_id: UUID, tier: str, grade: Grade, capacity: int, reason: str
) -> None:
    await give_tier(session, customer_id, tier)
    await add_manager(session, await branch_of(session, customer_id), grade, capacity=capacity)
    assert await assign(session, day=DAY) == NOTHING | {"queued": 1, "waiting": 1}
    waiting = await _waiting(session, customer_id)
    assert waiting is not None
    assert (waiting.reason, waiting.tier_code, waiting.since) == (reason, tier, FROM)


async def test_a_tier_outside_the_matrix_waits_for_a_rule(session: AsyncSession, customer_id: UUID) -> None:
    matrix = await matrix_on(session, FROM)
    matrix.content = {"tiers": {tier: line for tier, line in matrix.content["tiers"].items() if tier != "T2"}}
    await give_tier(session, customer_id, "T2")
    await assign(session, day=DAY)
    waiting = await _waiting(session, customer_id)
    assert waiting is not None
    assert waiting.reason == "no_rule"


async def test_who_waits_longer_keeps_the_first_day_when_the_reason_changes(
    session: AsyncSession, customer_id: UUID
) -> None:
    await give_tier(session, customer_id, "T2", on=DAY - timedelta(days=7))
    await assign(session, day=DAY - timedelta(days=3))
    await add_manager(session, await branch_of(session, customer_id), Grade.SENIOR, capacity=0)
    assert (await assign(session, day=DAY))["queued"] == 1
    waiting = await _waiting(session, customer_id)
    assert waiting is not None
    assert (waiting.reason, waiting.since) == ("no_capacity", DAY - timedelta(days=2))


async def test_a_new_manager_takes_who_waits(session: AsyncSession, customer_id: UUID) -> None:
    await give_tier(session, customer_id, "T2")
    assert (await assign(session, day=DAY - timedelta(days=1)))["waiting"] == 1
    await add_manager(session, await branch_of(session, customer_id), Grade.SENIOR)
    assert await assign(session, day=DAY) == NOTHING | {"assigned": 1, "resolved": 1}
    waiting = await _waiting(session, customer_id)
    assert waiting is not None
    assert waiting.resolved_on == FROM


async def test_who_falls_out_of_the_managed_tiers_waits_no_longer(session: AsyncSession, customer_id: UUID) -> None:
    await give_tier(session, customer_id, "T2")
    await assign(session, day=DAY - timedelta(days=1))
    await give_tier(session, customer_id, "T0", on=FROM)
    assert await assign(session, day=DAY) == NOTHING | {"resolved": 1}


async def test_room_is_counted_from_coverage(session: AsyncSession, customer_id: UUID) -> None:
    ids = [customer_id, *await add_customers(session, 3)]
    branch = await branch_of(session, customer_id)
    for one in ids:
        (await session.get_one(Customer, one)).branch_id = branch
        await give_tier(session, one, "T2")
    manager = await add_manager(session, branch, Grade.SENIOR, capacity=3)
    assert await assign(session, day=DAY) == NOTHING | {"assigned": 3, "queued": 1, "waiting": 1}
    assert await repository.loads(session, [manager.id]) == {manager.id: 3}


async def test_the_night_of_an_older_day_ends_no_coverage_before_it_began(
    session: AsyncSession, customer_id: UUID
) -> None:
    left = await _served_by(session, customer_id, Grade.SENIOR, "T2")
    left.active = False
    await add_manager(session, left.branch_id, Grade.SENIOR)
    older = DAY - timedelta(days=5)
    await give_tier(session, customer_id, "T2", on=older)
    await session.execute(update(Coverage).values(valid_from=DAY))
    assert (await assign(session, day=older))["handed_over"] == 1
    after, before = await _coverage(session, customer_id)
    assert (before.valid_from, before.valid_to, after.valid_from) == (DAY, DAY, DAY)


async def test_who_waits_and_moves_waits_at_the_new_branch(session: AsyncSession, customer_id: UUID) -> None:
    await give_tier(session, customer_id, "T5")
    await assign(session, day=DAY - timedelta(days=1))
    branch = Branch(id=new_id(), code="NEW", kind=BranchKind.BRANCH, name_zh="新支行", name_en="New")
    session.add(branch)
    await session.flush()
    await session.exec(update(Customer).where(col(Customer.id) == customer_id).values(branch_id=branch.id))
    assert await assign(session, day=DAY) == NOTHING | {"queued": 1, "waiting": 1}
    waiting = await _waiting(session, customer_id)
    assert waiting is not None
    assert (waiting.branch_id, waiting.since) == (branch.id, DAY)
