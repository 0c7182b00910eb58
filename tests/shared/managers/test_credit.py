"""A month's credit in one statement says what the rule says of each day; who hands up counts beside the taker."""

import random
from collections import defaultdict
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin import wiring
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.customers.merging import Merge
from guibin.managers.credit.doubling import FOLLOWER, PARTICIPANT
from guibin.managers.credit.models import CreditMonth, CreditShare, CreditSplit, DoubleCredit
from guibin.managers.credit.rules import Credit, CreditKind
from guibin.managers.credit.service import OPEN_DAYS, credit_month, credit_of
from guibin.managers.followers import Change
from guibin.managers.models import Coverage, Grade, Manager
from guibin.tags.models import CustomerFact
from support.points import add_customers
from support.tiers import MILLION, MONTH, add_manager, branch_of, put_average, seed_defaults

LAST = date(2026, 10, 31)
Figures = dict[tuple[str, UUID, UUID], list[int]]


class Books:
    """Some customers whom managers of two branches serve in turn, by a dice that is seeded."""

    def __init__(self, session: AsyncSession, customers: list[UUID], managers: list[Manager], seed: int) -> None:
        self.session, self.customers, self.managers, self.dice = session, customers, managers, random.Random(seed)

    def day(self) -> date:
        return MONTH + timedelta(days=self.dice.randint(-9, 35))

    async def deal(self) -> None:
        """Give everybody managers in turn, splits of them and givers; a manager leaves within the month."""
        self.managers[0].leaving_since, self.managers[0].left_on = MONTH, MONTH + timedelta(days=20)
        await self.session.flush()
        for customer_id in self.customers:
            await put_average(self.session, customer_id, self.dice.randint(1, 9) * MILLION, day=LAST)
            await self._serve(customer_id)
            await self._split(customer_id)
            for _ in range(self.dice.randint(0, 3)):
                giver, first = self.dice.choice(self.managers), self.day()
                self.session.add(
                    DoubleCredit(
                        customer_id=customer_id,
                        id=new_id(),
                        giver_id=giver.id,
                        giver_branch_id=giver.branch_id,
                        valid_from=first,
                        valid_to=first + timedelta(days=self.dice.randint(0, 30)),
                    )
                )
        await self.session.flush()

    async def _serve(self, customer_id: UUID) -> None:
        days = sorted({self.day() for _ in range(3)})
        for first, last in zip(days, [*days[1:], None], strict=True):
            if self.dice.random() < 0.8:
                manager = self.dice.choice(self.managers)
                self.session.add(
                    Coverage(
                        customer_id=customer_id,
                        id=new_id(),
                        manager_id=manager.id,
                        role="primary",
                        valid_from=first,
                        valid_to=last,
                        source="run",
                        reason="matrix",
                    )
                )

    async def _split(self, customer_id: UUID) -> None:
        for version in range(1, self.dice.randint(1, 4)):
            one, other = self.dice.sample(self.managers, 2)
            self.session.add(
                CreditSplit(
                    customer_id=customer_id,
                    version=version,
                    primary_id=one.id,
                    valid_from=self.day(),
                    reason="联动",
                    decided_by=new_id(),
                    decided_at=clock.now(),
                )
            )
            await self.session.flush()
            if self.dice.random() < 0.8:
                for manager, percent in ((one, 60), (other, 40)):
                    share = CreditShare(
                        customer_id=customer_id, version=version, manager_id=manager.id, percent=percent
                    )
                    self.session.add(share)

    async def by_the_rule(self) -> Figures:
        """Add up what the rule says of each day: own and double parts of fen, by whom they are of."""
        parts: defaultdict[tuple[str, UUID, UUID], list[int]] = defaultdict(lambda: [0, 0])
        facts = {one.customer_id: one.aum_mda_fen or 0 for one in (await self.session.exec(select(CustomerFact))).all()}
        branches = {one.id: one.branch_id for one in self.managers}
        for customer_id in self.customers:
            for number in range(31):
                for one in (await credit_of(self.session, customer_id, MONTH + timedelta(days=number))).credits:
                    for key in _keys(one, branches):
                        parts[key][one.kind is CreditKind.DOUBLE] += facts[customer_id] * one.percent
        return {key: [_rounded(value, 3100) for value in values] for key, values in parts.items()}


