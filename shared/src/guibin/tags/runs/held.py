"""Since when the rules in `held` hold for whom: recorded by runs, looked for day by day where none recorded it."""

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import CTE, ColumnElement, Select, and_, delete, exists, func, literal, not_, null, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.models import metadata
from guibin.customers.models import Customer
from guibin.tags.compiler import FACTS, compile_rules
from guibin.tags.facts import facts_as_of
from guibin.tags.rules import Held
from guibin.tags.runs.models import HeldRule, HeldSince

_HELD: Final = metadata.tables[HeldSince.__tablename__]
_CUSTOMER: Final = metadata.tables[Customer.__tablename__]


async def keep_held(session: AsyncSession, asked: Iterable[Held], *, day: date) -> dict[str, str]:
    """Bring up to a day since when each rule holds for whom.

    A rule that was recorded the day before, or on the day, is asked for the day alone. Any other is looked for day by
    day into the past, each time among those for whom it held on all days since; who is found as far back as the record
    went has held it since the day on record. Returns the SQLSTATE of those that could not be computed, by key.
    """
    longest: dict[str, Held] = {}
    for one in asked:
        if one.key not in longest or longest[one.key].days < one.days:
            longest[one.key] = one
    failed = {}
    for key, one in sorted(longest.items()):
        try:
            async with session.begin_nested():
                await _keep(session, one, day)
        except DBAPIError as error:
            failed[key] = getattr(error.orig, "sqlstate", None) or "unknown"
    return failed


async def recorded(session: AsyncSession, asked: Collection[Held], *, day: date) -> set[Held]:
    """Return those rules of which it is on record, for a day, for whom they have held as long as is asked."""
    if not asked:
        return set()
    statement = select_rows(HeldRule).where(col(HeldRule.key).in_({one.key for one in asked}))
    known = {row.key: row for row in (await session.exec(statement)).all()}
    return {one for one in asked if one.key in known and _is_enough(known[one.key], one, day)}


def _is_enough(known: HeldRule, held: Held, day: date) -> bool:
    return known.recorded_for >= day and known.first_day <= _first_day(held, day)


def _first_day(held: Held, day: date) -> date:
    return day - timedelta(days=held.days - 1)


async def _keep(session: AsyncSession, held: Held, day: date) -> None:
    known = await session.get(HeldRule, held.key, populate_existing=True)
    current = known is not None and known.recorded_for in {day - timedelta(days=1), day}
    if known is not None and current and known.first_day <= _first_day(held, day):
        await _record_day(session, held, day)
        known.recorded_for = day
        session.add(known)
    else:
        first = _first_day(held, day)
        missed = first if known is None else known.recorded_for + timedelta(days=1)
        lasts = and_(_HELD.c.key == held.key, _HELD.c.until.is_(None))
        await session.execute(update(_HELD).where(lasts).values(until=missed))
        await _look_back(session, held, day)
        await _go_on(session, held, missed)
        known = known or HeldRule(key=held.key, first_day=first, recorded_for=day)
        known.first_day, known.recorded_for = min(known.first_day, first) if first <= missed else first, day
        session.add(known)
    await session.flush()


async def _record_day(session: AsyncSession, held: Held, day: date) -> None:
    """Write the difference of one day; what an earlier run for the day ended goes on if it holds after all."""
    again = update(_HELD).where(_HELD.c.key == held.key, _HELD.c.until == day).values(until=null())
    await session.execute(again)
    holds = _holds(held, day).cte("holds")
    lasts = and_(_HELD.c.key == held.key, _HELD.c.until.is_(None))
    gone = not_(exists().where(holds.c.customer_id == _HELD.c.customer_id))
    ended = update(_HELD).where(lasts, gone).values(until=func.greatest(_HELD.c.since, day)).returning(_HELD.c.key)
    await session.execute(_begin(held, day, holds).add_cte(ended.cte("ended")))


def _begin(held: Held, day: date, holds: CTE) -> Any:
    lasting = exists().where(
        _HELD.c.customer_id == holds.c.customer_id, _HELD.c.key == held.key, _HELD.c.until.is_(None)
    )
    new = select(holds.c.customer_id, literal(held.key), literal(day)).where(not_(lasting))
    statement = insert(_HELD).from_select(["customer_id", "key", "since"], new)
    key = ["customer_id", "key", "since"]
    return statement.on_conflict_do_update(index_elements=key, set_={"until": null()})


async def _go_on(session: AsyncSession, held: Held, missed: date) -> None:
    """Let those go on for whom it held until the first missed day, and from that day or before until today."""
    now = _HELD.alias("now")
    same = and_(now.c.customer_id == _HELD.c.customer_id, now.c.key == held.key, now.c.until.is_(None))
    found = exists().where(same, now.c.since <= missed)
    before = and_(_HELD.c.key == held.key, _HELD.c.until == missed)
    await session.execute(update(_HELD).where(before, found).values(until=null()))
    older = exists().where(same, now.c.since < _HELD.c.since)
    await session.execute(delete(_HELD).where(_HELD.c.key == held.key, _HELD.c.until.is_(None), older))


async def _look_back(session: AsyncSession, held: Held, day: date) -> None:
    await session.execute(_begin(held, day, _holds(held, day).cte("holds")))
    for back in range(1, held.days):
        before = day - timedelta(days=back)
        after = before + timedelta(days=1)
        still = and_(_HELD.c.key == held.key, _HELD.c.since == after, _HELD.c.until.is_(None))
        among = select(_HELD.c.customer_id).where(still)
        older = and_(_HELD.c.key == held.key, _HELD.c.since == before, _HELD.c.until.is_not(None))
        await session.execute(delete(_HELD).where(older, _HELD.c.customer_id.in_(among)))
        holds = _holds(held, before, among)
        moved = update(_HELD).where(still, _HELD.c.customer_id.in_(holds)).values(since=before)
        if not (await session.execute(moved)).rowcount:  # type: ignore[attr-defined] # an update counts its rows
            return


def _holds(held: Held, day: date, among: Select[Any] | None = None) -> Select[Any]:
    """Select the customers for whom a rule holds: on the facts as stored, or for a past day on those composed anew."""
    chosen = None if among is None else among.cte("still_held")
    compiled = compile_rules([held.node], day=day, among=chosen)
    (holds,) = compiled.predicates
    living: ColumnElement[bool] = _CUSTOMER.c.merged_into.is_(None)
    statement = (
        select(FACTS.c.customer_id)
        .select_from(compiled.source.join(_CUSTOMER, _CUSTOMER.c.id == FACTS.c.customer_id))
        .where(holds, living)
    )
    if chosen is None:
        return statement
    return statement.where(FACTS.c.customer_id.in_(select(chosen.c.customer_id))).add_cte(
        facts_as_of(day, among=select(chosen.c.customer_id))
    )
