"""Households with members, and what members say to the purpose `family`."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.privacy import defaults as privacy
from guibin.privacy.models import Consent
from guibin.relations.models import Household, HouseholdMember


async def says(session: AsyncSession, customer_id: UUID, state: str, *, purpose: str = "family") -> None:
    """Let a customer say yes or no, after the texts of consents are there."""
    await privacy.seed(session)
    values: dict[str, Any] = {"purpose": purpose, "channel": "any", "text_version": 1, "given_at": "customer_port"}
    session.add(
        Consent(
            customer_id=customer_id, id=new_id(), state=state, recorded_at=clock.now(), recorded_by=new_id(), **values
        )
    )
    await session.flush()


async def add_household(
    session: AsyncSession, *places: tuple[UUID, str, int], since: date, sharing: tuple[UUID, ...] = ()
) -> UUID:
    """Put customers together, each with role and share; those in `sharing` are named for the head's tier."""
    household = Household(id=new_id(), kind="family", created_at=clock.now(), created_by=new_id())
    session.add(household)
    for customer_id, role, share in places:
        session.add(
            HouseholdMember(
                customer_id=customer_id,
                id=new_id(),
                household_id=household.id,
                role=role,
                is_primary=role != "other",
                share_percent=share,
                shares_tier=customer_id in sharing,
                valid_from=since,
                set_by=new_id(),
                set_at=clock.now(),
            )
        )
    await session.flush()
    return household.id
