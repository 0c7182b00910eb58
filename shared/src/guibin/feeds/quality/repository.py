"""The SQL of data quality: one statement for all lines."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.lines import Line
from guibin.feeds.quality.models import FeedQuality

_FIGURES: Final = (
    "records", "numbered", "certified", "phoned", "placed", "rows_read", "rows_rejected", "days_behind", "duplicates",
    "conflicts",
)  # fmt: skip
_WRITE: Final = text(
    f"INSERT INTO feed_quality (line, day, {', '.join(_FIGURES)}) SELECT l.line, :day,"  # noqa: S608 - our own columns
    " coalesce(r.records, 0), coalesce(r.numbered, 0), coalesce(r.certified, 0), coalesce(r.phoned, 0),"
    " coalesce(r.placed, 0), coalesce(f.rows_read, 0), coalesce(f.rows_rejected, 0), CAST(:day AS date) - d.last,"
    " coalesce(r.records - r.customers, 0), coalesce(m.open, 0)"
    " FROM unnest(CAST(:lines AS text[])) AS l(line)"
    " LEFT JOIN (SELECT line, count(*) AS records, count(DISTINCT customer_id) AS customers,"
    "   count(customer_no_ref) AS numbered, count(certificate_ref) AS certified, count(phone_enc) AS phoned,"
    "   count(branch_code) AS placed FROM source_record WHERE ended_on IS NULL GROUP BY line) r ON r.line = l.line"
    " LEFT JOIN (SELECT line, sum(rows_read) AS rows_read, sum(rows_rejected) AS rows_rejected FROM feed_file"
    "   WHERE business_date = :day GROUP BY line) f ON f.line = l.line"
    " LEFT JOIN (SELECT line, max(day) AS last FROM line_day WHERE day <= :day GROUP BY line) d ON d.line = l.line"
    " LEFT JOIN (SELECT evidence->>'line' AS line, count(*) AS open FROM match_review WHERE state = 'open'"
    "   GROUP BY 1) m ON m.line = l.line"
    f" ON CONFLICT (line, day) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _FIGURES)}"
    f" WHERE ({', '.join(f'feed_quality.{name}' for name in _FIGURES)})"
    f" IS DISTINCT FROM ({', '.join(f'excluded.{name}' for name in _FIGURES)})"
)


async def write_quality(session: AsyncSession, day: date) -> int:
    """Write the figures of every line at the end of a day; returns how many lines' differ from what was written."""
    written: Any = await session.execute(_WRITE, {"day": day, "lines": [line.value for line in Line]})
    return int(written.rowcount)


async def list_quality(session: AsyncSession, *, first: date, last: date, line: Line | None) -> Sequence[FeedQuality]:
    """Return the figures of a range of days, both ends included, by line and day."""
    query = select(FeedQuality).where(col(FeedQuality.day).between(first, last))
    if line is not None:
        query = query.where(FeedQuality.line == line)
    return (await session.exec(query.order_by(col(FeedQuality.line), col(FeedQuality.day)))).all()
