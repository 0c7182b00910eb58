"""What a care plan says of opportunities."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class OpportunityTerms(BaseModel):
    """How long a refusal is heeded, in days."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sleep_days: Annotated[int, Field(ge=1, le=730)] = 90
