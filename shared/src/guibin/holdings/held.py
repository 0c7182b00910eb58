"""Each holding over spans of days: the ground of all figures of holdings.

A balance holds until the next row of its holding. A holding counts from the day it was opened until the day before it
was closed; a day on which it is open before its first balance row is unknown, and so is every figure that needs it.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    FromClause,
    Select,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    true,
    tuple_,
)

from guibin.core.models import metadata
from guibin.holdings.models import Holding, HoldingBalance, HoldingStatus, LineDay
from guibin.holdings.months import Span
from guibin.products.models import Product, Side

_HOLDING: Final = metadata.tables[Holding.__tablename__]
_BALANCE: Final = metadata.tables[HoldingBalance.__tablename__]
_PRODUCT: Final = metadata.tables[Product.__tablename__]
_LINE_DAY: Final = metadata.tables[LineDay.__tablename__]

Column = ColumnElement[Any]


def holdings_of(day: date, spans: Sequence[Span], *, owed: bool = False, among: Select[Any] | None = None) -> CTE:
    """One row for each holding: whether it is open, its balance on the day, its part of each span.

    For span number i: `in_i`, whether it was open; `unknown_i`, whether a balance of its days is; `own_i`, the sum of
    its balances over the days, an overdrawn one as 0, NULL without any; with `owed` also `owe_i`, the sum of what it
    lacks below 0. `is_stale` says that its line has sent no balances of the day or a later one. `among` selects the
    customers whose holdings are looked at; spans end on the day at the latest.

    All balances are summed by their key alone, in its order and whatever the holding is; the few holdings of which a
    balance holds on days that do not count are summed again, with their days in view. Joining each balance with its
    holding before summing took three times as long.
    """
    held, sums = _held(day, among), _sums(_intervals(day, spans, among), spans, owed=owed)
    again = _sums_again(day, spans, held, sums, owed=owed, among=among)
    of_spans: list[Column] = []
    for number, span in enumerate(spans):
        first, last = _days_of(span, held)
        in_span = first <= last
        of_spans += [
            in_span.label(f"in_{number}"),
            and_(in_span, or_(sums.c.known_from.is_(None), sums.c.known_from > first)).label(f"unknown_{number}"),
        ]
        for name in _summed(number, owed=owed):
            of_spans.append(case((again.c.holding_id.is_not(None), again.c[name]), else_=sums.c[name]).label(name))
    return (
        select(*held.c, *of_spans, sums.c.balance_fen)
        .select_from(held.outerjoin(sums, _same(sums, held)).outerjoin(again, _same(again, held)))
        .cte()
    )


def _summed(number: int, *, owed: bool) -> list[str]:
    return [f"own_{number}", f"owe_{number}"] if owed else [f"own_{number}"]


def _same(one: FromClause, other: FromClause) -> Column:
    return and_(one.c.customer_id == other.c.customer_id, one.c.holding_id == other.c.holding_id)


def _days_of(span: Span, held: FromClause) -> tuple[Column, Column]:
    """Return the first and the last day of a span on which a holding counts."""
    first = func.greatest(literal(span.first, Date), held.c.opened_on)
    return first, func.least(literal(span.last, Date), held.c.closed_on - literal(1))


def _sum_of(balances: FromClause, number: int, first: Column, last: Column, *, owed: bool) -> list[Column]:
    """Sum the balances over the days between two."""
    begins, ends = func.greatest(first, balances.c.from_day), func.least(last, balances.c.next_day - literal(1))
    days = func.greatest(ends - begins + literal(1), literal(0))
    own = func.sum(func.greatest(balances.c.balance_fen, literal(0)) * days)
    owe = func.sum(func.greatest(-balances.c.balance_fen, literal(0)) * days)
    return [value.label(name) for value, name in zip((own, owe), _summed(number, owed=owed), strict=False)]


def _sums(balances: Subquery, spans: Sequence[Span], *, owed: bool) -> CTE:
    """One row for each holding with balances: its sums over whole spans, from when on it is known, what it has now.

    `holds_until` is the day from which on it has nothing any more.
    """
    of_spans = [
        value
        for number, span in enumerate(spans)
        for value in _sum_of(balances, number, literal(span.first, Date), literal(span.last, Date), owed=owed)
    ]
    until = func.coalesce(balances.c.next_day, cast(literal("infinity"), Date))
    return (
        select(
            balances.c.customer_id,
            balances.c.holding_id,
            func.min(balances.c.from_day).label("known_from"),
            func.max(until).filter(balances.c.balance_fen != literal(0)).label("holds_until"),
            func.max(balances.c.balance_fen).filter(balances.c.next_day.is_(None)).label("balance_fen"),
            *of_spans,
        )
        .group_by(balances.c.customer_id, balances.c.holding_id)
        .cte()
    )


def _sums_again(
    day: date, spans: Sequence[Span], held: CTE, sums: CTE, *, owed: bool, among: Select[Any] | None
) -> CTE:
    """The sums of the holdings that have a balance before they were opened, or still one on the day they were over."""
    first, last = min(span.first for span in spans), max(span.last for span in spans)
    too_early = and_(held.c.opened_on > literal(first, Date), sums.c.known_from < held.c.opened_on)
    too_late = and_(held.c.closed_on <= literal(last, Date), sums.c.holds_until > held.c.closed_on)
    which = (
        select(held.c.customer_id, held.c.holding_id, held.c.opened_on, held.c.closed_on)
        .join(sums, _same(sums, held))
        .where(or_(too_early, too_late))
        .cte()
        .prefix_with("MATERIALIZED")
    )
    keys = select(which.c.customer_id, which.c.holding_id)
    balances = _intervals(day, spans, among, of=keys)
    of_spans = [
        value
        for number, span in enumerate(spans)
        for value in _sum_of(balances, number, *_days_of(span, which), owed=owed)
    ]
    return (
        select(balances.c.customer_id, balances.c.holding_id, *of_spans)
        .join(which, _same(which, balances))
        .group_by(balances.c.customer_id, balances.c.holding_id)
        .cte()
    )


def _held(day: date, among: Select[Any] | None) -> CTE:
    """Every holding with its class, its first day and the day on which it is over, and whether it is open."""
    ended = case((_HOLDING.c.status == HoldingStatus.CLOSED, _HOLDING.c.as_of), else_=null())
    closed_on = func.coalesce(_HOLDING.c.closed_on, ended)
    opened = or_(_HOLDING.c.opened_on.is_(None), _HOLDING.c.opened_on <= day)
    newest = (
        select(_LINE_DAY.c.line)
        .where(_LINE_DAY.c.day >= day)
        .group_by(_LINE_DAY.c.line)
        .subquery("fresh_line")
    )  # fmt: skip
    return (
        select(
            _HOLDING.c.customer_id,
            _HOLDING.c.id.label("holding_id"),
            _HOLDING.c.line,
            _HOLDING.c.product_code,
            _HOLDING.c.credit_limit_fen,
            _PRODUCT.c.product_class,
            _PRODUCT.c.weight_percent,
            (_HOLDING.c.side == Side.ASSET).label("is_asset"),
            and_(opened, or_(closed_on.is_(None), closed_on > day)).label("is_open"),
            _HOLDING.c.opened_on,
            closed_on.label("closed_on"),
            newest.c.line.is_(None).label("is_stale"),
        )
        .select_from(_HOLDING)
        .join(_PRODUCT, _PRODUCT.c.code == _HOLDING.c.product_code)
        .outerjoin(newest, newest.c.line == _HOLDING.c.line)
        .where(true() if among is None else _HOLDING.c.customer_id.in_(among))
        .cte()
    )


def _intervals(
    day: date, spans: Sequence[Span], among: Select[Any] | None, *, of: Select[Any] | None = None
) -> Subquery:
    """Balances that held at some time from the first day of all spans until the day, each with the day of the next.

    NULL stands for the balance that still holds. The first of these rows shows from when on a holding is known, as far
    as the spans are concerned. `of` selects customer and id of the holdings whose balances are looked at.
    """
    following = func.lead(_BALANCE.c.day).over(
        partition_by=(_BALANCE.c.customer_id, _BALANCE.c.holding_id), order_by=_BALANCE.c.day
    )
    balances = (
        select(
            _BALANCE.c.customer_id,
            _BALANCE.c.holding_id,
            _BALANCE.c.balance_fen,
            _BALANCE.c.day.label("from_day"),
            following.label("next_day"),
        )
        .where(
            _BALANCE.c.day <= day,
            true() if among is None else _BALANCE.c.customer_id.in_(among),
            true() if of is None else tuple_(_BALANCE.c.customer_id, _BALANCE.c.holding_id).in_(of),
        )
        .subquery()
    )
    first = min(span.first for span in spans)
    return (
        select(balances)
        .where(or_(balances.c.next_day.is_(None), balances.c.next_day > first))
        .subquery()
    )  # fmt: skip
