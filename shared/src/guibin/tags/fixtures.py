"""A customer who is written down instead of stored: what rules read of it, worked out in plain Python.

What a figure is here and what `guibin.tags.compiler` makes of it in SQL is the same; a property test holds the two
together. Rules are tried against such customers before anybody is tagged by them.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from guibin.core.money import divide_half_up
from guibin.tags.compiler.memberships import NUMBER
from guibin.tags.errors import RuleFieldUnknown, RuleValueInvalid
from guibin.tags.evaluation import Plain, evaluate
from guibin.tags.festivals import Festival, next_festival
from guibin.tags.rules import (
    EventAggregate,
    FactAgo,
    HasTag,
    Held,
    HoldingAggregate,
    LastEvent,
    Node,
    Operand,
    Related,
    RelativeDay,
    Scaled,
    TagNumber,
    TagValues,
    Window,
)
from guibin.tags.rules import Sequence as SequenceOfEvents
from guibin.tags.rules.values import read_fact
from guibin.tags.vocabulary import (
    FESTIVAL_FACTS,
    ZERO_OVER_NOTHING,
    AggregateFunction,
    Circle,
    Fact,
    FactType,
    Quantifier,
    customer_fact,
    event_fact,
    holding_fact,
    related_fact,
)

Row = dict[str, Plain]
"""An event or a holding: its facts by name, `event.amount` for example."""


@dataclass(frozen=True, slots=True)
class FixtureEvent:
    """An event, and the order in which events of one day happened."""

    facts: Row
    occurred_at: datetime

    @property
    def occurred_on(self) -> date:
        """The day, as its fact says it."""
        day = self.facts["event.date"]
        if not isinstance(day, date):
            raise TypeError("an event has a day")
        return day


@dataclass(frozen=True, slots=True)
class FixtureTag:
    """Since when a customer has a tag, and the first day without it."""

    since: date
    until: date | None = None
    values: frozenset[str] = frozenset()

    def lasts(self, day: date, for_days: int) -> bool:
        """Tell whether the customer has it on a day, and has had it for so many days."""
        long = self.since <= day - timedelta(days=for_days - 1)
        return long and (self.until is None or self.until > day)


@dataclass(frozen=True, slots=True)
class Fixture:
    """A customer as of a closed business day; a fact that is not written down is unknown."""

    day: date
    facts: Row = field(default_factory=dict)
    events: Sequence[FixtureEvent] = ()
    holdings: Sequence[Row] = ()
    tags: dict[str, FixtureTag] = field(default_factory=dict)
    past: Mapping[int, Row] = field(default_factory=dict)
    related: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    stood_for_days: int = 1
    """For how many days all this has been as it is."""

    def read(self, operand: Operand) -> Plain:
        """Return what a rule reads of the customer."""
        return self._own(operand) if isinstance(operand, _OWN) else self._beyond(operand)

    def _own(self, operand: Operand) -> Plain:
        found: Plain = None
        match operand:
            case Fact():
                found = self._fact(operand)
            case EventAggregate():
                found = self._over_events(operand)
            case LastEvent():
                events = self._in(operand.window, operand.where)
                found = bool(events) and self._is(operand.satisfies, events[-1].facts)
            case SequenceOfEvents():
                found = self._follows(operand)
            case HoldingAggregate():
                found = self._over_holdings(operand)
            case HasTag(code, for_days):
                found = code in self.tags and self.tags[code].lasts(self.day, for_days)
        return found

    def _beyond(self, operand: Operand) -> Plain:
        """Read what stands beside the facts of the day: other days, other customers, values of tags."""
        found: Plain = 0
        match operand:
            case TagValues() | TagNumber():
                found = self._of_tag(operand)
            case FactAgo(fact, days):
                row = self.past.get(days, {})
                found = row.get(fact.name, NOTHING_HELD.get(fact.name.partition(".")[0]))
            case Scaled(inner, times):
                number = self.read(inner)
                found = number * times if isinstance(number, int | Decimal) else None
            case Related():
                found = self._of_related(operand)
            case Held(node=node, days=days):
                found = self.stood_for_days >= days and evaluate(node, self.read, self.day).met
        return found

    def _of_tag(self, operand: TagValues | TagNumber) -> Plain:
        tag = self.tags.get(operand.code)
        values = tag.values if tag is not None and tag.lasts(self.day, 1) else frozenset[str]()
        if isinstance(operand, TagValues):
            return values - {""}
        return max((Decimal(value) for value in values if re.match(NUMBER, value)), default=None)

    def _of_related(self, one: Related) -> Plain:
        rows = self.related.get(one.circle, ())
        hits = sum(one.where is None or self._is_of(one.where, row) for row in rows)
        match one.quantifier:
            case None:
                return hits
            case Quantifier.ANY:
                return hits > 0
        return 0 < hits == len(rows)

    def _is_of(self, node: Node, row: Row) -> bool:
        def read(operand: Operand) -> Plain:
            name = operand.name if isinstance(operand, Fact) else ""
            return row.get(name, NOTHING_HELD.get(name.partition(".")[0]))

        return evaluate(node, read, self.day).met

    def _fact(self, fact: Fact) -> Plain:
        if fact.name in FESTIVAL_FACTS:
            return next_festival(Festival(fact.name.removeprefix("holiday.")), self.day)
        if fact.name.startswith("days_to_"):
            name = fact.name.removeprefix("days_to_")
            day = self.facts.get("next_maturity" if name == "maturity" else name)
            return (day - self.day).days if isinstance(day, date) else None
        return self.facts.get(fact.name, NOTHING_HELD.get(fact.name.partition(".")[0]))

    def _is(self, node: Node, row: Row) -> bool:
        return evaluate(node, lambda one: row.get(one.name) if isinstance(one, Fact) else None, self.day).met

    def _in(self, window: Window | None, where: Node | None) -> list[FixtureEvent]:
        """Return the events of a window for which a node holds, in the order in which they happened."""
        first, last = (None, self.day) if window is None else window.bounds(self.day)
        found = [one for one in self.events if (first is None or one.occurred_on >= first) and one.occurred_on <= last]
        if where is not None:
            found = [one for one in found if self._is(where, one.facts)]
        return sorted(found, key=lambda one: one.occurred_at)

    def _over_events(self, figure: EventAggregate) -> Plain:
        found = self._in(figure.window, figure.where)
        if figure.field is None:
            return len(found)
        if figure.function in _PLACES:
            return found[_PLACES[figure.function]].facts.get(figure.field.name) if found else None
        return over(figure.function, (one.facts.get(figure.field.name) for one in found))

    def _follows(self, sequence: SequenceOfEvents) -> bool:
        firsts, thens = self._in(sequence.window, sequence.first), self._in(sequence.window, sequence.then)
        return any(
            first.occurred_at < then.occurred_at and (then.occurred_on - first.occurred_on).days <= sequence.within_days
            for first in firsts
            for then in thens
        )

    def _over_holdings(self, figure: HoldingAggregate) -> Plain:
        found = [row for row in self.holdings if figure.where is None or self._is(figure.where, row)]
        if figure.field is None:
            return len(found)
        values = [row.get(figure.field.name) for row in found]
        unknown = figure.field.name == "holding.balance" and None in values
        if unknown and figure.type is FactType.MONEY:
            return None
        return over(figure.function, values)


_OWN: Final = (Fact, EventAggregate, LastEvent, SequenceOfEvents, HoldingAggregate, HasTag)

_PLACES: Final = {AggregateFunction.FIRST: 0, AggregateFunction.LAST: -1}


def read_fixture(
    day: date,
    *,
    facts: Mapping[str, object],
    events: Iterable[Mapping[str, object]],
    holdings: Iterable[Mapping[str, object]],
    tags: Mapping[str, FixtureTag],
    past: Mapping[int, Mapping[str, object]] | None = None,
    related: Mapping[Circle, Sequence[Mapping[str, object]]] | None = None,
    stood_for_days: int = 1,
) -> Fixture:
    """Read a customer who is written down in JSON values; events of one day stand in the order of the day.

    Raises:
        RuleFieldUnknown, RuleValueInvalid: a fact that there is not, or a value of another type.
    """
    return Fixture(
        day=day,
        facts=_row(facts, customer_fact, day, "fixture/facts"),
        events=[_event(_row(one, event_fact, day, f"fixture/events/{i}"), i) for i, one in enumerate(events)],
        holdings=[_row(one, holding_fact, day, f"fixture/holdings/{i}") for i, one in enumerate(holdings)],
        tags=dict(tags),
        past={
            days: _row(row, customer_fact, day, f"fixture/past/{days}") for days, row in sorted((past or {}).items())
        },
        related={
            circle: [_row(one, related_fact, day, f"fixture/related/{circle}/{i}") for i, one in enumerate(rows)]
            for circle, rows in (related or {}).items()
        },
        stood_for_days=stood_for_days,
    )


def _event(facts: Row, position: int) -> FixtureEvent:
    day = facts.get("event.date")
    if not isinstance(day, date):
        raise RuleValueInvalid(place=f"fixture/events/{position}", expected="event.date")
    return FixtureEvent(facts, datetime.combine(day, time(), tzinfo=UTC) + timedelta(microseconds=position))


def _row(raw: Mapping[str, object], lookup: Callable[[str], Fact | None], day: date, place: str) -> Row:
    found: Row = {}
    for name, value in raw.items():
        fact = lookup(name)
        if fact is None:
            raise RuleFieldUnknown(place=f"{place}/{name}"[:MAX_PLACE])
        known = read_fact(value, fact, f"{place}/{name}")
        found[name] = known.on(day) if isinstance(known, RelativeDay) else known
    return found


MAX_PLACE: Final = 120
"""A name that somebody made up is not repeated at length."""

NOTHING_HELD: Final[Row] = {"asset": 0, "liability": 0, "points": 0}
"""A class or a wallet of which nothing is written down is none of it; other facts are unknown."""


def over(function: AggregateFunction, values: Iterable[Plain]) -> Plain:
    """Work out a figure over the values that are known."""
    known: list[Any] = [value for value in values if value is not None]
    if not known:
        return 0 if function in ZERO_OVER_NOTHING else None
    result: Plain = _FUNCTIONS[function](known)
    return result


_FUNCTIONS: Final[dict[AggregateFunction, Callable[[list[Any]], Any]]] = {
    AggregateFunction.SUM: sum,
    AggregateFunction.AVG: lambda found: divide_half_up(sum(found), len(found)),
    AggregateFunction.MIN: min,
    AggregateFunction.MAX: max,
    AggregateFunction.COUNT: len,
    AggregateFunction.DISTINCT: lambda found: len(set(found)),
}
