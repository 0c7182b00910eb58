"""The night with tiers given by hand: what holds, what locks, what comes back afterwards, what history says."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.security.actors import Scope
from guibin.tiers import repository
from guibin.tiers.figures import Scheme
from guibin.tiers.models import OverrideMode
from guibin.tiers.moves_repository import count_moves
from guibin.tiers.service import evaluate
from support.points import add_customers
from support.tiers import DAY, MILLION, add_override, give_tier, put_average, seed_defaults, set_terms, tier_changes

NEXT_DAY = DAY + timedelta(days=1)
BANK = Scope.of_job()


@pytest.fixture
async def customer_id(session: AsyncSession) -> UUID:
    await seed_defaults(session)
    return (await add_customers(session))[0]


async def _history(session: AsyncSession, customer_id: UUID) -> list[tuple[str | None, str, bool]]:
    rows = await repository.list_history(session, BANK, customer_id=customer_id)
    return [(row.tier_code, row.cause, row.override_id is not None) for row in reversed(rows)]


async def _night(session: AsyncSession, customer_id: UUID, day: date, average_fen: int | None) -> dict[str, int]:
    await put_average(session, customer_id, average_fen, day=day)
    return await evaluate(session, day=day)


@pytest.mark.parametrize(
    ("mode", "held", "average", "tier"),
    [
        (OverrideMode.HOLD, "T3", MILLION, "T3"),
        (OverrideMode.HOLD, "T1", MILLION, "T2"),
        (OverrideMode.HOLD, "T2", MILLION, "T2"),
        (OverrideMode.HOLD, "T3", None, "T3"),
        (OverrideMode.HOLD, "T1", 0, "T1"),
        (OverrideMode.LOCK, "T1", MILLION, "T1"),
        (OverrideMode.LOCK, "T4", MILLION, "T4"),
        (OverrideMode.LOCK, "T4", None, "T4"),
    ],
)
async def test_holding_keeps_from_falling_below_and_locking_gives_exactly_the_tier(
    session: AsyncSession, customer_id: UUID, mode: OverrideMode, held: str, average: int | None, tier: str
) -> None:
    await add_override(session, customer_id, held, mode)
    await _night(session, customer_id, DAY, average)
    found = await repository.current_tier(session, BANK, customer_id=customer_id, day=NEXT_DAY)
    assert found is not None
    assert found.code == tier


async def test_an_override_holds_until_its_end_and_the_figures_decide_again_by_themselves(
    session: AsyncSession, customer_id: UUID
) -> None:
    await add_override(session, customer_id, "T3", days=2)
    nights = [await _night(session, customer_id, DAY + timedelta(days=one), MILLION) for one in range(4)]
    assert nights == [
        tier_changes(override=1),
        tier_changes(),
        tier_changes(override_ended=1),
        tier_changes(),
    ]
    assert await _history(session, customer_id) == [("T3", "override", True), ("T2", "override_ended", True)]


async def test_the_tier_from_before_comes_back_where_the_figures_are_unknown_at_the_end(
    session: AsyncSession, customer_id: UUID
) -> None:
    await give_tier(session, customer_id, "T1")
    await add_override(session, customer_id, "T3", days=1)
    await _night(session, customer_id, DAY, None)
    await _night(session, customer_id, NEXT_DAY, None)
    assert await _history(session, customer_id) == [
        ("T1", "first", False),
        ("T3", "override", True),
        ("T1", "override_ended", True),
    ]


async def test_a_stale_line_at_the_end_does_not_lower_below_the_tier_from_before(
    session: AsyncSession, customer_id: UUID
) -> None:
    await give_tier(session, customer_id, "T2")
    await add_override(session, customer_id, "T4", days=1)
    await _night(session, customer_id, DAY, MILLION)
    await put_average(session, customer_id, 0, day=NEXT_DAY, stale_lines=["credit_card"])
    await evaluate(session, day=NEXT_DAY)
    assert (await _history(session, customer_id))[-1] == ("T2", "override_ended", True)


async def test_history_says_when_only_an_override_keeps_the_tier(session: AsyncSession, customer_id: UUID) -> None:
    await set_terms(session, transition_months={"T2": 1})
    await give_tier(session, customer_id, "T2", on=DAY)
    await add_override(session, customer_id, "T2")
    await _night(session, customer_id, DAY, MILLION)
    assert await _history(session, customer_id) == [("T2", "first", False)]
    await _night(session, customer_id, NEXT_DAY, 300_000_00)
    assert (await _history(session, customer_id))[-1] == ("T2", "override", True)


async def test_history_says_when_another_override_of_the_same_tier_takes_over(
    session: AsyncSession, customer_id: UUID
) -> None:
    ends = await add_override(session, customer_id, "T3", days=1)
    begins = await add_override(session, customer_id, "T3", start=NEXT_DAY + timedelta(days=1))
    for day in (DAY, NEXT_DAY, NEXT_DAY):
        await _night(session, customer_id, day, MILLION)
    rows = await repository.list_history(session, BANK, customer_id=customer_id)
    assert [(row.tier_code, row.cause, row.override_id) for row in reversed(rows)] == [
        ("T3", "override", ends.id),
        ("T3", "override", begins.id),
    ]


async def test_an_override_to_come_changes_nothing_before_its_first_day(
    session: AsyncSession, customer_id: UUID
) -> None:
    await add_override(session, customer_id, "T5", start=NEXT_DAY + timedelta(days=1))
    await _night(session, customer_id, DAY, MILLION)
    assert await _history(session, customer_id) == [("T2", "first", False)]
    await _night(session, customer_id, NEXT_DAY, MILLION)
    assert (await _history(session, customer_id))[-1] == ("T5", "override", True)


async def test_a_second_run_of_a_night_with_overrides_changes_nothing(session: AsyncSession, customer_id: UUID) -> None:
    await add_override(session, customer_id, "T3", days=1)
    for day in (DAY, NEXT_DAY):
        await _night(session, customer_id, day, MILLION)
        assert await _night(session, customer_id, day, MILLION) == tier_changes()


async def test_two_overrides_never_overlap(session: AsyncSession, customer_id: UUID) -> None:
    await add_override(session, customer_id, "T3")
    with pytest.raises(IntegrityError):
        await add_override(session, customer_id, "T4", start=NEXT_DAY + timedelta(days=29))


async def test_the_preview_of_a_scheme_leaves_out_who_has_a_tier_by_hand(
    session: AsyncSession, customer_id: UUID
) -> None:
    await put_average(session, customer_id, MILLION)
    scheme = await repository.active_scheme(session)
    assert scheme is not None
    lines = await repository.lines_of(session, scheme.id)
    assert await count_moves(session, Scheme.of(scheme, lines), day=NEXT_DAY) == [("-", "T2", 1)]
    await add_override(session, customer_id, "T3")
    assert await count_moves(session, Scheme.of(scheme, lines), day=NEXT_DAY) == []
