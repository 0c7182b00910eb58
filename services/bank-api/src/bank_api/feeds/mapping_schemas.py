"""What the bank port takes and says of the columns of feed files."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Self

from pydantic import Field

from guibin.core.ids import FeedFileId
from guibin.core.lines import Line
from guibin.core.text import OneLine
from guibin.feeds.arranging import ColumnMapping
from guibin.feeds.columns import ColumnType
from guibin.feeds.dates import DateFormat
from guibin.feeds.mappings.models import FeedMapping, MappingState
from guibin.feeds.models import FeedKind
from guibin.feeds.service import KindForm
from guibin.web import OutModel, StrictModel

from .schemas import DriftOut

Name = Annotated[str, OneLine(64)]
MOST_COLUMNS = 100
MOST_VALUES = 200


class MappingIn(StrictModel):
    """How a line writes files of a kind; what is not named is as it is with us."""

    kind: FeedKind = Field(examples=["parties"])
    columns: dict[Name, Name] = Field(
        default_factory=dict,
        max_length=MOST_COLUMNS,
        description="Our columns by theirs",
        examples=[{"客户姓名": "name"}],
    )
    values: dict[Name, Annotated[dict[Name, Name], Field(max_length=MOST_VALUES)]] = Field(
        default_factory=dict,
        max_length=MOST_COLUMNS,
        description="By our column: our values by theirs",
        examples=[{"gender": {"男": "M", "女": "F"}}],
    )
    ignored: list[Name] = Field(
        default_factory=list,
        max_length=MOST_COLUMNS,
        description="Their columns that are read past",
        examples=[["备注"]],
    )

    dates: dict[Name, DateFormat] = Field(
        default_factory=dict,
        max_length=MOST_COLUMNS,
        description="By our column of days: how the line writes them; YYYY-MM-DD is read beside it",
        examples=[{"birth_date": "yyyymmdd"}],
    )
    fills: list[Name] = Field(
        default_factory=list,
        max_length=MOST_COLUMNS,
        description="Our columns that only fill what is empty; all others overwrite what the line said before",
        examples=[["phone"]],
    )

    def mapping(self) -> ColumnMapping:
        """Return it as the domain reads it."""
        return ColumnMapping(self.columns, self.values, frozenset(self.ignored), self.dates, frozenset(self.fills))


class MappingOut(OutModel):
    """A version of a mapping."""

    line: Line
    kind: FeedKind
    version: int
    state: MappingState
    columns: dict[str, str]
    values: dict[str, dict[str, str]]
    ignored: list[str]
    dates: dict[str, DateFormat]
    fills: list[str]
    created_at: datetime

    @classmethod
    def of(cls, row: FeedMapping) -> Self:
        """Describe a version."""
        return cls.model_validate(row)


class MappingsOut(OutModel):
    """The versions of a line's mappings."""

    items: list[MappingOut]

    @classmethod
    def of(cls, rows: Iterable[FeedMapping]) -> Self:
        """Describe versions."""
        return cls(items=[MappingOut.of(row) for row in rows])


class ColumnOut(OutModel):
    """A column of a kind of file."""

    name: str
    type: ColumnType
    required: bool
    values: list[str] | None = Field(description="What may stand in it, where that is a closed list")
    theirs: str = Field(description="What the line calls it")


class LastFileOut(OutModel):
    """The file of this kind that was taken last."""

    id: FeedFileId
    business_date: date
    columns: list[str] | None = Field(description="As the line named them; null before they were noted")
    drift: DriftOut | None = Field(description="null where nothing differs")


class KindOut(OutModel):
    """A kind of file as a line writes it."""

    kind: FeedKind
    mapping_version: int | None = Field(description="null: our names and values")
    columns: list[ColumnOut]
    ignored: list[str]
    last_file: LastFileOut | None


class SchemaOut(OutModel):
    """The files of a line."""

    line: Line
    kinds: list[KindOut]

    @classmethod
    def of(cls, line: Line, forms: Iterable[KindForm]) -> Self:
        """Describe them."""
        return cls(line=line, kinds=[KindOut.model_validate(form) for form in forms])
