"""What the bank port says of why a customer has a tag."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pydantic import Field

from guibin.core.freshness import FigureDay
from guibin.core.ids import CustomerId, StaffId
from guibin.core.money import format_cny
from guibin.tags.evaluation import Plain, Verdict
from guibin.tags.models import CustomerTag, TagKind
from guibin.tags.rules import Condition, Operand, node_at
from guibin.tags.service import Explanation
from guibin.tags.vocabulary import FactType, Operator
from guibin.web import FreshnessOut, OutModel

from .schemas import STALE


class ConditionOut(OutModel):
    """A condition of the rule, judged."""

    place: str = Field(description="Where it stands in the rule", examples=["rule/all/0"])
    fact: Any = Field(description="As the rule says it; the whole condition where it says yes or no by itself")
    op: str = Field(description="As the rule says it; `holds` for a condition that says yes or no by itself")
    value: Any = Field(description="As the rule says it; null where the operator takes none")
    actual: Any = Field(description="The customer's value; null is unknown")
    actual_value: Any = Field(description="The customer's value of the fact that it is compared with, if it is one")
    masked: bool = Field(description="An amount that only the customer's primary manager may see")
    met: bool


class WhyOut(OutModel):
    """Why a customer has a tag, or has it not."""

    customer_id: CustomerId
    code: str
    kind: TagKind
    has: bool = Field(description="Whether the customer has the tag now")
    values: list[str] = Field(description="The values that the customer has now; empty for a tag one has or has not")
    since: date | None
    given_by_version: int | None = Field(description="The version of the rule that gave it")
    set_by: StaffId | None
    reason: str | None = Field(description="For tags set by hand")
    version: int | None = Field(description="The version judged here: the one in force; null for a draft")
    freshness: FreshnessOut | None = Field(description="Of the data; null before the customer's first run")
    stale: bool = Field(description=STALE)
    profile_from: date | None = Field(
        description="First day of which it is on record who the customer was (branches, gender, city, age)"
    )
    unrecorded: list[str] = Field(
        description="Facts of the rule that are unknown because `as_of` lies before `profile_from`; `held` where no "
        "run recorded for that day since when a rule holds",
        examples=[["branch"]],
    )
    matches: bool | None = Field(description="Whether the rule in force holds on that data")
    gives: list[str] = Field(description="The values that the version in force gives on that data")
    numbers: dict[str, str | None] = Field(
        description="What the version in force calculated, by place: a figure, a result, a score; null is unknown"
    )
    first_failing: str | None = Field(description="Place of the first condition that keeps the rule from holding")
    conditions: list[ConditionOut]

    @classmethod
    def of(cls, found: Explanation, day: FigureDay | None, *, exact: bool, stale: bool = False) -> "WhyOut":
        """Describe an explanation from the data of a day; amounts are shown if `exact`."""
        member: CustomerTag | None = found.membership
        failing, judged = found.first_failing, found.judgement
        return cls(
            customer_id=found.customer_id,
            code=found.tag.code,
            kind=TagKind(found.tag.kind),
            has=member is not None,
            values=[one.value for one in found.memberships if one.value],
            since=member.since if member else None,
            given_by_version=member.version if member else None,
            set_by=member.set_by if member else None,
            reason=member.reason if member else None,
            version=found.version.version if found.version else None,
            freshness=FreshnessOut.of(day) if day else None,
            stale=stale,
            profile_from=found.values.known_from if found.values else None,
            unrecorded=list(found.unrecorded),
            matches=bool(judged.values) if judged else None,
            gives=[value for value in judged.values if value] if judged else [],
            numbers=_numbers(found, exact=exact),
            first_failing=failing.place if failing else None,
            conditions=_conditions(found, exact=exact),
        )


def _conditions(found: Explanation, *, exact: bool) -> list[ConditionOut]:
    if found.rule is None or found.judgement is None:
        return []
    verdicts = (condition for verdict in found.judgement.verdicts for condition in verdict.conditions())
    return [_condition(verdict, found.rule, exact=exact) for verdict in verdicts]


def _numbers(found: Explanation, *, exact: bool) -> dict[str, str | None]:
    """Show what was calculated; to who may not see amounts only what is none."""
    if found.judgement is None or not (exact or found.tag.kind in {TagKind.SCORE, TagKind.RFM}):
        return {}
    return dict(found.judgement.numbers)


def _condition(verdict: Verdict, rule: dict[str, Any], *, exact: bool) -> ConditionOut:
    node = verdict.node
    if not isinstance(node, Condition):
        raise TypeError("only conditions are judged by a value")
    written = node_at(rule, verdict.place)
    masked = node.fact.type is FactType.MONEY and not exact
    return ConditionOut(
        place=verdict.place,
        fact=written.get("fact", written),
        op=written.get("op", Operator.HOLDS),
        value=written.get("value"),
        actual=None if masked else shown(node.fact, verdict.actual),
        actual_value=None if masked else shown(node.fact, verdict.other),
        masked=masked,
        met=verdict.met,
    )


def shown(fact: Operand, value: Plain) -> Any:
    """Show a value as rules write values of the fact."""
    if isinstance(value, frozenset):
        return sorted(value)
    if fact.type is FactType.MONEY and isinstance(value, int | Decimal):
        return format_cny(int(value.to_integral_value(ROUND_HALF_UP)) if isinstance(value, Decimal) else value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value
