"""Averages of daily balances: of the classes of a month, and the balance metrics of everybody."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    Numeric,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    true,
)

from guibin.holdings.held import holdings_of
from guibin.holdings.months import Month, Span
from guibin.holdings.rules import Metric, Weighting, spans_of

Column = ColumnElement[Any]

WHOLE: Final = 100
"""A weight in per cent that counts a balance whole."""


def select_month_assets(month: Month, *, among: Select[Any] | None = None, naming_lines: bool = False) -> Select[Any]:
    """Select a row for each customer and class of assets that were open in a month which is over.

    Columns: customer_id, product_class; fen_days, the sum of the daily balances in fen over the days of the month (by
    the rules of `select_figures`); unknown, whether a balance of a day is; stale, whether a line of these assets has
    not sent the balances of the last day or a later one. `among` selects the customers who are looked at;
    `naming_lines` adds `stale_lines`, for the few of whom it is told.
    """
    held = holdings_of(month.last, [month], among=among)
    return (
        select(
            held.c.customer_id,
            held.c.product_class,
            cast(func.coalesce(func.sum(held.c.own_0), literal(0)), BigInteger).label("fen_days"),
            func.bool_or(held.c.unknown_0).label("unknown"),
            func.bool_or(held.c.is_stale).label("stale"),
            *([_named(held, true())] if naming_lines else []),
        )
        .where(held.c.is_asset, held.c.in_0)
        .group_by(held.c.customer_id, held.c.product_class)
    )


def select_metric(metric: Metric, day: date, weighting: Weighting, *, among: Select[Any] | None = None) -> Select[Any]:
    """Select a balance metric of each customer with holdings at the end of a day.

    Columns: customer_id; fen, rounded half up, NULL where a balance that counts is unknown, negative only where what is
    owed is taken off; stale, whether a line of a holding that counts has not sent the balances of the day or a later
    one. `among` selects the customers who are looked at.
    """
    spans = spans_of(metric, day)
    rows = select_averages(spans, day, weighting, among=among).subquery()
    found = [rows.c[f"average_{number}"] for number in range(len(spans))]
    unknown = or_(*(value.is_(None) for value in found))
    best = found[0] if len(found) == 1 else case((unknown, null()), else_=func.greatest(*found))
    return select(rows.c.customer_id, best.label("fen"), rows.c.stale)


def select_averages(
    spans: Sequence[Span],
    day: date,
    weighting: Weighting,
    *,
    among: Select[Any] | None = None,
    naming_lines: bool = False,
) -> Select[Any]:
    """Select the averages over spans, as `average_0` and so on, in the form of `select_metric`.

    `naming_lines` adds `stale_lines`: which lines these are, for the few of whom it is told.
    """
    held = holdings_of(day, spans, owed=weighting.net, among=among)
    weight = _weight(held, weighting)
    takes_part = and_(or_(literal(weighting.net), held.c.is_asset), weight > literal(0))
    counts = and_(takes_part, or_(*(held.c[f"in_{number}"] for number in range(len(spans)))))
    averages = [average_of(held, number, span, weight=weight, net=weighting.net) for number, span in enumerate(spans)]
    return select(
        held.c.customer_id,
        *(average.label(f"average_{number}") for number, average in enumerate(averages)),
        func.coalesce(func.bool_or(and_(counts, held.c.is_stale)), literal(value=False)).label("stale"),
        *([_named(held, counts)] if naming_lines else []),
    ).group_by(held.c.customer_id)


def _named(held: CTE, counts: Column) -> Column:
    """Name the lines of the holdings that count and were not in, each once."""
    late = func.array_agg(held.c.line.distinct()).filter(and_(counts, held.c.is_stale))
    return func.coalesce(late, literal([], ARRAY(Text))).label("stale_lines")


def average_of(held: CTE, number: int, span: Span, *, weight: Column | None = None, net: bool = False) -> Column:
    """Return a customer's average over a span, over the rows of `holdings_of`: rounded half up, NULL unknown.

    `weight` is in hundredths of a per cent; without one the assets count whole.
    """
    is_asset, own, unknown = held.c.is_asset, held.c[f"own_{number}"], held.c[f"unknown_{number}"]
    if net:
        value = case((is_asset, own - held.c[f"owe_{number}"]), else_=-own)
        return _rounded(func.sum(value), span.days, func.bool_or(unknown))
    if weight is None:
        return _rounded(func.sum(own).filter(is_asset), span.days, func.bool_or(and_(is_asset, unknown)))
    of_weight, counts = and_(is_asset, weight > literal(0)), WHOLE * WHOLE * span.days
    return _rounded(func.sum(own * weight).filter(of_weight), counts, func.bool_or(and_(of_weight, unknown)))


def _rounded(total: Column, parts: int, unknown: Column) -> Column:
    """Divide by whole numbers alone: a quotient of numerics is itself rounded."""
    doubled, whole = literal(2) * cast(func.coalesce(total, literal(0)), Numeric) + literal(parts), literal(2 * parts)
    down = case((doubled < literal(0), -func.div(whole - literal(1) - doubled, whole)), else_=func.div(doubled, whole))
    return case((unknown, null()), else_=cast(down, BigInteger))


def _weight(held: CTE, weighting: Weighting) -> Column:
    """Return how much of a holding counts, in hundredths of a per cent."""
    if weighting.net:
        return literal(WHOLE * WHOLE)
    by_class = _percent(held.c.product_class, weighting.classes, held.c.weight_percent)
    return by_class * _percent(held.c.line, weighting.lines, literal(WHOLE))


def _percent(of: Column, known: Mapping[str, int], otherwise: Column) -> Column:
    whens = [(of == name, literal(percent)) for name, percent in sorted(known.items())]
    return case(*whens, else_=otherwise) if whens else otherwise
