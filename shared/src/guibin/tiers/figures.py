"""What the figures of a period alone give everybody by a scheme, in SQL: the form of `rules.tier_of` over the book."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    select,
)
from sqlmodel import col

from guibin.core.models import metadata
from guibin.customers.models import Customer
from guibin.holdings.averages import select_metric
from guibin.holdings.rules import Weighting
from guibin.tags.models import CustomerFact, CustomerTag
from guibin.tiers.household import HOUSEHOLD, passed_on, select_shared
from guibin.tiers.models import TierScheme, TierStanding
from guibin.tiers.routes import ASSETS, GROWTH, figures_of
from guibin.tiers.rules import Line
from guibin.tiers.terms import WHOLE, Terms

BELOW_ALL: Final = -1
"""The rank of who has no tier."""

_CUSTOMER: Final = metadata.tables[Customer.__tablename__]
_STANDING: Final = metadata.tables[TierStanding.__tablename__].alias("counted")
_FACT: Final = metadata.tables[CustomerFact.__tablename__]

Column = ColumnElement[Any]


@dataclass(frozen=True)
class Scheme:
    """A scheme with its lines and terms, read once for a run."""

    id: UUID
    lines: Sequence[Line]
    terms: Terms
    growth_wallet: str | None = None

    @classmethod
    def of(cls, row: TierScheme, lines: Sequence[Line]) -> "Scheme":
        """Put a stored scheme together."""
        return cls(row.id, sorted(lines, key=lambda line: line.rank), Terms.read(row.terms), row.growth_wallet)


@dataclass
class _Joined:
    """The customers with all figures joined so far, and the rank that each route gives."""

    source: FromClause
    ranks: dict[str, Column]
    keeps: list[Column]
    known: list[Column]
    stale: list[Column]


def select_earned(scheme: Scheme, *, cutoff: date, day: date, kept: bool = False) -> Select[Any]:
    """Select what the figures of a period give each living customer.

    Columns: customer_id; metric_fen and net_fen (NULL unknown or not asked); growth_points; earned and keeps, the ranks
    whose line and whose keep line is reached (-1: none); route, what gives the earned one; known, whether nothing is
    unknown or stale, so that the figures may lower. `kept` takes the points of growth that a standing of the period has
    counted before those as of the facts.
    """
    lines, terms = scheme.lines, scheme.terms
    joined = _Joined(_CUSTOMER, {}, [], [], [])
    metric = _assets(joined, "metric", scheme, cutoff, terms.weighting)
    net = _assets(joined, "net", scheme, cutoff, Weighting(net=True)) if terms.net_from else None
    values = {
        line.tier_code: metric if net is None or not terms.is_net(line, lines) else net for line in lines
    }  # fmt: skip
    joined.ranks[ASSETS] = _rank(
        lines, {one.tier_code: values[one.tier_code] >= _fen(one.lower_bound_fen) for one in lines}
    )
    lowered = {one.tier_code: _fen(one.lower_bound_fen * terms.keep_percent) for one in lines}
    joined.keeps.append(_rank(lines, {code: value * _fen(WHOLE) >= lowered[code] for code, value in values.items()}))
    points = _growth(joined, scheme, day, cutoff if kept else None)
    _add_routes(joined, scheme, cutoff, day)
    earned = func.greatest(*joined.ranks.values(), *([literal(BELOW_ALL)]))
    keeps = func.greatest(earned, *joined.keeps)
    member = _is_member(terms)
    giving = [(rank == earned, literal(name)) for name, rank in joined.ranks.items()]
    earned_by_members = earned if member is None else case((member, earned), else_=literal(BELOW_ALL))
    return (
        select(
            col(Customer.id).label("customer_id"),
            metric.label("metric_fen"),
            (cast(null(), BigInteger) if net is None else net).label("net_fen"),
            points.label("growth_points"),
            earned_by_members.label("earned"),
            (keeps if member is None else case((member, keeps), else_=literal(BELOW_ALL))).label("keeps"),
            case((earned_by_members == BELOW_ALL, cast(null(), Text)), *giving, else_=cast(null(), Text)).label(
                "route"
            ),
            and_(*joined.known, *(~stale for stale in joined.stale)).label("known"),
        )
        .select_from(joined.source)
        .where(col(Customer.merged_into).is_(None), col(Customer.erased_at).is_(None))
    )


def _assets(joined: _Joined, name: str, scheme: Scheme, cutoff: date, weighting: Weighting) -> Column:
    """Join a balance metric; who holds nothing has nothing, and that is known."""
    rows = select_metric(scheme.terms.metric, cutoff, weighting).subquery(name)
    joined.source = joined.source.outerjoin(rows, rows.c.customer_id == col(Customer.id))
    value: Column = case((rows.c.customer_id.is_(None), literal(0, BigInteger)), else_=rows.c.fen)
    joined.known.append(value.is_not(None))
    joined.stale.append(func.coalesce(rows.c.stale, literal(value=False)))
    return value


def _growth(joined: _Joined, scheme: Scheme, day: date, period: date | None) -> Column:
    """Give tiers by points of growth: what was earned and has not expired, as of the facts of the day."""
    if scheme.growth_wallet is None:
        return cast(null(), BigInteger)
    fact = CustomerFact
    same = and_(col(fact.customer_id) == col(Customer.id), col(fact.as_of) == day)
    joined.source = joined.source.outerjoin(_FACT, same)
    points: Column = func.coalesce(cast(col(fact.points).op("->>")(scheme.growth_wallet), BigInteger), _fen(0))
    if period is not None:
        same_period = and_(_STANDING.c.customer_id == col(Customer.id), _STANDING.c.period == period)
        joined.source = joined.source.outerjoin(_STANDING, same_period)
        points = func.coalesce(_STANDING.c.growth_points, points)
    reached = {
        line.tier_code: points >= _fen(line.growth_points) for line in scheme.lines if line.growth_points is not None
    }  # fmt: skip
    joined.ranks[GROWTH] = _rank(scheme.lines, reached)
    joined.known.append(col(fact.customer_id).is_not(None))
    return points


def _add_routes(joined: _Joined, scheme: Scheme, cutoff: date, day: date) -> None:
    for route, figure in zip(scheme.terms.routes, figures_of(scheme.terms, cutoff=cutoff, day=day), strict=True):
        joined.source = joined.source.outerjoin(figure.rows, figure.rows.c.customer_id == col(Customer.id))
        reached: Mapping[str, Column] = {code: figure.value >= _fen(bound) for code, bound in route.bounds.items()}
        joined.ranks[figure.name] = _rank(scheme.lines, reached)
        joined.known.append(figure.value.is_not(None))
    sharing = scheme.terms.household
    ranks = passed_on(list(scheme.lines), sharing) if sharing else {}
    if sharing and ranks:
        rows = select_shared(day, ranks, members=sharing.members).subquery(HOUSEHOLD)
        joined.source = joined.source.outerjoin(rows, rows.c.customer_id == col(Customer.id))
        joined.ranks[HOUSEHOLD] = func.coalesce(rows.c.rank, literal(BELOW_ALL))


def _fen(amount: int) -> Column:
    return literal(amount, BigInteger)


def _rank(lines: Sequence[Line], reached: Mapping[str, Column]) -> Column:
    """Return the rank of the highest tier whose line is reached."""
    whens = [
        (reached[line.tier_code], literal(line.rank))
        for line in sorted(lines, key=lambda line: -line.rank)
        if line.tier_code in reached
    ]
    return case(*whens, else_=literal(BELOW_ALL)) if whens else literal(BELOW_ALL)


def _is_member(terms: Terms) -> Column | None:
    if terms.members_tag is None:
        return None
    held = CustomerTag
    return (
        select(literal(1))
        .where(
            col(held.customer_id) == col(Customer.id),
            col(held.tag_code) == terms.members_tag,
            col(held.until).is_(None),
        )
        .exists()
    )
