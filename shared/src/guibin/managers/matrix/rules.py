"""What a version of the matrix says, what is wrong with one, and where it stands on a day."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from guibin.managers.models import Grade

SHOULD: Final = 1
MAY: Final = 2


class MatrixStage(StrEnum):
    """Where a version stands on a day."""

    DRAFT = "draft"
    PENDING = "pending"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    REPLACED = "replaced"


class SecondRole(StrEnum):
    """Who serves the customers of a tier together with their primary manager."""

    BRANCH_LEADER = "branch_leader"
    SPECIALIST = "specialist"
    CORPORATE_MANAGER = "corporate_manager"


class TierLine(BaseModel):
    """Who serves a tier: grades that should, grades that may, the second person, the licence that it takes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    primary: tuple[Grade, ...]
    fallback: tuple[Grade, ...] = ()
    second_role: SecondRole | None = None
    licence: str | None = None


class Content(BaseModel):
    """A version as it is kept.

    `product_licences` say which licence a manager needs for customers who hold a product class, `tag_skills` which
    skill for customers who have a tag.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tiers: dict[str, TierLine] = {}
    product_licences: dict[str, str] = {}
    tag_skills: dict[str, str] = {}

    def preferences(self) -> dict[tuple[str, str], int]:
        """Return (grade, tier) to preference: 1 should serve, 2 may serve; what is not in it may not."""
        found: dict[tuple[str, str], int] = {}
        for tier, line in self.tiers.items():
            found |= {(grade.value, tier): SHOULD for grade in line.primary}
            found |= {(grade.value, tier): MAY for grade in line.fallback}
        return found


def faults_of(content: Content, *, tiers: Collection[str], tags: Collection[str]) -> str | None:
    """Say what is wrong with a version: `tier_unknown`, `grade_twice`, `tag_unknown`, or None.

    `tiers` and `tags` are those that there are.
    """
    if content.tiers.keys() - set(tiers):
        return "tier_unknown"
    if any(_repeats((*line.primary, *line.fallback)) for line in content.tiers.values()):
        return "grade_twice"
    return "tag_unknown" if content.tag_skills.keys() - set(tags) else None


def _repeats(grades: Sequence[Grade]) -> bool:
    return len(set(grades)) < len(grades)


def stage_of(state: str, first: date | None, end: date | None, *, on: date) -> MatrixStage:
    """Tell where a version stands on a day: an approved one is scheduled, active or replaced by its days."""
    if state != "approved":
        return MatrixStage(state)
    if end is not None and end <= on:
        return MatrixStage.REPLACED
    return MatrixStage.SCHEDULED if first is not None and first > on else MatrixStage.ACTIVE


@dataclass(frozen=True)
class Span:
    """The days of an approved version: from `first` (None: ever) until before `end` (None: for good)."""

    matrix_id: UUID
    first: date | None
    end: date | None


@dataclass(frozen=True)
class Placing:
    """What becomes of the days when a version begins: where others end, and where it ends itself."""

    ended: tuple[UUID, ...]
    end: date | None


def place(spans: Iterable[Span], *, first: date) -> Placing:
    """Let a version begin on a day: the one in force then ends there, and it ends itself where a later one begins.

    One that begins on the same day is replaced before it counts.
    """
    ended: list[UUID] = []
    later: list[date] = []
    for span in spans:
        if span.first is not None and span.first > first:
            later += [] if span.end == span.first else [span.first]
        elif span.end is None or span.end > first:
            ended.append(span.matrix_id)
    return Placing(tuple(ended), min(later, default=None))
