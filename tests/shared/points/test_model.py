"""The ledger against a small model of it: whatever happens in whatever order, both say the same."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import Refusal
from guibin.points import service
from guibin.points.invariants import check
from guibin.points.models import EntryKind, PointsAccount, PointsEntry, PointsLot
from support.points import NOON, add_customers, let_owner_post, post_points

START = clock.business_day(NOON)


@dataclass
class ModelLot:
    number: int
    original: int
    remaining: int
    expires_on: date


@dataclass
class Model:
    """One account: lots in order of earning, the entries so far, and the sources that were used."""

    lots: list[ModelLot] = field(default_factory=list)
    entries: list[tuple[str, int]] = field(default_factory=list)
    sources: set[tuple[str, str]] = field(default_factory=set)

    @property
    def balance(self) -> int:
        return sum(lot.remaining for lot in self.lots)

    def available(self, day: date) -> int:
        return sum(lot.remaining for lot in self.lots if lot.expires_on >= day)

    def credit(self, kind: str, points: int, expires_on: date, source: str) -> str:
        if (kind, source) in self.sources:
            return "duplicate"
        self._note(kind, points, source)
        self.lots.append(ModelLot(len(self.lots), points, points, expires_on))
        return "posted"

    def debit(self, kind: str, points: int, day: date, source: str) -> str:
        if (kind, source) in self.sources:
            return "duplicate"
        if points > self.available(day):
            return "insufficient_points"
        self._note(kind, -points, source)
        for lot in sorted(self.lots, key=lambda lot: (lot.expires_on, lot.number)):
            if lot.expires_on >= day:
                taken = min(lot.remaining, points)
                lot.remaining -= taken
                points -= taken
        return "posted"

    def expire(self, day: date) -> None:
        gone = [lot for lot in self.lots if lot.expires_on <= day]
        points, source = sum(lot.remaining for lot in gone), f"expiry:{day}"
        if points and ("expire", source) not in self.sources:
            self._note("expire", -points, source)
            for lot in gone:
                lot.remaining = 0

    def _note(self, kind: str, points: int, source: str) -> None:
        self.sources.add((kind, source))
        self.entries.append((kind, points))


POINTS = st.integers(1, 60)
SOURCES = st.integers(0, 12).map(str)
STEPS = st.one_of(
    st.tuples(st.sampled_from(["earn", "adjust_credit"]), POINTS, st.integers(0, 6), SOURCES),
    st.tuples(st.sampled_from(["redeem", "adjust_debit"]), POINTS, st.just(0), SOURCES),
    st.tuples(st.just("wait"), st.just(0), st.integers(1, 3), st.just("")),
    st.tuples(st.just("expire"), st.just(0), st.just(0), st.just("")),
)
Step = tuple[str, int, int, str]


@dataclass
class Both:
    """The ledger and the model, driven by the same steps; the day goes on as steps wait."""

    session: AsyncSession
    customer_id: UUID
    model: Model = field(default_factory=Model)
    day: date = START
    minute: int = 0

    async def step(self, step: Step) -> None:
        kind, points, days, source = step
        if kind == "wait":
            self.day += timedelta(days=days)
        elif kind == "expire":
            last = self.day - timedelta(days=1)
            self.model.expire(last)
            with clock.fixed_at(clock.start_of_day(self.day)):
                await service.expire(self.session, day=last)
        elif kind in {"earn", "adjust_credit"}:
            expires_on = self.day + timedelta(days=days)
            expected = self.model.credit(kind, points, expires_on, source)
            assert await self._post(kind, points, source, expires_on) == expected
        else:
            expected = self.model.debit(kind, points, self.day, source)
            assert await self._post(kind, points, source, None) == expected

    async def _post(self, kind: str, points: int, source: str, expires_on: date | None) -> str:
        self.minute += 1
        at = clock.start_of_day(self.day) + timedelta(minutes=self.minute)
        try:
            posted = await post_points(
                self.session,
                self.customer_id,
                EntryKind(kind),
                points,
                source=source,
                expires_on=expires_on,
                at=at,
            )
        except Refusal as refusal:
            return refusal.code
        if not posted.duplicate:
            assert (posted.balance_after, posted.available_after) == (
                self.model.balance,
                self.model.available(self.day),
            )
        return "duplicate" if posted.duplicate else "posted"

    async def compare(self) -> None:
        entries = select(PointsEntry).where(PointsEntry.customer_id == self.customer_id).order_by(col(PointsEntry.seq))
        lots = select(PointsLot).where(PointsLot.customer_id == self.customer_id)
        lots = lots.order_by(col(PointsLot.earned_at)).execution_options(populate_existing=True)
        account = await self.session.get(PointsAccount, (self.customer_id, "reward"), populate_existing=True)
        assert [(row.kind, row.points) for row in await self.session.exec(entries)] == self.model.entries
        assert [(row.original, row.remaining, row.expires_on) for row in await self.session.exec(lots)] == [
            (lot.original, lot.remaining, lot.expires_on) for lot in self.model.lots
        ]
        assert (account.balance if account else 0) == self.model.balance
        assert await check(self.session) == []


async def _drive(session: AsyncSession, steps: list[Step]) -> None:
    both = Both(session, (await add_customers(session))[0])
    for step in steps:
        await both.step(step)
    await both.compare()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=5, max_size=40))
async def test_the_ledger_agrees_with_its_model(session: AsyncSession, steps: list[Step]) -> None:
    await _rolled_back(session, lambda: _drive(session, steps))


async def _rolled_back(session: AsyncSession, work: Callable[[], Awaitable[Any]]) -> None:
    """Run one example inside a savepoint of its own, so that the next one finds an empty ledger."""
    savepoint = await session.begin_nested()
    try:
        await let_owner_post(session)
        await work()
    finally:
        await savepoint.rollback()
        session.expunge_all()
