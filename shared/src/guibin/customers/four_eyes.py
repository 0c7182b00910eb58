"""What approvals ask of the domains above them: people, the calendar, and whose customer somebody is."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.rules import Calendar
from guibin.core.errors import NotFound
from guibin.customers.own_account import is_one_of
from guibin.customers.repository import get_customer
from guibin.organisation import calendars
from guibin.organisation import repository as organisation
from guibin.security.actors import Grant, Scope


class BankSurroundings:
    """Answers from the organisation and the customers as they stand now."""

    async def grants_of(self, session: AsyncSession, staff_id: UUID) -> Sequence[Grant]:
        """Return the grants of an active member of staff."""
        return await organisation.grants_of(session, staff_id)

    async def is_same_person(self, session: AsyncSession, one: UUID, other: UUID) -> bool:
        """Tell whether two accounts are one person, or one stands in for the other."""
        return await organisation.is_same_person(session, one, other)

    async def is_customer(self, session: AsyncSession, staff_id: UUID, customer_id: UUID) -> bool:
        """Tell whether a member of staff is this customer, or whom that customer became."""
        return await is_one_of(session, staff_id, [customer_id])

    async def opens(self, session: AsyncSession, scope: Scope, customer_id: UUID) -> bool:
        """Tell whether a scope opens a customer, or whom that customer became."""
        try:
            await get_customer(session, scope, customer_id=customer_id)
        except NotFound:
            return False
        return True

    async def stands_over(self, session: AsyncSession, scope: Scope, branch_id: UUID) -> bool:
        """Tell whether a branch is one of those of a scope, or below one of them."""
        return scope.whole_bank or branch_id in await organisation.subtree_ids(session, scope.branch_roots)

    async def calendar(self, session: AsyncSession, first: date, last: date) -> Calendar:
        """Return the holidays and worked weekends of a range."""
        return await calendars.special_days(session, first, last)


SURROUNDINGS = BankSurroundings()
