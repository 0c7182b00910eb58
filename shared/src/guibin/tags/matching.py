"""What compiled definitions are used for beside runs: previews, and one customer's facts."""

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    ScalarSelect,
    Select,
    Text,
    Uuid,
    and_,
    cast,
    exists,
    func,
    literal,
    not_,
    select,
    union,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.models import metadata
from guibin.core.money import divide_half_up
from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.security.actors import Scope
from guibin.security.row_scope import all_rows
from guibin.tags.compiler import FACTS
from guibin.tags.compiler.related import pairs_of
from guibin.tags.evaluation import Plain
from guibin.tags.facts import facts_as_of, facts_live
from guibin.tags.kinds.compiling import compile_definitions
from guibin.tags.kinds.definitions import Definition, Preference
from guibin.tags.profiles.repository import known_from
from guibin.tags.rules import Operand, Related
from guibin.tags.vocabulary import Circle

_CUSTOMER: Final = metadata.tables[Customer.__tablename__]

VALUES_SHOWN: Final = 50
"""How many different values a preview counts: a tag whose value is a number can have any number of them."""


def percent_of(members: int, customers: int) -> float:
    """Return a share in per cent with two places, rounded half up; 0 of none."""
    return divide_half_up(members * 10_000, customers) / 100 if customers else 0.0


@dataclass(frozen=True, slots=True)
class Counts:
    """A preview: customers in scope, those who would have the tag, and the difference to the version in force."""

    customers: int
    members: int
    added: int
    removed: int

    @property
    def share_percent(self) -> float:
        """The share of members, in per cent with two places; 0 of none."""
        return percent_of(self.members, self.customers)


@dataclass(frozen=True, slots=True)
class Sample:
    """A customer who would have the tag."""

    customer_id: UUID
    branch: str
    tier: str | None
    value: str = ""


@dataclass(frozen=True, slots=True)
class CustomerValues:
    """What a definition reads of one customer, with the day of the data and the lines that were late.

    `ranked` are the categories of a preference, heaviest first. `known_from` is the first day of which it is on record
    who the customer was: None before the first night.
    """

    as_of: date
    stale_lines: tuple[str, ...]
    values: dict[Operand, Plain]
    ranked: list[str] | None = None
    known_from: date | None = None


@dataclass(frozen=True, slots=True)
class Matches:
    """Whom a definition hits: how many, by which value (the most frequent ones first), and some of them."""

    counts: Counts
    values: dict[str, int]
    sample: list[Sample]


def over_customers(source: FromClause, *columns: ColumnElement[Any]) -> Select[Any]:
    """Select over the facts of customers who were not merged away: they are few, and looked up as such."""
    merged = exists().where(_CUSTOMER.c.id == FACTS.c.customer_id, _CUSTOMER.c.merged_into.is_not(None))
    return select(*columns).select_from(source).where(not_(merged))


async def find_matches(
    session: AsyncSession,
    scope: Scope,
    *,
    definition: Definition,
    current: Definition | None,
    day: date,
    limit: int,
    anew: bool = False,
) -> Matches:
    """Tell whom in scope a definition gives the tag, and the difference to the version in force, by one pass.

    Counts and samples are made of those alone whom one of the two hits, who are read twice: once for all counts, once
    for the sample. `anew`: on facts as of the day.
    """
    compiled = compile_definitions([definition] if current is None else [definition, current], day=day)
    new = compiled.has(0)
    old: ColumnElement[bool] = literal(value=False) if current is None else compiled.has(1)
    seen = visible(scope, FACTS.c.customer_id, None if anew else FACTS.c.branch_id)
    told = (FACTS.c.customer_id, FACTS.c.branch, FACTS.c.tier, compiled.values[0][0].label("value"))
    hits = over_customers(compiled.source, *told, new.label("new"), old.label("old")).where(compiled.hit_by_any(), seen)
    everybody = over_customers(FACTS, func.count()).where(seen)
    if anew:  # stands there by the name of the table, in its place
        hits = hits.add_cte(facts_as_of(day), nest_here=True)
        everybody = _living().where(visible(scope, _CUSTOMER.c.id, _CUSTOMER.c.branch_id))
    judged = hits.cte("judged").prefix_with("MATERIALIZED")
    kinds = (judged.c.value, judged.c.new, judged.c.old)
    counted = select(*kinds, func.count().label("customers")).group_by(*kinds).cte("counted")
    statement = select(
        everybody.scalar_subquery(),
        _sum_of(counted, counted.c.new),
        _sum_of(counted, and_(counted.c.new, not_(counted.c.old))),
        _sum_of(counted, and_(counted.c.old, not_(counted.c.new))),
        _by_value(counted),
        _some_of(judged, limit),
    ).select_from(counted)
    *counts, values, sample = (await session.execute(statement)).one()
    some = [Sample(UUID(one["customer_id"]), one["branch"], one["tier"], one["value"]) for one in sample or ()]
    return Matches(Counts(*counts), dict(values or ()), some)


