"""SQL of eligibility: what customers ask of a manager, and who must not serve them. Set-based, whoever asks."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    Subquery,
    and_,
    func,
    or_,
    select,
    union,
)
from sqlalchemy.orm import aliased
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.arrays import among
from guibin.core.errors import NotFound
from guibin.customers.models import Customer, CustomerRef, RefKind
from guibin.holdings.models import Holding
from guibin.managers.capacity.models import TierLoad
from guibin.managers.claims.standing import claimants
from guibin.managers.eligibility.models import ManagerConflict, ManagerLicence, ServiceNeed
from guibin.managers.matrix.repository import content_on
from guibin.managers.models import Manager
from guibin.managers.rules import NOTHING, Waiting
from guibin.organisation.models import Staff
from guibin.privacy.repository import blocked_among
from guibin.privacy.rules import Act
from guibin.products.models import Product
from guibin.relations.models import CustomerLink, Household, HouseholdKind, HouseholdMember
from guibin.security.row_scope import all_rows
from guibin.tags.models import CustomerTag
from guibin.tiers.models import Tier, TierHistory
from guibin.tiers.repository import select_tiers

Words = dict[UUID, set[str]]


async def with_demands(session: AsyncSession, waiting: Sequence[Waiting], *, day: date) -> list[Waiting]:
    """Return customers with what they ask of a manager on a day, and with whom they must not have."""
    if not waiting:
        return []
    content = await content_on(session, day)
    ids = [one.customer_id for one in waiting]
    async with all_rows(session):
        loads = dict((await session.execute(select(col(TierLoad.tier_code), col(TierLoad.minutes)))).all())
        needs = await _needs(session, ids)
        conflicts = await conflicts_of(session, ids, day=day)
        claimed = await claimants(session, ids, day=day)
        products = await _by_product(session, ids, content.product_licences)
        tags = await _by_tag(session, ids, content.tag_skills, day)
    tiers = {tier: frozenset({line.licence}) for tier, line in content.tiers.items() if line.licence}
    return [
        replace(
            one,
            minutes=loads.get(one.tier_code, 0),
            language=need.language if (need := needs.get(one.customer_id)) else None,
            skills=frozenset(need.skills if need else ()) | tags.get(one.customer_id, NOTHING),
            licences=tiers.get(one.tier_code, NOTHING) | products.get(one.customer_id, NOTHING),
            wish=need.wished_manager_id if need else None,
            claimant=claimed.get(one.customer_id),
            introducer=need.introducer_id if need else None,
            conflicts=frozenset(conflicts.get(one.customer_id, ())),
        )
        for one in waiting
    ]


async def as_waiting(session: AsyncSession, customers: Sequence[Customer], *, day: date) -> list[Waiting]:
    """Return customers as they look for a manager on a day, in order; one without a tier has the tier of no name.

    Who is under a restriction that blocks assigning is `restricted`.
    """
    current = select_tiers(day).where(among(col(TierHistory.customer_id), [one.id for one in customers])).subquery()
    query = select(current.c.customer_id, Tier).join(Tier, col(Tier.code) == current.c.tier)
    async with all_rows(session):
        tiers = dict((await session.execute(query)).all())
        blocked = await blocked_among(session, [one.id for one in customers], Act.ASSIGN, day=day)
    waiting = []
    for customer in customers:
        tier = tiers.get(customer.id)
        code, rank, managed = (tier.code, tier.rank, tier.managed) if tier else ("", -1, False)
        restricted = customer.id in blocked
        waiting.append(Waiting(customer.id, code, rank, customer.branch_id, managed=managed, restricted=restricted))
    return await with_demands(session, waiting, day=day)


async def _needs(session: AsyncSession, ids: Collection[UUID]) -> Mapping[UUID, ServiceNeed]:
    """Return what customers ask for; what is their own counts before that of somebody who became them."""
    merged_into = col(Customer.merged_into)
    query = (
        select(func.coalesce(merged_into, col(Customer.id)), ServiceNeed)
        .select_from(ServiceNeed)
        .join(Customer, col(Customer.id) == col(ServiceNeed.customer_id))
        .where(or_(among(col(Customer.id), ids), among(merged_into, ids)))
        .order_by(merged_into.is_(None), col(ServiceNeed.updated_at))
    )
    return dict((await session.execute(query)).all())


async def _by_product(session: AsyncSession, ids: Collection[UUID], licences: Mapping[str, str]) -> Words:
    """Return which licences the products that customers hold take."""
    if not licences:
        return {}
    query = (
        select(col(Holding.customer_id), col(Product.product_class))
        .select_from(Holding)
        .join(Product, col(Product.code) == col(Holding.product_code))
        .where(among(col(Holding.customer_id), ids), col(Holding.status) == "active")
        .where(col(Product.product_class).in_(licences))
        .distinct()
    )
    return _collected((await session.execute(query)).all(), licences)


async def _by_tag(session: AsyncSession, ids: Collection[UUID], skills: Mapping[str, str], day: date) -> Words:
    """Return which skills the tags that customers have on a day take."""
    if not skills:
        return {}
    query = (
        select(col(CustomerTag.customer_id), col(CustomerTag.tag_code))
        .where(among(col(CustomerTag.customer_id), ids), col(CustomerTag.tag_code).in_(skills))
        .where(col(CustomerTag.since) <= day, _lasts(col(CustomerTag.until), day))
        .distinct()
    )
    return _collected((await session.execute(query)).all(), skills)


def _collected(rows: Sequence[tuple[UUID, str]], words: Mapping[str, str]) -> Words:
    found: Words = defaultdict(set)
    for customer_id, name in rows:
        found[customer_id].add(words[name])
    return found


async def conflicts_of(session: AsyncSession, ids: Collection[UUID], *, day: date) -> dict[UUID, set[UUID]]:
    """Return which managers must not serve some customers: declared, the customer's self, family, companies' people."""
    own = _own_customers(day)
    family, companies = _families(own, day), _companies(own, day)
    declared = select(col(ManagerConflict.manager_id), _survivor_of(col(ManagerConflict.customer_id))).where(
        col(ManagerConflict.withdrawn_at).is_(None)
    )
    pairs = union(select(own.c.manager_id, own.c.customer_id), family, *companies, declared).subquery("pair")
    query = select(pairs.c.customer_id, pairs.c.manager_id).where(among(pairs.c.customer_id, ids))
    found: dict[UUID, set[UUID]] = defaultdict(set)
    for customer_id, manager_id in (await session.execute(query)).all():
        found[customer_id].add(manager_id)
    return found


def _survivor_of(customer_id: SQLColumnExpression[UUID]) -> ColumnElement[UUID]:
    survivor = select(func.coalesce(col(Customer.merged_into), col(Customer.id))).where(col(Customer.id) == customer_id)
    return survivor.scalar_subquery().label("customer_id")


def _own_customers(day: date) -> Subquery:
    """Select which customer each manager is, known by the certificate that both have."""
    return (
        select(col(Manager.id).label("manager_id"), col(CustomerRef.customer_id).label("customer_id"))
        .select_from(Manager)
        .join(Staff, col(Staff.id) == col(Manager.staff_id))
        .join(CustomerRef, col(CustomerRef.ref) == col(Staff.customer_ref))
        .where(col(CustomerRef.kind) == RefKind.CERTIFICATE)
        .where(or_(col(CustomerRef.valid_to).is_(None), col(CustomerRef.valid_to) > day))
        .subquery("own")
    )


def _families(own: Subquery, day: date) -> Select[tuple[UUID, UUID]]:
    """Select the customers of the families in which managers are."""
    one, other = aliased(HouseholdMember), aliased(HouseholdMember)
    return (
        select(own.c.manager_id, col(other.customer_id))
        .select_from(own)
        .join(one, and_(col(one.customer_id) == own.c.customer_id, _lasts(col(one.valid_to), day)))
        .join(Household, col(Household.id) == col(one.household_id))
        .join(other, and_(col(other.household_id) == col(one.household_id), _lasts(col(other.valid_to), day)))
        .where(col(Household.kind) == HouseholdKind.FAMILY, col(Household.ended_on).is_(None))
    )


def _companies(own: Subquery, day: date) -> tuple[Select[tuple[UUID, UUID]], ...]:
    """Select the customers to whom managers are linked, in either direction."""
    return tuple(
        select(own.c.manager_id, theirs)
        .select_from(own)
        .join(CustomerLink, and_(mine == own.c.customer_id, _lasts(col(CustomerLink.valid_to), day)))
        for mine, theirs in (
            (col(CustomerLink.customer_id), col(CustomerLink.other_id)),
            (col(CustomerLink.other_id), col(CustomerLink.customer_id)),
        )
    )


def _lasts(until: SQLColumnExpression[date | None], day: date) -> ColumnElement[bool]:
    return or_(until.is_(None), until > day)


async def licences_on(session: AsyncSession, manager_ids: Collection[UUID], day: date) -> Words:
    """Return the licences that managers have on a day."""
    query = select(col(ManagerLicence.manager_id), col(ManagerLicence.licence)).where(
        col(ManagerLicence.manager_id).in_(manager_ids),
        col(ManagerLicence.valid_from) <= day,
        col(ManagerLicence.valid_to) > day,
    )
    found: Words = defaultdict(set)
    for manager_id, licence in (await session.execute(query)).all():
        found[manager_id].add(licence)
    return found


async def list_licences(session: AsyncSession, manager_id: UUID) -> Sequence[ManagerLicence]:
    """Return all licences of a manager, by name."""
    query = select_rows(ManagerLicence).where(ManagerLicence.manager_id == manager_id)
    return (await session.exec(query.order_by(col(ManagerLicence.licence)))).all()


async def find_needs(session: AsyncSession, customer_id: UUID, *, lock: bool) -> ServiceNeed | None:
    """Return the row of what a customer asks for, locked for a change where that is asked for."""
    query = select_rows(ServiceNeed).where(ServiceNeed.customer_id == customer_id)
    query = query.with_for_update() if lock else query
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def list_conflicts(session: AsyncSession, customer_id: UUID) -> Sequence[ManagerConflict]:
    """Return who was declared not to serve a customer, withdrawn ones included."""
    query = select_rows(ManagerConflict).where(ManagerConflict.customer_id == customer_id)
    return (await session.exec(query.order_by(col(ManagerConflict.declared_at).desc()))).all()


async def lock_manager(session: AsyncSession, manager_id: UUID) -> Manager:
    """Return a manager as it stands now, locked for a change.

    Raises:
        NotFound: there is none.
    """
    query = select_rows(Manager).where(Manager.id == manager_id).with_for_update()
    found = (await session.exec(query.execution_options(populate_existing=True))).first()
    if found is None:
        raise NotFound
    return found
