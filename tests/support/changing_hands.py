"""Customers who changed hands, and on whom somebody has a claim: what only who gives, takes or claims may reach."""

from datetime import timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.handovers.models import Handover
from guibin.managers.claims.models import Claim, ClaimOrigin
from guibin.managers.models import Grade, Manager
from support.house import House


async def change_hands(session: AsyncSession, house: House, customers: list[UUID]) -> None:
    """Let each have changed hands between two who serve neither, one with a claim; all ids are the customers'."""
    staff = [house.staff["hq_operator"], house.staff["customer_service"]]
    managers = [
        Manager(
            id=new_id(),
            staff_id=one.id,
            branch_id=one.branch_id,
            grade=Grade.SENIOR,
            capacity=10,
            active=False,
            created_at=clock.now(),
        )
        for one in staff
    ]
    session.add_all(managers)
    await session.flush()
    day = clock.today()
    session.add_all(
        Handover(
            customer_id=customer_id,
            id=customer_id,
            giver_id=managers[0].id,
            taker_id=managers[1].id,
            reason="a neighbour",
            on_day=day,
            due_on=day,
            joint_until=day,
            created_at=clock.now(),
        )
        for customer_id in customers
    )
    session.add_all(
        Claim(
            customer_id=customer_id,
            id=customer_id,
            manager_id=managers[0].id,
            origin=ClaimOrigin.ENTERED,
            valid_from=day,
            valid_to=day + timedelta(days=90),
            created_at=clock.now(),
        )
        for customer_id in customers
    )
