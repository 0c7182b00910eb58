"""What a definition reads, and where that comes from: facts, the jobs that make them, the feeds behind these."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from typing import Final

from sqlalchemy import func, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.holdings.models import LineDay
from guibin.tags.compiler.columns import column_name_of
from guibin.tags.facts import FACT_SOURCES
from guibin.tags.kinds import Definition
from guibin.tags.profiles.sources import PROFILE_SOURCES
from guibin.tags.rules import EventAggregate, HoldingAggregate, Node
from guibin.tags.vocabulary import FESTIVAL_FACTS, MATURITY_FACTS, YEARLY_FACTS, Fact

EVENT: Final = "event"
HOLDING: Final = "holding"
"""What figures over whole events and holdings read, beside the facts of single ones."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What makes a fact, and the kinds of files from which the job makes it: none for what the bank has itself."""

    job: str
    feeds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LineOfBusiness:
    """A line, and the last day of which everything is in."""

    line: str
    latest_day: date


_CALENDAR: Final = Origin("calendar")
_UNKNOWN: Final = Origin("facts")
_FEEDS: Final = {
    "customer": ("parties",),
    "profile": ("parties",),
    "record": ("parties",),
    "holding": ("holdings", "balances", "events", "parties"),
    "household": ("holdings", "balances"),
    "tier": ("holdings", "balances"),
    "points": ("events",),
}
"""The files behind each source of facts; tiers and points are worked out from them by runs of their own."""


def origin_of(name: str) -> Origin:
    """Say where a fact comes from."""
    family = name.partition(".")[0]
    if family in {EVENT, HOLDING}:
        return Origin("events" if family == EVENT else "holdings", ("events",) if family == EVENT else _FEEDS[HOLDING])
    if name in FESTIVAL_FACTS or family == "bucket":
        return _CALENDAR
    if name in YEARLY_FACTS:
        return Origin("calendar", _FEEDS["customer"])
    if name in MATURITY_FACTS:
        return Origin("holdings", _FEEDS[HOLDING])
    column = column_name_of(name)
    source = next((one.name for one in (*PROFILE_SOURCES, *FACT_SOURCES) if column in one.columns), None)
    return _UNKNOWN if source is None else Origin(f"facts.{source}", _FEEDS.get(source, ()))


def facts_read(part: Definition | Node) -> frozenset[str]:
    """Return the names of all facts that a definition or a rule reads, at whatever depth."""
    return frozenset(_named(part))


def _named(part: object) -> Iterator[str]:
    match part:
        case Fact(name=name):
            yield name
        case tuple() | list():
            for one in part:
                yield from _named(one)
        case _ if is_dataclass(part):
            if isinstance(part, EventAggregate | HoldingAggregate) and part.field is None:
                yield EVENT if isinstance(part, EventAggregate) else HOLDING
            for one in fields(part):
                yield from _named(getattr(part, one.name))


async def lines_behind(session: AsyncSession) -> list[LineOfBusiness]:
    """Return the lines that deliver, each with the last day of which everything is in."""
    statement = select(col(LineDay.line), func.max(LineDay.day)).group_by(col(LineDay.line)).order_by(col(LineDay.line))
    return [LineOfBusiness(line, day) for line, day in (await session.execute(statement)).all()]
