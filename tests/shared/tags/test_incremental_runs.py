"""An incremental run leaves nothing for a full one to write, whatever changed; and the history of runs."""

import random
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.customers.models import Customer
from guibin.holdings.models import BusinessEvent
from guibin.tags.facts import refresh_facts
from guibin.tags.lineage.models import TagPolicy
from guibin.tags.models import CustomerFact, CustomerTag, Tag, TagState, TagVersion
from guibin.tags.runs import repository
from guibin.tags.runs.models import TagRunKind
from guibin.tags.runs.reach import reach_of
from guibin.tags.service import run_changed, run_night, run_tags
from support.tagging import (
    DAY,
    NEXT_DAY,
    OLD,
    RICH,
    add_balance,
    add_branch,
    add_customer,
    add_customer_with_facts,
    add_event,
    add_holding,
    add_products,
    add_rule_in_force,
)

FIRST = date(2026, 11, 2)
RULES: dict[str, dict[str, Any]] = {
    "rich": {"fact": "aum", "op": ">=", "value": "500.00"},
    "in_the_city": {"not": {"fact": "city_code", "op": "!=", "value": "330100"}},
    "long_with_us": {"fact": "tenure_days", "op": ">=", "value": 100},
    "active": {"fact": {"count": "event", "window": {"last_days": 3}}, "op": ">=", "value": 2},
    "quiet": {"fact": {"count": "event", "window": {"last_days": 5}}, "op": "=", "value": 0},
    "spender": {
        "all": [
            {
                "fact": {
                    "sum": "event.amount",
                    "where": {"fact": "event.type", "op": "=", "value": "card_spend"},
                    "window": {"last_days": 7},
                },
                "op": ">",
                "value": "10.00",
            },
            {"fact": "gender", "op": "=", "value": "F"},
        ]
    },
}


class Bank:
    """A few customers about whom something changes every day."""

    def __init__(self, session: AsyncSession, seed: int) -> None:
        self.session, self.random, self.day = session, random.Random(seed), FIRST
        self.customers: list[UUID] = []
        self.holdings: dict[UUID, UUID] = {}

    async def open(self, customers: int) -> None:
        await add_products(self.session)
        branch = await add_branch(self.session)
        for number in range(customers):
            opened = FIRST - timedelta(days=95 + number % 10)
            one = await add_customer(self.session, branch, opened_on=opened, city_code="330100")
            self.customers.append(one)
            self.holdings[one] = await add_holding(self.session, one, "DEP", self.random.choice([0, 600_00]))
        for code, rule in RULES.items():
            await add_rule_in_force(self.session, code, rule)

    async def change_something(self) -> None:
        for _ in range(self.random.randint(0, 3)):
            await self.random.choice([self._event, self._balance, self._move, self._rule])()

    async def _event(self) -> None:
        """An event of the day, or one that came late."""
        one, late = self.random.choice(self.customers), self.random.randint(0, 6)
        kind, reference = self.random.choice(["login", "card_spend"]), str(self.random.random())
        day = self.day - timedelta(days=late)
        await add_event(self.session, one, kind, day=day, amount_fen=11_00, reference=reference)
        received = {"reference": reference, "line": "personal_finance", "customer_id": one, "state": "nothing"}
        await self.session.execute(
            insert(BusinessEvent).values(received | {"fingerprint": b"f", "received_at": clock.now()})
        )

    async def _balance(self) -> None:
        one = self.random.choice(self.customers)
        try:
            async with self.session.begin_nested():
                await add_balance(self.session, one, self.holdings[one], self.day, self.random.choice([400_00, 700_00]))
        except Exception:  # noqa: BLE001 - the second balance of a day
            return

    async def _move(self) -> None:
        values = {"city_code": self.random.choice(["330100", "310000", None]), "gender": self.random.choice("FMU")}
        one = col(Customer.id) == self.random.choice(self.customers)
        await self.session.execute(update(Customer).where(one).values(values))

    async def _rule(self) -> None:
        """A new version of a rule, of the opposite sense."""
        tag = await self.session.get_one(Tag, "rich")
        version = (tag.published_version or 0) + 1
        rule: dict[str, Any] = RULES["rich"] if version % 2 else {"not": RULES["rich"]}
        self.session.add(TagVersion(tag_code="rich", version=version, rule=rule, published_at=clock.now()))
        tag.published_version = version
        await self.session.flush()


async def days_of_changes(session: AsyncSession, *, seed: int, customers: int, days: int) -> tuple[int, int]:
    """Run incrementally every day, hold it to a full run, and return how many runs there were and what they wrote."""
    bank, runs, written = Bank(session, seed), 0, 0
    await bank.open(customers)
    for _ in range(days):
        await bank.change_something()
        await refresh_facts(session, day=bank.day)
        changed = await run_changed(session, day=bank.day)
        full = await run_tags(session, day=bank.day)
        if changed is not None:
            assert (full["added"], full["ended"]) == (0, 0), bank.day
            runs, written = runs + 1, written + changed["added"] + changed["ended"]
        bank.day += timedelta(days=bank.random.choice([0, 1, 1, 1, 2]))
    return runs, written


async def test_an_incremental_run_leaves_nothing_for_a_full_one_to_write(session: AsyncSession) -> None:
    runs, written = await days_of_changes(session, seed=7, customers=24, days=14)
    assert runs >= 8
    assert written >= 15


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(12))
async def test_it_never_does_over_months_of_changes(session: AsyncSession, seed: int) -> None:
    runs, _ = await days_of_changes(session, seed=seed, customers=60, days=60)
    assert runs >= 20


