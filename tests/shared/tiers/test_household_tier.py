"""The head of a household passes the tier on to named members, within the limits of the scheme (TIER-18)."""

from uuid import UUID

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.security.actors import Scope
from guibin.tiers import repository
from guibin.tiers.service import evaluate
from support.households import add_household, says
from support.points import add_customers
from support.tiers import DAY, MILLION, give_tier, put_average, seed_defaults, set_terms

SHARING = {"members": 2, "highest": "T3", "levels_below": 0}


@pytest.fixture
async def family(session: AsyncSession) -> list[UUID]:
    """A head of T4 who agreed, and three who own nothing and agreed too."""
    await seed_defaults(session)
    head, *others = await add_customers(session, 4)
    await give_tier(session, head, "T4")
    await put_average(session, head, None)
    for one in others:
        await put_average(session, one, 0)
    for one in (head, *others):
        await says(session, one, "granted")
    return [head, *others]


async def tiers_of(session: AsyncSession, customers: list[UUID]) -> list[tuple[str | None, str | None] | None]:
    found = []
    for one in customers:
        rows = await repository.list_history(session, Scope.of_job(), customer_id=one)
        found.append((rows[0].tier_code, rows[0].route) if rows else None)
    return found


async def test_named_members_get_the_heads_tier_up_to_the_highest_and_to_so_many(
    session: AsyncSession, family: list[UUID]
) -> None:
    head, spouse, child, parent = family
    places = ((head, "head", 100), (spouse, "spouse", 100), (child, "child", 100), (parent, "parent", 100))
    await add_household(session, *places, since=DAY, sharing=(spouse, child, parent))
    await evaluate(session, day=DAY)
    assert await tiers_of(session, family[1:]) == [None, None, None]
    await set_terms(session, household=SHARING)
    await evaluate(session, day=DAY)
    shared = ("T3", "household")
    assert await tiers_of(session, family[1:]) == [shared, shared, None]


async def test_who_is_not_named_or_has_not_agreed_gets_nothing(session: AsyncSession, family: list[UUID]) -> None:
    head, spouse, child, parent = family
    places = ((head, "head", 100), (spouse, "spouse", 100), (child, "child", 100), (parent, "parent", 100))
    await add_household(session, *places, since=DAY, sharing=(child, parent))
    await says(session, child, "revoked")
    await set_terms(session, household=SHARING | {"levels_below": 2})
    await evaluate(session, day=DAY)
    assert await tiers_of(session, family[1:]) == [None, None, ("T2", "household")]


async def test_a_shared_tier_is_not_passed_on_and_a_head_who_takes_the_word_back_shares_nothing(
    session: AsyncSession, family: list[UUID]
) -> None:
    head, spouse, child, parent = family
    await add_household(session, (head, "head", 50), (spouse, "spouse", 50), since=DAY, sharing=(spouse,))
    await add_household(session, (spouse, "head", 50), (child, "child", 100), since=DAY, sharing=(child,))
    await add_household(session, (parent, "head", 100), (head, "child", 50), since=DAY, sharing=(head,))
    await set_terms(session, household=SHARING)
    await give_tier(session, spouse, "T3", route="household")
    await evaluate(session, day=DAY)
    assert await tiers_of(session, [child, parent]) == [None, None]
    await says(session, head, "revoked")
    await evaluate(session, day=DAY)
    assert (await tiers_of(session, [child]))[0] is None


ROUTES = [{"kind": "household_assets", "bounds": {"T2": MILLION, "T3": 2 * MILLION}}]


async def test_what_a_household_owns_together_gives_its_head_and_the_named_a_tier(session: AsyncSession) -> None:
    await seed_defaults(session)
    head, spouse, child, silent = await add_customers(session, 4)
    for one, fen in ((head, 700_000_00), (spouse, 800_000_00), (child, 0), (silent, 900_000_00)):
        await put_average(session, one, fen)
    for one in (head, spouse, child):
        await says(session, one, "granted")
    places = ((head, "head", 100), (spouse, "spouse", 50), (child, "child", 100), (silent, "parent", 100))
    await add_household(session, *places, since=DAY, sharing=(child,))
    await set_terms(session, routes=ROUTES)
    await evaluate(session, day=DAY)
    by_household, by_assets = ("T2", "household_assets"), ("T1", "assets")
    assert await tiers_of(session, [head, spouse, child, silent]) == [by_household, by_assets, by_household, by_assets]


async def test_a_household_one_of_whom_is_not_known_gives_nobody_a_tier(session: AsyncSession) -> None:
    await seed_defaults(session)
    head, spouse = await add_customers(session, 2)
    await put_average(session, head, 1_500_000_00)
    await put_average(session, spouse, None)
    for one in (head, spouse):
        await says(session, one, "granted")
    await add_household(session, (head, "head", 100), (spouse, "spouse", 100), since=DAY, sharing=(spouse,))
    await set_terms(session, routes=[{"kind": "household_assets", "bounds": {"T3": MILLION}}])
    await evaluate(session, day=DAY)
    assert await tiers_of(session, [head, spouse]) == [("T2", "assets"), None]
