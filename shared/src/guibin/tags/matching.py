"""What compiled rules are used for: the nightly difference of memberships, previews, one customer's facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    column,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    update,
    values,
)
from sqlalchemy.dialects.postgresql import array, insert
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.models import metadata
from guibin.core.money import divide_half_up
from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.security.actors import Scope
from guibin.tags.compiler import FACTS
from guibin.tags.evaluation import Plain
from guibin.tags.kinds.compiling import CompiledDefinitions, compile_definitions
from guibin.tags.kinds.definitions import Definition, Preference
from guibin.tags.models import CustomerTag, TagSource
from guibin.tags.rules import Operand

_MEMBERSHIP: Final = metadata.tables[CustomerTag.__tablename__]
_CUSTOMER: Final = metadata.tables[Customer.__tablename__]

VALUES_SHOWN: Final = 50
"""How many different values a preview counts: a tag whose value is a number can have any number of them."""


def percent_of(members: int, customers: int) -> float:
    """Return a share in per cent with two places, rounded half up; 0 of none."""
    return divide_half_up(members * 10_000, customers) / 100 if customers else 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """A version in force, read."""

    code: str
    version: int
    definition: Definition


@dataclass(frozen=True, slots=True)
class Difference:
    """What a run read and wrote: customers, memberships begun and ended."""

    read: int
    added: int
    ended: int


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

    `ranked` are the categories of a preference, heaviest first.
    """

    as_of: date
    stale_lines: tuple[str, ...]
    values: dict[Operand, Plain]
    ranked: list[str] | None = None


async def write_difference(session: AsyncSession, rules: Sequence[Rule], *, day: date) -> Difference:
    """Bring the memberships of all rules up to a day in one statement: one pass over the facts, then the difference.

    A membership that goes on keeps the version that gave it.
    """
    difference = _difference(_wanted(rules, day), rules)
    ended, added = _end(difference, day), _add(difference, day)
    counts = select(
        select(func.count()).select_from(FACTS).scalar_subquery(),
        select(func.count()).select_from(added).scalar_subquery(),
        select(func.count()).select_from(ended).scalar_subquery(),
    )
    return Difference(*(await session.execute(counts)).one())


def _wanted(rules: Sequence[Rule], day: date) -> CTE:
    """One row for each customer, tag and value that a definition gives."""
    compiled = compile_definitions([rule.definition for rule in rules], day=day)
    given = [(rule, value) for rule, values_given in zip(rules, compiled.values, strict=True) for value in values_given]
    matched = (
        _over_customers(
            compiled, FACTS.c.customer_id, array[Any]([value for _, value in given], type_=Text).label("given")
        )
        .cte("matched")
        .prefix_with("MATERIALIZED")
    )
    hit = (
        func.unnest(matched.c.given)
        .table_valued(column("value", Text), with_ordinality="position")
        .render_derived(name="hit")
    )
    known = values(column("position", Integer), column("tag_code", Text), column("version", Integer), name="rule").data(
        [(position, rule.code, rule.version) for position, (rule, _) in enumerate(given, start=1)]
    )
    return (
        select(matched.c.customer_id, known.c.tag_code, hit.c.value, known.c.version)
        .select_from(matched.join(hit, hit.c.value.is_not(None)).join(known, known.c.position == hit.c.position))
        .cte("wanted")
    )


def _difference(wanted: CTE, rules: Sequence[Rule]) -> CTE:
    """One row for each value to begin (`since` is NULL) or to end (`version` is NULL).

    A full join is never a nested loop, which would read the memberships again for every row that the statement itself
    has written meanwhile.
    """
    lasting = (
        select(_MEMBERSHIP.c.customer_id, _MEMBERSHIP.c.tag_code, _MEMBERSHIP.c.value, _MEMBERSHIP.c.since)
        .where(
            _MEMBERSHIP.c.source == TagSource.RULE,
            _MEMBERSHIP.c.until.is_(None),
            _MEMBERSHIP.c.tag_code == any_(bindparam(None, [rule.code for rule in rules], type_=ARRAY(Text))),
        )
        .cte("lasting")
    )
    same = and_(*(lasting.c[name] == wanted.c[name] for name in ("customer_id", "tag_code", "value")))
    return (
        select(
            func.coalesce(wanted.c.customer_id, lasting.c.customer_id).label("customer_id"),
            func.coalesce(wanted.c.tag_code, lasting.c.tag_code).label("tag_code"),
            func.coalesce(wanted.c.value, lasting.c.value).label("value"),
            wanted.c.version,
            lasting.c.since,
        )
        .select_from(wanted.outerjoin(lasting, same, full=True))
        .where(or_(wanted.c.version.is_(None), lasting.c.since.is_(None)))
        .cte("difference")
    )


def _end(difference: CTE, day: date) -> CTE:
    return (
        update(_MEMBERSHIP)
        .where(
            difference.c.version.is_(None),
            _MEMBERSHIP.c.customer_id == difference.c.customer_id,
            _MEMBERSHIP.c.tag_code == difference.c.tag_code,
            _MEMBERSHIP.c.value == difference.c.value,
            _MEMBERSHIP.c.source == TagSource.RULE,
            _MEMBERSHIP.c.since == difference.c.since,
        )
        .values(until=func.greatest(_MEMBERSHIP.c.since, day))
        .returning(_MEMBERSHIP.c.customer_id)
        .cte("ended")
    )


def _add(difference: CTE, day: date) -> CTE:
    """Begin memberships; one that ended on the same day goes on instead."""
    key = ["customer_id", "tag_code", "source", "value", "since"]
    rows = select(
        difference.c.customer_id,
        difference.c.tag_code,
        literal(TagSource.RULE.value),
        difference.c.value,
        literal(day),
        difference.c.version,
    ).where(difference.c.since.is_(None))
    statement = insert(_MEMBERSHIP).from_select([*key, "version"], rows)
    written = {"until": null(), "version": statement.excluded.version}
    return (
        statement.on_conflict_do_update(index_elements=key, set_=written)
        .returning(_MEMBERSHIP.c.customer_id)
        .cte("added")
    )


def _over_customers(compiled: CompiledDefinitions, *columns: ColumnElement[Any]) -> Select[Any]:
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
    statement = _over_customers(
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
    given = _over_customers(compiled, value).where(
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
        _over_customers(compiled, FACTS.c.customer_id, FACTS.c.branch, FACTS.c.tier, compiled.values[0][0])
        .where(compiled.has(0), visible(scope, FACTS.c.customer_id, FACTS.c.branch_id))
        .order_by(FACTS.c.customer_id)
        .limit(limit)
    )
    return [Sample(*row) for row in (await session.execute(statement)).all()]


async def read_values(
    session: AsyncSession, scope: Scope, *, definition: Definition, customer_id: UUID, day: date
) -> CustomerValues | None:
    """Return what a definition reads of one customer; None without facts of the customer, or out of scope."""
    compiled = compile_definitions([definition], day=day, customer_id=customer_id)
    columns = [FACTS.c.as_of, FACTS.c.stale_lines, *compiled.columns.values()]
    statement = (
        select(*columns)
        .select_from(compiled.source)
        .where(FACTS.c.customer_id == customer_id, visible(scope, FACTS.c.customer_id, FACTS.c.branch_id))
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return None
    read = dict(zip(compiled.columns, row[2:], strict=True))
    plain = {
        operand: frozenset(value) if isinstance(value, list) else value
        for operand, value in read.items()
        if not isinstance(operand, Preference)
    }
    ranked = next((value for operand, value in read.items() if isinstance(operand, Preference)), None)
    return CustomerValues(row[0], tuple(row[1]), plain, ranked)
