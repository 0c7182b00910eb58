"""Who customers were is on record day by day: a rule is judged on any past day by what was known in its night."""

import random
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin import wiring
from guibin.core import clock
from guibin.customers.models import Customer
from guibin.points import service as points
from guibin.points.models import EntryKind
from guibin.privacy import defaults as privacy
from guibin.privacy.models import RetentionPeriod
from guibin.privacy.retention import LOOKS_BACK, remove_overdue
from guibin.security.actors import Scope
from guibin.tags.facts import refresh_facts
from guibin.tags.profiles.models import CustomerProfile
from guibin.tags.service import explain, preview_rule, run_tags
from support.points import ACTOR, add_customers, let_owner_post, post_points
from support.tagging import add_branch, add_products, add_record, add_rule_in_force

FIRST = date(2026, 10, 28)
DAYS = 8
EVERYBODY = Scope(whole_bank=True)
RULES: dict[str, dict[str, Any]] = {
    "moved": {"fact": "branch", "op": "in", "value": ["B1", "B3"]},
    "man_of_the_city": {
        "all": [{"fact": "gender", "op": "=", "value": "M"}, {"fact": "city_code", "op": "starts", "value": "33"}]
    },
    "of_age": {"fact": "age", "op": ">=", "value": 40},
    "known_to_cards": {"fact": "lines", "op": "has_any", "value": ["credit_card"]},
    "rich_in_points": {"fact": "points.reward", "op": ">=", "value": 500},
    "less_than_before": {
        "fact": {"fact": "points.reward", "days_ago": 2},
        "op": ">",
        "value": {"fact": "points.reward"},
    },
}
WHY: dict[str, Any] = {"reason_zh": "测试", "reason_en": "test", "actor_id": ACTOR}

State = dict[str, object]


async def available(session: AsyncSession, customer_id: UUID, day: date) -> int:
    found = await points.balances(session, EVERYBODY, customer_id=customer_id, today=day)
    return next(own.available for own in found.wallets if own.wallet.code == "reward")


def judged(state: State, before: State | None) -> dict[str, bool]:
    """Say by hand what the rules say of a state that was kept."""
    born, then = state["birth_year"], before["points"] if before else None
    return {
        "moved": state["branch"] in ("B1", "B3"),
        "man_of_the_city": state["gender"] == "M" and str(state["city_code"] or "").startswith("33"),
        "of_age": isinstance(born, int) and 2026 - born >= 40,
        "known_to_cards": "credit_card" in str(state["lines"]),
        "rich_in_points": isinstance(state["points"], int) and state["points"] >= 500,
        "less_than_before": isinstance(then, int) and isinstance(state["points"], int) and state["points"] < then,
    }


class Bank:
    """Customers to whom something happens every day, and what stood at the end of each."""

    def __init__(self, session: AsyncSession, customers: list[UUID], branches: dict[str, UUID]) -> None:
        self.session, self.customers, self.branches = session, customers, branches
        self.chance = random.Random(11)
        self.kept: dict[date, dict[UUID, State]] = {}
        self.holds: list[tuple[UUID, UUID]] = []
        self.lines: dict[UUID, list[str]] = {one: [] for one in customers}

    async def live(self, day: date) -> None:
        for hour in range(3, 9):
            at = clock.start_of_day(day) + timedelta(hours=hour)
            await self._move(self.chance.choice(self.customers), day, at)

    async def _move(self, one: UUID, day: date, at: datetime) -> None:
        chance = self.chance
        match chance.randrange(6):
            case 0:
                changes = {
                    "branch_id": chance.choice(list(self.branches.values())),
                    "gender": chance.choice("FMU"),
                    "city_code": chance.choice(["330100", "110000", None]),
                    "birth_year": chance.choice([1970, 2000, None]),
                }
                await self.session.execute(update(Customer).where(col(Customer.id) == one).values(changes))
            case 1:
                line = chance.choice(["credit_card", "personal_finance"])
                self.lines[one] = sorted({*self.lines[one], line})
                await add_record(self.session, one, line)
            case 2 | 3:
                expiry = day + timedelta(days=chance.randint(1, 4)) if chance.random() < 0.6 else None
                await post_points(self.session, one, EntryKind.EARN, chance.randint(1, 600), expires_on=expiry, at=at)
            case 4:
                await self._spend(one, at)
            case _:
                await self._end_a_hold(at)

    async def _spend(self, one: UUID, at: datetime) -> None:
        free = await available(self.session, one, clock.business_day(at))
        if free < 2:
            return
        if self.chance.random() < 0.5:
            await post_points(self.session, one, EntryKind.REDEEM, self.chance.randint(1, free), at=at)
            return
        with clock.fixed_at(at):
            held = await points.hold(
                self.session,
                customer_id=one,
                wallet="reward",
                points=self.chance.randint(1, free),
                expires_at=at + timedelta(days=30),
                source_kind="redemption",
                source_id=str(at),
                **WHY,
            )
        self.holds.append((one, held.hold_id))

    async def _end_a_hold(self, at: datetime) -> None:
        if not self.holds:
            return
        one, hold = self.holds.pop(0)
        with clock.fixed_at(at):
            if self.chance.random() < 0.5:
                await points.release(self.session, customer_id=one, hold_id=hold)
                return
            await points.capture(
                self.session,
                customer_id=one,
                hold_id=hold,
                points=1,
                source_kind="redemption",
                source_id=f"c{at}",
                **WHY,
            )

    async def night(self, day: date) -> None:
        """Keep what stands, by other means than facts; then let the night come, on some days with what has expired."""
        with clock.fixed_at(clock.start_of_day(day) + timedelta(hours=25)):
            if self.chance.random() < 0.5:
                await points.expire(self.session, day=day)
            rows = (await self.session.exec(select(Customer))).all()
            names = {branch_id: code for code, branch_id in self.branches.items()}
            self.kept[day] = {
                row.id: {
                    "branch": names.get(row.branch_id),
                    "gender": row.gender,
                    "city_code": row.city_code,
                    "birth_year": row.birth_year,
                    "lines": list(self.lines[row.id]),
                    "points": await available(self.session, row.id, day),
                }
                for row in rows
            }
        with clock.fixed_at(clock.start_of_day(day) + timedelta(hours=26)):
            await refresh_facts(self.session, day=day)
            await run_tags(self.session, day=day)


