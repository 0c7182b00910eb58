"""Runs of tag rules: over everybody against the same rules by hand (G8), over what changed (G9), previews (G12).

The customers, facts and events are made by one statement each, as many as asked for, on a server as a large bank has
one; before anything is measured they are vacuumed, as they are anywhere after a while. In every round the averages of
one customer in twenty change before each side works, so that both write the same difference.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import typer
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.security.actors import Scope
from guibin.tags.models import Tag, TagAxis, TagKind, TagState, TagVersion
from guibin.tags.service import explain, preview_rule, run_changed, run_tags
from guibin_tools.benchmarks.machine import describe_machine, fresh_database, server_of_a_large_bank
from guibin_tools.benchmarks.rounds import ROUNDS
from guibin_tools.benchmarks.tag_rules import BenchRule, by_hand, rules
from guibin_tools.roles import Role
from guibin_tools.sessions import sessions_as
from guibin_tools.settings import OperatorSettings

FULL_GOAL, FULL_FLOOR = 1.2, 1.5
CHANGED_GOAL, CHANGED_FLOOR = 1.5, 2.5
PREVIEW_GOAL, WHY_GOAL = 1.0, 0.05
PREVIEW_FLOOR, WHY_FLOOR = 2.0, 0.1
PREVIEWS, WHYS = 20, 200
CHANGED_EVERY: Final = 20
EVERYBODY: Final = Scope(whole_bank=True)

_MAKE: Final = """
    INSERT INTO branch (id, code, kind, name_zh, name_en) VALUES (gen_random_uuid(), 'B1', 'branch', '行', 'B');
    CREATE TABLE bench_customer AS
    SELECT n, gen_random_uuid() AS id FROM generate_series(1, CAST(:customers AS bigint)) n;
    INSERT INTO customer (id, party_type, status, branch_id, gender, leading_line, created_at)
    SELECT c.id, 'person', 'active', b.id, 'F', 'personal_finance', now() FROM bench_customer c, branch b;
    INSERT INTO customer_fact (customer_id, as_of, branch_id, branch, gender, age, tenure_days, aum_fen, aum_mda_fen,
      liabilities_fen, assets, liabilities, products, lines, stale_lines, customer_kinds, points, tier)
    SELECT c.id, CAST(:day AS date), b.id, b.code, (ARRAY['F', 'M'])[1 + c.n % 2], 18 + c.n % 70, c.n % 4000,
           c.n * 7919 % 900000000, c.n * 104729 % 900000000, c.n * 15485863 % 90000000,
           jsonb_build_object('deposits', c.n * 31 % 90000000), '{}', ARRAY['P' || c.n % 40, 'P' || c.n % 7],
           ARRAY['personal_finance', (ARRAY['credit_card', 'e_finance', 'agri_credit'])[1 + c.n % 3]], '{}', '{}', '{}',
           'T' || c.n % 6
      FROM bench_customer c, branch b;
    INSERT INTO customer_event (customer_id, reference, line, event_type, occurred_at, occurred_on, amount_fen)
    SELECT c.id, concat(c.n, '-', e), 'personal_finance', (ARRAY['card_spend', 'login', 'deposit'])[1 + (c.n + e) % 3],
           CAST(:day AS date) - CAST(c.n * e % 120 AS integer), CAST(:day AS date) - CAST(c.n * e % 120 AS integer),
           c.n * e * 977 % 500000
      FROM bench_customer c, generate_series(1, 5) AS e;
    CREATE INDEX ON bench_customer (n);
    CREATE TABLE bench_tag (LIKE customer_tag INCLUDING ALL);
    ANALYZE
