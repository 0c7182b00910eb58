"""The screens of the bank port about customers: what stands in several domains, read in one place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, true, tuple_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.freshness import FigureDay, StaleLine
from guibin.core.lines import Line
from guibin.customers.models import Customer, CustomerAccess, CustomerRef, SourceRecord
from guibin.customers.repository import visible
from guibin.holdings.freshness import figure_days
from guibin.holdings.models import CustomerEvent, Holding, HoldingBalance, HoldingParty, LineDay
from guibin.managers.models import Coverage, CoverageRole
from guibin.organisation.models import Branch, BranchClosure
from guibin.products.models import Product
from guibin.security.actors import Scope
from guibin.tags.models import CustomerFact
from guibin.tags.sensitivity import customers_shown_with, lasts_on
from guibin.tiers.repository import tiers_on


@dataclass(frozen=True, slots=True)
class Found:
    """A customer in a list; `is_primary` tells whether the caller is the primary manager."""

    customer: Customer
    branch_code: str
    tier: str | None
    aum_fen: int | None
    figure_day: FigureDay | None
    is_primary: bool


@dataclass(frozen=True, slots=True)
class Filters:
    """Which customers a list shows; None takes all.

    By a sensitive tag it shows nobody but those in `sensitive_in`.
    """

    tag: str | None = None
    tier: str | None = None
    manager_id: UUID | None = None
    branch_id: UUID | None = None
    sensitive_in: Scope = Scope()  # noqa: RUF009 # frozen: the scope that opens nothing


@dataclass(frozen=True, slots=True)
class Keys:
    """The keyed hashes that a search gives; all that are given must fit."""

    name_idx: bytes | None = None
    phone_idx: bytes | None = None
    certificate_idx: bytes | None = None
    certificate_ref: bytes | None = None
    customer_no_ref: bytes | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A holding with its product and the last balance known on a day."""

    holding: Holding
    product: Product
    balance_fen: int | None
    balance_day: date | None
    figure_day: FigureDay
    shared_with: int


async def list_customers(
    session: AsyncSession,
    scope: Scope,
    *,
    staff_id: UUID,
    day: date,
    filters: Filters,
    limit: int,
    before: tuple[datetime, UUID] | None,
) -> list[Found]:
    """Return customers in scope, newest first."""
    query = _found(scope, staff_id, day).order_by(col(Customer.created_at).desc(), col(Customer.id).desc())
    for condition in _conditions(filters, day):
        query = query.where(condition)
    if before is not None:
        query = query.where(tuple_(col(Customer.created_at), col(Customer.id)) < before)
    return await _told(session, query.limit(limit))


async def count_customers(session: AsyncSession, scope: Scope, *, day: date, filters: Filters) -> int:
    """Count the customers in scope whom filters let through."""
    query = select(func.count()).select_from(Customer).where(*in_list(scope, filters, day))
    count: int = (await session.execute(query)).scalar_one()
    return count


async def search_customers(
    session: AsyncSession, scope: Scope, *, staff_id: UUID, day: date, keys: Keys, limit: int
) -> list[Found]:
    """Return the customers in scope whom all given values name."""
    query = _found(scope, staff_id, day).order_by(col(Customer.created_at).desc(), col(Customer.id).desc())
    if keys.name_idx is not None:
        query = query.where(col(Customer.name_idx) == keys.name_idx)
    if keys.phone_idx is not None:
        query = query.where(col(Customer.phone_idx) == keys.phone_idx)
    if keys.certificate_idx is not None:
        records = select(col(SourceRecord.customer_id)).where(col(SourceRecord.certificate_idx) == keys.certificate_idx)
        # One set, for two of them joined by "or" would be looked for in every customer.
        query = query.where(col(Customer.id).in_(records.union(_known_by(keys.certificate_ref))))
    if keys.customer_no_ref is not None:
        query = query.where(col(Customer.id).in_(_known_by(keys.customer_no_ref)))
    return await _told(session, query.limit(limit))


def _known_by(ref: bytes | None) -> Select[Any]:
    """Select the customer whom a certificate with its name, or a number, stands for; nobody without one."""
    return select(col(CustomerRef.customer_id)).where(col(CustomerRef.ref) == ref)


async def find_one(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, staff_id: UUID, day: date
) -> Found | None:
    """Return one customer as lists show it."""
    query = _found(scope, staff_id, day).where(col(Customer.id) == customer_id)
    found = await _told(session, query)
    return found[0] if found else None


