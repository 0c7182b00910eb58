"""Which customer a member of staff is: found by the keyed hash of the certificate that both have."""

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.models import Customer, CustomerRef, RefKind
from guibin.organisation.models import Staff


async def is_one_of(session: AsyncSession, staff_id: UUID, customer_ids: Collection[UUID]) -> bool:
    """Tell whether one of these customers, or whom one of them became, is this member of staff."""
    ref = sa.select(col(Staff.customer_ref)).where(col(Staff.id) == staff_id).scalar_subquery()
    own = sa.select(col(CustomerRef.customer_id)).where(
        col(CustomerRef.ref) == ref, col(CustomerRef.kind) == RefKind.CERTIFICATE
    )
    survivor = sa.func.coalesce(col(Customer.merged_into), col(Customer.id))
    found = sa.select(sa.literal(1)).where(col(Customer.id).in_(customer_ids), survivor.in_(own))
    return (await session.execute(found)).first() is not None
