"""Call-backs: what a supplier tells by itself. The port keeps it, under its signature, and the worker applies it."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import to_public
from guibin.core.logging import logger
from guibin.outbox.rules import is_signed
from guibin.security.ciphers import KeyRing
from guibin.security.row_scope import all_rows
from guibin.suppliers.errors import CallbackMismatch, SignatureInvalid
from guibin.suppliers.models import OrderState, Supplier, SupplierEvent, SupplierOrder
from guibin.suppliers.repository import orders
from guibin.suppliers.repository.suppliers import find_supplier, get_supplier
from guibin.suppliers.rules import Report, Told
from guibin.suppliers.secrets import key_of, secrets_of
from guibin.suppliers.service.applying import Word, apply_report
from guibin.suppliers.service.ordering import SUPPLIERS_JOB

TABLE: Final = str(SupplierEvent.__tablename__)
KINDS: Final = {f"order.{told}": told for told in (Told.ACCEPTED, Told.DONE, Told.REFUSED)}
"""The types of events that are understood; others are acknowledged and forgotten."""


@dataclass(frozen=True, slots=True, repr=False)
class Callback:
    """What a call-back says; `quantity` and `product_code` are compared with the order where they are given."""

    event_id: str
    type: str
    order_id: UUID
    quantity: int | None = None
    product_code: str | None = None
    reference: str | None = None
    reason: str | None = None
    tracking_no: str | None = None
    codes: tuple[str, ...] = ()

    def content(self) -> str:
        """Write what is told of the order, as it is kept."""
        told = {"reference": self.reference, "reason": self.reason, "tracking_no": self.tracking_no}
        return json.dumps({**told, "codes": self.codes}, ensure_ascii=False)


async def receive(
    session: AsyncSession,
    keys: KeyRing,
    *,
    supplier_id: UUID,
    signature: str | None,
    raw: bytes,
    read: Callable[[], Callback],
) -> None:
    """Keep a call-back whose signature holds; the same again changes nothing. `read` gives its form, after that.

    Raises:
        SignatureInvalid: not signed by this supplier, for these bytes, now; also where there is no such supplier.
        NotFound: the supplier has no such order.
        CallbackMismatch: it tells of something else than was ordered, or the event was another one before.
    """
    supplier = await find_supplier(session, supplier_id)
    now = clock.now()
    if supplier is None or not is_signed(signature, raw, secrets_of(keys, supplier, now=now).values(), now=now):
        raise SignatureInvalid
    callback = read()
    if callback.type not in KINDS:
        return
    async with all_rows(session):  # no customer calls; of the order its supplier is looked at
        order = await orders.find_order(session, callback.order_id)
    if order is None or order.supplier_id != supplier.id:
        logger().warning("callback_unknown_order", supplier=to_public("sup", supplier.id))
        raise NotFound
    fingerprint = hashlib.sha256(raw).digest()
    known = await orders.find_event(session, supplier_id=supplier.id, event_id=callback.event_id)
    if known is None:
        _refuse_mismatch(order, callback)
        if await orders.insert_event(session, _event(keys, supplier, order, callback, fingerprint, now)):
            return
        known = await orders.find_event(session, supplier_id=supplier.id, event_id=callback.event_id)
    if known is None or known.fingerprint != fingerprint:
        raise CallbackMismatch


def _refuse_mismatch(order: SupplierOrder, callback: Callback) -> None:
    other_quantity = callback.quantity not in {None, order.quantity}
    other_product = callback.product_code not in {None, order.product_code}
    if other_quantity or other_product or order.state == OrderState.WAITING:
        logger().error(
            "callback_mismatch", order=to_public("ord", order.id), supplier=to_public("sup", order.supplier_id)
        )
        raise CallbackMismatch


def _event(
    keys: KeyRing, supplier: Supplier, order: SupplierOrder, callback: Callback, fingerprint: bytes, now: datetime
) -> SupplierEvent:
    return SupplierEvent(
        supplier_id=supplier.id,
        event_id=callback.event_id,
        type=callback.type,
        fingerprint=fingerprint,
        order_id=order.id,
        content_enc=key_of(keys, supplier).encrypt(callback.content(), TABLE, "content_enc", order.id),
        received_at=now,
    )


async def apply_event(session: AsyncSession, keys: KeyRing, event: SupplierEvent, *, now: datetime) -> bool:
    """Apply a call-back as the worker; tells whether it brought its order forward. Each is applied once."""
    order = await orders.find_order(session, event.order_id)
    if event.content_enc is None or order is None or not await orders.end_event(session, event, at=now):
        return False
    supplier = await get_supplier(session, event.supplier_id)
    content = json.loads(key_of(keys, supplier).decrypt(event.content_enc, TABLE, "content_enc", event.order_id))
    told = KINDS[event.type]
    report = Report(told, **{name: content[name] for name in ("reference", "reason", "tracking_no")})
    report = replace(report, codes=tuple(content["codes"]))
    changed = await apply_report(session, keys, order, Word(report, SUPPLIERS_JOB, now))
    await orders.note_changed(session, event, changed=changed)
    return changed