async def facts_of(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> CustomerFact | None:
    """Return the facts of the last run; None before the first."""
    query = select(CustomerFact).where(
        col(CustomerFact.customer_id) == customer_id, visible(scope, col(CustomerFact.customer_id))
    )
    return (await session.execute(query)).scalars().one_or_none()


async def last_events(session: AsyncSession, scope: Scope, *, customer_id: UUID, limit: int) -> Sequence[CustomerEvent]:
    """Return what happened to a customer last, newest first."""
    query = (
        select(CustomerEvent)
        .where(col(CustomerEvent.customer_id) == customer_id, visible(scope, col(CustomerEvent.customer_id)))
        .order_by(col(CustomerEvent.occurred_at).desc(), col(CustomerEvent.reference), col(CustomerEvent.line))
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def lines_of(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> Sequence[str]:
    """Return the lines that know a customer."""
    query = select(col(SourceRecord.line)).where(
        col(SourceRecord.customer_id) == customer_id,
        col(SourceRecord.ended_on).is_(None),
        visible(scope, col(SourceRecord.customer_id)),
    )
    return (await session.execute(query.distinct().order_by(col(SourceRecord.line)))).scalars().all()


async def holdings_of(
    session: AsyncSession,
    scope: Scope,
    *,
    customer_id: UUID,
    day: date,
    closed: date,
    limit: int,
    after: UUID | None = None,
) -> list[Held]:
    """Return a customer's holdings with the last balance up to a day, in the order in which they came in.

    `closed` is the last closed day: a line that is not in for it is late.
    """
    last = (
        select(col(HoldingBalance.balance_fen), col(HoldingBalance.day))
        .where(
            col(HoldingBalance.customer_id) == col(Holding.customer_id),
            col(HoldingBalance.holding_id) == col(Holding.id),
            col(HoldingBalance.day) <= day,
        )
        .order_by(col(HoldingBalance.day).desc())
        .limit(1)
        .lateral("last_balance")
    )
    fresh = (
        select(func.max(LineDay.day))
        .where(col(LineDay.line) == col(Holding.line), col(LineDay.day) <= day)
        .scalar_subquery()
    )
    query = (
        select(Holding, Product, last.c.balance_fen, last.c.day, fresh)
        .join(Product, col(Product.code) == col(Holding.product_code))
        .join(last, true(), isouter=True)
        .where(col(Holding.customer_id) == customer_id, visible(scope, col(Holding.customer_id)))
        .order_by(col(Holding.id))
        .limit(limit)
    )
    if after is not None:
        query = query.where(col(Holding.id) > after)
    rows = (await session.execute(query)).all()
    shared = await _count_shares(session, owner_id=customer_id) if rows else {}
    return [
        Held(holding, product, balance, since, _figure_day(holding, line_day, closed), shared.get(holding.id, 0))
        for holding, product, balance, since, line_day in rows
    ]


def _figure_day(holding: Holding, line_day: date | None, closed: date) -> FigureDay:
    is_in = line_day is not None and line_day >= closed
    return FigureDay(closed, () if is_in else (StaleLine(Line(holding.line), line_day),))


async def _count_shares(session: AsyncSession, *, owner_id: UUID) -> dict[UUID, int]:
    """Count by holding who else may operate it: rows of others, hence a statement of its own (docs/adr/0001)."""
    query = (
        select(col(HoldingParty.holding_id), func.count())
        .where(col(HoldingParty.owner_id) == owner_id)
        .group_by(col(HoldingParty.holding_id))
    )
    return dict((await session.execute(query)).all())


async def count_holdings(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> dict[tuple[str, str], int]:
    """Count a customer's open holdings by side and class."""
    query = (
        select(col(Holding.side), col(Product.product_class), func.count())
        .join(Product, col(Product.code) == col(Holding.product_code))
        .where(
            col(Holding.customer_id) == customer_id,
            col(Holding.status) == "active",
            visible(scope, col(Holding.customer_id)),
        )
        .group_by(col(Holding.side), col(Product.product_class))
    )
    return {(side, product_class): count for side, product_class, count in await session.execute(query)}


def _found(scope: Scope, staff_id: UUID, day: date) -> Select[Any]:
    tier = tiers_on(day)
    is_primary = exists().where(
        col(CustomerAccess.customer_id) == col(Customer.id),
        col(CustomerAccess.staff_id).in_({staff_id, *scope.stands_in_for}),
        col(CustomerAccess.role) == CoverageRole.PRIMARY,
        col(CustomerAccess.valid_to).is_(None),
    )
    return (
        select(
            Customer,
            col(Branch.code),
            tier.c.tier,
            col(CustomerFact.aum_fen),
            col(CustomerFact.as_of),
            col(CustomerFact.stale_lines),
            is_primary,
        )
        .join(Branch, col(Branch.id) == col(Customer.branch_id))
        .join(tier, tier.c.customer_id == col(Customer.id), isouter=True)
        .join(CustomerFact, col(CustomerFact.customer_id) == col(Customer.id), isouter=True)
        .where(*_listed(scope))
    )


async def _told(session: AsyncSession, query: Select[Any]) -> list[Found]:
    """Read the rows of a list, and of which day the figures in it are."""
    rows = (await session.execute(query)).all()
    days = iter(await figure_days(session, [(row.as_of, row.stale_lines) for row in rows if row.as_of is not None]))
    return [
        Found(customer, branch, tier, fen, None if as_of is None else next(days), is_primary)
        for customer, branch, tier, fen, as_of, _, is_primary in rows
    ]


def in_list(scope: Scope, filters: Filters, day: date) -> tuple[ColumnElement[bool], ...]:
    """Return the predicates of the customers in scope whom filters let through, for a statement over `Customer`."""
    return (*_listed(scope), *_conditions(filters, day))


def _listed(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    return col(Customer.merged_into).is_(None), visible(scope, col(Customer.id), col(Customer.branch_id))


def _conditions(filters: Filters, day: date) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.tag is not None:
        tagged = customers_shown_with(filters.tag, filters.sensitive_in).where(lasts_on(day))
        found.append(col(Customer.id).in_(tagged))
    if filters.tier is not None:
        tier = tiers_on(day)
        found.append(col(Customer.id).in_(select(tier.c.customer_id).where(tier.c.tier == filters.tier)))
    if filters.manager_id is not None:
        served = select(col(Coverage.customer_id)).where(
            col(Coverage.manager_id) == filters.manager_id,
            col(Coverage.role) != CoverageRole.JOINT,
            col(Coverage.valid_from) <= day,
            or_(col(Coverage.valid_to).is_(None), col(Coverage.valid_to) > day),
        )
        found.append(col(Customer.id).in_(served))
    if filters.branch_id is not None:
        branches = select(col(BranchClosure.descendant_id)).where(col(BranchClosure.ancestor_id) == filters.branch_id)
        found.append(col(Customer.branch_id).in_(branches))
    return found
