"""What customers own and owe on a day, and the balance metrics, in one set-based statement."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    Date,
    Integer,
    Numeric,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    not_,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from guibin.holdings.averages import average_of
from guibin.holdings.held import holdings_of
from guibin.holdings.months import Span, last_complete_month
from guibin.holdings.rules import Metric, last_days_of, spans_of

Column = ColumnElement[Any]

MOST_PERCENT: Final = 1_000_000
"""The highest spike ratio that is told."""


def select_figures(day: date, *, among: Select[Any] | None = None) -> Select[Any]:
    """Select one row for each customer with holdings (of those that `among` selects), as of the end of a business day.

    Columns: customer_id; aum_fen and liabilities_fen, in fen, NULL unknown; aum_mda_fen, the month-daily average, and
    the other balance metrics (`holdings.rules.Metric`) as `aum_<metric>_fen`; spike_percent, the mean of the last
    three days of the month against its average; aum_mda_month, its first day; assets and liabilities, JSON {product
    class: fen or null}; products, lines and stale_lines, sorted text arrays over what is open (stale also over what was
    open in the month); has_liabilities, whether something is owed or may be.
    """
    month = last_complete_month(day)
    spans = _spans(day)
    holdings = holdings_of(day, list(spans), among=among)
    classes, customers = _by_class(holdings), _by_customer(holdings, spans)
    return (
        select(
            customers.c.customer_id,
            case((classes.c.asset_unknown, null()), else_=classes.c.asset_fen).label("aum_fen"),
            literal(month.first, Date).label("aum_mda_month"),
            *_metrics(customers, day),
            _spike(customers, day).label("spike_percent"),
            case((classes.c.owed_unknown, null()), else_=classes.c.owed_fen).label("liabilities_fen"),
            classes.c.assets,
            classes.c.liabilities,
            customers.c.products,
            customers.c.lines,
            customers.c.stale_lines,
            or_(classes.c.owed_unknown, classes.c.owed_fen > literal(0)).label("has_liabilities"),
        )
        .select_from(customers)
        .join(classes, classes.c.customer_id == customers.c.customer_id)
    )


AVERAGES: Final = {
    metric: "aum_mda_fen" if metric is Metric.MONTH_DAILY else f"aum_{metric}_fen"
    for metric in Metric
    if metric is not Metric.DAY
}
"""The columns of the balance metrics, unweighted; that of the day is `aum_fen`."""


def _spans(day: date) -> dict[Span, int]:
    """Number the spans of all metrics, each once; the last complete month comes first."""
    wanted = [span for metric in AVERAGES for span in spans_of(metric, day)]
    ordered = dict.fromkeys([*wanted, last_days_of(last_complete_month(day))])
    return {span: number for number, span in enumerate(ordered)}


def _metrics(customers: CTE, day: date) -> list[Column]:
    spans = _spans(day)
    found: list[Column] = []
    for metric, name in AVERAGES.items():
        values = [customers.c[f"average_{spans[span]}"] for span in spans_of(metric, day)]
        unknown = or_(*(value.is_(None) for value in values))
        best = values[0] if len(values) == 1 else case((unknown, null()), else_=func.greatest(*values))
        found.append(best.label(name))
    return found


def _spike(customers: CTE, day: date) -> Column:
    """Hold the last days against the month, in per cent rounded down; unknown where the average is 0 or unknown."""
    spans, month = _spans(day), last_complete_month(day)
    average, last_days = (customers.c[f"average_{spans[span]}"] for span in (month, last_days_of(month)))
    ratio = func.div(cast(last_days, Numeric) * literal(100), func.nullif(cast(average, Numeric), literal(0)))
    return cast(case((ratio > literal(MOST_PERCENT), literal(MOST_PERCENT)), else_=ratio), Integer)


def _by_class(holdings: CTE) -> CTE:
    """One row for each customer: sums on the day, in all and by class of product."""
    sums = _sums_of_classes(holdings)
    return (
        select(
            sums.c.customer_id,
            func.bool_or(sums.c.asset_unknown).label("asset_unknown"),
            cast(func.sum(sums.c.asset_fen), BigInteger).label("asset_fen"),
            func.bool_or(sums.c.owed_unknown).label("owed_unknown"),
            cast(func.sum(sums.c.owed_fen), BigInteger).label("owed_fen"),
            _amounts(sums.c.product_class, sums.c.asset_fen, sums.c.asset_unknown, sums.c.has_asset).label("assets"),
            _amounts(sums.c.product_class, sums.c.owed_fen, sums.c.owed_unknown, sums.c.has_owed).label("liabilities"),
        )
        .group_by(sums.c.customer_id)
        .cte()
    )


def _sums_of_classes(holdings: CTE) -> CTE:
    """One row for each customer and class. An overdrawn asset counts 0 and its amount is owed."""
    is_open, is_asset, balance = holdings.c.is_open, holdings.c.is_asset, holdings.c.balance_fen
    asset, owed = and_(is_open, is_asset), and_(is_open, not_(is_asset))
    overdrawn = and_(asset, balance < literal(0))

    return (
        select(
            holdings.c.customer_id,
            holdings.c.product_class,
            func.bool_or(asset).label("has_asset"),
            func.bool_or(and_(asset, balance.is_(None))).label("asset_unknown"),
            func.sum(case((asset, func.greatest(balance, literal(0))), else_=literal(0))).label("asset_fen"),
            func.bool_or(or_(owed, overdrawn)).label("has_owed"),
            func.bool_or(and_(owed, balance.is_(None))).label("owed_unknown"),
            func.sum(
                case((owed, func.greatest(balance, literal(0))), (overdrawn, -balance), else_=literal(0))
            ).label("owed_fen"),
        )
        .group_by(holdings.c.customer_id, holdings.c.product_class)
        .cte()
    )  # fmt: skip


def _amounts(product_class: Column, fen: Column, unknown: Column, present: Column) -> Column:
    amount = case((unknown, null()), else_=cast(fen, BigInteger))
    return func.coalesce(func.jsonb_object_agg(product_class, amount).filter(present), func.jsonb_build_object())


def _by_customer(holdings: CTE, spans: Mapping[Span, int]) -> CTE:
    """One row for each customer: what is held where, and the average over each span."""
    is_open = holdings.c.is_open
    in_use = or_(is_open, holdings.c.in_0)
    return (
        select(
            holdings.c.customer_id,
            _sorted(holdings.c.product_code, is_open).label("products"),
            _sorted(holdings.c.line, is_open).label("lines"),
            _sorted(holdings.c.line, and_(in_use, holdings.c.is_stale)).label("stale_lines"),
            *(average_of(holdings, number, span).label(f"average_{number}") for span, number in spans.items()),
        )
        .group_by(holdings.c.customer_id)
        .cte()
    )


def _sorted(column: Column, where: Column) -> Column:
    values = func.array_agg(aggregate_order_by(column.distinct(), column)).filter(where)
    return func.coalesce(values, literal([], ARRAY(Text)))