async def test_only_those_about_whom_something_changed_are_looked_at(session: AsyncSession) -> None:
    branch = await add_branch(session)
    await add_rule_in_force(session, "rich", RICH)
    ids = [await add_customer_with_facts(session, branch, aum_mda_fen=0) for _ in range(10)]
    await run_tags(session, day=DAY)
    one = col(CustomerFact.customer_id) == ids[0]
    await session.execute(update(CustomerFact).where(one).values(aum_mda_fen=10**9, changed_in=1))
    assert await run_changed(session, day=NEXT_DAY) == {"rules": 1, "read": 1, "added": 1, "ended": 0, "failed": 0}
    last = await repository.last_run(session)
    assert last is not None
    assert (last.kind, last.customers, last.read, last.facts_seen) == (TagRunKind.INCREMENTAL, 10, 1, 1)
    assert await run_changed(session, day=NEXT_DAY) == {"rules": 1, "read": 0, "added": 0, "ended": 0, "failed": 0}


async def test_a_night_in_which_little_happened_is_a_run_over_what_changed(session: AsyncSession) -> None:
    """The average of the year until the day is another each day for whoever's balance was once another."""
    branch = await add_branch(session)
    await add_products(session)
    await add_rule_in_force(session, "rich", RICH)
    held = []
    for _ in range(10):
        customer_id = await add_customer(session, branch)
        held.append((customer_id, await add_holding(session, customer_id, "DEP", 100_00)))
        await add_balance(session, *held[-1], DAY - timedelta(days=9), 300_00)
    await refresh_facts(session, day=DAY)
    await run_tags(session, day=DAY)
    await add_balance(session, *held[0], NEXT_DAY, 900_00)
    assert (await refresh_facts(session, day=NEXT_DAY))["changed"] == 10
    ran = await run_changed(session, day=NEXT_DAY)
    assert ran is not None
    assert ran["read"] == 1


async def test_a_change_that_no_run_saw_is_found_by_the_night_and_counted(session: AsyncSession) -> None:
    branch = await add_branch(session)
    await add_rule_in_force(session, "rich", RICH)
    one = await add_customer_with_facts(session, branch, aum_mda_fen=0)
    first = await run_night(session, day=DAY)
    assert (first["recomputed"], first["differences"]) == (0, 0)
    session.add(TagPolicy(full_every_days=1))
    await session.execute(update(CustomerFact).where(col(CustomerFact.customer_id) == one).values(aum_mda_fen=10**9))
    assert await run_night(session, day=NEXT_DAY) == {
        "rules": 1,
        "read": 1,
        "added": 1,
        "ended": 0,
        "failed": 0,
        "recomputed": 0,
        "checked": 1,
        "differences": 1,
    }


async def test_nights_between_look_at_a_share_and_at_everybody_once_that_finds_something(session: AsyncSession) -> None:
    branch = await add_branch(session)
    await add_rule_in_force(session, "rich", RICH)
    for _ in range(40):
        await add_customer_with_facts(session, branch, aum_mda_fen=0)
    session.add(TagPolicy(full_every_days=30, checked_percent=20))
    await run_night(session, day=DAY)
    checked = [(await run_night(session, day=DAY + timedelta(days=ahead)))["checked"] for ahead in range(1, 6)]
    assert sum(checked) == 40, "in turn everybody is looked at, and nobody twice"
    await session.execute(update(CustomerFact).values(aum_mda_fen=10**9))
    found = await run_night(session, day=DAY + timedelta(days=6))
    assert (found["added"], found["differences"], found["checked"]) == (40, 40, 40)
    quiet = await run_night(session, day=DAY + timedelta(days=7))
    assert (quiet["differences"], quiet["checked"] < 40) == (0, True)
    assert (await run_night(session, day=DAY + timedelta(days=40)))["checked"] == 40


async def test_a_rule_that_cannot_be_computed_stops_no_other_and_keeps_what_it_gave(session: AsyncSession) -> None:
    branch = await add_branch(session)
    amount = {"fact": {"sum": "event.amount"}, "op": ">", "value": "0.00"}
    for code, rule in (("old", OLD), ("spender", amount), ("zealous", OLD)):
        await add_rule_in_force(session, code, rule)
    one = await add_customer_with_facts(session, branch, age=70)
    await add_event(session, one, "card_spend", amount_fen=2**62)
    assert (await run_tags(session, day=DAY))["added"] == 3
    for _ in range(2):  # the sum is beyond what an amount can be
        await add_event(session, one, "card_spend", amount_fen=2**62)
    counts = await run_tags(session, day=NEXT_DAY)
    assert (counts["failed"], counts["ended"]) == (1, 0)
    last = await repository.last_run(session)
    assert last is not None
    results = await repository.results_of(session, last.id)
    assert {code: row.error for code, row in results.items()} == {"old": None, "spender": "22003", "zealous": None}
    computed = {code: (await reach_of(session, code=code, days=1)).computed_for for code in ("old", "spender")}
    assert computed == {"old": NEXT_DAY, "spender": DAY}
    lasting = select(CustomerTag.tag_code).where(col(CustomerTag.until).is_(None))
    assert sorted((await session.exec(lasting)).all()) == ["old", "spender", "zealous"]


async def test_a_suspended_rule_that_runs_again_is_held_to_everybody(session: AsyncSession) -> None:
    branch = await add_branch(session)
    tag = await add_rule_in_force(session, "rich", RICH)
    await add_rule_in_force(session, "old", OLD)
    await add_customer_with_facts(session, branch, aum_mda_fen=10**9)
    tag.state = TagState.RETIRED
    await run_tags(session, day=DAY)
    tag.state = TagState.PUBLISHED
    found = await run_changed(session, day=DAY)
    assert found is not None
    assert found["added"] == 1
