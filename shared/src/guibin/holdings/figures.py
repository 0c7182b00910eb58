"""What customers own and owe on a day, and the month-daily average, in one set-based statement.

A balance holds until the next row of its holding. A holding counts from the day it was opened until the day before it
was closed; a day on which it is open before its first balance row is unknown, and so is every figure that needs it.
"""

from datetime import date
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    Date,
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

from guibin.core.models import metadata
from guibin.holdings.models import Holding, HoldingBalance, HoldingStatus, LineDay
from guibin.holdings.months import Month, last_complete_month
from guibin.products.models import Product, Side

_HOLDING: Final = metadata.tables[Holding.__tablename__]
_BALANCE: Final = metadata.tables[HoldingBalance.__tablename__]
_PRODUCT: Final = metadata.tables[Product.__tablename__]
_LINE_DAY: Final = metadata.tables[LineDay.__tablename__]

Column = ColumnElement[Any]


def select_figures(day: date) -> Select[Any]:
    """Select one row for each customer with holdings, as of the end of a day of business.

    Columns: customer_id; aum_fen, aum_mda_fen (of the last complete month) and liabilities_fen, in fen, NULL unknown;
    aum_mda_month, its first day; assets and liabilities, JSON {product class: fen or null}; products, lines and
    stale_lines, sorted text arrays over what is open (stale also over what was open in the month); has_liabilities,
    whether something is owed or may be.
    """
    month = last_complete_month(day)
    holdings = holdings_of(day, month)
    classes, customers = _by_class(holdings), _by_customer(holdings, month)
    return (
        select(
            customers.c.customer_id,
            case((classes.c.asset_unknown, null()), else_=classes.c.asset_fen).label("aum_fen"),
            customers.c.aum_mda_fen,
            literal(month.first, Date).label("aum_mda_month"),
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


def holdings_of(day: date, month: Month) -> CTE:
    """One row for each holding: whether it is open, its balance on the day, its part of the month.

    `month_fen` is the sum of its balances over the days of the month, an overdrawn one as 0, NULL without any.
    """
    held, balances = _held(day, month), _intervals(day, month)
    first = func.greatest(held.c.from_day, balances.c.from_day)
    last = func.least(held.c.to_day, balances.c.next_day - literal(1))
    days = func.greatest(last - first + literal(1), literal(0))
    same = and_(balances.c.customer_id == held.c.customer_id, balances.c.holding_id == held.c.holding_id)
    in_month = held.c.from_day <= held.c.to_day
    known_from = func.min(balances.c.from_day)
    return (
        select(
            *held.c,
            in_month.label("in_month"),
            and_(in_month, or_(known_from.is_(None), known_from > held.c.from_day)).label("month_unknown"),
            func.max(balances.c.balance_fen).filter(balances.c.next_day.is_(None)).label("balance_fen"),
            func.sum(func.greatest(balances.c.balance_fen, literal(0)) * days).label("month_fen"),
        )
        .select_from(held.outerjoin(balances, same))
        .group_by(*held.c)
        .cte("open_holding")
    )


def _held(day: date, month: Month) -> CTE:
    """Every holding with its class, whether it is open on the day, and its open days within the month."""
    ended = case((_HOLDING.c.status == HoldingStatus.CLOSED, _HOLDING.c.as_of), else_=null())
    closed_on = func.coalesce(_HOLDING.c.closed_on, ended)
    opened = or_(_HOLDING.c.opened_on.is_(None), _HOLDING.c.opened_on <= day)
    fresh = and_(_LINE_DAY.c.line == _HOLDING.c.line, _LINE_DAY.c.day == day)
    return (
        select(
            _HOLDING.c.customer_id,
            _HOLDING.c.id.label("holding_id"),
            _HOLDING.c.line,
            _HOLDING.c.product_code,
            _PRODUCT.c.product_class,
            (_HOLDING.c.side == Side.ASSET).label("is_asset"),
            and_(opened, or_(closed_on.is_(None), closed_on > day)).label("is_open"),
            func.greatest(literal(month.first, Date), _HOLDING.c.opened_on).label("from_day"),
            func.least(literal(month.last, Date), closed_on - literal(1)).label("to_day"),
            _LINE_DAY.c.day.is_(None).label("is_stale"),
        )
        .select_from(_HOLDING)
        .join(_PRODUCT, _PRODUCT.c.code == _HOLDING.c.product_code)
        .outerjoin(_LINE_DAY, fresh)
        .cte("held")
    )


def _intervals(day: date, month: Month) -> CTE:
    """Balances that held at some time from the month's first day until the day, each with the day of the next one.

    NULL stands for the balance that still holds. The first of these rows shows from when on a holding is known, as far
    as the month is concerned.
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
        .where(_BALANCE.c.day <= day)
        .subquery("balance_until_day")
    )
    return (
        select(balances)
        .where(or_(balances.c.next_day.is_(None), balances.c.next_day > month.first))
        .cte("balance_interval")
    )


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
        .cte("customer_class")
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
        .cte("class_sum")
    )  # fmt: skip


def _amounts(product_class: Column, fen: Column, unknown: Column, present: Column) -> Column:
    amount = case((unknown, null()), else_=cast(fen, BigInteger))
    return func.coalesce(func.jsonb_object_agg(product_class, amount).filter(present), func.jsonb_build_object())


def _by_customer(holdings: CTE, month: Month) -> CTE:
    """One row for each customer: what is held where, and the month-daily average."""
    is_open = holdings.c.is_open
    in_use = or_(is_open, holdings.c.in_month)
    return (
        select(
            holdings.c.customer_id,
            _sorted(holdings.c.product_code, is_open).label("products"),
            _sorted(holdings.c.line, is_open).label("lines"),
            _sorted(holdings.c.line, and_(in_use, holdings.c.is_stale)).label("stale_lines"),
            _average(holdings, month).label("aum_mda_fen"),
        )
        .group_by(holdings.c.customer_id)
        .cte("customer_holding")
    )


def _sorted(column: Column, where: Column) -> Column:
    values = func.array_agg(aggregate_order_by(column.distinct(), column)).filter(where)
    return func.coalesce(values, literal([], ARRAY(Text)))


def _average(holdings: CTE, month: Month) -> Column:
    """Divide the sum over the calendar days of the month, rounded half up to fen."""
    is_asset = holdings.c.is_asset
    unknown = func.bool_or(and_(is_asset, holdings.c.month_unknown))
    total = func.coalesce(func.sum(holdings.c.month_fen).filter(is_asset), literal(0))
    rounded = func.div(literal(2) * total + literal(month.days), literal(2 * month.days))
    return case((unknown, null()), else_=cast(rounded, BigInteger))
