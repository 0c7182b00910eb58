"""On which terms customers keep, change and lose their managers: a bank edits these numbers."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from guibin.core.invalid import invalid_input
from guibin.core.text import Code

Months = Annotated[int, Field(ge=0, le=60)]
Days = Annotated[int, Field(ge=0, le=366)]


Weight = Annotated[int, Field(ge=0, le=10_000)]


class PlanWeights(BaseModel):
    """What counts how much in a plan that does not say it itself, in points of cost."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    distance: Weight = Field(default=20, description="Each step of the tree")
    other_city: Weight = 200
    second_choice: Weight = Field(default=40, description="A second choice of the matrix")
    missing_skill: Weight = Field(default=60, description="Each")
    passed_claim: Weight = Field(default=1_000, description="Another manager than the one who has the claim")
    broken_relationship: Weight = Field(default=5, description="Each month together, times the place of the tier")
    load: Weight = Field(default=10, description="Each tenth of the book that is full")
    above_soft: Weight = Field(default=100, description="Above the soft maximum")


class Terms(BaseModel):
    """The numbers, each with what a bank starts from. Months are calendar months."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    settle_months: Months = Field(
        default=3, description="Months at a tier before it changes a manager who may still serve it"
    )
    joint_days: Days = Field(
        default=30, description="Days on which the old and the new manager both serve; 0: handed over at once"
    )
    accompanied_days: Annotated[int, Field(ge=0, le=90)] = Field(
        default=30,
        description="Days after a change on which who gave the customer away may still look at it; 0: none",
    )
    most_managers: Annotated[int, Field(ge=1, le=24)] = Field(
        default=2, description="Managers in 24 months above which a customer stands in the report of stability"
    )
    pool_notice_months: Months = Field(
        default=5, description="Months without a word or a sale after which the manager is told"
    )
    pool_months: Months = Field(default=6, description="Months after which the customer goes back to the pool")
    pool_highest_tier: Code = Field(
        default="T1", description="The highest tier of which anybody goes back to the pool", examples=["T1"]
    )
    double_credit_months: Months = Field(
        default=6,
        description="Months for which who handed a customer up is credited beside the taker; 0: not at all",
    )
    claim_days: Annotated[int, Field(ge=1, le=366)] = Field(
        default=90, description="Days for which a manager is the first choice for a customer whom nobody serves"
    )
    claim_cool_down_days: Days = Field(
        default=30, description="Days after a claim that ran out or was lost on which the same manager cannot claim"
    )
    claim_dispute_days: Days = Field(default=14, description="Days from its first on which a claim can be disputed")
    plan_weights: PlanWeights = Field(
        default_factory=PlanWeights, description="What counts how much in plans of assignment"
    )

    @model_validator(mode="after")
    def _announced_before(self) -> Self:
        if self.pool_notice_months > self.pool_months:
            raise invalid_input(
                "invalid",
                "退回客户池的预告期不能长于 pool_months",
                "nobody goes back to the pool before it is announced",
            )
        return self
