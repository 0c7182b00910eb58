"""Who calls the customer port: the token's subject is our own id of a customer, and the customer must be active."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.direct import Row
from guibin.core.ids import from_public
from guibin.customers.repository import Standing, enter_customer
from guibin.security.actors import Actor, ActorKind, Grant
from guibin.security.tokens import VerifiedToken
from guibin.sessions.rules import may_log_in


@dataclass(frozen=True, slots=True)
class CustomerEntrance:
    """Lets customers in by `customer_enter`, within the statement that does what they want."""

    session_issuer: str
    function: str = "customer_enter"
    columns: tuple[str, ...] = ("status", "merged_into", "has_data_key", "in_force")

    def caller(self, token: VerifiedToken) -> tuple[Actor, tuple[object, ...]] | None:
        """Return the customer that a token names, its session and when it was issued."""
        customer_id = from_public("cus", token.subject)
        if customer_id is None:
            return None
        entry = (customer_id, _session_of(token, self.session_issuer), token.issued_at)
        return Actor(ActorKind.CUSTOMER, customer_id, "customer", scopes=token.scopes), entry

    def admits(self, row: Row) -> bool:
        """Tell whether the customer may come in; an unknown one has no status."""
        status = row["entry_status"]
        if status is None:
            return False
        merged_into, has_data_key = row["entry_merged_into"], row["entry_has_data_key"]
        return _may_enter(Standing(status, merged_into, has_data_key, row["entry_in_force"]))


@dataclass(frozen=True, slots=True)
class CustomerIdentity:
    """Knows customers and nobody else. Tokens of `session_issuer` are ours, and count while their session does."""

    session_issuer: str

    async def customer_actor(self, session: AsyncSession, token: VerifiedToken) -> Actor | None:
        """Return the customer of a token; none when unknown, merged into another, closed, deceased or erased.

        Neither is anybody whose session was ended, or all of whose sessions were ended since the token was issued.
        """
        customer_id = from_public("cus", token.subject)
        if customer_id is None:
            return None
        session_id = _session_of(token, self.session_issuer)
        found = await enter_customer(session, customer_id=customer_id, session_id=session_id, issued_at=token.issued_at)
        if found is None or not _may_enter(found):
            return None
        return Actor(ActorKind.CUSTOMER, customer_id, "customer", scopes=token.scopes)

    async def staff_actor(self, session: AsyncSession, token: VerifiedToken) -> tuple[Actor, list[Grant]] | None:
        """Staff have no business on this port."""
        return None

    async def service_actor(self, session: AsyncSession, token: VerifiedToken) -> Actor | None:
        """Nor have services."""
        return None

    async def owns_account(self, session: AsyncSession, actor: Actor, customer_ids: Collection[UUID]) -> bool:
        """Nobody here acts as staff."""
        return False


def _session_of(token: VerifiedToken, session_issuer: str) -> UUID | None:
    return UUID(token.session_id) if token.issuer == session_issuer and token.session_id else None


def _may_enter(standing: Standing) -> bool:
    erased = not standing.has_data_key
    return may_log_in(standing.status, merged_into=standing.merged_into, erased=erased) and standing.in_force
