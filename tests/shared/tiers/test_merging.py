"""Two customers become one: the higher tier stays, with its months of grace; two again, each stands where it stood."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.customers.merging import Merge
from guibin.security.actors import Scope
from guibin.tiers.merging import PARTICIPANT
from guibin.tiers.models import TierStanding
from guibin.tiers.override_repository import list_overrides
from guibin.tiers.repository import current_tier
from guibin.tiers.service import evaluate
from support.points import add_customers
from support.tiers import DAY, MILLION, add_override, give_tier, put_average, seed_defaults

NEXT = DAY + timedelta(days=1)


@pytest.fixture
async def pair(session: AsyncSession) -> tuple[UUID, UUID]:
    """Return a customer of a million, who is merged away, and one of two hundred thousand, who stays."""
    await seed_defaults(session)
    loser, survivor = await add_customers(session, 2)
    await put_average(session, loser, MILLION)
    await put_average(session, survivor, MILLION // 5)
    await evaluate(session, day=DAY)
    assert await _tiers(session, loser, survivor) == ["T2", "T1"]
    return loser, survivor


async def _tiers(session: AsyncSession, *customer_ids: UUID) -> list[str | None]:
    found = [await current_tier(session, Scope.of_job(), customer_id=one, day=NEXT) for one in customer_ids]
    return [one.code if one else None for one in found]


async def test_the_higher_tier_stays_when_the_night_comes_and_goes_back_with_its_customer(
    session: AsyncSession, pair: tuple[UUID, UUID]
) -> None:
    loser, survivor = pair
    stood = (await session.get_one(TierStanding, survivor)).model_dump()
    merge = Merge(new_id(), loser, survivor, new_id(), NEXT)
    moved = await PARTICIPANT.move(session, merge)
    assert await _tiers(session, survivor) == ["T2"]
    await evaluate(session, day=DAY)
    assert await _tiers(session, survivor) == ["T2"], "on the figures of one alone it is watched, and not lost at once"
    await PARTICIPANT.give_back(session, merge, moved)
    assert await _tiers(session, loser, survivor) == ["T2", "T1"]
    assert (await session.get_one(TierStanding, survivor)).model_dump() == stood


async def test_whoever_has_the_higher_tier_already_keeps_it(session: AsyncSession, pair: tuple[UUID, UUID]) -> None:
    higher, lower = pair
    merge = Merge(new_id(), lower, higher, new_id(), NEXT)
    moved = await PARTICIPANT.move(session, merge)
    assert moved == {"raised": False}
    await PARTICIPANT.give_back(session, merge, moved)
    assert await _tiers(session, higher, lower) == ["T2", "T1"]


async def test_a_tier_by_hand_goes_along_and_ends_when_its_customer_is_another_one_again(
    session: AsyncSession, pair: tuple[UUID, UUID]
) -> None:
    higher, lower = pair
    await add_override(session, lower, "T4", days=(clock.today() - DAY).days + 30)
    await give_tier(session, lower, "T4", on=NEXT)
    merge = Merge(new_id(), lower, higher, new_id(), NEXT)
    moved = await PARTICIPANT.move(session, merge)
    [taken] = await list_overrides(session, Scope.of_job(), customer_id=higher)
    assert (taken.tier_code, taken.valid_from) == ("T4", NEXT)
    assert await _tiers(session, higher) == ["T4"]
    await PARTICIPANT.give_back(session, merge, moved)
    [ended] = await list_overrides(session, Scope.of_job(), customer_id=higher)
    assert (ended.valid_to, ended.end_reason) == (max(NEXT, clock.today()), "merge_undone")
    assert await _tiers(session, higher, lower) == ["T2", "T4"]


async def test_a_tier_by_hand_of_the_survivor_is_not_overridden_by_the_others(
    session: AsyncSession, pair: tuple[UUID, UUID]
) -> None:
    higher, lower = pair
    await add_override(session, lower, "T4", days=30)
    await give_tier(session, lower, "T4", on=NEXT)
    own = await add_override(session, higher, "T3", start=NEXT + timedelta(days=9), days=30)
    moved = await PARTICIPANT.move(session, Merge(new_id(), lower, higher, new_id(), NEXT))
    assert moved["override"] is None
    assert [one.id for one in await list_overrides(session, Scope.of_job(), customer_id=higher)] == [own.id]


async def test_who_had_no_tier_of_its_own_has_none_again(session: AsyncSession, pair: tuple[UUID, UUID]) -> None:
    loser, _ = pair
    [fresh] = await add_customers(session, 1)
    merge = Merge(new_id(), loser, fresh, new_id(), NEXT)
    moved = await PARTICIPANT.move(session, merge)
    assert await _tiers(session, fresh) == ["T2"]
    await PARTICIPANT.give_back(session, merge, moved)
    assert await _tiers(session, fresh) == [None]
    assert (await session.get_one(TierStanding, fresh)).tier_code is None
