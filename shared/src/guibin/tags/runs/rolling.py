"""Which rules the calendar alone can turn: from one day to the next, with no fact changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from guibin.holdings.rules import Metric
from guibin.tags.kinds.definitions import Definition, Preference, Rfm, reads
from guibin.tags.rules import (
    AllOf,
    AnyOf,
    BetweenDates,
    Condition,
    EventAggregate,
    LastDays,
    Modifier,
    Node,
    Not,
    Operand,
    RelativeDay,
    Scaled,
    Window,
)
from guibin.tags.vocabulary import Fact, Operator

STORED: Final = frozenset(
    {
        *(f"aum_{metric}" for metric in Metric if metric != Metric.YEAR_DAILY),
        *("aum", "aum_mda", "spike_percent", "liabilities", "products", "lines", "stale_lines", "customer_kinds"),
        *("age", "gender", "city_code", "branch", "manager_branch", "tier"),
        *("event.type", "event.amount", "event.merchant_category", "event.channel", "event.inflow_class"),
        "event.date",
    }
)
"""Facts that stand in a row and are the same until something happens; the average of the year until the day is another
each day.
"""
STORED_BY_KEY: Final = ("asset.", "liability.", "points.", "bucket.")


_FROM_THE_DAY: Final = frozenset({Operator.WITHIN_DAYS, Operator.IN_PERIOD})


@dataclass(frozen=True, slots=True)
class Rolling:
    """How a rule moves with the calendar.

    `windows` are the lengths, in days, of the windows of events out of which an event falls as days go by. `unbounded`:
    something else moves, and only a look at everybody finds out for whom.
    """

    windows: frozenset[int] = frozenset()
    unbounded: bool = False

    def __or__(self, other: "Rolling") -> "Rolling":
        """Join what moves two parts of a rule."""
        return Rolling(self.windows | other.windows, self.unbounded or other.unbounded)


STILL: Final = Rolling()
UNBOUNDED: Final = Rolling(unbounded=True)


def rolling_of(definition: Definition) -> Rolling:
    """Tell how a definition moves with the calendar; what is not known here to stand still counts as unbounded."""
    match definition:
        case Rfm():
            return UNBOUNDED
        case Preference(where=where, window=window):
            return _of_events(where, window)
        case _:
            return _join(map(of_rule, reads(definition)))


def of_rule(node: Node) -> Rolling:
    """Tell how a rule moves with the calendar."""
    match node:
        case AllOf(nodes) | AnyOf(nodes):
            return _join(map(of_rule, nodes))
        case Not(inner):
            return of_rule(inner)
        case Condition(fact, operator, value):
            values = value if isinstance(value, tuple) else (value,)
            if operator in _FROM_THE_DAY or any(isinstance(one, RelativeDay) for one in values):
                return UNBOUNDED
            other = _of_operand(value) if isinstance(value, Operand) else STILL
            return _of_operand(fact) | other


def _of_operand(operand: Operand) -> Rolling:
    match operand:
        case Fact(name=name):
            return STILL if name in STORED or name.startswith(STORED_BY_KEY) else UNBOUNDED
        case EventAggregate(where=where, window=window):
            return _of_events(where, window)
        case Scaled(operand=inner):
            return _of_operand(inner)
        case Modifier():
            return STILL
        case _:
            return UNBOUNDED


def _of_events(where: Node | None, window: Window | None) -> Rolling:
    inner = STILL if where is None else of_rule(where)
    match window:
        case None | BetweenDates():
            return inner
        case LastDays(days):
            return inner | Rolling(frozenset({days}))
        case _:
            return UNBOUNDED


def _join(parts: Iterable[Rolling]) -> Rolling:
    joined = STILL
    for part in parts:
        joined |= part
    return joined
