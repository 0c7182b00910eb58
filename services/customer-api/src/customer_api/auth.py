"""Who calls the customer port: the token's subject is our own id of a customer, and the customer must be active."""

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.ids import from_public
from guibin.customers.models import Customer, PartyStatus
from guibin.security.actors import Actor, ActorKind, Grant
from guibin.security.tokens import VerifiedToken

MAY_LOG_IN = {PartyStatus.ACTIVE, PartyStatus.DORMANT}


class CustomerIdentity:
    """Knows customers and nobody else."""

    async def customer_actor(self, session: AsyncSession, token: VerifiedToken) -> Actor | None:
        """Return the customer of a token; none when unknown, merged into another, closed, deceased or erased."""
        customer_id = from_public("cus", token.subject)
        if customer_id is None:
            return None
        query = select(Customer.status, Customer.merged_into, Customer.data_key).where(Customer.id == customer_id)
        found = (await session.exec(query)).first()
        if found is None:
            return None
        status, merged_into, data_key = found
        if status not in MAY_LOG_IN or merged_into is not None or data_key is None:
            return None
        return Actor(ActorKind.CUSTOMER, customer_id, "customer", scopes=token.scopes)

    async def staff_actor(self, session: AsyncSession, token: VerifiedToken) -> tuple[Actor, list[Grant]] | None:
        """Staff have no business on this port."""
        return None

    async def service_actor(self, session: AsyncSession, token: VerifiedToken) -> Actor | None:
        """Nor have services."""
        return None
