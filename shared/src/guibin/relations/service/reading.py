"""What is read of households: by staff within their scope, by customers only of those who said yes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.relations import household_repository as repository
from guibin.relations.models import Household, HouseholdMember
from guibin.relations.parties import Party, parties_of
from guibin.security.actors import Scope
from guibin.security.row_scope import all_rows


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member; `takes_part` tells whether the place may be used: by the member's own word, or without asking."""

    row: HouseholdMember
    party: Party
    takes_part: bool


@dataclass(frozen=True, slots=True)
class HouseholdView:
    """A household with its present members."""

    household: Household
    members: Sequence[MemberView]


async def get_household(session: AsyncSession, scope: Scope, *, household_id: UUID) -> HouseholdView:
    """Return a household of which a member is in scope.

    Raises:
        NotFound: unknown, or nobody of it is in scope.
    """
    if not await repository.is_seen(session, scope, household_id=household_id):
        raise NotFound
    return await _view(session, scope, household_id, clock.today())


async def households_of(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> list[HouseholdView]:
    """Return the households of a customer in scope, the oldest membership first."""
    rows = await repository.memberships_of(session, customer_id=customer_id)
    return [await _view(session, scope, row.household_id, clock.today()) for row in rows]


async def primary_household(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> HouseholdView | None:
    """Return the household of a customer in scope that counts first; None without one."""
    rows = await repository.memberships_of(session, customer_id=customer_id)
    first = next((row.household_id for row in rows if row.is_primary), None)
    return await _view(session, scope, first, clock.today()) if first else None


async def my_households(session: AsyncSession, *, customer_id: UUID) -> list[HouseholdView]:
    """Return a customer's own households with those members alone who said yes, if the customer did."""
    scope, found = Scope.of_customer(customer_id), []
    for view in await households_of(session, scope, customer_id=customer_id):
        known = [member for member in view.members if member.takes_part]
        if any(member.row.customer_id == customer_id for member in known):
            found.append(HouseholdView(view.household, known))
    return found


async def _view(session: AsyncSession, scope: Scope, household_id: UUID, day: date) -> HouseholdView:
    async with all_rows(session):  # members out of scope are shown as a role and a masked name
        household = await repository.get_household(session, household_id=household_id)
        members = await repository.members_of(session, household_id=household_id)
        ids = [one.customer_id for one in members]
        taking_part = await repository.those_taking_part(session, ids=ids, day=day)
    parties = await parties_of(session, scope, ids=ids)
    return HouseholdView(
        household,
        [MemberView(one, parties[one.customer_id], one.customer_id in taking_part) for one in members],
    )
