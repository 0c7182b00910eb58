"""Tags in real time: whatever happens to a customer is judged by the next turn, and leaves nothing for the night."""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, text, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin import wiring
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.core.lines import Line
from guibin.customers.changes.models import CustomerChange
from guibin.customers.changes.repository import note_change
from guibin.customers.models import Customer
from guibin.holdings.models import EventType
from guibin.holdings.rows import EventContent, LineEvent
from guibin.holdings.service import record_events
from guibin.security.actors import Scope
from guibin.tags.kinds import read_definition
from guibin.tags.live.rules import not_live
from guibin.tags.live.service import judge_changed, sweep
from guibin.tags.models import CustomerTag, Tag, TagKind, TagVersion, UpdatePolicy
from guibin.tags.service import explain, set_tag, unset_tag
from support.tagging import DAY, MAKER, add_branch, add_customer, add_manual_tag, add_rule_in_force

EVERYBODY = Scope(whole_bank=True)
RULES: dict[str, dict[str, Any]] = {
    "busy": {
        "fact": {"count": "event.type", "where": {"fact": "event.type", "op": "=", "value": "card_spend"}},
        "op": ">=",
        "value": 2,
    },
    "friend_here": {"all": [{"tag": "friend"}, {"fact": "branch", "op": "=", "value": "B1"}]},
    "busy_friend": {"all": [{"tag": "busy"}, {"tag": "friend_here"}]},
}


@pytest.fixture
async def bank(session: AsyncSession) -> tuple[list[UUID], dict[str, UUID]]:
    wiring.connect()
    branches = {code: await add_branch(session, code) for code in ("B1", "B2")}
    await add_manual_tag(session, "friend")
    for code, rule in RULES.items():
        tag = await add_rule_in_force(session, code, rule)
        tag.update_policy = UpdatePolicy.REAL_TIME
        session.add(tag)
    await session.flush()
    assert await judge_changed(session) == 0  # from now on changes are noted
    return [await add_customer(session, branches["B1"]) for _ in range(3)], branches


async def spend(session: AsyncSession, customer_id: UUID, at: Any) -> None:
    content = EventContent(event_type=EventType.CARD_SPEND, occurred_at=at, amount_fen=100)
    await record_events(session, [LineEvent(Line.CREDIT_CARD, str(new_id()), customer_id, content)])


async def held(session: AsyncSession, customer_id: UUID) -> set[str]:
    query = select(CustomerTag.tag_code).where(CustomerTag.customer_id == customer_id, col(CustomerTag.until).is_(None))
    return set((await session.exec(query)).all())


async def happen(session: AsyncSession, chance: random.Random, one: UUID, branches: dict[str, UUID]) -> None:
    match chance.randrange(3):
        case 0:
            await spend(session, one, clock.now())
        case 1 if "friend" in await held(session, one):
            await unset_tag(session, EVERYBODY, actor=MAKER, customer_id=one, code="friend", reason="no more")
        case 1:
            await set_tag(session, EVERYBODY, actor=MAKER, customer_id=one, code="friend", reason="met")
        case _:
            branch = chance.choice(sorted(branches.values()))
            await session.execute(update(Customer).where(col(Customer.id) == one).values(branch_id=branch))
            await note_change(session, [one])


async def test_who_has_changed_is_judged_as_everybody_is(
    session: AsyncSession, bank: tuple[list[UUID], dict[str, UUID]]
) -> None:
    (customers, branches), chance, seen = bank, random.Random(3), set[tuple[str, ...]]()
    spent: dict[UUID, int] = {}
    for number in range(50):
        with clock.fixed_at(clock.start_of_day(DAY) + timedelta(hours=9, minutes=number)):
            one = chance.choice(customers)
            await happen(session, chance, one, branches)
            assert await judge_changed(session) <= 1
            assert await sweep(session) == {"rules": 3, "added": 0, "ended": 0}
            events = text("SELECT count(*) FROM customer_event WHERE customer_id = :one")
            spent[one] = (await session.execute(events, {"one": one})).scalar_one()
            customer = await session.get(Customer, one, populate_existing=True)
            assert customer is not None
            tags = await held(session, one)
            here = "friend" in tags and customer.branch_id == branches["B1"]
            assert ("busy" in tags, "friend_here" in tags) == (spent[one] >= 2, here)
            assert ("busy_friend" in tags) == (spent[one] >= 2 and here)
            seen.add(tuple(sorted(tags)))
    assert len(seen) > 4


async def test_a_day_that_went_by_is_the_nights_and_why_judges_this_moment(
    session: AsyncSession, bank: tuple[list[UUID], dict[str, UUID]]
) -> None:
    one = bank[0][0]
    lately: dict[str, Any] = RULES["busy"] | {"fact": RULES["busy"]["fact"] | {"window": {"last_days": 2}}}
    version = (await session.exec(select(TagVersion).where(TagVersion.tag_code == "busy"))).one()
    version.rule = lately
    session.add(version)
    await session.flush()
    for number in range(2):
        with clock.fixed_at(clock.start_of_day(DAY) + timedelta(hours=9 + number)):
            await spend(session, one, clock.now())
            await judge_changed(session)
            why = await explain(session, EVERYBODY, customer_id=one, code="busy")
            assert why.judgement is not None
            assert bool(why.judgement.values) is (why.membership is not None) is bool(number)
    with clock.fixed_at(clock.start_of_day(DAY + timedelta(days=2)) + timedelta(hours=1)):
        assert (await sweep(session))["ended"] == 1
        assert (await sweep(session))["ended"] == 0


async def test_changes_outlive_who_took_them_and_are_noted_only_where_somebody_watches(
    session: AsyncSession, bank: tuple[list[UUID], dict[str, UUID]]
) -> None:
    one = bank[0][0]
    await spend(session, one, clock.start_of_day(DAY))
    killed = await session.begin_nested()
    assert await judge_changed(session) == 1
    await killed.rollback()
    assert await judge_changed(session) == 1
    assert await judge_changed(session) == 0
    await session.execute(update(Tag).values(update_policy=UpdatePolicy.DAILY))
    await judge_changed(session)
    await spend(session, one, clock.start_of_day(DAY))
    assert (await session.exec(select(func.count()).select_from(CustomerChange))).one() == 0


@pytest.mark.parametrize(
    ("rule", "facts"),
    [
        (RULES["busy_friend"], []),
        (
            {"all": [{"fact": "aum", "op": ">", "value": "1.00"}, {"fact": "age", "op": ">", "value": 1}]},
            ["age", "aum"],
        ),
        ({"fact": {"fact": "tier", "days_ago": 2}, "op": "exists"}, ["days_ago"]),
        ({"fact": {"sum": "holding.balance"}, "op": ">", "value": "1.00"}, ["holding"]),
        ({"held": {"tag": "friend"}, "for_days": 3}, ["held"]),
    ],
)
def test_what_only_a_night_changes_cannot_be_in_real_time(rule: dict[str, Any], facts: list[str]) -> None:
    assert not_live(read_definition(TagKind.RULE, rule)) == facts
