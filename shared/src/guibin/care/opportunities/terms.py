"""What a care plan says of opportunities."""

from collections import Counter
from collections.abc import Collection
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from guibin.care.models import NeedCategory
from guibin.core.text import Code, OneLine

MOST_RULES: Final = 50
MOST_FEN: Final = 10**15

TagValue = Annotated[str, OneLine(60)]
Days = Annotated[int, Field(ge=1, le=730)]
Fen = Annotated[int, Field(ge=0, le=MOST_FEN)]


class OpportunityRule(BaseModel):
    """Who comes to have a tag, a value of it, or into a segment, may take or need something, due `due_days` later."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Code
    enabled: bool = True
    tag: Code
    value: TagValue | None = None
    product_code: Code | None = None
    need: NeedCategory | None = None
    due_days: Days = 14
    amount_fen: Fen | None = None


class OpportunityTerms(BaseModel):
    """What the night opens, and in days: how long a refusal is heeded, how long after its day an open one lapses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sleep_days: Days = 90
    lapses_after: Days = 30
    rules: list[OpportunityRule] = Field(default_factory=list, max_length=MOST_RULES)


def faults_of_rules(
    terms: OpportunityTerms, *, tags: Collection[str], sensitive: Collection[str], products: Collection[str]
) -> str | None:
    """Say what is wrong with the rules.

    `opportunity_code`: one is used twice; `opportunity_subject`: a rule names not either a product or a need;
    `product_unknown`; `tag_unknown`: it is not in force; `tag_sensitive`: nobody is sold anything for that.
    """
    if any(count > 1 for count in Counter(rule.code for rule in terms.rules).values()):
        return "opportunity_code"
    if any((rule.product_code is None) == (rule.need is None) for rule in terms.rules):
        return "opportunity_subject"
    if {rule.product_code for rule in terms.rules} - {None, *products}:
        return "product_unknown"
    if {rule.tag for rule in terms.rules} - set(tags):
        return "tag_unknown"
    return "tag_sensitive" if {rule.tag for rule in terms.rules} & set(sensitive) else None
