"""How tags and segments lie on each other, and what tells the members of one from all customers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, and_, case, distinct, func, literal, select
from sqlalchemy.orm import aliased
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import Customer
from guibin.customers.repository import visible
from guibin.security.actors import Scope
from guibin.tags.matching import percent_of
from guibin.tags.models import CustomerFact, CustomerTag, Tag
from guibin.tags.sensitivity import may_be_shown

MOST_TAGS: Final = 12
MOST_TOLD: Final = 20
AGES: Final = (("under_30", 30), ("30_to_39", 40), ("40_to_49", 50), ("50_to_59", 60), ("60_to_69", 70))
OLDEST: Final = "70_and_over"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two tags: who has each, who has both, among so many customers."""

    first: str
    second: str
    of_first: int
    of_second: int
    both: int
    customers: int

    @property
    def share_of_either_percent(self) -> float:
        """The share of both among those who have one at least (Jaccard), in per cent."""
        return percent_of(self.both, self.of_first + self.of_second - self.both)

    @property
    def lift(self) -> float | None:
        """How much more often they come together than by chance: 1 is chance; None where one of them has nobody."""
        return _lift(self.both, self.of_first, self.of_second, self.customers)


@dataclass(frozen=True, slots=True)
class Trait:
    """A tag among the members of another, and among all customers."""

    code: str
    name_zh: str
    name_en: str
    members: int
    customers: int
    lift: float


@dataclass(frozen=True, slots=True)
class Profile:
    """The members of a tag in scope by branch, tier and age, and the tags that distinguish them most."""

    customers: int
    members: int
    branches: dict[str, int]
    tiers: dict[str, int]
    ages: dict[str, int]
    traits: list[Trait]


def _lift(both: int, first: int, second: int, customers: int) -> float | None:
    return round(both * customers / (first * second), 3) if first and second else None


async def overlaps(
    session: AsyncSession, scope: Scope, *, codes: Collection[str], sensitive_in: Scope
) -> Sequence[Pair]:
    """Hold each of some tags against each other, over the customers in scope; in the order of the codes."""
    held = _held(scope, sensitive_in, col(CustomerTag.tag_code).in_(codes)).cte("held")
    single = select(held.c.tag_code, func.count()).group_by(held.c.tag_code)
    rows = (await session.execute(single)).all()
    sizes = {row[0]: int(row[1]) for row in rows}
    other = held.alias("other_held")
    together = (
        select(held.c.tag_code, other.c.tag_code, func.count())
        .join(other, and_(other.c.customer_id == held.c.customer_id, held.c.tag_code < other.c.tag_code))
        .group_by(held.c.tag_code, other.c.tag_code)
    )
    both = {(first, second): count for first, second, count in (await session.execute(together)).all()}
    customers = await _count_customers(session, scope)
    return [
        Pair(first, second, sizes.get(first, 0), sizes.get(second, 0), both.get((first, second), 0), customers)
        for first, second in combinations(sorted(set(codes)), 2)
    ]


async def profile(session: AsyncSession, scope: Scope, *, code: str, sensitive_in: Scope) -> Profile:
    """Describe the members of a tag in scope; of their other tags those with the highest lift that one in ten has."""
    members = _held(scope, sensitive_in, col(CustomerTag.tag_code) == code).cte("members")
    of_members = select(CustomerFact).where(col(CustomerFact.customer_id).in_(select(members.c.customer_id)))
    facts = of_members.subquery("fact")
    found = {
        name: {str(key): count for key, count in (await session.execute(_counted(facts, column))).all()}
        for name, column in (("branches", facts.c.branch), ("tiers", facts.c.tier), ("ages", _age_band(facts)))
    }
    size = sum(found["branches"].values())
    customers = await _count_customers(session, scope)
    traits = await _traits(session, scope, sensitive_in, members, code=code, size=size, customers=customers)
    return Profile(customers, size, found["branches"], found["tiers"], found["ages"], traits)


def _counted(rows: FromClause, column: ColumnElement[Any]) -> Any:
    named = func.coalesce(column, literal("unknown")).label("key")
    return select(named, func.count()).select_from(rows).group_by(named).order_by(named)


def _age_band(facts: FromClause) -> ColumnElement[Any]:
    bands = [(facts.c.age < below, literal(name)) for name, below in AGES]
    return case((facts.c.age.is_(None), literal("unknown")), *bands, else_=literal(OLDEST))


async def _traits(
    session: AsyncSession, scope: Scope, sensitive_in: Scope, members: Any, *, code: str, size: int, customers: int
) -> list[Trait]:
    if not size:
        return []
    held = _held(scope, sensitive_in, col(CustomerTag.tag_code) != code).cte("held")
    named = aliased(Tag)
    inside = members.c.customer_id.is_not(None)
    statement = (
        select(held.c.tag_code, col(named.name_zh), col(named.name_en), func.count().filter(inside), func.count())
        .join_from(held, named, col(named.code) == held.c.tag_code)
        .outerjoin(members, members.c.customer_id == held.c.customer_id)
        .group_by(held.c.tag_code, col(named.name_zh), col(named.name_en))
    )
    rows = (await session.execute(statement)).all()
    told = [
        Trait(other, zh, en, hits, whole, _lift(hits, size, whole, customers) or 0.0)
        for other, zh, en, hits, whole in rows
        if hits * 10 >= size
    ]
    return sorted(told, key=lambda one: (-one.lift, one.code))[:MOST_TOLD]


def _held(scope: Scope, sensitive_in: Scope, which: ColumnElement[bool]) -> Any:
    """Select who in scope has which tags now, each once."""
    return (
        select(col(CustomerTag.tag_code), col(CustomerTag.customer_id))
        .join(Tag, col(Tag.code) == col(CustomerTag.tag_code))
        .where(
            which,
            col(CustomerTag.until).is_(None),
            visible(scope, col(CustomerTag.customer_id)),
            may_be_shown(col(CustomerTag.customer_id), sensitive_in),
        )
        .distinct()
    )


async def _count_customers(session: AsyncSession, scope: Scope) -> int:
    statement = (
        select(func.count(distinct(col(CustomerFact.customer_id))))
        .join_from(CustomerFact, Customer, col(Customer.id) == col(CustomerFact.customer_id))
        .where(
            col(Customer.merged_into).is_(None),
            visible(scope, col(CustomerFact.customer_id), col(CustomerFact.branch_id)),
        )
    )
    found: int = (await session.execute(statement)).scalar_one()
    return found
