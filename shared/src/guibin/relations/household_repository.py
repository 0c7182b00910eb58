"""All SQL of households. A household is seen by whoever sees one of its members; its whole is read past the scope."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, and_, cast, literal, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import Customer, PartyType
from guibin.customers.repository import visible
from guibin.privacy.models import Consent, ConsentState, Purpose
from guibin.relations.models import Household, HouseholdMember, HouseholdRole
from guibin.relations.rules import ADULT_YEARS
from guibin.security.actors import Scope

_YEAR: Final = 10_000
_OPEN: Final = col(HouseholdMember.valid_to).is_(None)


def belongs_on(day: date, member: type[HouseholdMember] = HouseholdMember) -> ColumnElement[bool]:
    """Return the predicate of a membership that stands on a day; `member` may be an alias of the table."""
    ends = col(member.valid_to)
    return and_(col(member.valid_from) <= day, or_(ends.is_(None), ends > day))


def takes_part(day: date) -> ColumnElement[bool]:
    """Return the predicate that a place in a household may be used, for a statement over `Customer`.

    An adult has said yes to the purpose `family`; children and companies are not asked. Of unknown age is adult.
    """
    born = col(Customer.birth_year) * literal(_YEAR) + cast(col(Customer.birth_mmdd), Integer)
    newest = (
        select(Consent.state)
        .where(col(Consent.customer_id) == col(Customer.id), Consent.purpose == Purpose.FAMILY)
        .order_by(col(Consent.recorded_at).desc(), col(Consent.id).desc())
        .limit(1)
        .correlate(Customer)
        .scalar_subquery()
    )
    return or_(
        col(Customer.party_type) == PartyType.COMPANY,
        born > literal((day.year - ADULT_YEARS) * _YEAR + day.month * 100 + day.day),
        newest == literal(ConsentState.GRANTED.value),
    )


async def is_seen(
    session: AsyncSession, scope: Scope, *, household_id: UUID, role: HouseholdRole | None = None
) -> bool:
    """Tell whether a member of a household, of whatever day, is in scope; with a role whether who has it now is."""
    query = (
        select(HouseholdMember.id)
        .where(HouseholdMember.household_id == household_id, visible(scope, col(HouseholdMember.customer_id)))
        .limit(1)
    )
    if role is not None:
        query = query.where(HouseholdMember.role == role, _OPEN)
    return (await session.exec(query)).first() is not None


async def get_household(session: AsyncSession, *, household_id: UUID) -> Household:
    """Return a household that is known to be there."""
    return (await session.exec(select(Household).where(Household.id == household_id))).one()


async def lock_household(session: AsyncSession, *, household_id: UUID) -> Household:
    """Let what is decided about a household come one after the other; returns it as it stands."""
    query = select(Household).where(Household.id == household_id).with_for_update()
    return (await session.exec(query.execution_options(populate_existing=True))).one()


async def members_of(session: AsyncSession, *, household_id: UUID) -> Sequence[HouseholdMember]:
    """Return the present members of a household, in the order in which they came."""
    query = (
        select(HouseholdMember)
        .where(HouseholdMember.household_id == household_id, _OPEN)
        .order_by(col(HouseholdMember.valid_from), col(HouseholdMember.id))
    )
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def memberships_of(session: AsyncSession, *, customer_id: UUID) -> Sequence[HouseholdMember]:
    """Return the present memberships of a customer, the oldest first."""
    query = (
        select(HouseholdMember)
        .where(HouseholdMember.customer_id == customer_id, _OPEN)
        .order_by(col(HouseholdMember.valid_from), col(HouseholdMember.id))
    )
    return (await session.exec(query)).all()


async def those_taking_part(session: AsyncSession, *, ids: Collection[UUID], day: date) -> set[UUID]:
    """Return whose place in a household may be used."""
    query = select(Customer.id).where(col(Customer.id).in_(set(ids)), takes_part(day))
    return set((await session.exec(query)).all())


async def end_membership(session: AsyncSession, member: HouseholdMember, *, day: date, ended_by: UUID | None) -> None:
    """End a membership; the customer's oldest other one becomes the primary one where this was."""
    member.valid_to, member.ended_by = max(member.valid_from, day), ended_by
    await settle_primary(session, customer_id=member.customer_id)


async def settle_primary(session: AsyncSession, *, customer_id: UUID) -> None:
    """Let one of a customer's memberships be the primary one: the oldest of those that are, else the oldest."""
    await session.flush()
    members = await memberships_of(session, customer_id=customer_id)
    first = next((one for one in members if one.is_primary), next(iter(members), None))
    for one in members:
        one.is_primary = one is first
    await session.flush()
