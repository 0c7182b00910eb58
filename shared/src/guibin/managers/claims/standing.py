"""Whose claim counts for a customer: a customer whom somebody serves is nobody's to claim."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.arrays import among
from guibin.managers.claims.models import Claim
from guibin.managers.models import Coverage, CoverageRole


def is_served(customer_id: Any) -> ColumnElement[bool]:
    """Return the predicate of a customer with a primary manager, by the column that names the customer."""
    return exists().where(
        col(Coverage.customer_id) == customer_id,
        col(Coverage.role) == CoverageRole.PRIMARY,
        col(Coverage.valid_to).is_(None),
    )


def counts_on(day: date) -> ColumnElement[bool]:
    """Return the predicate of a claim that has begun and is not over on a day."""
    return (col(Claim.valid_from) <= day) & (col(Claim.valid_to) > day)


def is_claimed(customer_id: Any, day: date) -> ColumnElement[bool]:
    """Return the predicate of a customer on whom somebody has a claim on a day."""
    return exists().where(col(Claim.customer_id) == customer_id, counts_on(day))


async def claimants(session: AsyncSession, customer_ids: Collection[UUID], *, day: date) -> Mapping[UUID, UUID]:
    """Return who has the claim on those of some customers whom nobody serves."""
    query = select(col(Claim.customer_id), col(Claim.manager_id)).where(
        among(col(Claim.customer_id), customer_ids), counts_on(day), ~is_served(col(Claim.customer_id))
    )
    return dict((await session.execute(query)).all())
