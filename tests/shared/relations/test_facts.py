"""What the night knows of households (HLD-06): over all groups of a person, joint accounts once, by consent alone."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.holdings.models import HoldingParty
from guibin.relations.facts import HOUSEHOLD_FACTS
from support.households import add_household, says
from support.tagging import DAY, NEXT_DAY, add_branch, add_customer, add_holding, add_products

MILLION = 1_000_000_00


@pytest.fixture
async def branch(session: AsyncSession) -> UUID:
    await add_products(session)
    return await add_branch(session)


async def facts_on(session: AsyncSession, day: date = DAY) -> dict[UUID, tuple[int | None, int, str | None]]:
    return {row[0]: tuple(row[1:]) for row in await session.execute(HOUSEHOLD_FACTS.select(day))}


async def test_totals_are_over_all_groups_of_a_person_by_shares_with_a_joint_account_once(
    session: AsyncSession, branch: UUID
) -> None:
    father, mother, grown = [await add_customer(session, branch) for _ in range(3)]
    for one in (father, mother, grown):
        await says(session, one, "granted")
    joint = await add_holding(session, father, "DEP", 3 * MILLION)
    session.add(HoldingParty(customer_id=mother, holding_id=joint, owner_id=father, as_of=DAY))
    await add_holding(session, mother, "DEP", MILLION)
    await add_holding(session, grown, "DEP", 101)
    await add_household(session, (father, "head", 100), (mother, "spouse", 60), since=DAY)
    await add_household(session, (grown, "head", 50), (mother, "other", 40), since=DAY)
    first, second = 3 * MILLION + 60 * MILLION // 100, 40 * MILLION // 100 + 50
    assert await facts_on(session) == {
        father: (first, 2, "head"),
        mother: (first + second, 3, "spouse"),
        grown: (second, 2, "head"),
    }


async def test_who_has_not_agreed_counts_for_nobody_and_children_are_not_asked(
    session: AsyncSession, branch: UUID
) -> None:
    father, mother = [await add_customer(session, branch) for _ in range(2)]
    born = {"birth_year": DAY.year - 18, "birth_mmdd": f"{NEXT_DAY:%m%d}"}
    child = await add_customer(session, branch, **born)
    await says(session, father, "granted")
    for one in (father, mother, child):
        await add_holding(session, one, "DEP", MILLION)
    await add_household(session, (father, "head", 100), (mother, "spouse", 100), (child, "child", 100), since=DAY)
    both = (2 * MILLION, 2)
    assert await facts_on(session) == {father: (*both, "head"), child: (*both, "child")}
    assert list(await facts_on(session, NEXT_DAY)) == [father]
    await says(session, mother, "granted")
    assert len(await facts_on(session)) == 3
    await says(session, father, "revoked")
    assert (await facts_on(session)).keys() == {mother, child}


async def test_what_is_unknown_of_one_is_unknown_of_all_and_nothing_is_known_before_the_first_day(
    session: AsyncSession, branch: UUID
) -> None:
    father, mother = [await add_customer(session, branch) for _ in range(2)]
    for one in (father, mother):
        await says(session, one, "granted")
    await add_household(session, (father, "head", 100), (mother, "spouse", 100), since=NEXT_DAY)
    assert await facts_on(session) == {}
    assert await facts_on(session, NEXT_DAY) == {father: (0, 2, "head"), mother: (0, 2, "spouse")}
    await add_holding(session, father, "DEP", MILLION)
    await add_holding(session, mother, "DEP", MILLION)
    await session.execute(text("DELETE FROM holding_balance WHERE customer_id = :mother"), {"mother": mother})
    assert await facts_on(session, NEXT_DAY) == {father: (None, 2, "head"), mother: (None, 2, "spouse")}