def _keys(one: Credit, branches: dict[UUID, UUID]) -> list[tuple[str, UUID, UUID]]:
    keys: list[tuple[str, UUID, UUID]] = []
    if one.manager_id is not None:
        keys.append(("manager", one.manager_id, branches[one.manager_id]))
    return [*keys, ("branch", one.branch_id, one.branch_id)] if one.branch_id is not None else keys


def _rounded(total: int, parts: int) -> int:
    return (2 * total + parts) // (2 * parts)


async def _people(session: AsyncSession, customers: int) -> tuple[list[UUID], list[Manager]]:
    await seed_defaults(session)
    ids = list(await add_customers(session, count=customers))
    east = await branch_of(session, ids[0])
    west = await branch_of(session, (await add_customers(session))[0])
    return ids, [await add_manager(session, branch, Grade.SENIOR) for branch in (east, east, west, west)]


@pytest.mark.parametrize("seed", range(3))
async def test_the_month_is_the_sum_of_its_days(session: AsyncSession, seed: int) -> None:
    customers, managers = await _people(session, 12)
    books = Books(session, customers, managers, seed)
    await books.deal()
    changed = await credit_month(session, day=LAST)
    rows = (await session.exec(select(CreditMonth))).all()
    written = {(one.subject, one.subject_id, one.branch_id): [one.own_fen, one.double_fen] for one in rows}
    assert {key: value for key, value in written.items() if any(value)} == await books.by_the_rule()
    assert changed == {"changed": len(rows)} == await credit_month(session, day=LAST)


async def test_a_month_is_written_anew_for_some_nights_and_then_stands(session: AsyncSession) -> None:
    [customer_id], [manager, *_] = await _people(session, 1)
    await put_average(session, customer_id, None, day=LAST)
    session.add(
        Coverage(
            customer_id=customer_id,
            id=new_id(),
            manager_id=manager.id,
            role="primary",
            valid_from=MONTH,
            source="run",
            reason="matrix",
        )
    )
    await session.flush()
    await credit_month(session, day=LAST)
    [unknown] = (await session.exec(select(CreditMonth).where(CreditMonth.subject == "manager"))).all()
    assert (unknown.opening_customers, unknown.own_customers, unknown.unknown_customers) == (1, 1, 1)
    await put_average(session, customer_id, MILLION, day=LAST)
    assert await credit_month(session, day=LAST + timedelta(days=OPEN_DAYS)) == {"changed": 2}
    query = select(CreditMonth).where(CreditMonth.subject == "manager").execution_options(populate_existing=True)
    assert [one.own_fen for one in (await session.exec(query)).all()] == [MILLION]
    assert await credit_month(session, day=LAST + timedelta(days=OPEN_DAYS + 1)) == {"changed": 0}


async def test_who_hands_up_is_credited_for_the_months_of_the_terms_and_a_merge_takes_it_along(
    session: AsyncSession,
) -> None:
    wiring.connect()
    [losing, surviving], [giver, taker, left, _] = await _people(session, 2)
    left.leaving_since, left.left_on = MONTH, LAST
    await session.flush()
    day = date(2026, 11, 30)
    moves = [
        Change(losing, giver.id, taker.id, day, "assignment_plan", "staff"),
        Change(losing, left.id, taker.id, day, "succeeded", "run"),
        Change(surviving, giver.id, taker.id, day, "客户要求", "staff"),
        Change(surviving, None, taker.id, day, "matrix", "run"),
    ]
    await FOLLOWER.follow(session, moves)
    assert await _doubles(session) == [(losing, giver.id, day, date(2027, 5, 30))]
    merged, parted = day + timedelta(days=10), day + timedelta(days=20)
    moved = await PARTICIPANT.move(session, Merge(new_id(), losing, surviving, new_id(), merged))
    assert await _doubles(session) == [
        (losing, giver.id, day, merged),
        (surviving, giver.id, merged, date(2027, 5, 30)),
    ]
    await PARTICIPANT.give_back(session, Merge(new_id(), losing, surviving, new_id(), parted), moved)
    assert await _doubles(session) == [
        (losing, giver.id, day, merged),
        (surviving, giver.id, merged, parted),
        (losing, giver.id, parted, date(2027, 5, 30)),
    ]


async def _doubles(session: AsyncSession) -> list[tuple[UUID, UUID, date, date]]:
    query = select(DoubleCredit).order_by(col(DoubleCredit.valid_from)).execution_options(populate_existing=True)
    return [(one.customer_id, one.giver_id, one.valid_from, one.valid_to) for one in (await session.exec(query)).all()]
