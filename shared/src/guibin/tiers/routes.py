"""The figures that give tiers: the assets, growth points, and the routes of a scheme.

Each gives a tier or none; the highest wins, and all of them fall by the same transition.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Select, Subquery, and_, case, cast, func, literal, or_, select
from sqlmodel import col

from guibin.holdings.held import holdings_of
from guibin.holdings.models import CustomerEvent, EventType, InflowClass
from guibin.holdings.months import Span, last_complete_month
from guibin.products.models import ProductClass
from guibin.tiers.household import select_household_assets
from guibin.tiers.terms import RatingWeights, Route, RouteKind, Terms

ASSETS: Final = "assets"
GROWTH: Final = "growth"

FLOW_MONTHS: Final = 3
"""Over how many complete months a flow is averaged."""

RATING_UNIT_FEN: Final = 10_000_00

_LOANS: Final = (ProductClass.MERCHANT_LOANS, ProductClass.MICRO_LOANS)
_SPENDING: Final = col(CustomerEvent.event_type).in_((EventType.CARD_SPEND, EventType.PAYMENT))
_TRANSFERS: Final = col(CustomerEvent.event_type).in_((EventType.TRANSFER_IN, EventType.TRANSFER_OUT))
_SALARY: Final = or_(
    col(CustomerEvent.event_type) == EventType.SALARY, col(CustomerEvent.inflow_class) == InflowClass.PAYROLL
)
_COLLECTION: Final = col(CustomerEvent.inflow_class).in_(
    (InflowClass.MERCHANT_ACQUIRING, InflowClass.COLLECTION_PAYMENT)
)


@dataclass(frozen=True)
class RouteFigure:
    """A route of a scheme as it is joined to the customers: its figure, 0 where there is nothing, NULL unknown."""

    name: str
    rows: Subquery
    value: ColumnElement[Any]


def figures_of(terms: Terms, *, cutoff: date, day: date) -> list[RouteFigure]:
    """Return the figure of each route of a scheme at the end of a period; households are those of the day."""
    found = []
    for route in terms.routes:
        rows = _select(route, terms, cutoff, day).subquery(f"route_{route.kind}")
        value: ColumnElement[Any] = case((rows.c.customer_id.is_(None), literal(0, BigInteger)), else_=rows.c.figure)
        found.append(RouteFigure(route.kind, rows, value))
    return found


def _select(route: Route, terms: Terms, cutoff: date, day: date) -> Select[Any]:
    match route.kind:
        case RouteKind.CARD_LIMIT:
            held = holdings_of(cutoff, [Span(cutoff, cutoff)])
            limit = func.coalesce(func.max(held.c.credit_limit_fen), literal(0))
            return (
                select(held.c.customer_id, limit.label("figure"))
                .where(held.c.is_open, held.c.product_class == ProductClass.CARDS)
                .group_by(held.c.customer_id)
            )
        case RouteKind.LOAN_AMOUNT:
            return _owed(cutoff, loans_only=True)
        case RouteKind.SALARY_FLOW:
            return _flow(_SALARY, cutoff)
        case RouteKind.COLLECTION_FLOW:
            return _flow(_COLLECTION, cutoff)
        case RouteKind.RATING:
            return _rating(route.weights or RatingWeights(), cutoff)
        case RouteKind.HOUSEHOLD_ASSETS:
            return select_household_assets(day, cutoff, terms.metric, terms.weighting)


def _owed(cutoff: date, *, loans_only: bool = False) -> Select[Any]:
    """Select what is owed on the day, NULL where a balance is unknown."""
    held = holdings_of(cutoff, [Span(cutoff, cutoff)])
    known = cast(func.sum(func.greatest(held.c.balance_fen, literal(0))), BigInteger)
    amount = case((func.bool_or(held.c.unknown_0), None), else_=known)
    query = select(held.c.customer_id, amount.label("figure")).where(held.c.is_open, ~held.c.is_asset)
    if loans_only:
        query = query.where(held.c.product_class.in_(_LOANS))
    return query.group_by(held.c.customer_id)


def _flow(which: ColumnElement[bool], cutoff: date) -> Select[Any]:
    """Select what some events moved in a month, on the average of the last complete ones, rounded down."""
    month = last_complete_month(cutoff)
    event = CustomerEvent
    total = func.div(func.sum(func.coalesce(col(event.amount_fen), literal(0))), literal(FLOW_MONTHS))
    query = (
        select(col(event.customer_id), cast(total, BigInteger).label("figure"))
        .where(col(event.occurred_on).between(month.before(FLOW_MONTHS - 1).first, month.last), which)
        .group_by(col(event.customer_id))
    )
    return select(query.subquery("flow"))


def _rating(weights: RatingWeights, cutoff: date) -> Select[Any]:
    """Select the points of the rating: each part counts by its full units."""
    held = holdings_of(cutoff, [Span(cutoff, cutoff)])
    owned = cast(func.sum(held.c.own_0).filter(held.c.is_asset), BigInteger)
    unknown = func.bool_or(and_(held.c.is_asset, held.c.unknown_0))
    assets = select(held.c.customer_id, case((unknown, None), else_=owned).label("figure")).group_by(held.c.customer_id)
    parts = [
        (rows, weight)
        for rows, weight in (
            (assets, weights.assets),
            (_owed(cutoff), weights.debts),
            (_flow(_SPENDING, cutoff), weights.spending),
            (_flow(_TRANSFERS, cutoff), weights.transfers),
        )
        if weight
    ]
    one = [_points(rows, weight) for rows, weight in parts] or [_points(assets, 0)]
    points = one[0].union_all(*one[1:]).subquery("rating_part")
    total = case((func.bool_or(points.c.points.is_(None)), None), else_=cast(func.sum(points.c.points), BigInteger))
    return select(points.c.customer_id, total.label("figure")).group_by(points.c.customer_id)


def _points(rows: Select[Any], weight: int) -> Select[Any]:
    part = rows.subquery()
    points = func.div(part.c.figure, literal(RATING_UNIT_FEN, BigInteger)) * literal(weight)
    return select(part.c.customer_id, points.label("points"))
