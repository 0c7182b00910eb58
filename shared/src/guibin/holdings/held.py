"""Each holding over spans of days: the ground of all figures of holdings.

A balance holds until the next row of its holding. A holding counts from the day it was opened until the day before it
was closed; a day on which it is open before its first balance row is unknown, and so is every figure that needs it.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import CTE, ColumnElement, Date, Select, and_, case, func, literal, null, or_, select, true

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
    """
    held, balances = _held(day, among), _intervals(day, spans, among)
    same = and_(balances.c.customer_id == held.c.customer_id, balances.c.holding_id == held.c.holding_id)
    known_from, of_spans = func.min(balances.c.from_day), []
    for number, span in enumerate(spans):
        first = func.greatest(literal(span.first, Date), held.c.opened_on)
        last = func.least(literal(span.last, Date), held.c.closed_on - literal(1))
        begins, ends = func.greatest(first, balances.c.from_day), func.least(last, balances.c.next_day - literal(1))
        days = func.greatest(ends - begins + literal(1), literal(0))
        in_span = first <= last
        of_spans += [
            in_span.label(f"in_{number}"),
            and_(in_span, or_(known_from.is_(None), known_from > first)).label(f"unknown_{number}"),
            func.sum(func.greatest(balances.c.balance_fen, literal(0)) * days).label(f"own_{number}"),
        ]
        if owed:
            lacking = func.greatest(-balances.c.balance_fen, literal(0))
            of_spans.append(func.sum(lacking * days).label(f"owe_{number}"))
    return (
        select(
            *held.c,
            *of_spans,
            func.max(balances.c.balance_fen).filter(balances.c.next_day.is_(None)).label("balance_fen"),
        )
        .select_from(held.outerjoin(balances, same))
        .group_by(*held.c)
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


def _intervals(day: date, spans: Sequence[Span], among: Select[Any] | None) -> CTE:
    """Balances that held at some time from the first day of all spans until the day, each with the day of the next.

    NULL stands for the balance that still holds. The first of these rows shows from when on a holding is known, as far
    as the spans are concerned.
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
        .where(_BALANCE.c.day <= day, true() if among is None else _BALANCE.c.customer_id.in_(among))
        .subquery("balance_until_day")
    )
    first = min(span.first for span in spans)
    return (
        select(balances)
        .where(or_(balances.c.next_day.is_(None), balances.c.next_day > first))
        .cte()
    )  # fmt: skip
