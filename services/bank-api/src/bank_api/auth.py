"""Who calls the bank port: staff by issuer and subject with their grants of this moment, and service clients."""

from collections.abc import Collection
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.customers.own_account import is_one_of
from guibin.organisation import repository
from guibin.security.actors import Actor, ActorKind, Grant
from guibin.security.tokens import VerifiedToken


class BankIdentity:
    """Knows staff and services, no customers."""

    async def customer_actor(self, session: AsyncSession, token: VerifiedToken) -> Actor | None:
        """Customers have no business on this port."""
        return None

    async def staff_actor(self, session: AsyncSession, token: VerifiedToken) -> tuple[Actor, list[Grant]] | None:
        """Return an active member of staff with the grants that hold now; the token decides nothing."""
        staff = await repository.staff_by_token(session, token, now=clock.now())
        if staff is None:
            return None
        return Actor(ActorKind.STAFF, staff.id, staff.no, roles=staff.roles), staff.grants

    async def service_actor(self, session: AsyncSession, token: VerifiedToken) -> Actor | None:
        """Return an active service client; it may use the scopes that the token carries and the bank has given it."""
        client = await repository.service_by_token(session, token)
        if client is None:
            return None
        return Actor(ActorKind.SERVICE, client.id, client.name, scopes=token.scopes & set(client.scopes))

    async def owns_account(self, session: AsyncSession, actor: Actor, customer_ids: Collection[UUID]) -> bool:
        """Tell whether one of these customers is the member of staff who acts."""
        return await is_one_of(session, actor.id, customer_ids)
