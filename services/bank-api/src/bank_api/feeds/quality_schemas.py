"""What the bank port says of data quality."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Self

from pydantic import Field

from guibin.core.lines import Line
from guibin.feeds.policies.rules import Policy
from guibin.feeds.quality.models import FeedQuality
from guibin.web import OutModel

_WHOLE = 10_000


class CompletenessOut(OutModel):
    """Of the records that have not ended, those that have something, in hundredths of a per cent."""

    customer_no: int | None
    certificate: int | None
    phone: int | None
    branch: int | None


class QualityDayOut(OutModel):
    """A line at the end of a day; shares are in hundredths of a per cent."""

    date: date
    records: int = Field(description="That have not ended")
    completeness: CompletenessOut
    validity: int | None = Field(description="Of the rows of the day's files, those that were not refused")
    days_behind: int | None = Field(description="Since the last fresh day; null before any")
    duplicates: int = Field(description="Records for somebody whom the line has already")
    conflicts: int = Field(description="Pairs of its asking that wait for a person")

    @classmethod
    def of(cls, row: FeedQuality) -> Self:
        """Describe a line's night."""
        return cls(
            date=row.day,
            records=row.records,
            completeness=CompletenessOut(
                customer_no=_share(row.numbered, row.records),
                certificate=_share(row.certified, row.records),
                phone=_share(row.phoned, row.records),
                branch=_share(row.placed, row.records),
            ),
            validity=_share(row.rows_read - row.rows_rejected, row.rows_read),
            days_behind=row.days_behind,
            duplicates=row.duplicates,
            conflicts=row.conflicts,
        )


class TrendOut(OutModel):
    """How the last night of the range differs from its first one."""

    records: int
    duplicates: int
    conflicts: int
    certificate: int | None = Field(description="Of completeness, in hundredths of a per cent")


class LineQualityOut(OutModel):
    """A line over the range, oldest night first."""

    line: Line
    owner: str | None = Field(description="The unit that answers for the line's data: see its policy")
    days: list[QualityDayOut]
    change: TrendOut


class QualityOut(OutModel):
    """The scoreboard."""

    items: list[LineQualityOut]

    @classmethod
    def of(cls, rows: Sequence[FeedQuality], policies: Mapping[Line, Policy]) -> Self:
        """Describe the lines whose figures are there."""
        items = []
        for name, found in groupby(rows, key=lambda row: row.line):
            line, nights = Line(name), list(found)
            days = [QualityDayOut.of(row) for row in nights]
            items.append(
                LineQualityOut(line=line, owner=policies[line].owner, days=days, change=_change(nights[0], nights[-1]))
            )
        return cls(items=items)


def _change(first: FeedQuality, last: FeedQuality) -> TrendOut:
    before, after = _share(first.certified, first.records), _share(last.certified, last.records)
    return TrendOut(
        records=last.records - first.records,
        duplicates=last.duplicates - first.duplicates,
        conflicts=last.conflicts - first.conflicts,
        certificate=None if before is None or after is None else after - before,
    )


def _share(part: int, whole: int) -> int | None:
    return part * _WHOLE // whole if whole else None
