"""Many events at once under bounds: budgets and caps are exact, whoever comes first."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.ids import new_id
from guibin.holdings.models import EventType
from guibin.organisation.models import Branch, BranchClosure
from guibin.points import service
from guibin.points.defaults import ALWAYS
from guibin.points.earning.models import EarningAward, EarningBudget, EarningRule, EarningRuleVersion, RuleState
from guibin.points.earning.terms import EarningTerms
from guibin.points.invariants import check
from guibin.points.models import PointsAccount
from guibin.programme.models import Budget
from support.databases import Database
from support.points import ACTOR, NOON, commit_customers, event_rows, sessions_of

pytestmark = pytest.mark.merge

GIFT = {"wallet": "service", "kind": "fixed", "points": 10}
CUSTOMERS, EVENTS = 6, 30
"""Each customer has five events; each event is sent in a transaction of its own, all at once."""


async def prepare(database: Database, **terms: Any) -> list[tuple[str, str]]:
    """Put a rule in force, and record events; returns their keys."""
    customers = await commit_customers(database.owner_url, CUSTOMERS)
    document = {"name_zh": "登录", "name_en": "Login", "events": ["login"], "cases": [{"gives": [GIFT]}], **terms}
    async with sessions_of(database.owner_url, pool_size=1) as factory, factory() as session:
        session.add(EarningRule(code="bounded", state=RuleState.ACTIVE, active_version=1, created_at=NOON))
        await session.flush()
        session.add(
            EarningRuleVersion(
                rule_code="bounded",
                version=1,
                terms=EarningTerms.of(document).document(),
                in_force_from=ALWAYS,
                published_at=NOON,
            )
        )
        rows = [event_rows(customers[number % CUSTOMERS], EventType.LOGIN) for number in range(EVENTS)]
        session.add_all(row for pair in rows for row in pair)
        await session.commit()
    return [(event.line, event.reference) for event, _ in rows]


async def send(factory: SessionFactory, keys: list[tuple[str, str]], start: asyncio.Event) -> None:
    await start.wait()
    async with factory() as session:
        with clock.fixed_at(NOON):
            await service.earn_events(session, keys=keys, actor_id=ACTOR)
        await session.commit()


async def send_all(database: Database, keys: list[tuple[str, str]], *, at_once: int = 1) -> None:
    start = asyncio.Event()
    async with sessions_of(database.bank_url, pool_size=12) as factory:
        parts = [keys[first : first + at_once] for first in range(0, len(keys), at_once)]
        tasks = [asyncio.create_task(send(factory, part, start)) for part in parts]
        start.set()
        await asyncio.gather(*tasks)


async def given(database: Database) -> tuple[dict[UUID, int], list[EarningBudget]]:
    """Return the points that the rule gave to each customer, and what its budgets say, after all checks hold."""
    async with sessions_of(database.owner_url, pool_size=1) as factory, factory() as session:
        assert await check(session) == []
        awards = (await session.exec(select(EarningAward).where(EarningAward.rule_code == "bounded"))).all()
        accounts = (await session.exec(select(PointsAccount).where(PointsAccount.wallet == "service"))).all()
        points = {account.customer_id: account.balance for account in accounts if account.balance}
        assert sum(points.values()) == sum(award.points for award in awards)
        return points, list((await session.exec(select(EarningBudget))).all())


@pytest.mark.parametrize("at_once", [1, 7])
async def test_a_budget_is_given_out_exactly_however_many_ask_at_once(database: Database, at_once: int) -> None:
    keys = await prepare(database, budgets=[{"period": "month", "cost": "175.00"}, {"period": "year", "awards": 99}])

    await send_all(database, keys, at_once=at_once)

    points, budgets = await given(database)
    assert sum(points.values()) == 170, "17 times 10 points of 1 CNY are within 175 CNY, 18 are not"
    assert {(one.period, one.points, one.cost_fen, one.awards) for one in budgets} == {
        ("month", 170, 170_00, 17),
        ("year", 170, 170_00, 17),
    }


@pytest.mark.parametrize(
    ("terms", "each"),
    [
        ({"caps": [{"period": "day", "points": 25}]}, 25),
        ({"caps": [{"period": "year", "points": 25, "over": "refuse"}]}, 20),
        ({"frequency": [{"period": "month", "times": 3}]}, 30),
        ({"cool_down_hours": 1}, 10),
        ({"goal": {"period": "month", "times": 5}}, 10),
        ({"budgets": [{"period": "day", "points": 40, "per_customer": True}]}, 40),
    ],
)
async def test_what_bounds_one_customer_is_exact_when_all_events_come_at_once(
    database: Database, terms: dict[str, Any], each: int
) -> None:
    await send_all(database, await prepare(database, **terms))

    points, _ = await given(database)
    assert list(points.values()) == [each] * CUSTOMERS


async def test_the_budget_of_the_owner_pays_exactly_and_stops(database: Database) -> None:
    keys = await prepare(database)
    async with sessions_of(database.owner_url, pool_size=1) as factory, factory() as session:
        branch_id, code = await branch_of(session)
        session.add(
            Budget(
                branch_id=branch_id,
                id=new_id(),
                year=NOON.year,
                line="e_finance",
                points_limit=None,
                fen_limit=99_99,
                created_at=NOON,
            )
        )
        rule = await session.get(EarningRule, "bounded")
        version = await session.get(EarningRuleVersion, ("bounded", 1))
        assert rule is not None
        assert version is not None
        rule.branch, version.terms = code, version.terms | {"budget_line": "e_finance"}
        await session.commit()

    await send_all(database, keys)

    points, _ = await given(database)
    assert sum(points.values()) == 90
    async with sessions_of(database.owner_url, pool_size=1) as factory, factory() as session:
        (budget,) = (await session.exec(select(Budget))).all()
        assert (budget.points_spent, budget.fen_spent) == (90, 90_00)


async def branch_of(session: AsyncSession) -> tuple[UUID, str]:
    """Return the branch of the customers, closed over itself as the organisation's own command would."""
    (branch,) = (await session.exec(select(Branch))).all()
    session.add(BranchClosure(ancestor_id=branch.id, descendant_id=branch.id))
    return branch.id, branch.code
