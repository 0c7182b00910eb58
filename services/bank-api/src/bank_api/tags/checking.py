"""Rules before anybody is tagged by them: read in either form, and tried against a customer who is written down."""

from datetime import date
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from guibin.core import clock
from guibin.core.invalid import invalid_input
from guibin.core.text import Code, OneLine
from guibin.security.actors import Domain, Verb
from guibin.tags.errors import (
    RuleFieldUnknown,
    RuleOperatorInvalid,
    RuleTextInvalid,
    RuleTooComplex,
    RuleValueInvalid,
)
from guibin.tags.evaluation import Verdict, evaluate
from guibin.tags.fixtures import Fixture, FixtureTag, read_fixture
from guibin.tags.rules import Condition, Node, parse_rule, parse_text, write_text
from guibin.tags.vocabulary import Circle
from guibin.web import (
    BodyLimit,
    DataClass,
    Day,
    OutModel,
    PortRouter,
    RateClass,
    StaffCall,
    StrictModel,
    declare,
    json_body,
    staff,
)

from .rule_forms import RuleText, RuleTree
from .why_schemas import shown

router = PortRouter(prefix="/v1/rules", tags=["tags"])


DaysAgo = Annotated[str, StringConstraints(strict=True, pattern=r"^[1-9][0-9]{0,2}$")]


class LifeIn(StrictModel):
    """Since when a customer has a tag."""

    since: Day
    until: Day | None = Field(default=None, description="First day without it")
    values: list[Annotated[str, OneLine(40)]] = Field(
        default_factory=list, max_length=20, description="What the customer has of it, for a tag with values"
    )


class FixtureIn(StrictModel):
    """A customer who is written down; a fact that is left out is unknown, a class or wallet left out is 0."""

    as_of: Day | None = Field(default=None, description="The closed business day; yesterday without it")
    facts: dict[str, Any] = Field(default_factory=dict, examples=[{"aum": "1200000.00", "age": 61}])
    events: list[dict[str, Any]] = Field(
        default_factory=list, max_length=200, examples=[[{"event.type": "salary", "event.date": "2026-11-20"}]]
    )
    holdings: list[dict[str, Any]] = Field(default_factory=list, max_length=200, description="Those that are open")
    tags: dict[Code, LifeIn] = Field(default_factory=dict, max_length=200)
    past: dict[DaysAgo, dict[str, Any]] = Field(
        default_factory=dict, max_length=20, description="Facts so many days ago", examples=[{"90": {"aum": "1.00"}}]
    )
    related: dict[Circle, Annotated[list[dict[str, Any]], Field(max_length=200)]] = Field(
        default_factory=dict, description="Facts of the customers who are related", examples=[{"household": [{}]}]
    )
    stood_for_days: int = Field(default=1, ge=1, le=366, description="For how many days all this has been as it is")

    def fixture(self) -> Fixture:
        """Return the customer.

        Raises:
            RuleFieldUnknown, RuleValueInvalid: a fact that there is not, or a value of another type.
        """
        return read_fixture(
            self.as_of or clock.last_closed_day(),
            facts=self.facts,
            events=self.events,
            holdings=self.holdings,
            tags={code: FixtureTag(life.since, life.until, frozenset(life.values)) for code, life in self.tags.items()},
            past={int(days): facts for days, facts in self.past.items()},
            related=self.related,
            stood_for_days=self.stood_for_days,
        )


class RuleCheckIn(StrictModel):
    """A rule, as a tree or as text, and somebody to try it against."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"rule_text": "aum_mda >= 1000000.00"}]})

    rule: RuleTree | None = None
    rule_text: RuleText | None = None
    fixture: FixtureIn | None = Field(default=None, description="Without it the rule is read and not tried")

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.rule is None) is (self.rule_text is None):
            raise invalid_input("rule", "rule 与 rule_text 须且只能提供一项", "must be given as a tree or as text")
        return self


class TriedConditionOut(OutModel):
    """A condition of the rule, judged."""

    place: str = Field(examples=["rule/all/0"])
    actual: Any = Field(description="What it reads of the customer; null is unknown")
    actual_value: Any = Field(description="What it is compared with, where that is read of the customer too")
    met: bool


class TriedOut(OutModel):
    """What the rule says of the customer who is written down."""

    as_of: date
    matches: bool
    first_failing: str | None = Field(description="Place of the first condition that keeps the rule from holding")
    conditions: list[TriedConditionOut]


class RuleCheckOut(OutModel):
    """The rule in both forms."""

    rule: dict[str, Any]
    rule_text: str
    tried: TriedOut | None


@router.post("/check", operation_id="checkRule")
@declare(
    caller=staff(Verb.SUBMIT, Domain.TAGS),
    rate=RateClass.SEARCH,
    data=DataClass.C1,
    body_limit=BodyLimit.BATCH,
    refusals=(RuleFieldUnknown, RuleOperatorInvalid, RuleValueInvalid, RuleTooComplex, RuleTextInvalid),
)
async def check_rule(call: StaffCall, body: Annotated[RuleCheckIn, json_body(RuleCheckIn)]) -> RuleCheckOut:  # noqa: ARG001 # nothing is read of anybody
    """Read a rule of a tag, answer it as a tree and as text, and try it against a customer who is written down.

    Nothing is stored and nothing of a real customer is read; whether there are tags that it refers to is not looked at.
    """
    rule = parse_text(body.rule_text) if body.rule_text is not None else body.rule or {}
    node = parse_rule(rule)
    tried = None if body.fixture is None else _try(node, body.fixture.fixture())
    return RuleCheckOut(rule=rule, rule_text=write_text(rule), tried=tried)


def _try(node: Node, fixture: Fixture) -> TriedOut:
    verdict = evaluate(node, fixture.read, fixture.day)
    failing = verdict.first_failing()
    return TriedOut(
        as_of=fixture.day,
        matches=verdict.met,
        first_failing=failing.place if failing else None,
        conditions=[_tried(one) for one in verdict.conditions()],
    )


def _tried(verdict: Verdict) -> TriedConditionOut:
    if not isinstance(verdict.node, Condition):
        raise TypeError("only conditions are judged by a value")
    fact = verdict.node.fact
    return TriedConditionOut(
        place=verdict.place,
        actual=shown(fact, verdict.actual),
        actual_value=shown(fact, verdict.other),
        met=verdict.met,
    )
