"""Running the rules: over everybody, or over those about whom something changed since the run before."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import CTE
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.core.schema import SCHEMA_VERSION
from guibin.outbox import service as outbox
from guibin.outbox.events import TagsAlert
from guibin.tags import repository as tags
from guibin.tags.facts import latest_change
from guibin.tags.kinds import held_in, tags_of, values_of
from guibin.tags.kinds.definitions import HAS
from guibin.tags.lineage.repository import get_policy
from guibin.tags.rules import Held, levels_of
from guibin.tags.runs import repository
from guibin.tags.runs.difference import Difference, Rule, TagValue, count_among, count_customers, write_difference
from guibin.tags.runs.held import keep_held
from guibin.tags.runs.models import TagRun, TagRunKind, TagRunResult
from guibin.tags.runs.population import changed_since, whose_turn_it_is
from guibin.tags.runs.reach import has_drifted
from guibin.tags.runs.rolling import rolling_of

Counts = dict[str, int]

WORTH_IT: Final = 0.15
"""Where more than this share of the customers changed, a look at everybody costs less."""


@dataclass
class _Tally:
    """What the statements of one run did."""

    customers: int = 0
    read: int = 0
    added: Counter[TagValue] = field(default_factory=Counter)
    ended: Counter[TagValue] = field(default_factory=Counter)
    errors: dict[str, str] = field(default_factory=dict)

    def take(self, difference: Difference) -> None:
        self.read = max(self.read, difference.read)
        self.added.update(difference.added)
        self.ended.update(difference.ended)


async def run_night(session: AsyncSession, *, day: date) -> Counts:
    """Bring memberships up to a day for those about whom something changed, and check that by looking at others.

    Every so many nights of the policy, after a new version of the software, and where too much changed, the check is a
    run over everybody. Each other night looks at a share of the customers, so that in turn everybody is looked at, and
    at everybody once it finds something. What a check still finds to write is counted as `differences`, and written.
    Rules that failed, tags that drifted and such differences are told once, as an event. Returns the counts of all:
    `rules`, `read`, `added`, `ended`, `failed`, `recomputed` (customers of the run over what changed), `checked`.
    """
    before, policy = await repository.last_run(session), await get_policy(session)
    due = await _is_full_due(session, policy.full_every_days, day)
    changed = await run_changed(session, day=day)
    checks = []
    if changed is not None and not due:
        checks.append(await _check(session, day=day, percent=policy.checked_percent))
    if changed is None or due or checks[0]["added"] + checks[0]["ended"]:
        checks.append(await run_tags(session, day=day))
    differences = sum(one["added"] + one["ended"] for one in checks) if changed else 0
    await _alert(session, before, differences=differences)
    first = changed or dict.fromkeys(("added", "ended", "read"), 0)
    runs = [one for one in (changed, *checks) if one is not None]
    both = {name: sum(one[name] for one in runs) for name in ("added", "ended")}
    checked = max((one["read"] for one in checks), default=0)
    last = checks[-1] if checks else first
    return last | both | {"recomputed": first["read"], "checked": checked, "differences": differences}


async def _is_full_due(session: AsyncSession, every_days: int, day: date) -> bool:
    """Tell whether everybody is to be looked at: the last time is long ago, or other software did it."""
    last = await repository.last_full(session)
    if last is None or last.schema_version != SCHEMA_VERSION:
        return True
    return day - last.business_date >= timedelta(days=every_days)


async def _check(session: AsyncSession, *, day: date, percent: int) -> Counts:
    """Hold the customers whose turn it is to all rules in force; nothing of it is a run on record."""
    rules, tally = await _rules_in_force(session), _Tally()
    sample = whose_turn_it_is(day, percent)
    for level in levels_of_rules(rules):
        await _write(session, tally, level, day=day, among=sample)
    counts = {"added": tally.added.total(), "ended": tally.ended.total(), "failed": len(tally.errors)}
    return {"rules": len(rules), "read": tally.read} | counts


async def _alert(session: AsyncSession, before: TagRun | None, *, differences: int) -> None:
    """Tell of a night that needs a look; one that is run again for its day has told already what drifted."""
    run = await repository.last_run(session)
    if run is None:
        return
    results = await repository.results_of(session, run.id)
    first = before is None or before.business_date < run.business_date
    older = await repository.results_of(session, before.id) if before and first else {}
    told = TagsAlert(
        business_date=run.business_date,
        failed=sorted(code for code, result in results.items() if result.error),
        drifted=sorted(
            code
            for code, result in results.items()
            if code in older and result.error is None and has_drifted(older[code].members, result.members)
        ),
        announced=await tags.list_announced(session, day=clock.today()) if first else [],
        differences=differences,
    )
    if told.failed or told.drifted or told.announced or told.differences:
        await outbox.publish(session, told, subject_id=run.id)


async def run_tags(session: AsyncSession, *, day: date) -> Counts:
    """Tag every customer by every rule in force, on the facts as they stand; windows of events end with `day`.

    Memberships change on `day` and are written only where they differ, so a second run changes nothing. Returns the
    counts `rules`, `read` (customers), `added`, `ended` and `failed` (rules that could not be computed; what they gave
    stays as it was).
    """
    started, seen = clock.now(), await latest_change(session)
    rules, tally = await _rules_in_force(session), _Tally()
    for level in levels_of_rules(rules):
        await _write(session, tally, level, day=day)
    tally.customers = tally.read
    members = _listed(rules, await repository.count_members(session))
    return await _record(session, TagRunKind.FULL, day, started, seen, rules, tally, members)


async def run_changed(session: AsyncSession, *, day: date) -> Counts | None:
    """Do what `run_tags` does, and look only at customers about whom something changed since the run before.

    Rules that are new since then, that failed, that are sensitive (consents decide too), or that move with the calendar
    in a way only a look at everybody finds out, are held to everybody. Returns None, having done nothing, where
    everybody has to be looked at: before the first run, for a day before that of the last one, and after changes to
    more than fifteen in a hundred customers.
    """
    started, seen, last = clock.now(), await latest_change(session), await repository.last_run(session)
    if last is None or day < last.business_date:
        return None
    known, rules = await repository.results_of(session, last.id), await _rules_in_force(session)
    rolling = {rule.code: rolling_of(rule.definition) for rule in rules}
    steady = [rule for rule in rules if _is_steady(rule, known.get(rule.code)) and not rolling[rule.code].unbounded]
    windows = {days for rule in steady for days in rolling[rule.code].windows}
    population = changed_since(last, day=day, windows=windows)
    tally = _Tally(customers=await count_customers(session))
    if await count_among(session, population) > WORTH_IT * tally.customers:
        return None
    await _write(session, tally, steady, day=day, among=population)
    read = tally.read
    for level in levels_of_rules(rules):
        await _write(session, tally, [rule for rule in level if rule not in steady], day=day)
    tally.read = read
    before = {(code, value): count for code, result in known.items() for value, count in result.by_value.items()}
    members = Counter(before)
    members.update(_listed(rules, tally.added))
    members.subtract(_listed(rules, tally.ended))
    return await _record(session, TagRunKind.INCREMENTAL, day, started, seen, rules, tally, members)


def _is_steady(rule: Rule, result: TagRunResult | None) -> bool:
    """Tell whether the run before computed this version, and nothing but facts decides: consents do too."""
    return not rule.sensitive and result is not None and result.version == rule.version and result.error is None


async def _rules_in_force(session: AsyncSession) -> list[Rule]:
    known = await repository.computed_before(session)
    return [
        Rule.of(tag, version, is_new=(tag.code, version.version) not in known)
        for tag, version in await tags.list_versions_in_force(session)
    ]


def levels_of_rules(rules: Sequence[Rule]) -> list[list[Rule]]:
    """Put rules that refer to tags behind the rules of those: each level reads what the ones before have written."""
    known = {rule.code: rule for rule in rules}
    levels = levels_of({code: tags_of(rule.definition) for code, rule in known.items()})
    return [[known[code] for code in level] for level in levels]


async def write_all(
    session: AsyncSession, rules: Sequence[Rule], *, day: date, among: CTE | None, live: bool
) -> Difference:
    """Write the differences of rules that read nothing of each other; one that fails stops no other."""
    tally = _Tally()
    await _write(session, tally, rules, day=day, among=among, live=live)
    return Difference(tally.read, tally.added, tally.ended)


async def _write(
    session: AsyncSession,
    tally: _Tally,
    rules: Sequence[Rule],
    *,
    day: date,
    among: CTE | None = None,
    live: bool = False,
) -> None:
    """Write the differences of all rules at once; where that fails, of each by itself, so that one stops no other."""
    if not rules:
        return
    await repository.let_nothing_be_compiled(session)
    if among is None and not live:
        rules = await _keep_held(session, tally, rules, day=day)
    if not rules:
        return
    try:
        async with session.begin_nested():
            tally.take(await write_difference(session, rules, day=day, among=among, live=live))
    except DBAPIError as error:
        if len(rules) == 1:
            tally.errors[rules[0].code] = getattr(error.orig, "sqlstate", None) or "unknown"
            return
        for half in (rules[: len(rules) // 2], rules[len(rules) // 2 :]):
            await _write(session, tally, half, day=day, among=among, live=live)


async def _keep_held(session: AsyncSession, tally: _Tally, rules: Sequence[Rule], *, day: date) -> Sequence[Rule]:
    """Record for whom rules have held; returns the rules that can be computed on that."""
    asked = {rule.code: held_in(rule.definition) for rule in rules}
    failed = await keep_held(session, frozenset[Held]().union(*asked.values()), day=day)
    for code, held in asked.items():
        errors = [failed[one.key] for one in held if one.key in failed]
        if errors:
            tally.errors[code] = errors[0]
    return [rule for rule in rules if rule.code not in tally.errors]


async def _record(
    session: AsyncSession,
    kind: TagRunKind,
    day: date,
    started: datetime,
    seen: int,
    rules: Sequence[Rule],
    tally: _Tally,
    members: Counter[TagValue],
) -> Counts:
    """Put the run on record."""
    run = TagRun(
        id=new_id(),
        kind=kind,
        business_date=day,
        started_at=started,
        finished_at=clock.now(),
        facts_seen=seen,
        customers=tally.customers,
        read=tally.read,
        schema_version=SCHEMA_VERSION,
    )
    session.add(run)
    await session.flush()
    added, ended = (_by_code(rows) for rows in (tally.added, tally.ended))
    session.add_all(
        TagRunResult(
            tag_code=rule.code,
            run_id=run.id,
            version=rule.version,
            members=sum(by_value.values()),
            added=added[rule.code],
            ended=ended[rule.code],
            by_value=by_value,
            error=tally.errors.get(rule.code),
        )
        for rule in rules
        for by_value in [
            {value: count for (code, value), count in sorted(members.items()) if code == rule.code and count}
        ]
    )
    await session.flush()
    counts = {"added": tally.added.total(), "ended": tally.ended.total(), "failed": len(tally.errors)}
    return {"rules": len(rules), "read": tally.read} | counts


def _listed(rules: Sequence[Rule], counts: Mapping[TagValue, int]) -> Counter[TagValue]:
    """Count by value where the values of a tag are a closed list; any other value counts under none."""
    closed = {rule.code: frozenset(values_of(rule.definition)) for rule in rules}
    found = Counter[TagValue]()
    for (code, value), count in counts.items():
        found[code, value if value in closed.get(code, ()) else HAS] += count
    return found


def _by_code(counts: Counter[TagValue]) -> Counter[str]:
    found = Counter[str]()
    for (code, _), count in counts.items():
        found[code] += count
    return found
