"""Months of balances through the engine, against a sheet that goes over them customer by customer and day by day."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.holdings.models import Holding, HoldingBalance, LineDay
from guibin.products.models import Product
from guibin.tiers.models import TierStanding
from guibin.tiers.repository import select_tiers
from guibin.tiers.service import evaluate
from support.points import add_customers
from support.tiers import seed_defaults, set_terms, tier_changes

LINES_CNY = (50_000, 200_000, 1_000_000, 2_000_000, 6_000_000, 10_000_000)
PRODUCTS = {"S_DEP": ("deposits", "asset"), "S_CUS": ("custody", "asset"), "S_LOAN": ("micro_loans", "liability")}
BUSINESS_LINES = ("personal_finance", "e_finance")
BELOW = -1


@dataclass
class Account:
    """A holding as the sheet knows it: days and fen, first the day it was opened."""

    product: str
    line: str
    rows: dict[date, int]


@dataclass
class Person:
    """A customer with a tier, how long below its line, and until when it is safe."""

    id: UUID
    accounts: list[Account]
    tier: int = BELOW
    below: int = 0
    safe_until: date | None = None
    tiers: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Rules:
    """A scheme as the sheet reads it."""

    months: tuple[int, ...] = (3, 3, 3, 3, 6, 6)
    keep_percent: int = 100
    one_level: bool = False
    net_from: int | None = None
    best_of_three: bool = False
    safe_months: int | None = None
    slides: bool = False
    june_and_december: bool = False
    custody_percent: int = 0

    def terms(self) -> dict[str, Any]:
        """Say it in the words of the product."""
        validity: dict[str, Any] = {}
        if self.safe_months is not None:
            validity = {"kind": "sliding" if self.slides else "fixed", "months": self.safe_months}
        return {
            "metric": "best_of_three" if self.best_of_three else "month_daily",
            "class_weights": {"custody": self.custody_percent},
            "transition_months": {f"T{rank}": months for rank, months in enumerate(self.months)},
            "keep_percent": self.keep_percent,
            "downgrade": "one_level" if self.one_level else "to_earned",
            "net_from": None if self.net_from is None else f"T{self.net_from}",
            "validity": validity,
            "calendar": ["06-30", "12-31"] if self.june_and_december else [],
        }


RULES = {
    "default": Rules(),
    "keep line": Rules(months=(1,) * 6, keep_percent=90),
    "one level": Rules(months=(2,) * 6, one_level=True),
    "net": Rules(net_from=4, custody_percent=50),
    "best of three": Rules(best_of_three=True),
    "safe for a year": Rules(months=(2,) * 6, safe_months=12),
    "sliding": Rules(months=(1,) * 6, safe_months=5, slides=True),
    "half-years": Rules(months=(1, 1, 1, 1, 2, 2), june_and_december=True),
}


def month_ends(first: date, months: int) -> list[date]:
    found: list[date] = []
    day = first
    while len(found) < months:
        following = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
        found.append(following - timedelta(days=1))
        day = following
    return found


def on_day(account: Account, day: date) -> int:
    return account.rows[max(one for one in account.rows if one <= day)]


def average(person: Person, end: date, rules: Rules, *, net: bool) -> int:
    """Sum every day's balances in hundredths of a fen, and round half up once."""
    total, days = 0, end.day
    for number in range(days):
        day = end.replace(day=1) + timedelta(days=number)
        for account in (one for one in person.accounts if min(one.rows) <= day):
            balance = on_day(account, day)
            if net:
                total += 100 * (-balance if account.product == "S_LOAN" else balance)
            elif account.product != "S_LOAN":
                total += balance * (rules.custody_percent if account.product == "S_CUS" else 100)
    return (2 * total + 100 * days) // (200 * days)


def figure(person: Person, ends: Sequence[date], rules: Rules, *, net: bool) -> int:
    wanted = ends[-3:] if rules.best_of_three else ends[-1:]
    return max(average(person, end, rules, net=net) for end in wanted)


def reached(person: Person, ends: Sequence[date], rules: Rules, percent: int) -> int:
    plain = figure(person, ends, rules, net=False)
    net = None if rules.net_from is None else figure(person, ends, rules, net=True)
    best = BELOW
    for rank, cny in enumerate(LINES_CNY):
        value = net if net is not None and rules.net_from is not None and rank >= rules.net_from else plain
        if value * 100 >= cny * 100 * percent:
            best = rank
    return best


