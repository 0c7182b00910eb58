"""The ledger against a small model of it (T-MODEL-1): whatever happens in whatever order, both say the same."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.privacy import defaults as privacy
from support.ledger_driver import STEPS, Both, Step, let_pass_on, let_roll_over, rolled_back
from support.points import add_customers

ESTATE: list[Step] = [
    ("earn", 50, 3, 0, "1"),
    ("earn", 20, 5, 0, "2"),
    ("bequeath", 1, 0, 0, "0"),
    ("earn", 30, 5, 0, "3"),
    ("hold", 30, 5, 0, "4"),
    ("bequeath", 1, 0, 0, "0"),
    ("claw_back", 20, 0, 1, "5"),
    ("release", 1, 0, 0, "6"),
    ("bequeath", 1, 0, 0, "0"),
    ("take_back", 3, 0, 0, "7"),
]
"""All that there is passes on, then nothing while some is set aside, then what is not owed; and a part comes back."""


async def _drive(session: AsyncSession, steps: list[Step], *, rolls: bool) -> None:
    first, second = await add_customers(session, 2)
    both = Both(session, first, other=Both(session, second))
    await let_pass_on(session)
    await privacy.seed(session)
    if rolls:
        both.into, both.other = Both(session, first, wallet="service"), None
        await let_roll_over(session)
    for step in steps:
        await both.step(step)
    await both.compare()
    for one in (both.other, both.into):
        if one is not None:
            await one.compare()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=5, max_size=40), rolls=st.booleans())
@example(steps=ESTATE, rolls=False)
async def test_the_ledger_agrees_with_its_model(session: AsyncSession, steps: list[Step], rolls: bool) -> None:
    await rolled_back(session, lambda: _drive(session, steps, rolls=rolls))


@pytest.mark.nightly
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, min_size=20, max_size=60), rolls=st.booleans())
async def test_the_ledger_agrees_with_its_model_for_long(session: AsyncSession, steps: list[Step], rolls: bool) -> None:
    await rolled_back(session, lambda: _drive(session, steps, rolls=rolls))