async def open_bank(session: AsyncSession) -> Bank:
    wiring.connect()
    await let_owner_post(session)
    await add_products(session)
    branches = {code: await add_branch(session, code) for code in ("B1", "B2", "B3")}
    customers = await add_customers(session, 3)
    values = {"branch_id": branches["B2"], "birth_mmdd": "0101"}
    await session.execute(update(Customer).where(col(Customer.id).in_(customers)).values(values))
    with clock.fixed_at(clock.start_of_day(FIRST - timedelta(days=9))):
        for code, rule in RULES.items():
            await add_rule_in_force(session, code, rule)
    return Bank(session, customers, branches)


async def test_a_rule_is_judged_on_every_past_day_by_what_was_known_in_its_night(session: AsyncSession) -> None:
    bank = await open_bank(session)
    for number in range(DAYS):
        await bank.live(FIRST + timedelta(days=number))
        await bank.night(FIRST + timedelta(days=number))
    seen = set()
    for day, customers in bank.kept.items():
        for one, state in customers.items():
            before = bank.kept.get(day - timedelta(days=2), {}).get(one)
            for code, expected in bank.chance.sample(sorted(judged(state, before).items()), 3):
                found = await explain(session, EVERYBODY, customer_id=one, code=code, as_of=day)
                assert found.judgement is not None
                says = bool(found.judgement.values)
                if code == "less_than_before" and before is None:
                    continue  # two days before the first night the ledger tells what no night kept
                assert says is expected, (day, code, state)
                assert (found.membership is not None) is expected, (day, code, state)
                assert not found.unrecorded
                seen.add((code, says))
    assert len(seen) > len(RULES)
    for day, customers in bank.kept.items():
        code = bank.chance.choice([code for code in RULES if code != "less_than_before"])
        preview = await preview_rule(session, EVERYBODY, rule=RULES[code], as_of=day)
        hit = [one for one, state in customers.items() if judged(state, None)[code]]
        assert (preview.as_of, preview.counts.customers, preview.counts.members) == (day, 3, len(hit)), code
        assert [one.customer_id for one in preview.sample] == sorted(hit)


async def test_before_the_first_night_on_record_who_the_customer_was_is_unknown_and_said_so(
    session: AsyncSession,
) -> None:
    bank = await open_bank(session)
    one = bank.customers[0]
    await bank.night(FIRST)
    early = FIRST - timedelta(days=1)

    found = await explain(session, EVERYBODY, customer_id=one, code="moved", as_of=early)

    assert found.values is not None
    assert (found.unrecorded, found.values.known_from) == (["branch"], FIRST)
    assert list(found.values.values.values()) == [None]
    of_points = await explain(session, EVERYBODY, customer_id=one, code="rich_in_points", as_of=early)
    assert (of_points.unrecorded, of_points.values and list(of_points.values.values.values())) == ([], [0])


async def test_who_was_merged_away_has_no_profile_until_the_merge_is_undone(session: AsyncSession) -> None:
    bank = await open_bank(session)
    losing, surviving, *_ = bank.customers
    days = [FIRST + timedelta(days=number) for number in range(4)]
    await bank.night(days[0])
    for day, into in ((days[1], surviving), (days[2], surviving), (days[3], None)):
        await session.execute(update(Customer).where(col(Customer.id) == losing).values(merged_into=into))
        await bank.night(day)
    query = select(CustomerProfile).where(CustomerProfile.customer_id == losing)
    spans = (await session.exec(query.order_by(col(CustomerProfile.valid_from)))).all()
    assert [(span.valid_from, span.valid_to) for span in spans] == [(days[0], days[1]), (days[3], None)]
    then = await explain(session, EVERYBODY, customer_id=losing, code="moved", as_of=days[0])
    assert then.values is not None
    assert list(then.values.values.values()) == ["B2"]


async def test_what_has_outlived_its_period_is_unrecorded_and_what_lasts_or_tags_look_back_for_stays(
    session: AsyncSession,
) -> None:
    bank = await open_bank(session)
    moved, stayed = bank.customers[:2]
    await bank.night(FIRST)
    await session.execute(update(Customer).where(col(Customer.id) == moved).values(branch_id=bank.branches["B1"]))
    await bank.night(FIRST + timedelta(days=1))
    await privacy.seed(session)
    await session.execute(update(RetentionPeriod).where(col(RetentionPeriod.subject) == "profile").values(days=1))

    async def unrecorded_after(days: int) -> list[list[str]]:
        with clock.fixed_at(clock.start_of_day(FIRST + timedelta(days=days))):
            await remove_overdue(session, dry_run=False)
            asked = [(one, FIRST) for one in (moved, stayed)] + [(moved, FIRST + timedelta(days=1))]
            found = [await explain(session, EVERYBODY, customer_id=a, code="moved", as_of=day) for a, day in asked]
            return [list(one.unrecorded) for one in found]

    assert await unrecorded_after(LOOKS_BACK) == [[], [], []]
    assert await unrecorded_after(LOOKS_BACK + 1) == [["branch"], [], []]
