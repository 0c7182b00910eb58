"""What a customer's own screens read of the customer's figures."""

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.customers.repository import visible
from guibin.security.actors import Scope
from guibin.tags.models import CustomerFact


async def read_figures(session: AsyncSession, scope: Scope, *, customer_id: UUID) -> CustomerFact | None:
    """Return the figures of the last nightly run; None before the first one."""
    query = select(CustomerFact).where(
        CustomerFact.customer_id == customer_id, visible(scope, col(CustomerFact.customer_id))
    )
    return (await session.exec(query)).first()
