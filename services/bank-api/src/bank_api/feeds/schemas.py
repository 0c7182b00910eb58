"""What the bank port says of feed files."""

from datetime import date, datetime

from pydantic import Field

from guibin.core.freshness import Freshness
from guibin.core.ids import FeedFileId
from guibin.core.lines import Line
from guibin.feeds.models import FeedFile, FeedKind, FeedMode
from guibin.feeds.policies.rules import Delivery
from guibin.feeds.service import MOST_SHOWN_REJECTS, FeedResult, LineDayView
from guibin.web import OutModel


class RejectOut(OutModel):
    """A refused row: where and why, never its content."""

    row: int = Field(description="Line of the file; the header is line 1")
    code: str = Field(examples=["certificate_invalid"])
    column: str | None


class DriftOut(OutModel):
    """What differs from the file of this line and kind that was taken before."""

    came: list[str] = Field(description="Columns that it did not have, as the line names them")
    went: list[str] = Field(description="Columns that it had")
    moved: list[str] = Field(description="Columns that stand elsewhere")
    changed: list[str] = Field(description="Our columns for whose form at least half of the rows were refused")


class FeedFileOut(OutModel):
    """A file that was taken."""

    id: FeedFileId
    line: Line
    kind: FeedKind
    mode: FeedMode
    business_date: date
    rows_read: int
    rows_accepted: int
    rows_changed: int = Field(description="Accepted rows that said something new")
    rows_rejected: int
    counts: dict[str, int] = Field(description="What the rows led to, for example customers_new, reviews, ended")
    drift: DriftOut | None = Field(description="null where nothing differs")
    taken_at: datetime

    @classmethod
    def of(cls, file: FeedFile) -> "FeedFileOut":
        """Describe a file."""
        return cls.model_validate(file)


class PreviewRowOut(OutModel):
    """One of the first rows as it was read."""

    row: int
    cells: dict[str, str] = Field(description="Our columns that are not empty; *** stands for what is personal")
    code: str | None = Field(description="Why it would be refused")
    column: str | None


class TakenOut(OutModel):
    """What became of an upload."""

    id: FeedFileId | None = Field(description="null for a dry run, which stores nothing")
    line: Line
    kind: FeedKind
    mode: FeedMode
    business_date: date
    rows_read: int
    rows_accepted: int
    rows_changed: int = Field(description="Accepted rows that said something new")
    rows_rejected: int
    counts: dict[str, int] = Field(description="What the rows led to, for example customers_new, reviews, ended")
    drift: DriftOut | None = Field(description="null where nothing differs")
    taken_at: datetime
    repeated: bool = Field(description="The same content was taken before; this is what became of it then")
    dry_run: bool
    rejects: list[RejectOut] = Field(description=f"The first {MOST_SHOWN_REJECTS} refused rows")
    preview: list[PreviewRowOut] = Field(description="Of a dry run: the first rows as they are read")

    @classmethod
    def of(cls, result: FeedResult) -> "TakenOut":
        """Describe a result."""
        shown = cls.model_validate(result)
        return shown.model_copy(update={"id": None}) if result.dry_run and not result.repeated else shown


class DayOut(OutModel):
    """How a line stands with a day."""

    date: date
    state: Freshness = Field(description="fresh: all it owes is in; stale: only an earlier day's; missing: none yet")
    delivery: Delivery = Field(description="received; due: it still has time; late: its cut-off is over")
    due_at: datetime
    received_at: datetime | None
    drifted: list[FeedKind] = Field(description="Kinds of files whose columns had drifted: see the schema of the line")


class LineDaysOut(OutModel):
    """The days of a line, oldest first."""

    line: Line
    days: list[DayOut]


class CalendarOut(OutModel):
    """All seven lines over a range of days."""

    lines: list[LineDaysOut]

    @classmethod
    def of(cls, lines: dict[Line, list[LineDayView]]) -> "CalendarOut":
        """Describe a calendar."""
        return cls(lines=[LineDaysOut(line=line, days=[_day(view) for view in days]) for line, days in lines.items()])


def _day(view: LineDayView) -> DayOut:
    return DayOut(
        date=view.day,
        state=view.state,
        delivery=view.delivery,
        due_at=view.due_at,
        received_at=view.received_at,
        drifted=view.drifted,
    )
