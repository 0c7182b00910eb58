"""Closing a day: once, without a gap, never a day that is not over."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import VersionConflict
from guibin.points import service
from guibin.points.errors import DayNotClosed
from guibin.points.invariants import check
from guibin.points.models import EntryKind
from guibin.points.report_models import PointsDay
from guibin.points.report_rules import Movement
from guibin.points.service import AccountCode
from guibin.security.actors import NIGHTLY_JOB
from support.points import DAY, NOON, add_customers, let_owner_post, post_points

CODE = AccountCode("reward", Movement.ISSUED, "6602.11", "2241.07")


@pytest.fixture
async def customer(session: AsyncSession) -> UUID:
    """A customer with points of the day before yesterday and of today."""
    await let_owner_post(session)
    (customer_id,) = await add_customers(session)
    for days in (2, 0):
        await post_points(session, customer_id, EntryKind.EARN, 10, at=NOON - timedelta(days=days))
    return customer_id


async def close(session: AsyncSession, day: date, *, later: int = 0) -> int:
    with clock.fixed_at(NOON + timedelta(days=later)):
        return (await service.close_days(session, day=day))["closed"]


async def closed(session: AsyncSession) -> Sequence[tuple[date, int]]:
    rows = await session.exec(select(col(PointsDay.day), col(PointsDay.entries)).order_by(col(PointsDay.day)))
    return [(day, entries) for day, entries in rows.all()]


@pytest.mark.usefixtures("customer")
async def test_a_night_closes_the_days_that_none_has_closed_and_none_twice(session: AsyncSession) -> None:
    yesterday = DAY - timedelta(days=1)

    assert [await close(session, yesterday) for _ in range(2)] == [2, 0]
    assert await closed(session) == [(DAY - timedelta(days=2), 1), (yesterday, 0)]


@pytest.mark.usefixtures("customer")
async def test_a_day_that_is_not_over_stays_open(session: AsyncSession) -> None:
    await close(session, DAY)

    assert DAY not in dict(await closed(session))
    with pytest.raises(DayNotClosed) as refused:
        await service.accounting_file(session, day=DAY)
    assert refused.value.facts == {"last_closed": DAY - timedelta(days=1)}


async def test_an_entry_that_comes_into_a_closed_day_is_found(session: AsyncSession, customer: UUID) -> None:
    await close(session, DAY, later=1)
    before = await service.accounting_file(session, day=DAY)
    assert await check(session) == []

    await post_points(session, customer, EntryKind.EARN, 5)

    assert await service.accounting_file(session, day=DAY) == before
    assert {(one.id, one.key) for one in await check(session)} == {("I13", f"day_{DAY}")}


@pytest.mark.usefixtures("customer")
async def test_a_closed_day_keeps_the_account_codes_that_it_was_closed_with(session: AsyncSession) -> None:
    assert await service.replace_account_codes(session, actor=NIGHTLY_JOB, revision=0, codes=[CODE]) == 1
    await close(session, DAY - timedelta(days=1))
    assert await service.replace_account_codes(session, actor=NIGHTLY_JOB, revision=1, codes=[]) == 2
    await close(session, DAY, later=1)

    old = await service.accounting_file(session, day=DAY - timedelta(days=2))
    new = await service.accounting_file(session, day=DAY)

    assert [(line.debit, line.credit) for line in old.lines] == [("6602.11", "2241.07")]
    assert [(line.debit, line.credit) for line in new.lines] == [("", "")]
    with pytest.raises(VersionConflict):
        await service.replace_account_codes(session, actor=NIGHTLY_JOB, revision=1, codes=[CODE])


async def test_an_empty_ledger_closes_the_day_at_hand(session: AsyncSession) -> None:
    assert await close(session, DAY - timedelta(days=1)) == 1
    assert await closed(session) == [(DAY - timedelta(days=1), 0)]
