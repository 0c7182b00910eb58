"""What the bank port says of feed files."""

from datetime import date, datetime

from pydantic import Field

from guibin.core.ids import FeedFileId
from guibin.core.lines import Line
from guibin.feeds.models import FeedFile, FeedKind, FeedMode
from guibin.feeds.service import MOST_SHOWN_REJECTS, FeedResult, Freshness
from guibin.web import OutModel


class RejectOut(OutModel):
    """A refused row: where and why, never its content."""

    row: int = Field(description="Line of the file; the header is line 1")
    code: str = Field(examples=["certificate_invalid"])
    column: str | None


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
    taken_at: datetime

    @classmethod
    def of(cls, file: FeedFile) -> "FeedFileOut":
        """Describe a file."""
        return cls.model_validate(file)


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
    taken_at: datetime
    repeated: bool = Field(description="The same content was taken before; this is what became of it then")
    dry_run: bool
    rejects: list[RejectOut] = Field(description=f"The first {MOST_SHOWN_REJECTS} refused rows")

    @classmethod
    def of(cls, result: FeedResult) -> "TakenOut":
        """Describe a result."""
        shown = cls.model_validate(result)
        return shown.model_copy(update={"id": None}) if result.dry_run and not result.repeated else shown


class DayOut(OutModel):
    """How fresh a line is on a day."""

    date: date
    state: Freshness = Field(description="fresh: its balances are in; stale: only earlier ones; missing: none yet")


class LineDaysOut(OutModel):
    """The days of a line, oldest first."""

    line: Line
    days: list[DayOut]


class CalendarOut(OutModel):
    """All seven lines over a range of days."""

    lines: list[LineDaysOut]

    @classmethod
    def of(cls, lines: dict[Line, dict[date, Freshness]]) -> "CalendarOut":
        """Describe a calendar."""
        return cls(
            lines=[
                LineDaysOut(line=line, days=[DayOut(date=day, state=state) for day, state in days.items()])
                for line, days in lines.items()
            ]
        )
