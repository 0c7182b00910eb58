"""What a supplier tells brings its order forward, and with the order the redemption: one transaction for both.

The same function serves answers, call-backs and what a person settles, under the same locks: account, redemption and
order.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.audit import service as audit
from guibin.core.errors import Refusal
from guibin.core.ids import to_public
from guibin.core.logging import logger
from guibin.customers.repository import get_as_stored
from guibin.rights.models import Fulfilment, Redemption, RedemptionState
from guibin.rights.repository.catalogue import Right
from guibin.rights.service.ending import complete, lock, undo
from guibin.rights.service.supplied import CodeKnown, keep_supplied_codes
from guibin.security.actors import Actor, Scope
from guibin.security.ciphers import KeyRing, WrappedKey
from guibin.suppliers.models import OrderFault, OrderState, SupplierOrder
from guibin.suppliers.repository import orders
from guibin.suppliers.rules import Report, Told, fits, goes_forward, next_query

TABLE = str(SupplierOrder.__tablename__)


@dataclass(frozen=True, slots=True)
class Word:
    """What is told of an order, by whom, when, and why where a person says it."""

    report: Report
    actor: Actor
    now: datetime
    reason: str | None = None


class Unfit(Exception):  # noqa: N818 - named for what it is; whoever applies a word makes something of it
    """What is told does not fit what was ordered."""


async def apply_report(session: AsyncSession, keys: KeyRing, seen: SupplierOrder, word: Word) -> bool:
    """Bring an order forward as far as its supplier says, and its redemption with it; tells whether it went forward.

    What is behind changes nothing. What cannot be carried out (codes that do not fit, a redemption that does not stand)
    is written down as a fault of the order, which then waits for a person.
    """
    try:
        async with session.begin_nested():
            return await apply_word(session, Scope.of_job(), keys, seen, word)
    except Unfit:
        fault = OrderFault.MISMATCH
    except Refusal as refusal:
        logger().warning("order_not_applied", order=to_public("ord", seen.id), code=refusal.code)
        fault = OrderFault.NOT_APPLIED
    order = await orders.lock_order(session, customer_id=seen.customer_id, order_id=seen.id)
    if order.ended_at is None:
        await orders.update_order(session, order, parked_at=word.now, fault=fault)
        logger().error("order_parked", order=to_public("ord", seen.id), fault=fault)
    return False


async def apply_word(session: AsyncSession, scope: Scope, keys: KeyRing, seen: SupplierOrder, word: Word) -> bool:
    """Carry out what is told of an order; tells whether it went forward.

    Raises:
        Unfit: it does not fit what was ordered.
        Refusal: the redemption cannot be ended so.
    """
    report, now = word.report, word.now
    redemption, right = await lock(session, scope, seen.redemption_id)
    order = await orders.lock_order(session, customer_id=seen.customer_id, order_id=seen.id)
    if not goes_forward(OrderState(order.state), report.told):
        return False
    if redemption.state != RedemptionState.IN_FULFILMENT:
        raise StateConflict(**{"from": redemption.state, "to": report.told})
    if not fits(report, fulfilment=Fulfilment(redemption.fulfilment), quantity=order.quantity):
        raise Unfit
    values: dict[str, Any] = {"state": OrderState(report.told), "tries": 0, "parked_at": None, "fault": None}
    values |= {"reference": report.reference} if report.reference else {}
    if report.tracking_no:
        values["tracking_enc"] = await _sealed(session, scope, keys, order, report.tracking_no)
    if report.told is Told.ACCEPTED:
        values["next_try_at"] = next_query(0, now=now)
    else:
        values |= {"ended_at": now, "reason": report.reason if report.told is Told.REFUSED else None}
        if order.sent_at is None and report.told is Told.REFUSED:
            values["state"] = OrderState.WITHDRAWN
        await _end(session, keys, redemption, right, word)
        await record(session, word.actor, order, told=report.told, reason=word.reason)
    await orders.update_order(session, order, **values)
    return True


async def _end(session: AsyncSession, keys: KeyRing, redemption: Redemption, right: Right, word: Word) -> None:
    """End the redemption: it is fulfilled, or the customer has everything back."""
    if word.report.told is Told.REFUSED:
        await undo(session, redemption, right, state=RedemptionState.FAILED, actor_id=word.actor.id, now=word.now)
        return
    try:
        await keep_supplied_codes(session, keys, right, redemption, word.report.codes, now=word.now)
    except CodeKnown:
        raise Unfit from None
    await complete(session, redemption, actor_id=word.actor.id, now=word.now)


async def _sealed(
    session: AsyncSession, scope: Scope, keys: KeyRing, order: SupplierOrder, tracking_no: str
) -> bytes | None:
    customer = await get_as_stored(session, scope, customer_id=order.customer_id)
    if customer.data_key is None:
        return None
    key = keys.open_data_key(WrappedKey(customer.data_key), customer.id)
    return key.encrypt(tracking_no, TABLE, "tracking_enc", order.id)


async def record(session: AsyncSession, actor: Actor, order: SupplierOrder, *, told: str, reason: str | None) -> None:
    """Tell the trail what became of an order, or is asked of it."""
    await audit.record(
        session,
        actor=actor,
        action="redemption.settle",
        object_type="redemption",
        object_id=to_public("rdm", order.redemption_id),
        owner_id=order.customer_id,
        reason=reason,
        facts={"order": to_public("ord", order.id), "supplier": to_public("sup", order.supplier_id), "told": told},
    )
