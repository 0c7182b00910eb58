"""On which terms customers keep, change and lose their managers: a bank edits these numbers."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Months = Annotated[int, Field(ge=0, le=60)]
Days = Annotated[int, Field(ge=0, le=366)]


class Terms(BaseModel):
    """The numbers, each with what a bank starts from. Months are calendar months."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    settle_months: Months = Field(
        default=3, description="Months at a tier before it changes a manager who may still serve it"
    )
    joint_days: Days = Field(
        default=30, description="Days on which the old and the new manager both serve; 0: handed over at once"
    )
