"""Statement, liability, roll-forward and accounting file of random ledgers agree with a plain model of them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.points import service
from guibin.points.invariants import check
from guibin.points.report_rules import GroupBy, Period, RollForward
from guibin.security.actors import Scope
from support.ledger_driver import STEPS, Both, Step, rolled_back
from support.ledger_model import Entry
from support.points import DAY, add_customers

COST: Final = 10
BANK: Final = Scope(whole_bank=True)
MOVED_AS: Final = {
    "issued": {"earn", "opening", "adjust_credit", "pending_add"},
    "used": {"redeem", "order", "refund"},
    "expired": {"expire"},
    "reversed": {"claw_back", "adjust_debit", "pending_cancel", "pending_activate"},
}
SHOWN_AS: Final = {
    "earned": {"earn", "opening", "pending_activate"},
    "redeemed": {"redeem", "order"},
    "refunded": {"refund"},
    "clawed_back": {"claw_back"},
    "expired": {"expire"},
    "adjusted": {"adjust_credit", "adjust_debit"},
    "transferred": set(),
}


@dataclass
class Dated(Both):
    """Both, and the day of every entry."""

    days: dict[Entry, date] = field(default_factory=dict)

    async def step(self, step: Step) -> None:
        """Do one step in both, and note the day of what it entered."""
        await super().step(step)
        for entry in self.model.entries:
            self.days.setdefault(entry, self.day)

    def outstanding(self, day: date) -> int:
        """Return all points that stood at the end of a day, pending ones included."""
        return sum(self.change(entry) for entry in self.until(day))

    def until(self, day: date) -> Iterable[Entry]:
        return (entry for entry in self.model.entries if self.days[entry] <= day)

    def change(self, entry: Entry) -> int:
        """Return how an entry changed what is outstanding: the lot that it made, less what it drew."""
        made = sum(lot.original for lot in self.model.lots if lot.made_by is entry)
        return made - sum(points for _, points in entry.uses)


async def _compare(both: Dated) -> None:
    first, last = DAY, both.day
    days = [first + timedelta(days=count) for count in range((last - first).days + 1)]
    with clock.fixed_at(both.now):
        lines = await service.rolled_forward(both.session, first=first, last=last, period=Period.DAY)
        assert [line.closing.points for line in lines] == ([both.outstanding(day) for day in days] if lines else [])
        for line in lines:
            await _compare_line(both, line)
        await _compare_statement(both, last.replace(day=1))
        await service.close_days(both.session, day=last - timedelta(days=1))
        again = await service.rolled_forward(both.session, first=first, last=last, period=Period.DAY)
        assert again == lines
        for day in days[:-1]:
            await _compare_file(both, day)
        assert await check(both.session) == []


async def _compare_line(both: Dated, line: RollForward) -> None:
    entered = [entry for entry in both.model.entries if both.days[entry] == line.begins]
    for name, kinds in MOVED_AS.items():
        moved = sum(both.change(entry) for entry in entered if entry.kind in kinds)
        shown = getattr(line, name)
        assert (shown.points, shown.cost_fen) == (abs(moved) if name != "used" else -moved, shown.points * COST)
    for group in GroupBy:
        found = await service.liability(both.session, day=line.begins, group_by=group)
        assert sum(one.amount.points for one in found) == both.outstanding(line.begins)
        assert sum(one.amount.cost_fen for one in found) == line.closing.cost_fen


async def _compare_statement(both: Dated, month: date) -> None:
    found = await service.statement(both.session, BANK, customer_id=both.customer_id, month=month, today=both.day)
    own = next(one for one in found.wallets if one.wallet.code == "reward")
    model, within = both.model, [one for one in both.model.entries if both.days[one] >= month]
    assert own.opening == sum(one.points for one in model.entries if both.days[one] < month)
    assert {str(line): points for line, points in own.lines.items()} == {
        name: sum(one.points for one in within if one.kind in kinds) for name, kinds in SHOWN_AS.items()
    }
    assert (own.closing, own.pending, own.debt) == (model.balance, model.pending, model.debt)
    due: dict[date, int] = defaultdict(int)
    for lot in model.lots:
        if lot.remaining and not lot.pending and lot.expires_on is not None:
            due[lot.expires_on] += lot.remaining
    assert {one.date: one.points for one in own.due} == due


async def _compare_file(both: Dated, day: date) -> None:
    if not any(both.days[entry] <= day for entry in both.model.entries):
        return
    file = await service.accounting_file(both.session, day=day)
    entered = [entry for entry in both.model.entries if both.days[entry] == day]
    assert file.entries == len(entered)
    assert file.points == sum(entry.points for entry in entered)
    assert file.pending == sum(entry.pending_change for entry in entered)
    assert file.debt == sum(entry.debt_change for entry in entered)
    assert file.signed_total().points == sum(both.change(entry) for entry in entered)
    assert {line.amount.cost_fen - line.amount.points * COST for line in file.lines} <= {0}


async def _drive(session: AsyncSession, steps: list[Step]) -> None:
    both = Dated(session, (await add_customers(session))[0])
    for step in steps:
        await both.step(step)
    await _compare(both)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, min_size=10, max_size=25))
async def test_the_reports_agree_with_a_model_of_the_ledger(session: AsyncSession, steps: list[Step]) -> None:
    await rolled_back(session, lambda: _drive(session, steps))


@pytest.mark.merge
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, min_size=20, max_size=50))
async def test_the_reports_agree_with_a_model_of_the_ledger_for_long(session: AsyncSession, steps: list[Step]) -> None:
    await rolled_back(session, lambda: _drive(session, steps))
