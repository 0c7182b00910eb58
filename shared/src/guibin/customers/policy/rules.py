"""Whose word counts for each field of a customer, and how much one merge may join without people: data of the bank.

A record that ended counts only where no living one says anything of the field.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Final, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from guibin.core.lines import Line

MOST_RECORDS: Final = 50
_LINES: Final = tuple(Line)


class Strategy(StrEnum):
    """Which of the records that say something of a field is heard."""

    NON_EMPTY = "non_empty"
    SOURCE_PRIORITY = "source_priority"
    MOST_RECENT = "most_recent"
    OLDEST = "oldest"


class PolicyField(StrEnum):
    """The fields of a customer that are composed of what the records say."""

    NAME = "name"
    CERTIFICATE_NO = "certificate_no"
    PHONE = "phone"
    BIRTH_DATE = "birth_date"
    ADDRESS = "address"
    EMPLOYER = "employer"
    GENDER = "gender"
    CITY_CODE = "city_code"


class Dated(Protocol):
    """A record as far as it decides whose word counts."""

    @property
    def line(self) -> Line:
        """The line that said it."""

    @property
    def as_of(self) -> date:
        """The business date of the file that said it."""

    @property
    def is_ended(self) -> bool:
        """Whether the line has left it out since."""


Record = TypeVar("Record", bound=Dated)


class FieldRule(BaseModel):
    """The strategy for one field; `lines` are those that are asked, in their order."""

    model_config = ConfigDict(frozen=True)

    strategy: Strategy = Strategy.NON_EMPTY
    lines: tuple[Line, ...] = _LINES

    @model_validator(mode="after")
    def _each_line_once(self) -> "FieldRule":
        if len(set(self.lines)) != len(self.lines) or not self.lines:
            raise ValueError("names each line at most once, and one at least")
        return self

    def in_order(self, records: Iterable[Record]) -> list[Record]:
        """Return the records in the order in which they are heard.

        `source_priority` hears the named lines alone; the others hear all, the named ones first among equals.
        """
        heard = [one for one in records if self.strategy is not Strategy.SOURCE_PRIORITY or one.line in self.lines]
        return sorted(heard, key=self._place)

    def _place(self, record: Dated) -> tuple[bool, int, int]:
        rank = self.lines.index(record.line) if record.line in self.lines else len(_LINES) + _LINES.index(record.line)
        newest = -record.as_of.toordinal()
        match self.strategy:
            case Strategy.MOST_RECENT:
                return record.is_ended, newest, rank
            case Strategy.OLDEST:
                return record.is_ended, -newest, rank
        return record.is_ended, rank, newest


AS_EVER: Final = FieldRule()


class IdentityPolicy(BaseModel):
    """The terms in force. What `fields` does not name is composed of the first line that says something of it."""

    model_config = ConfigDict(frozen=True)

    most_records_in_merge: int = Field(default=MOST_RECORDS, ge=2, le=1_000)
    fields: Mapping[PolicyField, FieldRule] = Field(default_factory=dict)

    def rule_of(self, field: PolicyField) -> FieldRule:
        """Return the rule of a field."""
        return self.fields.get(field, AS_EVER)

    @property
    def own_rules(self) -> Sequence[tuple[PolicyField, FieldRule]]:
        """Return the rules that differ from those that a bank starts from."""
        return [(field, rule) for field, rule in self.fields.items() if rule != AS_EVER]


DEFAULT: Final = IdentityPolicy()
