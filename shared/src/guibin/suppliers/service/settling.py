"""What a person settles of an order whose outcome no supplier tells: done, refused, or to be asked for once more."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.core import clock
from guibin.core.reasons import require_reason
from guibin.rights.delivery_errors import OrderOpen
from guibin.rights.repository.redemptions import get_redemption
from guibin.security.actors import Actor, Scope
from guibin.security.ciphers import KeyRing
from guibin.suppliers.errors import CodesDiffer, NoOpenOrder
from guibin.suppliers.models import OrderState, SupplierOrder
from guibin.suppliers.repository import orders
from guibin.suppliers.rules import Report, Told, is_on_its_way
from guibin.suppliers.service.applying import Unfit, Word, apply_word, record


class Outcome(StrEnum):
    """What a person says of an order; `ask` lets the worker ask its supplier now."""

    DONE = "done"
    REFUSED = "refused"
    ASK = "ask"


@dataclass(frozen=True, slots=True, repr=False)
class Settlement:
    """An outcome with its reason, and what the supplier delivered; codes are kept from every log."""

    outcome: Outcome
    reason: str | None
    codes: tuple[str, ...] = ()
    tracking_no: str | None = None


async def settle(
    session: AsyncSession, scope: Scope, keys: KeyRing, *, actor: Actor, redemption_id: UUID, said: Settlement
) -> SupplierOrder:
    """End the order of a redemption as a person says, or have it asked for once more.

    Raises:
        NotFound: there is no such redemption in scope.
        ReasonRequired: the reason says nothing.
        NoOpenOrder: its order has an outcome, or it was never ordered.
        OrderOpen: it was sent a moment ago: its answer may be on its way.
        CodesDiffer: the codes do not fit the order.
        StateConflict: somebody else ended it meanwhile. Facts: from, to.
    """
    reason = require_reason(said.reason)
    redemption = await get_redemption(session, scope, redemption_id=redemption_id)
    order = await orders.find_order_of(session, scope, redemption=redemption)
    if order is None or order.ended_at is not None:
        raise NoOpenOrder
    now = clock.now()
    if said.outcome is Outcome.ASK:
        await orders.change_order(session, order, tries=0, parked_at=None, next_try_at=now)
        await record(session, actor, order, told=said.outcome, reason=reason)
    else:
        if order.state == OrderState.SENT and is_on_its_way(order.sent_at, now=now):
            raise OrderOpen
        report = Report(Told(said.outcome), tracking_no=said.tracking_no, codes=said.codes)
        try:
            if not await apply_word(session, scope, keys, order, Word(report, actor, now, reason)):
                raise StateConflict(**{"from": order.state, "to": said.outcome})
        except Unfit:
            raise CodesDiffer from None
    return await orders.lock_order(session, customer_id=order.customer_id, order_id=order.id)
