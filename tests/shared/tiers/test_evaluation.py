"""The night's evaluation: who gets which tier from the next day on, and who keeps the present one."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import new_id
from guibin.customers.models import Customer
from guibin.holdings.months import last_complete_month
from guibin.security.actors import Scope
from guibin.tiers import defaults, repository
from guibin.tiers.facts import TIER_FACTS
from guibin.tiers.figures import Scheme, select_earned
from guibin.tiers.models import TierHistory
from guibin.tiers.moves_repository import count_moves
from guibin.tiers.repository import CurrentTier
from guibin.tiers.rules import Line, tier_of
from guibin.tiers.service import evaluate
from guibin.tiers.terms import Terms
from support.points import add_customers
from support.tiers import DAY, MILLION, MONTH, give_tier, put_average, seed_defaults, tier_changes

NEXT_DAY = DAY + timedelta(days=1)
BANK = Scope.of_job()
CODES = [code for code, *_ in defaults.TIERS]


@pytest.fixture
async def customer_id(session: AsyncSession) -> UUID:
    await seed_defaults(session)
    return (await add_customers(session))[0]


async def _current(session: AsyncSession, customer_id: UUID, day: date = NEXT_DAY) -> CurrentTier | None:
    return await repository.current_tier(session, BANK, customer_id=customer_id, day=day)


async def _rows(session: AsyncSession, customer_id: UUID) -> list[TierHistory]:
    return list(await repository.list_history(session, BANK, customer_id=customer_id))


async def test_a_first_tier_begins_the_day_after_with_the_figures_that_decided(
    session: AsyncSession, customer_id: UUID
) -> None:
    await put_average(session, customer_id, MILLION)
    assert await evaluate(session, day=DAY) == tier_changes(first=1)
    tier = await _current(session, customer_id)
    assert tier is not None
    assert (tier.code, tier.since, tier.metric_fen, tier.metric_month) == ("T2", NEXT_DAY, MILLION, MONTH)


async def test_a_tier_is_not_in_force_on_the_day_that_was_closed(session: AsyncSession, customer_id: UUID) -> None:
    await put_average(session, customer_id, MILLION)
    await evaluate(session, day=DAY)
    assert await _current(session, customer_id, DAY) is None


async def test_a_higher_average_lifts_with_the_next_run(session: AsyncSession, customer_id: UUID) -> None:
    await give_tier(session, customer_id, "T1")
    await put_average(session, customer_id, MILLION)
    assert await evaluate(session, day=DAY) == tier_changes(up=1)
    newest = (await _rows(session, customer_id))[0]
    assert (newest.tier_code, newest.cause, newest.route) == ("T2", "up", "assets")


async def test_somebody_below_all_lines_gets_no_row(session: AsyncSession, customer_id: UUID) -> None:
    await put_average(session, customer_id, 0)
    assert await evaluate(session, day=DAY) == tier_changes()
    assert await _rows(session, customer_id) == []


async def test_an_unknown_average_changes_nothing(session: AsyncSession, customer_id: UUID) -> None:
    await give_tier(session, customer_id, "T3")
    await put_average(session, customer_id, None)
    assert await evaluate(session, day=DAY) == tier_changes()


async def test_a_stale_line_never_lowers(session: AsyncSession, customer_id: UUID) -> None:
    await give_tier(session, customer_id, "T3")
    await put_average(session, customer_id, 0, stale_lines=["credit_card"])
    assert await evaluate(session, day=DAY) == tier_changes()


async def test_a_stale_line_does_not_keep_from_rising(session: AsyncSession, customer_id: UUID) -> None:
    await give_tier(session, customer_id, "T1")
    await put_average(session, customer_id, MILLION, stale_lines=["credit_card"])
    assert (await evaluate(session, day=DAY))["up"] == 1


async def test_a_second_run_of_the_day_changes_nothing(session: AsyncSession, customer_id: UUID) -> None:
    await put_average(session, customer_id, MILLION)
    await evaluate(session, day=DAY)
    assert await evaluate(session, day=DAY) == tier_changes()
    assert len(await _rows(session, customer_id)) == 1


async def test_a_second_run_on_corrected_figures_corrects_the_tier(session: AsyncSession, customer_id: UUID) -> None:
    await put_average(session, customer_id, MILLION)
    await evaluate(session, day=DAY)
    await put_average(session, customer_id, 2 * MILLION)
    assert (await evaluate(session, day=DAY))["up"] == 1
    tier = await _current(session, customer_id)
    assert tier is not None
    assert tier.code == "T3"
    assert len(await _rows(session, customer_id)) == 2


async def test_without_a_scheme_in_force_nobody_gets_a_tier(session: AsyncSession, customer_id: UUID) -> None:
    await put_average(session, customer_id, MILLION)
    await repository.retire_active(session)
    assert await evaluate(session, day=DAY) == tier_changes()


async def test_seeding_again_adds_nothing(session: AsyncSession) -> None:
    await seed_defaults(session)
    assert await defaults.seed(session) == 0


async def test_tag_rules_see_the_tier_of_the_run_before(session: AsyncSession, customer_id: UUID) -> None:
    await give_tier(session, customer_id, "T1", on=DAY)
    await give_tier(session, customer_id, "T2", on=NEXT_DAY)
    facts = (await session.execute(TIER_FACTS.select(DAY))).all()
    assert [tier for customer, tier in facts if customer == customer_id] == ["T1"]


async def test_a_customer_out_of_scope_has_no_tier_to_see(session: AsyncSession, customer_id: UUID) -> None:
    await give_tier(session, customer_id, "T2")
    assert await repository.current_tier(session, Scope.nothing(), customer_id=customer_id, day=DAY) is None
    assert await repository.list_history(session, Scope.nothing(), customer_id=customer_id) == []


bounds = st.lists(st.integers(0, 10**13), min_size=6, max_size=6, unique=True).map(sorted)
offsets = st.sampled_from([-1, 0, 1])


@settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(bounds=bounds, elsewhere=st.integers(0, 10**13))
async def test_the_statement_decides_as_the_rule_does(session: AsyncSession, bounds: list[int], elsewhere: int) -> None:
    lines = [Line(code, rank, bound) for rank, (code, bound) in enumerate(zip(CODES, bounds, strict=True))]
    scheme = Scheme(new_id(), lines, Terms())
    averages = [max(0, bound + offset) for bound in bounds for offset in (-1, 0, 1)] + [elsewhere]
    earned = select_earned(scheme, cutoff=last_complete_month(DAY).last, day=DAY).subquery()
    query = select(earned.c.metric_fen, earned.c.earned).order_by(earned.c.customer_id)
    async with session.begin_nested() as savepoint:
        ids = await add_customers(session, len(averages))
        for customer_id, average in zip(ids, averages, strict=True):
            await put_average(session, customer_id, average)
        found = (await session.execute(query.where(earned.c.customer_id.in_(ids)))).all()
        await savepoint.rollback()
    codes = dict(enumerate(CODES))
    assert [(row[0], codes.get(row[1])) for row in found] == [(one, tier_of(one, lines)) for one in averages]


async def test_moves_are_counted_by_present_tier_and_tier_to_come(session: AsyncSession, customer_id: UUID) -> None:
    others = await add_customers(session, 2)
    await give_tier(session, customer_id, "T1")
    await give_tier(session, others[0], "T1")
    for one in (customer_id, *others):
        await put_average(session, one, MILLION)
    merged = (await add_customers(session))[0]
    await put_average(session, merged, MILLION)
    (await session.get_one(Customer, merged)).merged_into = customer_id
    await session.flush()
    scheme = await repository.active_scheme(session)
    assert scheme is not None
    lines = await repository.lines_of(session, scheme.id)
    assert await count_moves(session, Scheme.of(scheme, lines), day=DAY) == [("-", "T2", 1), ("T1", "T2", 2)]
