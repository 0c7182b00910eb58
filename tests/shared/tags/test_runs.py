"""The nightly run of rules: memberships are written only where they differ."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import insert, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import Customer
from guibin.security.actors import Scope
from guibin.tags.models import CustomerFact, CustomerTag, Tag, TagSource, TagState
from guibin.tags.repository import list_held
from guibin.tags.service import run_tags, set_tag
from support.tagging import (
    DAY,
    MAKER,
    MILLION,
    NEXT_DAY,
    OLD,
    RICH,
    add_branch,
    add_customer_with_facts,
    add_event,
    add_manual_tag,
    add_rule_in_force,
    add_tag,
)

EVERYBODY = Scope(whole_bank=True)


@pytest.fixture
async def branch(session: AsyncSession) -> UUID:
    return await add_branch(session)


async def run(session: AsyncSession, day: date = DAY) -> dict[str, int]:
    found = await run_tags(session, day=day)
    session.expire_all()
    return found


async def rows_of(session: AsyncSession, customer_id: UUID) -> list[CustomerTag]:
    statement = select(CustomerTag).where(CustomerTag.customer_id == customer_id)
    return list((await session.exec(statement.order_by(col(CustomerTag.tag_code), col(CustomerTag.since)))).all())


async def set_average(session: AsyncSession, customer_id: UUID, fen: int) -> None:
    changed = update(CustomerFact).where(col(CustomerFact.customer_id) == customer_id).values(aum_mda_fen=fen)
    await session.execute(changed)


async def test_customers_get_the_tags_whose_rules_hold(session: AsyncSession, branch: UUID) -> None:
    await add_rule_in_force(session, "rich", RICH, version=3)
    await add_rule_in_force(session, "old", OLD)
    both = await add_customer_with_facts(session, branch, aum_mda_fen=MILLION, age=60)
    none = await add_customer_with_facts(session, branch, aum_mda_fen=MILLION - 1, age=None)
    assert await run(session) == {"rules": 2, "read": 2, "added": 2, "ended": 0, "failed": 0}
    assert [(row.tag_code, row.source, row.since, row.until, row.version) for row in await rows_of(session, both)] == [
        ("old", TagSource.RULE, DAY, None, 1),
        ("rich", TagSource.RULE, DAY, None, 3),
    ]
    assert await rows_of(session, none) == []


async def test_a_second_run_changes_nothing(session: AsyncSession, branch: UUID) -> None:
    await add_rule_in_force(session, "rich", RICH)
    await add_customer_with_facts(session, branch, aum_mda_fen=MILLION)
    await run(session)
    assert await run(session) == {"rules": 1, "read": 1, "added": 0, "ended": 0, "failed": 0}
    assert await run(session, NEXT_DAY) == {"rules": 1, "read": 1, "added": 0, "ended": 0, "failed": 0}


async def test_a_rule_reads_what_the_rules_it_refers_to_have_written(session: AsyncSession, branch: UUID) -> None:
    await add_rule_in_force(session, "a_gift", {"all": [{"tag": "rich"}, {"not": {"tag": "warned"}}]})
    await add_rule_in_force(session, "rich", RICH)
    await add_manual_tag(session, "warned")
    both = await add_customer_with_facts(session, branch, aum_mda_fen=MILLION)
    warned = await add_customer_with_facts(session, branch, aum_mda_fen=MILLION)
    await session.execute(insert(CustomerTag).values(customer_id=warned, tag_code="warned", source="manual", since=DAY))
    assert await run(session) == {"rules": 2, "read": 2, "added": 3, "ended": 0, "failed": 0}
    assert [row.tag_code for row in await rows_of(session, both)] == ["a_gift", "rich"]
    assert [row.tag_code for row in await rows_of(session, warned)] == ["rich", "warned"]
    await set_average(session, both, 0)
    assert await run(session, NEXT_DAY) == {"rules": 2, "read": 2, "added": 0, "ended": 2, "failed": 0}


async def test_without_rules_nothing_is_read(session: AsyncSession, branch: UUID) -> None:
    await add_customer_with_facts(session, branch)
    assert await run(session) == {"rules": 0, "read": 0, "added": 0, "ended": 0, "failed": 0}


async def test_a_tag_ends_on_the_day_on_which_its_rule_no_longer_holds(session: AsyncSession, branch: UUID) -> None:
    await add_rule_in_force(session, "rich", RICH)
    customer_id = await add_customer_with_facts(session, branch, aum_mda_fen=MILLION)
    await run(session)
    await set_average(session, customer_id, 0)
    assert (await run(session, NEXT_DAY))["ended"] == 1
    assert [(row.since, row.until) for row in await rows_of(session, customer_id)] == [(DAY, NEXT_DAY)]
    held = {day: await list_held(session, EVERYBODY, customer_id=customer_id, day=day) for day in (DAY, NEXT_DAY)}
    assert [len(found) for found in held.values()] == [1, 0]


async def test_a_tag_that_comes_and_goes_within_a_day_is_one_row(session: AsyncSession, branch: UUID) -> None:
    await add_rule_in_force(session, "rich", RICH)
    customer_id = await add_customer_with_facts(session, branch, aum_mda_fen=MILLION)
    await run(session)
    await set_average(session, customer_id, 0)
    assert await run(session) == {"rules": 1, "read": 1, "added": 0, "ended": 1, "failed": 0}
    assert await list_held(session, EVERYBODY, customer_id=customer_id, day=DAY) == []
    await set_average(session, customer_id, MILLION)
    assert await run(session) == {"rules": 1, "read": 1, "added": 1, "ended": 0, "failed": 0}
    assert [(row.since, row.until) for row in await rows_of(session, customer_id)] == [(DAY, None)]


async def test_a_tag_that_returns_begins_anew(session: AsyncSession, branch: UUID) -> None:
    await add_rule_in_force(session, "rich", RICH)
    customer_id = await add_customer_with_facts(session, branch, aum_mda_fen=MILLION)
    await run(session)
    await set_average(session, customer_id, 0)
    await run(session, NEXT_DAY)
    await set_average(session, customer_id, MILLION)
    await run(session, date(2026, 11, 26))
    rows = await rows_of(session, customer_id)
    assert [(row.since, row.until) for row in rows] == [(DAY, NEXT_DAY), (date(2026, 11, 26), None)]


async def test_a_tag_set_by_hand_survives_every_run(session: AsyncSession, branch: UUID) -> None:
    await add_rule_in_force(session, "rich", RICH)
    await add_manual_tag(session, "friend")
    customer_id = await add_customer_with_facts(session, branch, aum_mda_fen=0)
    await set_tag(session, EVERYBODY, actor=MAKER, customer_id=customer_id, code="friend", reason="asked for it")
    assert (await run(session))["ended"] == 0
    assert [(row.tag_code, row.until) for row in await rows_of(session, customer_id)] == [("friend", None)]


async def test_drafts_and_retired_tags_do_not_run(session: AsyncSession, branch: UUID) -> None:
    await add_tag(session, "draft", draft_rule=RICH)
    retired = await add_rule_in_force(session, "retired", RICH)
    retired.state = TagState.RETIRED
    await session.flush()
    await add_customer_with_facts(session, branch, aum_mda_fen=MILLION)
    assert (await run(session))["rules"] == 0


async def test_what_is_published_stays_in_force_while_a_new_draft_waits(session: AsyncSession, branch: UUID) -> None:
    await add_rule_in_force(session, "rich", RICH)
    await session.execute(update(Tag).values(state=TagState.PENDING, draft_rule=OLD))
    await add_customer_with_facts(session, branch, aum_mda_fen=MILLION, age=1)
    assert (await run(session))["added"] == 1


async def test_windows_of_events_end_with_the_day_of_the_run(session: AsyncSession, branch: UUID) -> None:
    rule = {"fact": {"count": "event", "window": {"last_days": 2}}, "op": ">=", "value": 1}
    await add_rule_in_force(session, "active", rule)
    customer_id = await add_customer_with_facts(session, branch)
    await add_event(session, customer_id, "login", day=date(2026, 11, 23))
    assert (await run(session, DAY))["added"] == 1
    assert (await run(session, NEXT_DAY))["ended"] == 1


async def test_a_customer_that_was_merged_away_loses_its_tags(session: AsyncSession, branch: UUID) -> None:
    await add_rule_in_force(session, "rich", RICH)
    customer_id = await add_customer_with_facts(session, branch, aum_mda_fen=MILLION)
    survivor = await add_customer_with_facts(session, branch, aum_mda_fen=MILLION)
    await run(session)
    merged = update(Customer).where(col(Customer.id) == customer_id).values(merged_into=survivor)
    await session.execute(merged)
    assert await run(session, NEXT_DAY) == {"rules": 1, "read": 1, "added": 0, "ended": 1, "failed": 0}
    assert [row.until for row in await rows_of(session, survivor)] == [None]


async def test_a_hundred_rules_run_in_one_statement(session: AsyncSession, branch: UUID) -> None:
    for number in range(100):
        rule = {"all": [OLD, {"fact": {"count": "event"}, "op": ">=", "value": number}]}
        await add_rule_in_force(session, f"rule_{number:03d}", rule)
    customer_id = await add_customer_with_facts(session, branch, age=70)
    for _ in range(3):
        await add_event(session, customer_id, "login")
    assert await run(session) == {"rules": 100, "read": 1, "added": 4, "ended": 0, "failed": 0}
