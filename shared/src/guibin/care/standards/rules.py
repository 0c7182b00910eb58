"""What a sheet may promise, and when a promise is kept. Decisions over plain values."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Final

from pydantic import BaseModel, ConfigDict

from guibin.managers.models import Grade


class Words(BaseModel):
    """A promise in words, in both languages."""

    model_config = ConfigDict(frozen=True)

    zh: str
    en: str


class Sheet(BaseModel):
    """What a tier is promised: the grade of its manager, contacts and reviews a year, days for an answer.

    Days are calendar days after the day of a complaint. `others` are promises in words: rights, priorities.
    """

    model_config = ConfigDict(frozen=True)

    grade: Grade
    contacts_a_year: int
    reviews_a_year: int
    answer_days: int
    resolve_days: int
    others: tuple[Words, ...] = ()


class PromiseKind(StrEnum):
    """A promise whose keeping is counted."""

    CONTACTS = "contacts"
    REVIEWS = "reviews"
    ANSWERS = "answers"
    RESOLUTIONS = "resolutions"


_MORE: Final = ("contacts_a_year", "reviews_a_year")
_SOONER: Final = ("answer_days", "resolve_days")


def faults_of(sheets: Mapping[str, Sheet], tiers: Sequence[str], managed: Sequence[str]) -> str | None:
    """Say what is wrong with the sheets; `tiers` are all tiers and `managed` those with a manager, lowest first.

    Returns `tier_unknown`, `tier_missing`, `resolved_before_answered`, `less_for_more`, or None.
    """
    if set(sheets) - set(tiers):
        return "tier_unknown"
    if set(managed) - set(sheets):
        return "tier_missing"
    ordered = [sheets[code] for code in tiers if code in sheets]
    if any(sheet.resolve_days < sheet.answer_days for sheet in ordered):
        return "resolved_before_answered"
    if any(_is_less(high, low) for low, high in pairwise(ordered)):
        return "less_for_more"
    return None


def _is_less(high: Sheet, low: Sheet) -> bool:
    fewer = any(getattr(high, name) < getattr(low, name) for name in _MORE)
    return fewer or any(getattr(high, name) > getattr(low, name) for name in _SOONER)


def percent_kept(kept: int, due: int) -> float | None:
    """Return the share of promises kept in per cent, with one place rounded down; None where none was due."""
    return kept * 1_000 // due / 10 if due else None
