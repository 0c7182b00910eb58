"""The words in which the starter tags are written."""

from dataclasses import dataclass
from typing import Any, Final

from guibin.tags.models import TagAxis, TagKind
from guibin.tags.vocabulary import CustomerKind

RuleTree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StarterTag:
    """A tag of the starter pack: what it is called, what it means, and what gives it."""

    code: str
    axis: TagAxis
    customer_kind: CustomerKind
    name_zh: str
    name_en: str
    description: str
    rule: RuleTree
    kind: TagKind = TagKind.RULE

    @property
    def category(self) -> str:
        """The category in which it stands."""
        return f"{self.axis}.{self.customer_kind}"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where the tags of a file stand: on an axis, under a kind of customers unless they name another."""

    axis: TagAxis
    customer_kind: CustomerKind

    def __call__(
        self,
        code: str,
        name_zh: str,
        name_en: str,
        description: str,
        rule: RuleTree,
        kind: TagKind = TagKind.RULE,
        customer_kind: CustomerKind | None = None,
    ) -> StarterTag:
        """Put a tag there."""
        under = customer_kind or self.customer_kind
        return StarterTag(code, self.axis, under, name_zh, name_en, description, rule, kind)


def is_(fact: str | RuleTree, operator: str, value: object) -> RuleTree:
    """Compare a fact."""
    return {"fact": fact, "op": operator, "value": value}


FRESH: Final[RuleTree] = {"fact": "stale_lines", "op": "missing"}
"""Every line of the customer is in: what did not happen is known not to have."""


def all_(*nodes: RuleTree) -> RuleTree:
    """Every one holds."""
    return {"all": list(nodes)}


def any_(*nodes: RuleTree) -> RuleTree:
    """At least one holds."""
    return {"any": list(nodes)}


def not_(node: RuleTree) -> RuleTree:
    """It does not hold."""
    return {"not": node}


def tag(code: str) -> RuleTree:
    """The customer has another tag."""
    return {"tag": code}


def of_kind(kind: CustomerKind) -> RuleTree:
    """The customer is of a kind."""
    return is_("customer_kinds", "has_any", [kind])


def events(function: str, field: str, days: int, where: RuleTree | None = None) -> RuleTree:
    """Return a figure over the events of the last days."""
    filtered = {} if where is None else {"where": where}
    return {function: field, "window": {"last_days": days}} | filtered


def number_of(days: int, where: RuleTree | None = None) -> RuleTree:
    """Count events of the last days."""
    return events("count", "event", days, where)


def sum_of(days: int, where: RuleTree | None = None) -> RuleTree:
    """Add up the amounts of events of the last days."""
    return events("sum", "event.amount", days, where)


def event(*types: str) -> RuleTree:
    """The event is of a type."""
    return is_("event.type", "in", list(types))


def inflow(name: str) -> RuleTree:
    """The event brings money of a class."""
    return is_("event.inflow_class", "=", name)


def owns(product_class: str) -> RuleTree:
    """The customer has assets of a class."""
    return is_(f"asset.{product_class}", ">", "0.00")


def ranges(*bounds: tuple[str | None, Any, str, str] | tuple[str | None, Any]) -> list[RuleTree]:
    """Write ranges: the value (None gives none), the bound below which it ends (None: open), and its names."""
    found = []
    for value, below, *names in bounds:
        one = {} if value is None else {"value": value}
        one |= {} if below is None else {"below": below}
        found.append(one | dict(zip(("name_zh", "name_en"), names, strict=False)))
    return found


def case(value: str, when: RuleTree, name_zh: str, name_en: str) -> RuleTree:
    """Write a value with the rule that gives it."""
    return {"value": value, "name_zh": name_zh, "name_en": name_en, "when": when}
