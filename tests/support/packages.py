"""Packages and choices for tests."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.rights.models import PackagePeriod, PackageState, RightsPackage
from guibin.rights.service import MyPackage, choose_rights
from guibin.security.actors import Scope
from support.points import NOON


async def add_package(
    session: AsyncSession,
    units: Mapping[UUID, int],
    *,
    tier: str = "T2",
    choose: int = 1,
    first_day: date = date(2026, 1, 1),
    **columns: Any,
) -> UUID:
    """Add a published package of rights, each with its units, from which a tier chooses so many a month."""
    package_id = new_id()
    values: dict[str, Any] = {
        "code": f"package-{package_id}",
        "version": 1,
        "state": PackageState.PUBLISHED,
        "name_zh": "出行权益包",
        "name_en": "Travel",
        "period": PackagePeriod.MONTH,
        "tiers": [{"tier": tier, "choose": choose}],
        "rights": [{"right_id": str(right_id), "units": count} for right_id, count in units.items()],
        "created_at": NOON,
    }
    session.add(RightsPackage(id=package_id, first_day=first_day, **values | columns))
    await session.flush()
    return package_id


async def choose(session: AsyncSession, customer_id: UUID, package_id: UUID, *right_ids: UUID) -> MyPackage:
    """Choose as the customer, at noon of the test's day."""
    with clock.fixed_at(NOON):
        return await choose_rights(
            session,
            Scope.of_customer(customer_id),
            customer_id=customer_id,
            package_id=package_id,
            right_ids=right_ids,
        )
