"""Business events become points by rule, each once."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.customers.models import Customer, PartyType
from guibin.holdings.models import BusinessEvent, EventState, EventType
from guibin.points import service
from guibin.points.defaults import ALWAYS
from guibin.points.earning.models import EarningRule, EarningRuleVersion, RuleState
from guibin.points.earning.terms import EarningTerms
from guibin.points.invariants import check
from guibin.points.models import AccountState, PointsAccount, PointsEntry, PointsLot
from guibin.points.service.occasions import EARNS_AT_ONCE
from guibin.tags.models import CustomerTag, TagKind, TagSource, TagState
from support.points import ACTOR, NOON, add_customers, event_rows, let_owner_post
from support.tagging import add_manual_tag, add_tag


@pytest.fixture
async def customer(session: AsyncSession) -> UUID:
    await let_owner_post(session)
    return (await add_customers(session))[0]


async def add_event(
    session: AsyncSession,
    customer_id: UUID,
    event_type: EventType,
    amount_fen: int | None = None,
    occurred_at: datetime = NOON,
) -> BusinessEvent:
    event, content = event_rows(customer_id, event_type, amount_fen=amount_fen, occurred_at=occurred_at)
    session.add_all([event, content])
    await session.flush()
    return event


async def earn(session: AsyncSession, limit: int = 1_000) -> dict[str, int]:
    with clock.fixed_at(NOON):
        return await service.earn_pending(session, limit=limit)


async def entries_of(session: AsyncSession, customer_id: UUID) -> list[PointsEntry]:
    query = select(PointsEntry).where(PointsEntry.customer_id == customer_id).order_by(col(PointsEntry.seq))
    return list((await session.exec(query)).all())


async def test_events_earn_by_their_rules(session: AsyncSession, customer: UUID) -> None:
    await add_event(session, customer, EventType.CARD_SPEND, 1_234_56)
    await add_event(session, customer, EventType.SALARY, 9_000_00)
    await add_event(session, customer, EventType.CARD_SPEND, 19_99)
    await add_event(session, customer, EventType.DEPOSIT, 100_000_00)

    counts = await earn(session)

    assert counts == {"read": 4, "earned": 2, "nothing": 2, "points": 261}
    assert sorted(entry.points for entry in await entries_of(session, customer)) == [61, 200]
    assert await check(session) == []


async def test_an_entry_says_which_event_it_comes_from_and_why(session: AsyncSession, customer: UUID) -> None:
    event = await add_event(session, customer, EventType.SALARY)

    await earn(session)

    (entry,) = await entries_of(session, customer)
    assert (entry.source_kind, entry.source_id) == ("event", f"credit_card:{event.reference}")
    assert (entry.reason_zh, entry.reason_en) == ("代发工资", "Salary received")


async def test_an_event_earns_once(session: AsyncSession, customer: UUID) -> None:
    await add_event(session, customer, EventType.SALARY)
    await earn(session)

    assert (await earn(session))["read"] == 0
    assert len(await entries_of(session, customer)) == 1


async def test_an_event_that_was_posted_but_not_marked_earns_nothing_more(
    session: AsyncSession, customer: UUID
) -> None:
    event = await add_event(session, customer, EventType.SALARY)
    await earn(session)
    await session.refresh(event)
    event.state = EventState.PENDING
    await session.flush()

    counts = await earn(session)

    assert counts == {"read": 1, "earned": 1, "nothing": 0, "points": 0}
    assert len(await entries_of(session, customer)) == 1


async def test_points_expire_by_the_year_of_the_event_in_shanghai(session: AsyncSession, customer: UUID) -> None:
    await add_event(session, customer, EventType.SALARY, occurred_at=datetime(2025, 12, 31, 15, 59, tzinfo=UTC))
    await add_event(session, customer, EventType.SALARY, occurred_at=datetime(2025, 12, 31, 16, 0, tzinfo=UTC))

    await earn(session)

    lots = (await session.exec(select(PointsLot).where(PointsLot.customer_id == customer))).all()
    assert sorted(lot.expires_on for lot in lots if lot.expires_on) == [date(2027, 12, 31), date(2028, 12, 31)]


async def test_a_limit_leaves_the_rest_for_the_next_call(session: AsyncSession, customer: UUID) -> None:
    for _ in range(5):
        await add_event(session, customer, EventType.LOGIN)

    reads = [(await earn(session, limit=2))["read"] for _ in range(4)]

    assert reads == [2, 2, 1, 0]


async def test_a_closed_account_earns_nothing_and_the_event_is_settled(session: AsyncSession, customer: UUID) -> None:
    session.add(PointsAccount(customer_id=customer, wallet="reward", state=AccountState.CLOSED, opened_at=NOON))
    await add_event(session, customer, EventType.SALARY)

    counts = await earn(session)

    assert counts == {"read": 1, "earned": 0, "nothing": 1, "points": 0}


async def test_chosen_events_earn_at_once(session: AsyncSession, customer: UUID) -> None:
    first = await add_event(session, customer, EventType.SALARY)
    await add_event(session, customer, EventType.LOGIN)

    with clock.fixed_at(NOON):
        results = await service.earn_events(session, keys=[(first.line, first.reference)], actor_id=ACTOR)

    (result,) = results.values()
    assert (result.state, result.points, len(result.entry_ids)) == (EventState.EARNED, 200, 1)
    assert len(await entries_of(session, customer)) == 1


async def add_rule(
    session: AsyncSession, code: str, event: EventType, *, tags: Sequence[str] = (), **gift: Any
) -> None:
    """Put a rule in force that gives 100 points for each event."""
    gives = [{"wallet": "service", "kind": "fixed", "points": 100, **gift}]
    names = {"name_zh": "开户礼", "name_en": "Welcome"}
    terms = EarningTerms.of(names | {"events": [event], "tags": list(tags), "cases": [{"gives": gives}]})
    session.add(EarningRule(code=code, state=RuleState.ACTIVE, active_version=1, created_at=NOON))
    await session.flush()
    session.add(
        EarningRuleVersion(rule_code=code, version=1, terms=terms.document(), in_force_from=ALWAYS, published_at=NOON)
    )
    await session.flush()


async def test_points_that_wait_for_an_event_come_free_with_it_or_are_cancelled(
    session: AsyncSession, customer: UUID
) -> None:
    other = (await add_customers(session))[0]
    await add_rule(session, "welcome", EventType.REFERRAL, pending_event="salary", pending_event_days=30)
    day = NOON.date()
    for one in (customer, other):
        await add_event(session, one, EventType.SALARY, occurred_at=NOON - timedelta(hours=1))
        await add_event(session, one, EventType.REFERRAL)
    await earn(session)
    early = await service.settle_awaited(session, day=day)
    await add_event(session, customer, EventType.SALARY, occurred_at=NOON + timedelta(days=30))
    await add_event(session, other, EventType.SALARY, occurred_at=NOON + timedelta(days=31))

    with clock.fixed_at(NOON + timedelta(days=31)):
        first = await service.settle_awaited(session, day=day + timedelta(days=30))
        again = await service.settle_awaited(session, day=day + timedelta(days=31))

    mine = [entry for entry in await entries_of(session, customer) if entry.wallet == "service"]
    theirs = [entry for entry in await entries_of(session, other) if entry.wallet == "service"]
    assert early["read"] == again["read"] == 0
    assert first == {"read": 2, "activated": 1, "cancelled": 1}
    assert [(entry.kind, entry.balance_after) for entry in mine] == [("pending_add", 0), ("pending_activate", 100)]
    assert [(entry.kind, entry.balance_after) for entry in theirs] == [("pending_add", 0), ("pending_cancel", 0)]
    assert mine[0].reason_zh == "开户礼（须于2026-12-25前代发工资，否则取消）"
    assert await check(session) == []


async def test_what_waited_comes_free_on_the_day_of_its_event(session: AsyncSession, customer: UUID) -> None:
    await add_rule(session, "welcome", EventType.REFERRAL, pending_event="salary", pending_event_days=30)
    await add_event(session, customer, EventType.REFERRAL)
    await earn(session)
    with clock.fixed_at(NOON + timedelta(minutes=5)):
        before = await service.release_awaited(session, limit=10)
        await add_event(session, customer, EventType.SALARY, occurred_at=NOON + timedelta(minutes=4))
        after = await service.release_awaited(session, limit=10)
        again = await service.release_awaited(session, limit=10)

    account = await session.get_one(PointsAccount, (customer, "service"))
    assert (before, after, again) == (0, 1, 0)
    assert (account.balance, account.pending) == (100, 0)


async def test_points_come_free_on_the_next_of_fixed_days(session: AsyncSession, customer: UUID) -> None:
    await add_rule(session, "half", EventType.REFERRAL, pending_dates=["01-01", "07-01"])
    await add_event(session, customer, EventType.REFERRAL)

    await earn(session)

    lots = (await session.exec(select(PointsLot).where(PointsLot.customer_id == customer))).all()
    assert [lot.pending_until for lot in lots if lot.wallet == "service"] == [date(2027, 1, 1)]


async def test_who_comes_into_a_segment_or_has_a_tag_earns_once_for_each_time(
    session: AsyncSession, customer: UUID
) -> None:
    other, gone = await add_customers(session, 2)
    await add_tag(session, "vip", kind=TagKind.SEGMENT, state=TagState.PUBLISHED)
    await add_manual_tag(session, "dull")
    day = NOON.date()
    missed, late = day - timedelta(days=6), day - timedelta(days=7)
    given = ((customer, "vip", day), (customer, "dull", day), (other, "vip", missed), (gone, "vip", late))
    for one, code, since in given:
        session.add(CustomerTag(customer_id=one, tag_code=code, source=TagSource.MANUAL, since=since))
    await session.flush()
    unasked = await service.record_occasions(session, day=day)
    await add_rule(session, "welcome", EventType.TAG_ENTERED, tags=["vip"])

    counts = [await service.record_occasions(session, day=day) for _ in range(2)]
    with clock.fixed_at(NOON + timedelta(hours=14)):
        earned = await service.earn_pending(session)

    assert (unasked["read"], [one["tag_entered"] for one in counts]) == (0, [2, 0])
    assert (earned["earned"], earned["points"]) == (2, 200)
    assert [entry.source_id for entry in await entries_of(session, customer)] == [
        f"personal_finance:tag:vip:{day:%Y%m%d}:{customer.hex}"
    ]
    assert await check(session) == []


async def test_nobody_earns_twice_by_a_tag_that_comes_from_a_customer_with_whom_they_become_one(
    session: AsyncSession, customer: UUID
) -> None:
    earned_for, held_long, new = await add_customers(session, 3)
    survivors = [customer, *await add_customers(session, 2)]
    await add_manual_tag(session, "vip")
    await add_rule(session, "welcome", EventType.TAG_ENTERED, tags=["vip"])
    day = NOON.date()

    def held(one: UUID, since: date = day) -> CustomerTag:
        return CustomerTag(customer_id=one, tag_code="vip", source=TagSource.RULE, since=since)

    session.add_all([held(earned_for), held(held_long, day - timedelta(days=90))])
    await session.flush()
    assert (await service.record_occasions(session, day=day))["tag_entered"] == 1
    session.add(held(new))
    for losing, surviving in zip((earned_for, held_long, new), survivors, strict=True):
        (await session.get_one(Customer, losing)).merged_into = surviving
        session.add(held(surviving))
    lost = update(CustomerTag).where(col(CustomerTag.customer_id).in_((earned_for, held_long, new)))
    await session.execute(lost.values(until=day))
    assert (await service.record_occasions(session, day=day))["tag_entered"] == 1
    events = (await session.exec(select(BusinessEvent.customer_id))).all()
    assert set(events) == {earned_for, survivors[2]}


async def test_a_tag_in_real_time_earns_at_once_and_the_night_finds_nothing_more(
    session: AsyncSession, customer: UUID
) -> None:
    (other,) = await add_customers(session)
    await add_manual_tag(session, "vip")
    await add_rule(session, "welcome", EventType.TAG_ENTERED, tags=["vip"])
    for one in (customer, other):
        session.add(CustomerTag(customer_id=one, tag_code="vip", source=TagSource.RULE, since=NOON.date()))
    await session.flush()

    with clock.fixed_at(NOON):
        for _ in range(2):
            await EARNS_AT_ONCE.entered(session, codes={"vip", "dull"}, customers=[customer])

    assert [entry.points for entry in await entries_of(session, customer)] == [100]
    assert await entries_of(session, other) == []
    assert (await service.record_occasions(session, day=NOON.date()))["tag_entered"] == 1


async def test_birthdays_and_anniversaries_earn_once_a_year(session: AsyncSession, customer: UUID) -> None:
    leap, plain, firm = await add_customers(session, 3)
    for one, days in ((leap, "0229"), (plain, "0228"), (customer, "0301")):
        row = await session.get_one(Customer, one)
        row.birth_mmdd, row.birth_year = days, 1996
    row = await session.get_one(Customer, firm)
    row.party_type, row.birth_mmdd, row.opened_on = PartyType.COMPANY, "0228", date(2020, 2, 28)
    (await session.get_one(Customer, customer)).opened_on = date(2027, 2, 28)
    night = date(2027, 2, 27)
    unasked = await service.record_occasions(session, day=night)
    await add_rule(session, "birthday", EventType.BIRTHDAY)
    await add_rule(session, "anniversary", EventType.ANNIVERSARY)

    counts = [await service.record_occasions(session, day=night) for _ in range(2)]
    next_day = await service.record_occasions(session, day=night + timedelta(days=1))
    with clock.fixed_at(NOON + timedelta(days=95)):
        earned = await service.earn_pending(session)

    assert unasked == {"read": 0, "birthday": 0, "anniversary": 0, "tag_entered": 0}
    assert counts == [unasked | {"read": 3, "birthday": 2, "anniversary": 1}, unasked]
    assert next_day == unasked | {"read": 1, "birthday": 1}
    assert (earned["earned"], earned["points"]) == (4, 400)
    assert [entry.source_id for entry in await entries_of(session, leap)] == [
        f"personal_finance:birthday:2027:{leap.hex}"
    ]