def _living() -> Select[Any]:
    return select(func.count()).where(_CUSTOMER.c.merged_into.is_(None), _CUSTOMER.c.erased_at.is_(None))


def _sum_of(counted: CTE, which: ColumnElement[bool]) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(counted.c.customers).filter(which), 0), BigInteger)


def _by_value(counted: CTE) -> ScalarSelect[Any]:
    """List the values that are given with the number of customers, the most frequent ones first."""
    number = func.sum(counted.c.customers).label("customers")
    ordered = (number.desc(), counted.c.value)
    given = select(counted.c.value, number).where(counted.c.new).group_by(counted.c.value)
    most = given.order_by(*ordered).limit(VALUES_SHOWN).subquery()
    pair = func.jsonb_build_array(most.c.value, most.c.customers)
    listed = aggregate_order_by(pair, most.c.customers.desc(), most.c.value)
    return select(func.jsonb_agg(listed, type_=JSONB)).scalar_subquery()


def _some_of(judged: CTE, limit: int) -> ScalarSelect[Any]:
    """List some customers who are given the tag, in the order of their ids."""
    rows = (judged.c.customer_id, judged.c.branch, judged.c.tier, judged.c.value)
    first = select(*rows).where(judged.c.new).order_by(judged.c.customer_id).limit(limit).subquery("some")
    row = func.jsonb_build_object(*(part for one in first.c for part in (literal(one.name, Text), one)))
    return select(func.jsonb_agg(aggregate_order_by(row, first.c.customer_id), type_=JSONB)).scalar_subquery()


def _concerned(customer_id: UUID, circles: Iterable[Circle], day: date) -> Select[Any]:
    """Select a customer, and those of the circles about whom a definition asks."""
    one = select(literal(customer_id, Uuid).label("customer_id"))
    pairs = (pairs_of(circle, day).subquery() for circle in sorted(circles))
    others = [select(pair.c.related_id).where(pair.c.customer_id == customer_id) for pair in pairs]
    found = union(one, *others).subquery("concerned") if others else one.subquery("concerned")
    return select(found.c.customer_id)


async def read_values(
    session: AsyncSession,
    scope: Scope,
    *,
    definition: Definition,
    customer_id: UUID,
    day: date,
    anew: bool = False,
    live: bool = False,
) -> CustomerValues | None:
    """Return what a definition reads of one customer; None without facts of the customer, or out of scope.

    The facts are those of the last run, or composed anew as of the end of the day (`anew`) or of this moment (`live`).
    """
    compiled = compile_definitions([definition], day=day, customer_id=customer_id)
    columns = [FACTS.c.as_of, FACTS.c.stale_lines, known_from(FACTS.c.customer_id), *compiled.columns.values()]
    statement = (  # the branch of today says who may see, not that of the day
        select(*columns)
        .select_from(compiled.source)
        .where(FACTS.c.customer_id == customer_id, visible(scope, FACTS.c.customer_id))
    )
    circles = {one.circle for one in compiled.columns if isinstance(one, Related)}
    if anew or live:  # stands in the statement by the name of the table, in its place
        composed = facts_live if live else facts_as_of
        statement = statement.add_cte(composed(day, among=_concerned(customer_id, circles, day)))
    async with all_rows(session) if circles else nullcontext():  # what holds of others is told, not who they are
        row = (await session.execute(statement)).one_or_none()
    if row is None:
        return None
    read: dict[Any, Any] = dict(zip(compiled.columns, row[3:], strict=True))
    plain = {
        operand: frozenset(value) if isinstance(value, list) else value
        for operand, value in read.items()
        if not isinstance(operand, Preference)
    }
    ranked = next((value for operand, value in read.items() if isinstance(operand, Preference)), None)
    return CustomerValues(row[0], tuple(row[1]), plain, ranked, row[2])
