"""The ledger against a small model of it (T-MODEL-1): whatever happens in whatever order, both say the same."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.privacy import defaults as privacy
from support.ledger_driver import START, STEPS, Both, Step, rolled_back
from support.ledger_household import let_spend_together
from support.ledger_lapsing import LapsingModel
from support.ledger_terms import let_lapse, let_pass_on, let_roll_over
from support.points import add_customers

SHARE = 40
TERMS = st.sampled_from(("household", "roll", "lapse"))
"""Points are shared with a household and passed on, roll over into another wallet, or lapse by a share when unused."""

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

TOGETHER: list[Step] = [
    ("earn", 20, 3, 0, "1"),
    ("pass_on", 15, 0, 0, "2"),
    ("earn", 10, 5, 0, "3"),
    ("spend_together", 25, 0, 0, "0"),
    ("refund", 8, 0, 0, "4"),
    ("wait", 1, 4, 0, "0"),
    ("refund", 17, 0, 0, "5"),
    ("spent_together", 12, 0, 0, "0"),
    ("refund_other", 12, 0, 0, "6"),
]
"""A part of what both paid comes back while it is good, the rest as points of grace; then the other way round."""


LAPSED: list[Step] = [
    ("earn", 65, 12, 0, "1"),
    ("hold", 10, 12, 0, "3"),
    ("opening", 7, 1, 0, "2"),
    ("wait", 1, 2, 0, "0"),
    ("redeem", 5, 0, 0, "4"),
    ("wait", 1, 5, 0, "0"),
    ("claw_back", 50, 0, 0, "5"),
    ("adjust_credit", 40, 6, 0, "6"),
    ("wait", 1, 3, 0, "0"),
    ("night", 1, 0, 0, "0"),
    ("redeem", 9, 0, 0, "7"),
]
"""A share goes twice, never of what is set aside, and is not taken back once more; the night finds what has lapsed."""


async def _drive(session: AsyncSession, steps: list[Step], *, terms: str) -> None:
    first, second = await add_customers(session, 2)
    both = Both(session, first, other=Both(session, second))
    await let_pass_on(session)
    await privacy.seed(session)
    if terms == "roll":
        both.into, both.other = Both(session, first, wallet="service"), None
        await let_roll_over(session)
    elif terms == "lapse":
        both = Both(session, first, LapsingModel(share=SHARE), pace=14)
        await let_lapse(session, share=SHARE)
    else:
        await let_spend_together(session, first, second, day=START)
    for step in steps:
        await both.step(step)
    await both.compare()
    for one in (both.other, both.into):
        if one is not None:
            await one.compare()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=5, max_size=40), terms=TERMS)
@example(steps=ESTATE, terms="household")
@example(steps=TOGETHER, terms="household")
@example(steps=LAPSED, terms="lapse")
async def test_the_ledger_agrees_with_its_model(session: AsyncSession, steps: list[Step], terms: str) -> None:
    await rolled_back(session, lambda: _drive(session, steps, terms=terms))


@pytest.mark.nightly
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, min_size=20, max_size=60), terms=TERMS)
async def test_the_ledger_agrees_with_its_model_for_long(session: AsyncSession, steps: list[Step], terms: str) -> None:
    await rolled_back(session, lambda: _drive(session, steps, terms=terms))
