"""How a customer stands to others, and in which households: shown in a copy of the data, removed by an erasure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.privacy.repository.erasures import forget
from guibin.privacy.subject import ErasureStep, QuerySection, Section
from guibin.relations import household_repository as households
from guibin.relations.models import HouseholdRole
from guibin.security.row_scope import all_rows

SUBJECT_SECTIONS: Final[tuple[Section, ...]] = (
    # Of the other side nothing: who it is, is the other's.
    QuerySection(
        "links",
        frozenset({"customer_link"}),
        "SELECT kind, customer_id = :customer_id AS is_holder, valid_from, valid_to FROM customer_link"
        " WHERE :customer_id IN (customer_id, other_id) ORDER BY valid_from, id",
    ),
    QuerySection(
        "households",
        frozenset({"household_member"}),
        "SELECT h.kind, m.role, m.is_primary, m.share_percent, m.valid_from, m.valid_to FROM household_member m"
        " JOIN household h ON h.id = m.household_id WHERE m.customer_id = :customer_id ORDER BY m.valid_from, m.id",
    ),
)


class LinksStep:
    """Removes the customer's links and ends those that others have to the customer."""

    tables = frozenset({"customer_link"})

    async def erase(self, session: AsyncSession, *, customer_id: UUID, at: datetime) -> Mapping[str, int]:
        """Delete the customer's own rows; what others are to the customer ends today."""
        await session.execute(
            text(
                "UPDATE customer_link SET valid_to = greatest(valid_from, CAST(:day AS date))"
                " WHERE other_id = :customer_id AND (valid_to IS NULL OR valid_to > :day)"
            ),
            {"customer_id": customer_id, "day": clock.business_day(at)},
        )
        return {"customer_link": await forget(session, customer_id=customer_id, table="customer_link")}


class HouseholdsStep:
    """Takes the customer out of the households; one that had the customer as its head ends for all."""

    tables = frozenset({"household_member"})

    async def erase(self, session: AsyncSession, *, customer_id: UUID, at: datetime) -> Mapping[str, int]:
        """End the households without a head and delete the customer's own rows."""
        day = clock.business_day(at)
        for place in await households.memberships_of(session, customer_id=customer_id):
            if place.role == HouseholdRole.HEAD:
                async with all_rows(session):
                    household = await households.lock_household(session, household_id=place.household_id)
                    for member in await households.members_of(session, household_id=place.household_id):
                        await households.end_membership(session, member, day=day, ended_by=None)
                    household.ended_on = day
        return {"household_member": await forget(session, customer_id=customer_id, table="household_member")}


ERASURE_STEPS: Final[tuple[ErasureStep, ...]] = (LinksStep(), HouseholdsStep())
