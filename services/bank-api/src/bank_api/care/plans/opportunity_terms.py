"""What a care plan says of opportunities, as the bank port takes and says it."""

from typing import Annotated, Self

from pydantic import Field

from guibin.care.models import NeedCategory
from guibin.care.opportunities.terms import MOST_FEN, MOST_RULES, Days, OpportunityRule, OpportunityTerms, TagValue
from guibin.core.money import Cny, between
from guibin.core.text import Code
from guibin.web import OutModel, StrictModel


class OpportunityRuleIn(StrictModel):
    """Who comes to have a tag, a value of it, or into a segment, may take a product or need something: one of both."""

    code: Code = Field(description="Names the rule within the plan", examples=["maturing_to_fund"])
    enabled: bool = True
    tag: Code = Field(description="A tag or segment; a sensitive one is refused", examples=["high_potential"])
    value: TagValue | None = Field(default=None, description="Only this value of the tag; null: any", examples=["high"])
    product_code: Code | None = Field(default=None, examples=["WM-STABLE-90"])
    need: NeedCategory | None = None
    due_days: Days = Field(default=14, description="Days until it is due, then the next business day")
    amount: Annotated[Cny, between(0, MOST_FEN)] | None = Field(default=None, description="What is expected")


class OpportunityTermsIn(StrictModel):
    """How opportunities are handled, and which the night opens."""

    sleep_days: Days = Field(default=90, description="Days for which what the customer refused is not opened again")
    lapses_after: Days = Field(default=30, description="Days after its due day from which an open one lapses")
    rules: list[OpportunityRuleIn] = Field(
        default=[], max_length=MOST_RULES, description="Of one stay in a tag a rule opens one opportunity"
    )

    def wanted(self) -> OpportunityTerms:
        """Say what is asked for, amounts in fen."""
        rules = [{"amount_fen": one.amount, **one.model_dump(exclude={"amount"})} for one in self.rules]
        return OpportunityTerms.model_validate({**self.model_dump(), "rules": rules})


class OpportunityRuleOut(OutModel):
    """Who comes to have a tag, or into a segment, may take a product or need something."""

    code: str
    enabled: bool
    tag: str
    value: str | None
    product_code: str | None
    need: NeedCategory | None
    due_days: int
    amount: Cny | None

    @classmethod
    def of(cls, rule: OpportunityRule) -> Self:
        """Describe a rule."""
        return cls(amount=rule.amount_fen, **rule.model_dump(exclude={"amount_fen"}))


class OpportunityTermsOut(OutModel):
    """How opportunities are handled, and which the night opens."""

    sleep_days: int
    lapses_after: int
    rules: list[OpportunityRuleOut]

    @classmethod
    def of(cls, terms: OpportunityTerms) -> Self:
        """Describe them."""
        rules = [OpportunityRuleOut.of(rule) for rule in terms.rules]
        return cls(sleep_days=terms.sleep_days, lapses_after=terms.lapses_after, rules=rules)
