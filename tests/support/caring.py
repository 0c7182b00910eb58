"""Touches and care tasks of customers, for tests of care."""

from collections.abc import Sequence
from datetime import date, datetime, time
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.models import CareTask, Touch
from guibin.core.clock import BUSINESS_ZONE
from guibin.core.ids import new_id


async def add_touch(
    session: AsyncSession,
    customer_id: UUID,
    on: date,
    *,
    kind: str = "call",
    result: str = "reached",
    purpose: str = "care",
    manager_id: UUID | None = None,
    product_code: str | None = None,
) -> Touch:
    """Write down a touch at noon of a day."""
    at = datetime.combine(on, time(12), BUSINESS_ZONE)
    touch = Touch(
        customer_id=customer_id,
        id=new_id(),
        manager_id=manager_id,
        kind=kind,
        channel="in_person" if kind in {"visit", "meeting"} else "phone",
        direction="out",
        purpose=purpose,
        result=result,
        product_code=product_code,
        at=at,
        minutes=15,
        recorded_at=at,
    )
    session.add(touch)
    await session.flush()
    return touch


async def tasks_of(session: AsyncSession, customer_id: UUID, *, origin: str = "plan") -> Sequence[CareTask]:
    """Return a customer's tasks of an origin in the order of their due days, as they stand now."""
    query = (
        select(CareTask)
        .where(CareTask.customer_id == customer_id, CareTask.origin == origin)
        .order_by(col(CareTask.due_on), col(CareTask.made_by))
    )
    return (await session.exec(query.execution_options(populate_existing=True))).all()
