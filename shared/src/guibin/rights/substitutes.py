"""What a customer is offered in place of a right that could not be delivered: a list among the terms of that right."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

MOST_SUBSTITUTES: Final = 10

OPEN_FOR: Final = timedelta(days=30)
"""For so long after the failure one of them can be taken."""


class PriceRule(StrEnum):
    """What a substitute may cost.

    `not_above`: it is offered where it costs no more than came back. `capped`: it is offered at no more than came
    back, whatever its price. `own`: at its own price, which may be higher.
    """

    NOT_ABOVE = "not_above"
    CAPPED = "capped"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Substitute:
    """A right by its code, and what it may cost."""

    right: str
    price: PriceRule


@dataclass(frozen=True, slots=True)
class CameBack:
    """What came back of a failed redemption: units, how many of them no points had paid for, and points."""

    units: int
    free_units: int
    points: int
    wallet: str


def substitutes_of(rows: Iterable[Mapping[str, Any]] | None) -> tuple[Substitute, ...]:
    """Read the list of a document, the first to be offered first."""
    return tuple(Substitute(row["right"], PriceRule(row["price"])) for row in rows or ())


def rule_towards(rule: PriceRule, back: CameBack) -> PriceRule:
    """Return the rule that holds for what came back.

    What a quota or a package had paid for is back in it: there is no price of points to hold the substitute to, and
    it is offered only where it costs nothing more.
    """
    return PriceRule.NOT_ABOVE if rule is PriceRule.CAPPED and back.free_units else rule


def wallet_towards(rule: PriceRule, back: CameBack, own: str) -> str:
    """Return the wallet that pays: the one to which points came back wherever prices are compared, else its own."""
    return own if rule is PriceRule.OWN else back.wallet


def cap_of(rule: PriceRule, back: CameBack) -> int | None:
    """Return the most points that a substitute is charged with; None without a bound."""
    return back.points if rule is PriceRule.CAPPED else None


def is_too_dear(rule: PriceRule, back: CameBack, points: int) -> bool:
    """Tell whether a substitute costs more than it may."""
    return rule is PriceRule.NOT_ABOVE and points > back.points
