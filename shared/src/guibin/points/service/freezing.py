"""Whether a customer's account moves: frozen under investigation, opened again, or closed for good."""

from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import to_public
from guibin.core.reasons import require_reason
from guibin.customers import repository as customers
from guibin.points import correction_repository, repository
from guibin.points.errors import AccountClosed, AccountNotEmpty
from guibin.points.models import AccountState, PointsAccount
from guibin.security.actors import Actor, Scope

OBJECT: Final = "points_account"


async def put_account_state(
    session: AsyncSession,
    scope: Scope,
    *,
    actor: Actor,
    customer_id: UUID,
    wallet: str,
    state: AccountState,
    reason: str | None,
) -> PointsAccount:
    """Freeze an account (it earns and does not spend), open it again, or close it; at once. Returns it as it is now.

    Raises:
        ReasonRequired: the reason says nothing.
        NotFound: no such customer or wallet, or out of scope.
        AccountNotEmpty: points, pending points, holds or debt stand in the way of closing.
        AccountClosed: it is closed, and that is for good.
    """
    why = require_reason(reason)
    customer = await customers.get_customer(session, scope, customer_id=customer_id)
    if await repository.get_wallet(session, wallet) is None:
        raise NotFound
    now = clock.now()
    outcome, before = await correction_repository.put_state(
        session, customer_id=customer.id, wallet=wallet, state=state, at=now, day=clock.business_day(now)
    )
    account = await correction_repository.find_account(session, customer_id=customer.id, wallet=wallet)
    if account is None:
        raise NotFound
    if outcome == "account_closed":
        raise AccountClosed
    if outcome == "account_not_empty":
        standing = {name: getattr(account, name) for name in ("balance", "pending", "held", "debt")}
        raise AccountNotEmpty(reasons=[name for name, points in standing.items() if points > 0])
    await audit.record(
        session,
        actor=actor,
        action="points_account.state",
        object_type=OBJECT,
        object_id=f"{to_public('cus', customer.id)}/{wallet}",
        owner_id=customer.id,
        reason=why,
        facts={"from": before, "to": state.value},
    )
    return account
