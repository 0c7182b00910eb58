"""What rules ask beyond the facts of the day: other days, other customers, values of tags, how long something holds."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.relations.models import CustomerLink, LinkKind
from guibin.security.actors import Scope
from guibin.tags.facts import refresh_facts
from guibin.tags.models import CustomerTag, ScoreModifier, Tag, TagKind, TagState, TagVersion
from guibin.tags.runs.models import HeldSince
from guibin.tags.service import explain, preview_rule, run_changed, run_night, run_tags
from guibin.tags.service.quantiles import drawn
from support.tagging import (
    DAY,
    MAKER,
    add_balance,
    add_branch,
    add_customer,
    add_customer_with_facts,
    add_event,
    add_holding,
    add_products,
    add_rule_in_force,
    add_tag,
)

ALL = Scope(whole_bank=True)
RICH = {"fact": "aum", "op": ">=", "value": "1000.00"}
FALLEN = {"fact": "aum", "op": "<", "value": {"fact": {"fact": "aum", "days_ago": 30}, "times": "0.8"}}


async def has(session: AsyncSession, code: str) -> set[tuple[UUID, str]]:
    rows = select(CustomerTag).where(CustomerTag.tag_code == code, col(CustomerTag.until).is_(None))
    return {(row.customer_id, row.value) for row in (await session.exec(rows)).all()}


async def those_with(session: AsyncSession, code: str) -> set[UUID]:
    return {customer_id for customer_id, _ in await has(session, code)}


async def add_kind(session: AsyncSession, code: str, kind: TagKind, rule: dict[str, Any]) -> None:
    await add_tag(session, code, kind=kind, state=TagState.PUBLISHED, published_version=1)
    session.add(TagVersion(tag_code=code, version=1, rule=rule, published_at=clock.now()))
    await session.flush()


async def open_bank(session: AsyncSession, *balances: dict[date, int]) -> list[UUID]:
    """Add customers with one deposit each, whose balance is of each day on."""
    branch = await add_branch(session)
    await add_products(session)
    ids = []
    for days in balances:
        customer_id = await add_customer(session, branch)
        holding = await add_holding(session, customer_id, "DEP", 0)
        for day, fen in days.items():
            await add_balance(session, customer_id, holding, day, fen)
        ids.append(customer_id)
    return ids


async def night(session: AsyncSession, day: date) -> dict[str, int]:
    await refresh_facts(session, day=day)
    return await run_night(session, day=day)


async def test_a_fact_is_held_against_itself_of_a_month_ago(session: AsyncSession) -> None:
    before, lately = DAY - timedelta(days=40), DAY - timedelta(days=3)
    fallen, steady, at_the_limit = await open_bank(
        session, {before: 100_00, lately: 79_99}, {before: 100_00}, {before: 100_00, lately: 80_00}
    )
    await add_rule_in_force(session, "fallen", FALLEN)
    await night(session, DAY)
    assert await those_with(session, "fallen") == {fallen}
    told = await explain(session, ALL, customer_id=fallen, code="fallen")
    assert told.verdict is not None
    assert (told.verdict.actual, told.verdict.other, told.verdict.met) == (79_99, 8000, True)
    for other in (steady, at_the_limit):
        why_not = await explain(session, ALL, customer_id=other, code="fallen")
        assert why_not.first_failing is not None
    anew = await explain(session, ALL, customer_id=fallen, code="fallen", as_of=DAY)
    assert anew.verdict is not None
    assert (anew.verdict.actual, anew.verdict.other) == (79_99, 8000)


async def test_what_has_held_for_days_is_looked_for_in_the_past_and_recorded_from_then_on(
    session: AsyncSession,
) -> None:
    long_ago = DAY - timedelta(days=90)
    old, new, almost, never = await open_bank(
        session,
        {long_ago: 1_000_00},
        {DAY - timedelta(days=3): 1_000_00},
        {DAY - timedelta(days=8): 1_000_00},
        {long_ago: 999_99},
    )
    await add_rule_in_force(session, "rich_for_ten", {"held": RICH, "for_days": 10})
    await night(session, DAY)
    assert await those_with(session, "rich_for_ten") == {old}
    since = {row.customer_id: row.since for row in (await session.exec(select(HeldSince))).all()}
    assert since == {
        old: DAY - timedelta(days=9),
        new: DAY - timedelta(days=3),
        almost: DAY - timedelta(days=8),
    }
    assert never not in since
    for ahead, expected in ((1, {old, almost}), (5, {old, almost}), (6, {old, almost, new})):
        # nights that did not run between are looked for
        assert (await night(session, DAY + timedelta(days=ahead)))["differences"] == 0
        assert await those_with(session, "rich_for_ten") == expected, ahead
        for customer_id in (old, new, almost, never):
            told = await explain(session, ALL, customer_id=customer_id, code="rich_for_ten")
            assert bool(told.judgement and told.judgement.values) == (customer_id in expected)
    for ahead, expected in ((0, {old}), (1, {old, almost}), (5, {old, almost})):
        # what earlier nights recorded still answers for their days
        for customer_id in (old, new, almost, never):
            day = DAY + timedelta(days=ahead)
            told = await explain(session, ALL, customer_id=customer_id, code="rich_for_ten", as_of=day)
            assert bool(told.judgement and told.judgement.values) == (customer_id in expected) == bool(told.memberships)
            assert told.unrecorded == []
    await night(session, DAY + timedelta(days=30))
    before = await explain(session, ALL, customer_id=old, code="rich_for_ten", as_of=DAY + timedelta(days=5))
    assert before.unrecorded == ["held"]  # too long ago for what that night could look at


async def test_a_break_begins_the_count_anew(session: AsyncSession) -> None:
    (customer_id,) = await open_bank(session, {DAY - timedelta(days=90): 1_000_00, DAY + timedelta(days=1): 1_00})
    holding = (await session.exec(select(HeldSince))).all()
    assert holding == []
    await add_rule_in_force(session, "rich_for_two", {"held": RICH, "for_days": 2})
    for ahead, expected in ((0, True), (1, False), (2, False)):
        await night(session, DAY + timedelta(days=ahead))
        assert (customer_id in await those_with(session, "rich_for_two")) is expected
    await run_tags(session, day=DAY + timedelta(days=2))
    rows = (await session.exec(select(HeldSince))).all()
    assert [(row.since, row.until) for row in rows] == [(DAY - timedelta(days=1), DAY + timedelta(days=1))]
    await night(session, DAY + timedelta(days=4))  # nobody holds it after the night that did not run either
    rows = (await session.exec(select(HeldSince))).all()
    assert [(row.since, row.until) for row in rows] == [(DAY - timedelta(days=1), DAY + timedelta(days=1))]


async def test_conditions_ask_of_the_company_of_an_owner(session: AsyncSession) -> None:
    branch = await add_branch(session)
    owner, stranger = [await add_customer_with_facts(session, branch, aum_fen=0) for _ in range(2)]
    companies = [await add_customer_with_facts(session, branch, aum_fen=fen) for fen in (5_000_00, 10_00)]
    for company in companies:
        words: dict[str, Any] = {"valid_from": DAY, "reason": "register", "set_by": MAKER.id, "set_at": clock.now()}
        link = CustomerLink(customer_id=owner, id=new_id(), other_id=company, kind=LinkKind.OWNER, **words)
        session.add(link)
    await session.flush()
    about = {"of": "owner_of", "satisfies": RICH}
    await add_rule_in_force(session, "owns_rich", {"related": about | {"quantifier": "any"}})
    await add_rule_in_force(session, "owns_only_rich", {"related": about | {"quantifier": "all"}})
    two = {"fact": {"count": "related", "of": "owner_of"}, "op": "=", "value": 2}
    await add_rule_in_force(session, "owns_two", two)
    owned = {"fact": {"count": "related", "of": "has_owner", "where": RICH}, "op": "=", "value": 0}
    await add_rule_in_force(session, "owner_is_poor", owned)
    await run_tags(session, day=DAY)
    assert await those_with(session, "owns_rich") == {owner}
    assert await those_with(session, "owns_only_rich") == set()
    assert await those_with(session, "owns_two") == {owner}
    assert stranger in await those_with(session, "owner_is_poor")
    told = await explain(session, ALL, customer_id=owner, code="owns_rich")
    assert told.judgement is not None
    assert told.judgement.values == ("",)


async def test_values_of_tags_are_operands_of_rules_and_formulas(session: AsyncSession) -> None:
    branch = await add_branch(session)
    rich, poor = [await add_customer_with_facts(session, branch, aum_fen=fen) for fen in (5_000_00, 10_00)]
    await add_kind(session, "wealth", TagKind.AGGREGATE, {"figure": "aum"})
    ranges = [{"value": "small", "below": "100.00"}, {"value": "large"}]
    await add_kind(session, "size", TagKind.AGGREGATE, {"figure": "aum", "ranges": ranges})
    await add_rule_in_force(session, "big", {"fact": {"tag_values": "size"}, "op": "has_any", "value": ["large"]})
    await add_rule_in_force(session, "over", {"fact": {"tag_number": "wealth"}, "op": ">", "value": "4999.99"})
    half = {"formula": {"divide": [{"tag": "wealth"}, "2"]}}
    await add_kind(session, "half", TagKind.ARITHMETIC, half)
    await run_tags(session, day=DAY)
    assert await those_with(session, "big") == {rich}
    assert await those_with(session, "over") == {rich}
    assert await has(session, "half") == {(rich, "2500.00"), (poor, "5.00")}
    told = await explain(session, ALL, customer_id=poor, code="half")
    assert told.judgement is not None
    assert told.judgement.values == ("5.00",)


async def test_what_staff_add_to_a_score_counts_in_every_run(session: AsyncSession) -> None:
    branch = await add_branch(session)
    first, second = [await add_customer_with_facts(session, branch, aum_fen=5_000_00) for _ in range(2)]
    for _ in range(10):
        await add_customer_with_facts(session, branch, aum_fen=0)
    await add_kind(session, "worth", TagKind.SCORE, {"score": [{"points": 10, "when": RICH}]})
    await run_night(session, day=DAY - timedelta(days=1))
    said: dict[str, Any] = {"set_by": MAKER.id, "set_at": clock.now(), "reason": "a recommendation"}
    until = DAY + timedelta(days=2)
    session.add(ScoreModifier(customer_id=first, tag_code="worth", since=DAY, until=until, points=15, **said))
    await session.flush()
    await run_changed(session, day=DAY)
    assert {(first, "25"), (second, "10")} <= await has(session, "worth")
    assert (await run_tags(session, day=DAY))["added"] == 0
    told = await explain(session, ALL, customer_id=first, code="worth")
    assert told.judgement is not None
    assert (told.judgement.values, dict(told.judgement.numbers)["modifier"]) == (("25",), "15")
    await run_changed(session, day=until)
    assert {(first, "10"), (second, "10")} <= await has(session, "worth")
    assert (await session.exec(select(Tag.state).where(Tag.code == "worth"))).one() == TagState.PUBLISHED


async def test_limits_at_quantiles_are_drawn_from_who_has_such_events(session: AsyncSession) -> None:
    branch = await add_branch(session)
    for number in range(1, 11):
        customer_id = await add_customer_with_facts(session, branch)
        for _ in range(number):
            await add_event(session, customer_id, "card_spend", amount_fen=100)
    await add_customer_with_facts(session, branch)
    raw: dict[str, Any] = {
        "recency": [30],
        "frequency": {"quantiles": 5},
        "monetary": {"quantiles": 2},
        "cells": [{"value": "top", "frequency": [5, 5]}, {"value": "rest"}],
    }
    limits = await drawn(session, TagKind.RFM, raw, day=DAY)
    assert (limits["frequency"], limits["recency"]) == ({"quantiles": 5, "limits": [2, 4, 6, 8]}, [30])
    assert limits["monetary"] == {"quantiles": 2, "limits": ["5.00"]}
    found = await preview_rule(session, ALL, kind=TagKind.RFM, rule=raw)
    assert found.values == {"rest": 7, "top": 3}
