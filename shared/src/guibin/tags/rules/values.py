"""The values that rules compare with: read by type, held to the limits and to the closed list of the fact."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeGuard

from guibin.core.money import parse_cny
from guibin.core.text import has_lone_surrogate
from guibin.tags.errors import RuleOperatorInvalid, RuleValueInvalid
from guibin.tags.rules.tree import Operand, Scalar
from guibin.tags.rules.windows import BeforeDays, BetweenDates, InPeriod, LastDays, Period, RelativeDay, Window
from guibin.tags.vocabulary import OPERATORS, Fact, FactType, Operator

MAX_VALUES: Final = 1_000
MAX_DAYS: Final = 366
MAX_RELATIVE_DAYS: Final = 3_660
MAX_TEXT: Final = 200
MAX_INTEGER: Final = 10**15


def read_operator(raw: object, fact_type: FactType, place: str) -> Operator:
    """Read an operator that fits a type.

    Raises:
        RuleOperatorInvalid: it does not, or there is none of the name.
    """
    allowed = OPERATORS[fact_type]
    if not isinstance(raw, str) or raw not in {str(operator) for operator in allowed}:
        raise RuleOperatorInvalid(place=place, allowed=allowed)
    return Operator(raw)


def read_value(raw: object, fact: Operand, operator: Operator, place: str) -> Scalar | tuple[Scalar, ...]:
    """Read what a fact is compared with.

    Raises:
        RuleValueInvalid: it is of another type, beyond a limit or none of the fact's values.
        RuleOperatorInvalid: not two bounds.
    """
    match operator:
        case Operator.BETWEEN:
            return _read_bounds(raw, fact, place)
        case Operator.IN | Operator.NOT_IN | Operator.HAS_ANY | Operator.HAS_ALL | Operator.HAS_NONE:
            return _read_list(raw, fact, operator, place)
        case Operator.IN_PERIOD:
            return _read_period(raw, place)
        case Operator.WITHIN_DAYS:
            if not is_integer(raw) or not -MAX_DAYS <= raw <= MAX_DAYS:
                raise RuleValueInvalid(place=place, expected=expected_of(fact, operator))
            return raw
        case _:
            return _read_scalar(raw, fact, operator, place)


def read_days(raw: object, place: str, *, least: int = 1) -> int:
    """Read a number of days.

    Raises:
        RuleValueInvalid: it is none, or out of bounds.
    """
    if not is_integer(raw) or not least <= raw <= MAX_DAYS:
        raise RuleValueInvalid(place=place, expected=f"an integer from {least} to {MAX_DAYS}")
    return raw


def read_window(raw: object, place: str) -> Window:
    """Read the days of the events that a figure is over.

    Raises:
        RuleValueInvalid: it is none.
    """
    match raw:
        case {"last_days": days, **others} if not others:
            return LastDays(read_days(days, f"{place}/last_days"))
        case {"before_days": days, **others} if not others:
            return BeforeDays(read_days(days, f"{place}/before_days"))
        case {"period": period, **others} if not others:
            return InPeriod(_read_period(period, f"{place}/period"))
        case dict() if {"from", "to"} >= raw.keys() and raw:
            return _read_dates(raw, place)
    raise RuleValueInvalid(place=place, expected="one of last_days, before_days, period, or from and to")


def _read_dates(raw: dict[str, object], place: str) -> BetweenDates:
    bounds: dict[str, date] = {}
    for name, value in raw.items():
        found = _read_date(value)
        if found is None:
            raise RuleValueInvalid(place=f"{place}/{name}", expected=_EXPECTED[FactType.DATE])
        bounds[name] = found
    first, last = bounds.get("from"), bounds.get("to")
    if first is not None and last is not None and first > last:
        raise RuleValueInvalid(place=place, expected="the earlier day first")
    return BetweenDates(first, last)


def _read_period(raw: object, place: str) -> Period:
    if not isinstance(raw, str) or raw not in set(Period):
        raise RuleValueInvalid(place=place, expected=f"one of {', '.join(Period)}")
    return Period(raw)


def _read_bounds(raw: object, fact: Operand, place: str) -> tuple[Scalar, ...]:
    bounds = 2
    if not isinstance(raw, list) or len(raw) != bounds:
        raise RuleOperatorInvalid(place=place, allowed=OPERATORS[fact.type])
    low, high = (_read_scalar(item, fact, Operator.BETWEEN, f"{place}/{index}") for index, item in enumerate(raw))
    if not _in_order(low, high):
        raise RuleValueInvalid(place=place, expected="the lower bound first")
    return low, high


def _in_order(low: Any, high: Any) -> bool:
    """Compare bounds of one type; which of a date and a day from now comes first is known on the day alone."""
    if isinstance(low, RelativeDay) and isinstance(high, RelativeDay):
        return low.days <= high.days
    return isinstance(low, RelativeDay) or isinstance(high, RelativeDay) or bool(low <= high)


def _read_list(raw: object, fact: Operand, operator: Operator, place: str) -> tuple[Scalar, ...]:
    if not isinstance(raw, list) or not 1 <= len(raw) <= MAX_VALUES:
        raise RuleValueInvalid(place=place, expected=expected_of(fact, operator))
    return tuple(_read_scalar(item, fact, operator, f"{place}/{index}") for index, item in enumerate(raw))


def _read_scalar(raw: object, fact: Operand, operator: Operator, place: str) -> Scalar:
    value: Scalar | None
    if fact.type is FactType.DATE and isinstance(raw, dict):
        value = _read_relative_day(raw)
    else:
        value = _READERS[fact.type](raw)
    if value is None or not _is_known(value, fact, operator):
        raise RuleValueInvalid(place=place, expected=expected_of(fact, operator))
    return value


def _is_known(value: Scalar, fact: Operand, operator: Operator) -> bool:
    """Hold a value to the closed list of its fact; a search is for a part of a text."""
    if operator in {Operator.CONTAINS, Operator.STARTS, Operator.ENDS}:
        return True
    values = fact.values if isinstance(fact, Fact) else None
    return values is None or value in values


def expected_of(fact: Operand, operator: Operator) -> str:
    """Say what a fact and an operator take."""
    if operator is Operator.WITHIN_DAYS:
        return f"an integer from -{MAX_DAYS} to {MAX_DAYS}"
    values = f": {', '.join(sorted(fact.values))}" if isinstance(fact, Fact) and fact.values else ""
    one = f"{_EXPECTED[fact.type]}{values}"
    takes_list = operator in {Operator.IN, Operator.NOT_IN, Operator.HAS_ANY, Operator.HAS_ALL, Operator.HAS_NONE}
    return f"a list of 1 to {MAX_VALUES}, each {one}" if takes_list else one


def is_integer(raw: object) -> TypeGuard[int]:
    """Tell whether a JSON value is a whole number, which true and false are not."""
    return isinstance(raw, int) and not isinstance(raw, bool)


def _read_money(raw: object) -> int | None:
    return parse_cny(raw) if isinstance(raw, str) else None


def _read_integer(raw: object) -> int | None:
    return raw if is_integer(raw) and abs(raw) <= MAX_INTEGER else None


def _read_text(raw: object) -> str | None:
    """Take text that the database can hold and compare."""
    if not isinstance(raw, str) or not 1 <= len(raw) <= MAX_TEXT or "\0" in raw or has_lone_surrogate(raw):
        return None
    return raw


def _read_date(raw: object) -> date | None:
    if not isinstance(raw, str) or len(raw) != len("YYYY-MM-DD"):
        return None
    try:
        return date.fromisoformat(raw)
    except ValueError:
        return None


def _read_decimal(raw: object) -> Decimal | None:
    return Decimal(raw) if isinstance(raw, str) and raw.isascii() and _DECIMAL.fullmatch(raw) else None


_DECIMAL: Final = re.compile(r"-?\d{1,15}(\.\d{1,6})?")


def _read_relative_day(raw: dict[str, object]) -> RelativeDay | None:
    days = raw.get("days_from_now")
    return RelativeDay(days) if len(raw) == 1 and is_integer(days) and abs(days) <= MAX_RELATIVE_DAYS else None


_READERS: Final[dict[FactType, Callable[[object], Scalar | None]]] = {
    FactType.MONEY: _read_money,
    FactType.INTEGER: _read_integer,
    FactType.TEXT: _read_text,
    FactType.SET: _read_text,
    FactType.DATE: _read_date,
    FactType.DECIMAL: _read_decimal,
}
_EXPECTED: Final = {
    FactType.MONEY: "an amount in CNY as text",
    FactType.INTEGER: "an integer",
    FactType.TEXT: f"text of 1 to {MAX_TEXT} characters",
    FactType.SET: f"text of 1 to {MAX_TEXT} characters",
    FactType.DATE: "a date YYYY-MM-DD or {days_from_now: n}",
    FactType.FLAG: "nothing",
    FactType.DECIMAL: "a decimal as text",
}


def read_fact(raw: object, fact: Fact, place: str) -> Scalar | frozenset[str] | None:
    """Read what a fact of somebody is, as a rule would compare it; null is unknown.

    Raises:
        RuleValueInvalid: it is of another type, or none of the fact's values.
    """
    if raw is None:
        return None
    if fact.type is FactType.SET:
        return frozenset(str(one) for one in _read_list(raw, fact, Operator.HAS_ANY, place)) if raw else frozenset()
    return _read_scalar(raw, fact, Operator.EQUAL, place)
