"""Why as of a past day: facts composed anew are those that the night of that day had, with the version of that day."""

import random
from datetime import date, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.security.actors import Scope
from guibin.tags.facts import refresh_facts
from guibin.tags.kinds.definitions import having
from guibin.tags.matching import CustomerValues, read_values
from guibin.tags.models import TagVersion
from guibin.tags.rules import parse_rule
from guibin.tags.service import explain, run_tags
from support.tagging import (
    add_balance,
    add_branch,
    add_customer,
    add_event,
    add_holding,
    add_products,
    add_record,
    add_rule_in_force,
)

FIRST = date(2026, 10, 28)
EVERYBODY = Scope(whole_bank=True)
READ = having(
    parse_rule(
        {
            "any": [
                {"fact": "aum", "op": ">=", "value": "1.00"},
                {"fact": "aum_mda", "op": ">=", "value": "1.00"},
                {"fact": "asset.deposits", "op": ">=", "value": "1.00"},
                {"fact": "liabilities", "op": ">=", "value": "1.00"},
                {"fact": "products", "op": "has_any", "value": ["DEP"]},
                {"fact": "customer_kinds", "op": "has_any", "value": ["social_security"]},
                {"fact": "lines", "op": "has_any", "value": ["personal_finance"]},
                {"fact": "age", "op": ">", "value": 1},
                {"fact": "tenure_days", "op": ">", "value": 1},
                {"fact": "tier", "op": "exists"},
                {"fact": {"sum": "event.amount", "window": {"last_days": 5}}, "op": ">", "value": "1.00"},
            ]
        }
    )
)


async def open_bank(session: AsyncSession) -> dict[UUID, UUID]:
    await add_products(session)
    branch = await add_branch(session)
    holdings = {}
    for number in range(5):
        born = {"birth_year": 1980, "birth_mmdd": f"11{number + 1:02d}"}
        one = await add_customer(session, branch, opened_on=FIRST - timedelta(days=number), **born)
        await add_record(session, one, "personal_finance")
        holdings[one] = await add_holding(session, one, "CARD" if number == 4 else "DEP", 100 * number)
    return holdings


async def read(session: AsyncSession, customer_id: UUID, day: date, *, anew: bool) -> CustomerValues:
    found = await read_values(session, EVERYBODY, definition=READ, customer_id=customer_id, day=day, anew=anew)
    assert found is not None
    return found


async def test_facts_composed_anew_are_those_of_the_nights_of_many_days(session: AsyncSession) -> None:
    chance, holdings = random.Random(5), await open_bank(session)
    stored: dict[tuple[date, UUID], CustomerValues] = {}
    for number in range(9):
        day = FIRST + timedelta(days=number)
        for one in chance.sample(sorted(holdings), 2):
            await add_balance(session, one, holdings[one], day, chance.randint(-50, 5_000))
            await add_event(session, one, chance.choice(["pension", "card_spend"]), day=day, amount_fen=700)
        await refresh_facts(session, day=day)
        for one in holdings:
            stored[day, one] = await read(session, one, day, anew=False)
    assert len({repr(values.values) for values in stored.values()}) > 20
    for (day, one), values in stored.items():
        assert await read(session, one, day, anew=True) == values, day


async def test_a_past_day_is_explained_by_the_version_and_the_membership_of_that_day(session: AsyncSession) -> None:
    holdings = await open_bank(session)
    one = sorted(holdings)[1]
    tag = await add_rule_in_force(session, "some", {"fact": "aum", "op": ">=", "value": "1.00"})
    for day, fen in ((FIRST, 100), (FIRST + timedelta(days=1), 5)):
        if fen != 100:
            await add_balance(session, one, holdings[one], day, fen)
        await refresh_facts(session, day=day)
        await run_tags(session, day=day)
    rule: dict[str, object] = {"fact": "aum", "op": ">=", "value": "9.00"}
    session.add(TagVersion(tag_code="some", version=2, rule=rule, published_at=clock.now()))
    tag.published_version = 2
    await session.flush()
    await refresh_facts(session, day=FIRST + timedelta(days=2))
    await run_tags(session, day=FIRST + timedelta(days=2))

    found = {
        day: await explain(session, EVERYBODY, customer_id=one, code="some", as_of=FIRST + timedelta(days=day))
        for day in range(3)
    }
    assert [found[day].membership is not None for day in range(3)] == [True, False, False]
    assert [found[day].version.version for day in range(3) if found[day].version] == [1, 1, 2]  # type: ignore[union-attr]
    judged = [found[day].judgement for day in range(3)]
    assert [bool(one.values) for one in judged if one] == [True, False, False]
    now = await explain(session, EVERYBODY, customer_id=one, code="some")
    assert now.version is not None
    assert now.version.version == 2
