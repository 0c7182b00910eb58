"""When two customers become one, tags set by hand go along and stay as they were given."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlmodel import col, update
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.customers.merging import Merge
from guibin.customers.models import Customer
from guibin.security.actors import Scope
from guibin.tags.moving import PARTICIPANT
from guibin.tags.repository import Reach, count_reach, list_held
from guibin.tags.service import run_tags, set_tag, unset_tag
from support.tagging import (
    CHECKER,
    DAY,
    MAKER,
    OLD,
    add_branch,
    add_customer_with_facts,
    add_manual_tag,
    add_rule_in_force,
)

EVERYBODY = Scope(whole_bank=True)
TODAY = date(2026, 11, 25)
NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)


@pytest.fixture
async def pair(session: AsyncSession) -> tuple[UUID, UUID]:
    branch = await add_branch(session)
    await add_manual_tag(session, "friend")
    return await add_customer_with_facts(session, branch, age=70), await add_customer_with_facts(session, branch, age=1)


async def give(session: AsyncSession, customer_id: UUID, reason: str) -> None:
    await set_tag(session, EVERYBODY, actor=MAKER, customer_id=customer_id, code="friend", reason=reason)


async def tags_of(session: AsyncSession, customer_id: UUID) -> list[tuple[str, str | None]]:
    session.expire_all()
    held = await list_held(session, EVERYBODY, customer_id=customer_id, day=TODAY)
    return [(one.tag.code, one.membership.reason) for one in held]


async def test_manual_tags_go_to_the_surviving_customer(session: AsyncSession, pair: tuple[UUID, UUID]) -> None:
    losing, surviving = pair
    await add_rule_in_force(session, "old", OLD)
    await run_tags(session, day=DAY)
    with clock.fixed_at(NOON):
        await give(session, losing, "an old friend")
        await PARTICIPANT.move(session, Merge(new_id(), losing, surviving, losing, clock.today()))
    assert await tags_of(session, surviving) == [("friend", "an old friend")]
    assert await tags_of(session, losing) == []


async def test_a_tag_that_both_have_stays_as_the_survivor_has_it(
    session: AsyncSession, pair: tuple[UUID, UUID]
) -> None:
    losing, surviving = pair
    with clock.fixed_at(NOON):
        await give(session, losing, "first")
        await give(session, surviving, "second")
        await PARTICIPANT.move(session, Merge(new_id(), losing, surviving, losing, clock.today()))
    assert await tags_of(session, surviving) == [("friend", "second")]


async def test_a_tag_that_the_survivor_lost_today_comes_back(session: AsyncSession, pair: tuple[UUID, UUID]) -> None:
    losing, surviving = pair
    with clock.fixed_at(NOON):
        await give(session, losing, "first")
        await give(session, surviving, "second")
        await unset_tag(session, EVERYBODY, actor=CHECKER, customer_id=surviving, code="friend", reason="wrong")
        await PARTICIPANT.move(session, Merge(new_id(), losing, surviving, losing, clock.today()))
    assert await tags_of(session, surviving) == [("friend", "first")]


async def test_the_reach_of_a_tag_leaves_out_who_was_merged_away(
    session: AsyncSession, pair: tuple[UUID, UUID]
) -> None:
    losing, surviving = pair
    await give(session, surviving, "a friend")
    await session.execute(update(Customer).where(col(Customer.id) == losing).values(merged_into=surviving))
    assert await count_reach(session, EVERYBODY, code="friend") == Reach(members=1, customers=1)
