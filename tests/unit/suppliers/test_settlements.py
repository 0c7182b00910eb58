"""Two statements side by side, tax to the fen, prices without gaps."""

import random
from collections import Counter
from datetime import date

import pytest

from guibin.suppliers.settlements.rules import (
    DisputeState,
    Figures,
    Finding,
    Key,
    Line,
    PriceSpan,
    SpanFault,
    drawn_down,
    match_lines,
    month_after,
    settled,
    span_fault,
    tax_in,
    tax_lines,
)


def line(number: int, reference: str, quantity: int = 1, price_fen: int = 100, right: str = "lounge") -> Line:
    return Line(number, Key(reference, right), Figures(quantity, price_fen))


def found(ours: list[Line], theirs: list[Line]) -> list[tuple[str, int | None, int | None]]:
    return sorted(
        (one.finding, one.ours.number if one.ours else None, one.theirs.number if one.theirs else None)
        for one in match_lines(ours, theirs)
    )


def test_each_kind_of_difference_is_told_apart() -> None:
    ours = [line(1, "a"), line(2, "b"), line(3, "c"), line(4, "d", 2), line(5, "e"), line(6, "f")]
    theirs = [
        *[line(2, "a"), line(3, "a"), line(4, "b", price_fen=101), line(5, "c", 2), line(6, "d", 3, 90)],
        *[line(7, "x"), line(8, "x"), line(9, "e", right="spa")],
        Line(10, Key("", ""), None),
    ]

    assert found(ours, theirs) == sorted(
        [
            ("equal", 1, 2),
            ("doubled", None, 3),
            ("price_differs", 2, 4),
            ("quantity_differs", 3, 5),
            ("both_differ", 4, 6),
            ("only_theirs", None, 7),
            ("doubled", None, 8),
            ("only_theirs", None, 9),
            ("only_ours", 5, None),
            ("only_ours", 6, None),
            ("unreadable", None, 10),
        ]
    )


def test_two_lines_of_ours_about_the_same_meet_their_likes_whatever_the_order() -> None:
    ours = [line(1, "a", 1, 100), line(2, "a", 2, 90)]

    assert found(ours, [line(1, "a", 2, 90), line(2, "a", 1, 100)]) == [("equal", 1, 2), ("equal", 2, 1)]
    assert found(ours, [line(1, "a", 2, 90)]) == [("equal", 2, 1), ("only_ours", 1, None)]


def test_planted_differences_are_found_exactly() -> None:
    for seed in range(20):
        chance = random.Random(seed)
        ours = [line(number, f"r{number}", chance.randint(1, 3), chance.randint(1, 999)) for number in range(1, 201)]
        theirs, planted = plant(ours, chance)
        chance.shuffle(theirs)

        matches = match_lines(ours, theirs)

        assert Counter(one.finding for one in matches) == planted
        assert sorted(one.ours.number for one in matches if one.ours) == list(range(1, 201))
        assert len([one for one in matches if one.theirs]) == len(theirs)


def plant(ours: list[Line], chance: random.Random) -> tuple[list[Line], Counter[Finding]]:
    theirs: list[Line] = []
    planted: Counter[Finding] = Counter()
    for one in ours:
        figures = one.figures
        assert figures is not None
        kind = chance.choice([Finding.EQUAL] * 5 + [kind for kind in Finding if kind is not Finding.UNREADABLE])
        planted[kind] += 1
        changed = {
            Finding.PRICE_DIFFERS: [Figures(figures.quantity, figures.price_fen + 1)],
            Finding.QUANTITY_DIFFERS: [Figures(figures.quantity + 1, figures.price_fen)],
            Finding.BOTH_DIFFER: [Figures(figures.quantity + 1, figures.price_fen + 1)],
            Finding.DOUBLED: [figures, figures],
            Finding.ONLY_OURS: [],
        }.get(kind, [figures])
        theirs += [Line(0, one.key, each) for each in changed]
        if kind is Finding.ONLY_THEIRS:
            theirs.append(Line(0, Key(f"x{one.number}", "lounge"), figures))
        if kind in {Finding.DOUBLED, Finding.ONLY_THEIRS}:
            planted[Finding.EQUAL] += 1
    return theirs, planted


@pytest.mark.parametrize(
    ("gross", "rate", "tax"),
    [(10_600, 600, 600), (100, 600, 6), (1, 1300, 0), (9, 600, 1), (-10_600, 600, -600), (0, 600, 0), (555, 0, 0)],
)
def test_the_tax_in_an_amount_is_rounded_half_up_to_the_fen(gross: int, rate: int, tax: int) -> None:
    assert tax_in(gross, rate) == tax


def test_tax_is_reckoned_once_for_each_rate() -> None:
    lines = tax_lines([(600, 9), (600, 9), (1300, 1_000), (600, -9)])

    assert [(one.rate_bp, one.gross_fen, one.tax_fen, one.net_fen) for one in lines] == [
        (600, 9, 1, 8),
        (1300, 1_000, 115, 885),
    ]


def span(first: int, until: int | None) -> PriceSpan:
    return PriceSpan(date(2026, 1, first), None if until is None else date(2026, 1, until))


@pytest.mark.parametrize(
    ("spans", "new", "fault"),
    [
        ([], span(1, None), None),
        ([span(1, 9), span(9, None)], span(12, None), None),
        ([span(1, 9)], span(9, 20), None),
        ([span(1, 9)], span(8, None), SpanFault.OVERLAP),
        ([span(9, None)], span(9, None), SpanFault.OVERLAP),
        ([span(9, None)], span(1, 9), SpanFault.OVERLAP),
        ([span(1, 9)], span(10, None), SpanFault.GAP),
    ],
)
def test_a_price_follows_the_last_one_day_by_day(
    spans: list[PriceSpan], new: PriceSpan, fault: SpanFault | None
) -> None:
    assert span_fault(spans, new) is fault


def test_the_month_after_december_is_january() -> None:
    assert [month_after(day) for day in (date(2026, 12, 31), date(2028, 2, 1))] == [date(2027, 1, 1), date(2028, 3, 1)]


def test_a_dispute_changes_what_is_paid_only_when_it_goes_their_way() -> None:
    ours, theirs = Figures(2, 100), Figures(3, 100)

    assert settled(ours, theirs, DisputeState.THEIRS) == 100
    assert settled(ours, None, DisputeState.THEIRS) == -200
    assert settled(None, theirs, DisputeState.THEIRS) == 300
    assert settled(ours, theirs, DisputeState.OURS) == 0


def test_a_prepayment_pays_no_more_than_there_is_and_is_owed() -> None:
    assert [drawn_down(*one) for one in ((500, 300), (300, 500), (300, -10), (0, 5))] == [300, 300, 0, 0]
