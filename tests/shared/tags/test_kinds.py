"""Every kind of tag: the database gives the values that the judgement gives, and a run keeps them by value."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import select as sql_select
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession as PlainSession
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.tags.compiler import FACTS
from guibin.tags.errors import RuleTooComplex
from guibin.tags.kinds import Definition, Preference, read_definition
from guibin.tags.kinds.compiling import compile_definitions
from guibin.tags.kinds.judging import judge
from guibin.tags.models import CustomerFact, CustomerTag, TagKind, TagState, TagVersion
from guibin.tags.service import run_tags
from support.fact_rows import store
from support.rule_customers import Facts, facts
from support.tag_kinds import definitions, ranked
from support.tagging import DAY, MILLION, NEXT_DAY, add_branch, add_customer_with_facts, add_event, add_tag

QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
BANKS = st.lists(facts, min_size=1, max_size=3)
SETS = st.lists(definitions, min_size=1, max_size=3)


def read_or_skip(kind: TagKind, raw: object) -> Definition:
    try:
        return read_definition(kind, raw)
    except RuleTooComplex:
        assume(condition=False)
        raise


async def given_values(session: PlainSession, wanted: Sequence[Definition]) -> dict[UUID, list[tuple[str, ...]]]:
    compiled = compile_definitions(wanted, day=DAY)
    flat = [value for values in compiled.values for value in values]
    found: dict[UUID, list[tuple[str, ...]]] = {}
    statement = sql_select(FACTS.c.customer_id, *flat).select_from(compiled.source)
    for customer_id, *row in (await session.execute(statement)).all():
        values = iter(row)
        found[customer_id] = [
            tuple(value for _ in expressions if (value := next(values)) is not None) for expressions in compiled.values
        ]
    return found


async def check(session: AsyncSession, bank: list[Facts], raws: list[tuple[TagKind, object]]) -> None:
    wanted = [read_or_skip(kind, raw) for kind, raw in raws]
    inner = await session.begin_nested()
    try:
        ids = await store(session, bank)
        found = await given_values(session, wanted)
    finally:
        await inner.rollback()
    for customer_id, customer in zip(ids, bank, strict=True):
        expected = [
            judge(one, customer.read, DAY, ranked(one, customer) if isinstance(one, Preference) else None).values
            for one in wanted
        ]
        assert found[customer_id] == expected


@settings(max_examples=60, deadline=None, suppress_health_check=QUIET)
@given(bank=BANKS, raws=SETS)
async def test_the_database_gives_the_values_that_the_judgement_gives(
    session: AsyncSession, bank: list[Facts], raws: list[tuple[TagKind, object]]
) -> None:
    await check(session, bank, raws)


@pytest.mark.nightly
@settings(max_examples=5_000, deadline=None, suppress_health_check=QUIET)
@given(bank=BANKS, raws=SETS)
async def test_the_database_gives_the_values_that_the_judgement_gives_over_5_000_banks(
    session: AsyncSession, bank: list[Facts], raws: list[tuple[TagKind, object]]
) -> None:
    await check(session, bank, raws)


async def add_in_force(session: AsyncSession, code: str, kind: TagKind, rule: dict[str, Any]) -> None:
    tag = await add_tag(session, code, kind=kind, state=TagState.PUBLISHED, published_version=1)
    session.add(TagVersion(tag_code=code, version=1, rule=rule, published_at=tag.created_at))
    await session.flush()


async def history(session: AsyncSession, customer_id: UUID) -> list[tuple[str, object, object]]:
    session.expire_all()
    rows = await session.exec(
        select(CustomerTag)
        .where(CustomerTag.customer_id == customer_id)
        .order_by(col(CustomerTag.since), col(CustomerTag.value))
    )
    return [(row.value, row.since, row.until) for row in rows.all()]


def aum_at_least(amount: str) -> dict[str, Any]:
    return {"fact": "aum", "op": ">=", "value": amount}


async def test_a_value_ends_on_the_day_on_which_another_begins(session: AsyncSession) -> None:
    steps = [{"value": "gold", "when": aum_at_least("1000000.00")}, {"value": "silver", "when": aum_at_least("1.00")}]
    await add_in_force(session, "metal", TagKind.VALUES, {"values": steps})
    customer_id = await add_customer_with_facts(session, await add_branch(session), aum_fen=MILLION)
    assert (await run_tags(session, day=DAY))["added"] == 1
    await session.execute(update(CustomerFact).values(aum_fen=MILLION - 1))
    counts = await run_tags(session, day=NEXT_DAY)
    assert (counts["added"], counts["ended"]) == (1, 1)
    assert await history(session, customer_id) == [("gold", DAY, NEXT_DAY), ("silver", NEXT_DAY, None)]


async def test_a_value_that_changes_twice_within_a_day_is_one_row_again(session: AsyncSession) -> None:
    await add_in_force(session, "assets", TagKind.AGGREGATE, {"figure": "aum"})
    customer_id = await add_customer_with_facts(session, await add_branch(session), aum_fen=100)
    for fen in (100, 250, 100):
        await session.execute(update(CustomerFact).values(aum_fen=fen))
        await run_tags(session, day=DAY)
    assert await history(session, customer_id) == [("1.00", DAY, None), ("2.50", DAY, DAY)]


async def test_a_customer_can_have_several_values_of_a_preference(session: AsyncSession) -> None:
    rule = {"most": "event.merchant_category", "window": {"last_days": 30}, "at_most": 2, "least_percent": 20}
    await add_in_force(session, "likes", TagKind.PREFERENCE, rule)
    customer_id = await add_customer_with_facts(session, await add_branch(session))
    for category, times in (("dining", 3), ("travel", 2), ("books", 1)):
        for _ in range(times):
            await add_event(session, customer_id, "card_spend", merchant_category=category)
    assert (await run_tags(session, day=DAY))["added"] == 2
    assert await history(session, customer_id) == [("dining", DAY, None), ("travel", DAY, None)]
    assert await run_tags(session, day=NEXT_DAY) == {"rules": 1, "read": 1, "added": 0, "ended": 0, "failed": 0}