"""
_LASTING: Final = text(
    "SELECT (SELECT count(*) FROM customer_tag WHERE until IS NULL),"
    " (SELECT count(*) FROM bench_tag WHERE until IS NULL)"
)
_CHANGE: Final = text(
    "UPDATE customer_fact f SET aum_mda_fen = (aum_mda_fen + 450000000) % 900000000,"
    " changed_in = (SELECT max(changed_in) + 1 FROM customer_fact) FROM bench_customer c"
    " WHERE c.id = f.customer_id AND c.n % :every = :which"
)


@dataclass(frozen=True)
class _Bank:
    """The database that is measured, as its owner and as the worker."""

    owner: SessionFactory
    worker: SessionFactory
    customers: int


def bench_tags(customers: int) -> bool:
    """Print the ratios of G8 and G9 and the times of G12, for 50 and 200 rules; say whether the floors were kept."""
    with fresh_database(server_of_a_large_bank()) as settings:
        kept = asyncio.run(_bench(settings, customers))
    typer.echo(f"tags: {describe_machine()}")
    return kept


async def _bench(settings: OperatorSettings, customers: int) -> bool:
    async with sessions_as(Role.OWNER, settings) as owner, sessions_as(Role.WORKER, settings) as worker:
        bank = _Bank(owner, worker, customers)
        began = time.monotonic()
        async with owner() as session:
            day = clock.last_closed_day()
            for statement in _MAKE.split(";"):
                parts = {
                    name: value for name, value in (("customers", customers), ("day", day)) if f":{name}" in statement
                }
                await session.execute(text(statement), parts)
            await session.commit()
        typer.echo(f"tags: {customers:,} customers with five events each in {time.monotonic() - began:.0f} s")
        kept = []
        for number in (50, 200):
            await _put(bank, rules(number))
            kept += [await _full(bank, rules(number)), await _changed(bank), await _previews(bank)]
        return all(kept)


async def _put(bank: _Bank, wanted: Sequence[BenchRule]) -> None:
    """Let these rules be all that are in force, with the memberships that they give on both sides."""
    async with bank.owner() as session:
        await session.execute(
            text("TRUNCATE tag_run_result, tag_run, customer_tag, bench_tag, tag_version, tag CASCADE")
        )
        for rule in wanted:
            session.add(
                Tag(
                    code=rule.code,
                    kind=TagKind.RULE,
                    axis=TagAxis.SERVICE,
                    state=TagState.PUBLISHED,
                    published_version=1,
                    name_zh=rule.code,
                    name_en=rule.code,
                    created_at=clock.now(),
                )
            )
            await session.flush()
            session.add(TagVersion(tag_code=rule.code, version=1, rule=rule.rule, published_at=clock.now()))
        await session.commit()
    await _timed(bank.worker, _run)
    await _timed(bank.owner, by_hand(wanted, clock.last_closed_day()))
    async with bank.owner() as session:
        connection = await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        await connection.execute(text("VACUUM ANALYZE"))


async def _full(bank: _Bank, wanted: Sequence[BenchRule]) -> bool:
    """Hold the run over everybody against the statement by hand, in rounds."""
    times: dict[str, list[float]] = {"guibin": [], "by hand": []}
    sides = {"guibin": (bank.worker, _run), "by hand": (bank.owner, by_hand(wanted, clock.last_closed_day()))}
    for number in range(ROUNDS):
        await _change(bank, every=CHANGED_EVERY, which=number)
        for name in list(sides) if number % 2 == 0 else list(sides)[::-1]:
            times[name].append(await _timed(*sides[name]))
    async with bank.owner() as session:
        ours, theirs = (await session.execute(_LASTING)).one()
    if ours != theirs:
        typer.echo(f"tags: {ours} memberships here, {theirs} by hand: they must be the same")
        return False
    found = statistics.median(mine / hand for mine, hand in zip(times["guibin"], times["by hand"], strict=True))
    for name, seconds in times.items():
        typer.echo(
            f"  {name}: {statistics.median(seconds):.2f} s (rounds: {' '.join(f'{one:.2f}' for one in seconds)})"
        )
    typer.echo(
        f"tags: {len(wanted)} rules over everybody, {ours:,} memberships: {found:.2f} times the statement by hand"
        f" (G8, goal {FULL_GOAL}, floor {FULL_FLOOR})"
    )
    return found <= FULL_FLOOR


async def _changed(bank: _Bank) -> bool:
    """Hold a run over one per cent of the customers against its share of one over everybody."""
    changed, full = [], []
    for number in range(ROUNDS):
        await _change(bank, every=100, which=number)
        changed.append(await _timed(bank.worker, _run_changed))
        full.append(await _timed(bank.worker, _run))
    took, share = statistics.median(changed), statistics.median(full) / 100
    typer.echo(
        f"tags: one per cent changed: {took:.2f} s, the share of a full run {share:.2f} s: allowed"
        f" {CHANGED_GOAL * share + 1:.2f} s (G9, floor {CHANGED_FLOOR * share + 1:.2f} s)"
    )
    return took <= CHANGED_FLOOR * share + 1


async def _previews(bank: _Bank) -> bool:
    """Time previews and explanations, each as a caller waits for it."""
    wanted = rules(PREVIEWS)
    previews, whys = [], []
    async with bank.owner() as session:
        for rule in wanted:
            began = time.monotonic()
            await preview_rule(session, EVERYBODY, rule=rule.rule)
            previews.append(time.monotonic() - began)
        ids = (
            await session.execute(text("SELECT id FROM bench_customer WHERE n % 37 = 0 LIMIT :n"), {"n": WHYS})
        ).scalars()
        for number, customer_id in enumerate(ids.all()):
            began = time.monotonic()
            await explain(session, EVERYBODY, customer_id=customer_id, code=wanted[number % len(wanted)].code)
            whys.append(time.monotonic() - began)
    preview, why = _p95(previews), _p95(whys)
    typer.echo(f"tags: preview p95 {preview * 1000:.0f} ms (G12, goal {PREVIEW_GOAL * 1000:.0f} ms)")
    typer.echo(f"tags: why p95 {why * 1000:.0f} ms (G12, goal {WHY_GOAL * 1000:.0f} ms)")
    return preview <= PREVIEW_FLOOR and why <= WHY_FLOOR


def _p95(seconds: Sequence[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.95) - 1]


async def _change(bank: _Bank, *, every: int, which: int) -> None:
    async with bank.owner() as session:
        await session.execute(_CHANGE, {"every": every, "which": which % every})
        await session.commit()
        await session.execute(text("ANALYZE customer_fact"))
        await session.commit()


async def _timed(factory: SessionFactory, work: Callable[[AsyncSession], Awaitable[object]]) -> float:
    """Do something in a transaction of its own, as the night does, and return its seconds."""
    began = time.monotonic()
    async with factory() as session:
        await session.execute(text("SET LOCAL enable_nestloop = off"))
        await work(session)
        await session.commit()
    return time.monotonic() - began


async def _run(session: AsyncSession) -> object:
    return await run_tags(session, day=clock.last_closed_day())


async def _run_changed(session: AsyncSession) -> object:
    return await run_changed(session, day=clock.last_closed_day())
