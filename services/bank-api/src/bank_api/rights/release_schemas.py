"""What the bank port says and takes of the plans by which the stock of a right is released."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from guibin.core.invalid import invalid_input
from guibin.core.text import Code
from guibin.rights.releases import ReleaseLine
from guibin.web import Day, Instant, OutModel, StrictModel

MOST_LINES = 20
MOST_DATES = 100
MOST_RELEASED = 10**7

Clock = Annotated[str, StringConstraints(strict=True, pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Units = Annotated[int, Field(ge=1, le=MOST_RELEASED)]


class DailyIn(StrictModel):
    """So many units each day at a time of Asia/Shanghai."""

    at: Clock = Field(examples=["10:00"])
    units: Units
    first_day: Day
    last_day: Day | None = Field(default=None, description="Included; null: without an end")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last_day is not None and self.first_day > self.last_day:
            raise invalid_input("range", "结束不能早于开始", "must not end before it begins")
        return self


class DatedIn(StrictModel):
    """So many units at an instant."""

    at: Instant
    units: Units


class ReleaseLineIn(StrictModel):
    """What is released when, and for whom: daily, by dates, or both. What is not taken stays on offer."""

    code: Code = Field(description="Its name in the plan; what was taken of it counts on in a later plan that names it")
    tier: Code | None = Field(default=None, description="Only for this tier; null for every one")
    branch: Code | None = Field(default=None, description="Only for customers of this branch and those below it")
    daily: DailyIn | None = None
    dated: list[DatedIn] = Field(default_factory=list, max_length=MOST_DATES)

    @model_validator(mode="after")
    def _releases_something(self) -> Self:
        if self.daily is None and not self.dated:
            raise invalid_input("missing", "daily 与 dated 至少提供一项", "needs `daily` or `dated`")
        return self

    def document(self) -> dict[str, Any]:
        """Return the line with what it says."""
        own = self.model_dump(mode="json", exclude_none=True, exclude={"dated"})
        dated = [{"at": one.at.isoformat(), "units": one.units} for one in self.dated]
        return own | ({"dated": dated} if dated else {})


class ReleasePlanIn(StrictModel):
    """How the counted stock of a right comes on offer, line by line; without lines all of it is on offer at once."""

    lines: list[ReleaseLineIn] = Field(
        max_length=MOST_LINES, description="A redemption takes its units from the first that is for the customer"
    )

    @model_validator(mode="after")
    def _each_code_once(self) -> Self:
        codes = [line.code for line in self.lines]
        if len(set(codes)) != len(codes):
            raise invalid_input("duplicate_item", "同一行的 code 不能重复", "must not name a line twice")
        return self

    def document(self) -> dict[str, Any] | None:
        """Return the plan as the terms hold it; None when nothing is held back."""
        return {"lines": [line.document() for line in self.lines]} if self.lines else None


class ReleaseLineOut(OutModel):
    """A line of the plan in force."""

    code: str
    tier: str | None
    branch: str | None
    released: int = Field(description="Units until now, taken or not")
    taken: int = Field(description="Units that redemptions have, or reservations hold")
    next_at: datetime | None = Field(description="When it releases units next; null: it does not any more")

    @classmethod
    def of(cls, line: ReleaseLine, taken: Mapping[str, int], now: datetime) -> "ReleaseLineOut":
        """Describe a line as of an instant."""
        return cls(
            code=line.code,
            tier=line.tier,
            branch=line.branch,
            released=line.released(now),
            taken=taken.get(line.code, 0),
            next_at=line.next_at(now),
        )


class ReleasePlanOut(OutModel):
    """The plan in force; what a new one will say stands in the terms that wait for approval."""

    lines: list[ReleaseLineOut]
