"""The ledger against a small model of it (T-MODEL-1): whatever happens in whatever order, both say the same."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel.ext.asyncio.session import AsyncSession

from support.ledger_driver import STEPS, Both, Step, let_pass_on, rolled_back
from support.points import add_customers


async def _drive(session: AsyncSession, steps: list[Step]) -> None:
    first, second = await add_customers(session, 2)
    both = Both(session, first, other=Both(session, second))
    await let_pass_on(session)
    for step in steps:
        await both.step(step)
    await both.compare()
    if both.other is not None:
        await both.other.compare()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=5, max_size=40))
async def test_the_ledger_agrees_with_its_model(session: AsyncSession, steps: list[Step]) -> None:
    await rolled_back(session, lambda: _drive(session, steps))


@pytest.mark.nightly
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, min_size=20, max_size=60))
async def test_the_ledger_agrees_with_its_model_for_long(session: AsyncSession, steps: list[Step]) -> None:
    await rolled_back(session, lambda: _drive(session, steps))