def later(day: date, months: int) -> date:
    month = day.month - 1 + months
    return date(day.year + month // 12, month % 12 + 1, 1)


def go_over(person: Person, ends: Sequence[date], rules: Rules, stale: set[tuple[str, date]]) -> None:
    """Fill in the line of a month: fast up, slowly down, never down on a line that has not come."""
    end = ends[-1]
    starts = end + timedelta(days=1)
    earned, kept = reached(person, ends, rules, 100), reached(person, ends, rules, rules.keep_percent)
    owned = [
        one for one in person.accounts if one.product == "S_DEP" or (one.product == "S_CUS" and rules.custody_percent)
    ]
    counted = [one for one in (person.accounts if rules.net_from is not None else owned) if min(one.rows) <= end]
    came = all((one.line, end) not in stale for one in counted)
    safe = None if rules.safe_months is None else later(starts, rules.safe_months)
    if earned > person.tier:
        person.tier, person.below, person.safe_until = earned, 0, safe
    elif max(kept, earned) >= person.tier:
        person.below = 0
        if person.tier > BELOW and (rules.slides or (person.safe_until is not None and person.safe_until <= starts)):
            person.safe_until = safe
    elif came:
        person.below += 1
        is_safe = person.safe_until is not None and person.safe_until > starts
        if person.below >= rules.months[person.tier] and not is_safe:
            person.tier = person.tier - 1 if rules.one_level else earned
            person.below, person.safe_until = 0, safe
    person.tiers.append(person.tier)


def some_accounts(random: Random, begins: date, months: int) -> list[Account]:
    """Make accounts whose balances stand at, just below and just above the lines, and move now and then."""

    def amount() -> int:
        line = random.choice(LINES_CNY) * 100
        return max(line + random.choice((-1, 0, 1, 0, -1, line // 20, -line // 20, -line // 9)), 0)

    found: list[Account] = []
    for product in random.sample(sorted(PRODUCTS), random.choice((1, 1, 2, 3))):
        # Some are opened within the time, on a first of a month as well as in its middle.
        opened = begins + timedelta(days=random.choice((0, 0, 0, 0, 33, 90)))
        rows = {opened: amount()}
        for _ in range(random.randrange(months)):
            moved = begins + timedelta(days=random.randrange(months * 30))
            if moved > opened:
                rows[moved if random.random() < 0.5 else moved.replace(day=1)] = amount()
        rows = {day: fen for day, fen in rows.items() if day >= opened}
        found.append(Account(product, random.choice(BUSINESS_LINES), rows))
    return found


async def _store(session: AsyncSession, people: Sequence[Person]) -> None:
    for code, (product_class, side) in PRODUCTS.items():
        names = {"name_zh": code, "name_en": code, "line": "personal_finance", "weight_percent": 100}
        await session.execute(insert(Product).values(code=code, product_class=product_class, side=side, **names))
    holdings: list[dict[str, Any]] = []
    balances: list[dict[str, Any]] = []
    for person in people:
        for account in person.accounts:
            key = {"customer_id": person.id, "holding_id": new_id()}
            holdings.append(
                {
                    "customer_id": person.id,
                    "id": key["holding_id"],
                    "line": account.line,
                    "holding_ref": key["holding_id"].bytes,
                    "last4": "0000",
                    "record_ref": b"r",
                    "product_code": account.product,
                    "side": PRODUCTS[account.product][1],
                    "opened_on": min(account.rows),
                    "status": "active",
                    "as_of": min(account.rows),
                    "feed_file_id": person.id,
                }
            )
            balances += [{**key, "day": day, "balance_fen": fen} for day, fen in account.rows.items()]
    await session.execute(insert(Holding), holdings)
    await session.execute(insert(HoldingBalance), balances)


async def _tiers(session: AsyncSession, day: date) -> dict[UUID, str | None]:
    return {row[0]: row[1] for row in (await session.execute(select_tiers(day))).all()}


def _code(rank: int) -> str | None:
    return None if rank == BELOW else f"T{rank}"


@pytest.mark.parametrize(
    ("name", "months", "customers"),
    [
        ("default", 9, 40),
        *(pytest.param(name, 31, 300, marks=pytest.mark.merge, id=f"{name}, 31 months") for name in RULES),
    ],
)
async def test_every_month_is_as_the_sheet_has_it(
    session: AsyncSession, name: str, months: int, customers: int
) -> None:
    rules, random, begins = RULES[name], Random(f"{name} {months}"), date(2024, 1, 1)
    await seed_defaults(session)
    await set_terms(session, **rules.terms())
    ids = await add_customers(session, customers)
    # Two months before the first, so that the best of three has three.
    people = [Person(one, some_accounts(random, begins - timedelta(days=61), months + 2)) for one in ids]
    await _store(session, people)
    known = month_ends(date(2023, 11, 1), months + 2)
    for person in people if rules.june_and_december else ():
        go_over(person, known[:2], rules, set())
    stale = (
        set()
        if rules.june_and_december
        else {(line, end) for end in known for line in BUSINESS_LINES if random.random() < 0.1}
    )
    for number in range(2, len(known)):
        end = known[number]
        for line in BUSINESS_LINES:
            if (line, end) not in stale:
                await session.execute(insert(LineDay).values(line=line, day=end, arrived_at=clock.now()))
        await evaluate(session, day=end)
        if not rules.june_and_december or end.month in (6, 12):
            for person in people:
                go_over(person, known[: number + 1], rules, stale)
        found = await _tiers(session, end + timedelta(days=1))
        assert {one.id: found.get(one.id) for one in people} == {one.id: _code(one.tier) for one in people}, end
    assert await evaluate(session, day=known[-1]) == tier_changes()
    standings = {one.id: await session.get(TierStanding, one.id) for one in people}
    counts = {id_: 0 if row is None else row.below_months for id_, row in standings.items()}
    assert counts == {one.id: one.below for one in people}
    assert len({tier for one in people for tier in one.tiers}) >= 6
