"""What the bank port says of the runs of a tag's rule, of its reach, and of what decides by one that is frozen."""

from datetime import date, datetime

from pydantic import Field

from guibin.core.ids import RunId
from guibin.tags.repository import LEAST_COUNTED
from guibin.tags.runs.models import TagRun, TagRunKind, TagRunResult
from guibin.tags.runs.reach import ReachOfDay
from guibin.web import OutModel

from .schemas import TagOut

FEW = f"null where it is below {LEAST_COUNTED} and you see no whole branch"


class SuspendedOut(TagOut):
    """A tag that is frozen."""

    affected: list[str] = Field(description="What decides by it, as kind and code", examples=[["right:airport_lounge"]])


class TagRunOut(OutModel):
    """One run of a tag's rule."""

    run_id: RunId
    kind: TagRunKind = Field(description="Over everybody, or over those about whom something changed")
    business_date: date
    started_at: datetime
    finished_at: datetime
    version: int = Field(description="The version of the rule")
    read: int = Field(description="Customers that the run looked at")
    members: int | None = Field(description=f"Who has the tag by its rule after the run; {FEW}")
    added: int | None = Field(description=f"Memberships that it began; {FEW}")
    ended: int | None = Field(description=f"Memberships that it ended; {FEW}")
    error: str | None = Field(description="SQLSTATE, if the rule could not be computed: members are as they were")

    @classmethod
    def of(cls, row: tuple[TagRun, TagRunResult], *, exact: bool) -> "TagRunOut":
        """Describe a run; small counts are shown if `exact`."""
        run, result = row
        return cls(
            run_id=run.id,
            kind=TagRunKind(run.kind),
            business_date=run.business_date,
            started_at=run.started_at,
            finished_at=run.finished_at,
            version=result.version,
            read=run.read,
            members=_shown(result.members, exact=exact),
            added=_shown(result.added, exact=exact),
            ended=_shown(result.ended, exact=exact),
            error=result.error,
        )


class ReachDayOut(OutModel):
    """How far a tag reached on a day of business."""

    business_date: date
    version: int
    customers: int = Field(description="All customers of the bank")
    members: int | None = Field(description=f"Who had the tag by its rule; {FEW}")
    reach_percent: float | None
    by_value: dict[str, int] = Field(description="Memberships by value; empty where members are not shown")
    change_percent: float | None = Field(
        description="Growth of the members against the day before, in per cent; null on the first day and from none"
    )
    drifted: bool = Field(description="Whether the change passed the limit")

    @classmethod
    def of(cls, day: ReachOfDay, *, exact: bool) -> "ReachDayOut":
        """Describe a day; small counts are shown if `exact`."""
        members = _shown(day.members, exact=exact)
        return cls(
            business_date=day.business_date,
            version=day.version,
            customers=day.customers,
            members=members,
            reach_percent=None if members is None else day.reach_percent,
            by_value={} if members is None else day.by_value,
            change_percent=None if members is None else day.change_percent,
            drifted=day.drifted,
        )


class ReachOut(OutModel):
    """How far a tag reached, day by day."""

    code: str
    drift_limit_percent: float = Field(description="The change from one day to the next that counts as drift")
    computed_for: date | None = Field(description="Latest day for which the rule could be computed")
    stale: bool = Field(description="Whether that is not the last day of business that is over")
    items: list[ReachDayOut]


def _shown(count: int, *, exact: bool) -> int | None:
    return count if exact or count >= LEAST_COUNTED else None
