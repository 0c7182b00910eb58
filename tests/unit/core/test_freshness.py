"""Of which day figures are, and what was not in for it."""

from datetime import date

from guibin.core.freshness import FigureDay, Freshness, StaleLine
from guibin.core.lines import Line

DAY = date(2026, 11, 24)


def test_a_line_without_any_day_is_missing_and_one_with_an_earlier_day_stale() -> None:
    assert StaleLine(Line.CREDIT_CARD, None).state is Freshness.MISSING
    assert StaleLine(Line.CREDIT_CARD, date(2026, 11, 20)).state is Freshness.STALE


def test_figures_are_stale_by_one_line_and_fresh_by_none() -> None:
    assert FigureDay(DAY, (StaleLine(Line.CREDIT_CARD, None),)).stale
    assert not FigureDay(DAY).stale
