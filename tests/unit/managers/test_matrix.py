"""The matrix over plain values: what makes none, and how the days of its versions are laid out."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guibin.managers.defaults import MATRIX
from guibin.managers.matrix.rules import Content, MatrixStage, Placing, Span, TierLine, faults_of, place, stage_of
from guibin.managers.models import Grade

ONE, OTHER = UUID(int=1), UUID(int=2)
MAY, JUNE, JULY = date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (MATRIX, None),
        (Content(tiers={"T9": TierLine(primary=(Grade.SENIOR,))}), "tier_unknown"),
        (Content(tiers={"T1": TierLine(primary=(Grade.SENIOR,), fallback=(Grade.SENIOR,))}), "grade_twice"),
        (Content(tag_skills={"nobody_has_it": "tax"}), "tag_unknown"),
    ],
)
def test_a_matrix_names_what_there_is_and_each_grade_once(content: Content, fault: str | None) -> None:
    assert faults_of(content, tiers={"T1", "T2", "T3", "T4", "T5"}, tags={"vip"}) == fault


@pytest.mark.parametrize(
    ("state", "first", "end", "stage"),
    [
        ("draft", None, None, MatrixStage.DRAFT),
        ("pending", JULY, None, MatrixStage.PENDING),
        ("approved", None, None, MatrixStage.ACTIVE),
        ("approved", JUNE, JULY, MatrixStage.ACTIVE),
        ("approved", JULY, None, MatrixStage.SCHEDULED),
        ("approved", MAY, JUNE, MatrixStage.REPLACED),
        ("approved", JULY, JULY, MatrixStage.SCHEDULED),
    ],
)
def test_an_approved_version_is_in_force_by_its_days(
    state: str, first: date | None, end: date | None, stage: MatrixStage
) -> None:
    assert stage_of(state, first, end, on=JUNE) is stage


@pytest.mark.parametrize(
    ("spans", "placing"),
    [
        ([], Placing((), None)),
        ([Span(ONE, None, None)], Placing((ONE,), None)),
        ([Span(ONE, None, MAY), Span(OTHER, MAY, None)], Placing((OTHER,), None)),
        ([Span(ONE, None, JULY), Span(OTHER, JULY, None)], Placing((ONE,), JULY)),
        ([Span(ONE, JUNE, None)], Placing((ONE,), None)),
        ([Span(ONE, JULY, JULY)], Placing((), None)),
    ],
)
def test_a_version_ends_the_one_in_force_and_gives_way_to_a_later_one(spans: list[Span], placing: Placing) -> None:
    assert place(spans, first=JUNE) == placing


@given(st.lists(st.dates(MAY, JULY), max_size=12))
def test_however_versions_begin_one_is_in_force_on_every_day(begun: list[date]) -> None:
    spans = {UUID(int=0): Span(UUID(int=0), None, None)}
    for number, first in enumerate(begun, start=1):
        placing = place(spans.values(), first=first)
        for ended in placing.ended:
            spans[ended] = Span(ended, spans[ended].first, first)
        spans[UUID(int=number)] = Span(UUID(int=number), first, placing.end)
    for day in {MAY, JULY, *begun}:
        stages = [stage_of("approved", one.first, one.end, on=day) for one in spans.values()]
        assert stages.count(MatrixStage.ACTIVE) == 1
