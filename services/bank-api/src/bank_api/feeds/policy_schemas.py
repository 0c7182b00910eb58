"""What the bank port takes and says of when feeds are due."""

from collections.abc import Mapping
from datetime import time
from typing import Annotated, Self

from pydantic import Field, StringConstraints, field_validator

from guibin.core.invalid import invalid_input
from guibin.core.lines import Line
from guibin.core.text import OneLine
from guibin.feeds.models import FeedKind
from guibin.feeds.policies.rules import Late, Policy
from guibin.feeds.policies.service import PolicyTerms
from guibin.web import OutModel, StrictModel

Clock = Annotated[str, StringConstraints(strict=True, pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class FeedPolicyIn(StrictModel):
    """The terms of a line."""

    cut_off: Clock = Field(description="Local time on the day after the business date", examples=["02:30"])
    late: Late = Field(description="What the night does when the line is not in by then", examples=["wait"])
    kinds: list[FeedKind] = Field(
        min_length=1, max_length=len(FeedKind), description="What must be in; balances always", examples=[["balances"]]
    )
    owner: Annotated[str, OneLine(80)] | None = Field(
        default=None, description="The unit that answers for the line's data", examples=["零售金融部"]
    )

    @field_validator("kinds")
    @classmethod
    def _with_balances(cls, kinds: list[FeedKind]) -> list[FeedKind]:
        if FeedKind.BALANCES not in kinds:
            raise invalid_input("invalid", "须包含 balances", "must name balances")
        if len(set(kinds)) < len(kinds):
            raise invalid_input("duplicate_item", "每种只能出现一次", "must name each kind once")
        return kinds

    def terms(self) -> PolicyTerms:
        """Return them as the domain takes them."""
        kinds = tuple(sorted(self.kinds))
        return PolicyTerms(cut_off=time.fromisoformat(self.cut_off), late=self.late, kinds=kinds, owner=self.owner)


class FeedPolicyOut(OutModel):
    """The terms of a line that are in force."""

    line: Line
    cut_off: Clock
    late: Late
    kinds: list[FeedKind]
    owner: str | None
    revision: int = Field(description="0: the common terms, of which the night waits for nobody")

    @classmethod
    def of(cls, line: Line, policy: Policy) -> Self:
        """Describe them."""
        return cls(
            line=line,
            cut_off=f"{policy.cut_off:%H:%M}",
            late=policy.late,
            kinds=sorted(policy.kinds),
            owner=policy.owner,
            revision=policy.revision,
        )


class FeedPoliciesOut(OutModel):
    """The terms of all lines."""

    items: list[FeedPolicyOut]

    @classmethod
    def of(cls, policies: Mapping[Line, Policy]) -> Self:
        """Describe them."""
        return cls(items=[FeedPolicyOut.of(line, policy) for line, policy in policies.items()])
