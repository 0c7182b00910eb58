"""What compiled definitions are used for beside runs: previews, and one customer's facts."""

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, and_, func, literal, not_, select, union
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
from guibin.tags.facts import facts_as_of
from guibin.tags.kinds.compiling import CompiledDefinitions, compile_definitions
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


def over_customers(compiled: CompiledDefinitions, *columns: ColumnElement[Any]) -> Select[Any]:
    """Select over the facts of customers who were not merged away."""
    joined = compiled.source.join(_CUSTOMER, _CUSTOMER.c.id == FACTS.c.customer_id)
    return select(*columns).select_from(joined).where(_CUSTOMER.c.merged_into.is_(None))


async def count_matches(
    session: AsyncSession, scope: Scope, *, definition: Definition, current: Definition | None, day: date
) -> Counts:
    """Count the customers in scope to whom a definition gives the tag, and the difference to the version in force."""
    compiled = compile_definitions([definition] if current is None else [definition, current], day=day)
    new = compiled.has(0)
    old = literal(value=False) if current is None else compiled.has(1)
    statement = over_customers(
        compiled,
        func.count(),
        func.count().filter(new),
        func.count().filter(and_(new, not_(old))),
        func.count().filter(and_(old, not_(new))),
    ).where(visible(scope, FACTS.c.customer_id, FACTS.c.branch_id))
    return Counts(*(await session.execute(statement)).one())


async def count_values(session: AsyncSession, scope: Scope, *, definition: Definition, day: date) -> dict[str, int]:
    """Count the customers in scope by the value that a definition gives first; the most frequent ones first."""
    compiled = compile_definitions([definition], day=day)
    value, number = compiled.values[0][0].label("value"), func.count().label("customers")
    given = over_customers(compiled, value).where(
        compiled.has(0), visible(scope, FACTS.c.customer_id, FACTS.c.branch_id)
    )
    found = given.subquery()
    statement = (
        select(found.c.value, number).group_by(found.c.value).order_by(number.desc(), found.c.value).limit(VALUES_SHOWN)
    )
    return {row.value: row.customers for row in (await session.execute(statement)).all()}


async def list_matches(
    session: AsyncSession, scope: Scope, *, definition: Definition, day: date, limit: int
) -> list[Sample]:
    """Return some customers in scope to whom a definition gives the tag, in the order of their ids."""
    compiled = compile_definitions([definition], day=day)
    statement = (
        over_customers(compiled, FACTS.c.customer_id, FACTS.c.branch, FACTS.c.tier, compiled.values[0][0])
        .where(compiled.has(0), visible(scope, FACTS.c.customer_id, FACTS.c.branch_id))
        .order_by(FACTS.c.customer_id)
        .limit(limit)
    )
    return [Sample(*row) for row in (await session.execute(statement)).all()]


def _concerned(customer_id: UUID, circles: Iterable[Circle], day: date) -> Select[Any]:
    """Select a customer, and those of the circles about whom a definition asks."""
    one = select(literal(customer_id, Uuid).label("customer_id"))
    pairs = (pairs_of(circle, day).subquery() for circle in sorted(circles))
    others = [select(pair.c.related_id).where(pair.c.customer_id == customer_id) for pair in pairs]
    found = union(one, *others).subquery("concerned") if others else one.subquery("concerned")
    return select(found.c.customer_id)


async def read_values(
    session: AsyncSession, scope: Scope, *, definition: Definition, customer_id: UUID, day: date, anew: bool = False
) -> CustomerValues | None:
    """Return what a definition reads of one customer; None without facts of the customer, or out of scope.

    The facts are those of the last run, or (`anew`) composed anew as of the end of the day.
    """
    compiled = compile_definitions([definition], day=day, customer_id=customer_id)
    columns = [FACTS.c.as_of, FACTS.c.stale_lines, known_from(FACTS.c.customer_id), *compiled.columns.values()]
    statement = (  # the branch of today says who may see, not that of the day
        select(*columns)
        .select_from(compiled.source)
        .where(FACTS.c.customer_id == customer_id, visible(scope, FACTS.c.customer_id))
    )
    circles = {one.circle for one in compiled.columns if isinstance(one, Related)}
    if anew:  # stands in the statement by the name of the table, in its place
        statement = statement.add_cte(facts_as_of(day, among=_concerned(customer_id, circles, day)))
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
