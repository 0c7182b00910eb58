"""What the bank port says and takes of nightly runs."""

from collections.abc import Iterable
from datetime import date, datetime

from pydantic import Field

from guibin.core.ids import RunId
from guibin.runs.models import Run, RunState, RunStep
from guibin.web import Day, OutModel, StrictModel


class NightlyIn(StrictModel):
    """Which business day to close."""

    date: Day | None = Field(default=None, description="The business day to close; default yesterday")
    without_awaited: bool = Field(
        default=False, description="Do not wait for lines that are not in: their figures are stale then"
    )


class RunOut(OutModel):
    """A nightly run of one business day."""

    id: RunId
    kind: str = Field(examples=["nightly"])
    business_date: date
    state: RunState = Field(description="running until the last step is done; a run that broke off is taken up again")
    started_at: datetime
    finished_at: datetime | None


class StepOut(OutModel):
    """A step of a run with what it read, changed and refused."""

    name: str = Field(examples=["tiers"])
    counts: dict[str, int] = Field(examples=[{"first": 0, "up": 3, "down": 1}])
    started_at: datetime
    finished_at: datetime | None


class RunDetailOut(RunOut):
    """A run with the steps that it has begun."""

    steps: list[StepOut]

    @classmethod
    def of(cls, run: Run, steps: Iterable[RunStep]) -> "RunDetailOut":
        """Describe a run with its steps."""
        return cls.model_validate({**run.model_dump(), "steps": [StepOut.model_validate(step) for step in steps]})
