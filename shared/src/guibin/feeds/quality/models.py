"""The figures of each line at the end of each day."""

from datetime import date

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from guibin.core.lines import Line
from guibin.core.models import REFERENCE, SQLModel, one_of


class FeedQuality(SQLModel, table=True):
    """What a line's data were worth at the end of a day: counts, of which the answers make shares."""

    __tablename__ = "feed_quality"
    __table_args__ = (one_of("line", Line), REFERENCE)

    line: str = Field(sa_type=Text, primary_key=True)
    day: date = Field(primary_key=True)
    records: int = Field(sa_type=BigInteger, description="That have not ended")
    numbered: int = Field(sa_type=BigInteger, description="Of them, with a customer number")
    certified: int = Field(sa_type=BigInteger, description="With a certificate")
    phoned: int = Field(sa_type=BigInteger, description="With a phone")
    placed: int = Field(sa_type=BigInteger, description="With a branch")
    rows_read: int = Field(sa_type=BigInteger, description="Of the day's files")
    rows_rejected: int = Field(sa_type=BigInteger)
    days_behind: int | None = Field(default=None, description="Since the last fresh day; NULL before any")
    duplicates: int = Field(sa_type=BigInteger, description="Records of the line for somebody whom it has already")
    conflicts: int = Field(sa_type=BigInteger, description="Pairs of its asking that wait for a person")
