"""What holds of customers who are related: one join to pairs of customers for each circle."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, union_all
from sqlmodel import col

from guibin.core.models import metadata
from guibin.customers.models import Customer
from guibin.relations.household_repository import belongs_on, takes_part
from guibin.relations.models import CustomerLink, HouseholdMember, LinkKind
from guibin.tags.compiler.columns import FACTS, Column, column_of_fact
from guibin.tags.compiler.figures import Figures, Pass
from guibin.tags.compiler.predicates import predicate_of
from guibin.tags.rules import Operand, Related
from guibin.tags.vocabulary import Circle, Fact, Quantifier

_LINK: Final = metadata.tables[CustomerLink.__tablename__]


def related_figures(wanted: Sequence[Related], run: Pass) -> Figures:
    """Judge the related customers of all circles that are asked for, once."""
    circles = sorted({one.circle for one in wanted})
    pairs = union_all(*(pairs_of(circle, run.day).add_columns(literal(circle.value)) for circle in circles))
    named = pairs.subquery("related_pair")
    customer_id, related_id, circle = named.c
    other = FACTS.alias("related_fact")

    def column_of(operand: Operand) -> Column:
        if not isinstance(operand, Fact):
            raise TypeError("a figure of somebody who is related")
        return column_of_fact(operand, other)

    columns = []
    for i, one in enumerate(wanted):
        of_circle = circle == literal(one.circle.value)
        holds = of_circle if one.where is None else and_(of_circle, predicate_of(one.where, column_of, run.day))
        columns.append(_figure(one, holds, of_circle).label(f"related_{i}"))
    statement = select(customer_id, *columns).join_from(named, other, other.c.customer_id == related_id)
    joined = run.narrowed(statement, customer_id).group_by(customer_id).subquery("related")
    return Figures(joined, {one: _over_nobody(joined.c[f"related_{i}"], one) for i, one in enumerate(wanted)})


def _figure(one: Related, holds: ColumnElement[bool], of_circle: ColumnElement[bool]) -> Column:
    hits = func.count().filter(holds)
    match one.quantifier:
        case None:
            return hits
        case Quantifier.ANY:
            return hits > 0
    return and_(hits > 0, hits == func.count().filter(of_circle))


def _over_nobody(column: Column, one: Related) -> Column:
    return func.coalesce(column, literal(0) if one.quantifier is None else literal(value=False))


def pairs_of(circle: Circle, day: date) -> Select[Any]:
    """Select customer_id and related_id: who is in a circle of whom on a day, each pair once."""
    return _PAIRS[circle](day)


def _household(day: date) -> Select[Any]:
    """The others of the households of a day, of whom, as of the customer, the places may be used."""
    place = (
        select(col(HouseholdMember.household_id), col(HouseholdMember.customer_id))
        .join(Customer, col(Customer.id) == col(HouseholdMember.customer_id))
        .where(belongs_on(day), takes_part(day))
        .cte("place_of_related")
    )
    other = place.alias("other_place_of_related")
    found: Select[Any] = (
        select(place.c.customer_id, other.c.customer_id.label("related_id"))
        .join_from(place, other, other.c.household_id == place.c.household_id)
        .where(other.c.customer_id != place.c.customer_id)
        .distinct()
    )
    return found


def _linked(kind: LinkKind, *, forwards: bool) -> Callable[[date], Select[Any]]:
    def pairs(day: date) -> Select[Any]:
        ends = (_LINK.c.customer_id, _LINK.c.other_id)
        customer_id, related_id = ends if forwards else ends[::-1]
        lasts = or_(_LINK.c.valid_to.is_(None), _LINK.c.valid_to > day)
        return (
            select(customer_id.label("customer_id"), related_id.label("related_id"))
            .where(_LINK.c.kind == kind, _LINK.c.valid_from <= day, lasts)
            .distinct()
        )

    return pairs


_PAIRS: Final[dict[Circle, Callable[[date], Select[Any]]]] = {Circle.HOUSEHOLD: _household} | {
    Circle(f"{kind}_of" if forwards else f"has_{kind}"): _linked(kind, forwards=forwards)
    for kind in LinkKind
    for forwards in (True, False)
}
