"""The worker's desk of orders: sends what waits, asks for what is unknown, applies what suppliers told.

An order is marked as sent before it goes out, in a transaction of its own. Whatever happens then, a crash included, it
is asked for by its number and never blindly sent again: only a supplier that says, long after the call, that it does
not know the number gets it once more, and by then nothing of the first call is on its way. Of two workers one marks.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.ids import to_public
from guibin.core.logging import error_facts, logger
from guibin.customers.repository import get_as_stored
from guibin.rights.repository import redemptions
from guibin.rights.service.beneficiaries import show_beneficiary
from guibin.rights.service.deliveries import open_delivery
from guibin.security.actors import Scope
from guibin.security.ciphers import DecryptionFailed, KeyRing, WrappedKey
from guibin.suppliers.client import Connection, Heard, SupplierClient
from guibin.suppliers.models import OrderFault, OrderState, SupplierOrder
from guibin.suppliers.repository import orders
from guibin.suppliers.repository.suppliers import get_supplier
from guibin.suppliers.rules import Told, is_on_its_way, next_query, next_try
from guibin.suppliers.secrets import secrets_of
from guibin.suppliers.service.applying import Word, apply_report
from guibin.suppliers.service.callbacks import apply_event
from guibin.suppliers.service.ordering import SUPPLIERS_JOB

BATCH: Final = 200
AT_ONCE: Final = 20
"""Orders of one flight."""
_LONGEST_REST: Final = 60.0
_SILENT: Final = frozenset({OrderFault.TIMEOUT, OrderFault.UNREACHABLE})


@dataclass(slots=True)
class _Rest:
    """How a supplier that does not answer is left alone for a while."""

    failures: int = 0
    until: float = 0.0


class OrderDesk:
    """Tends orders until it is closed; a flight for each supplier, so that a slow one delays nobody else."""

    def __init__(self, sessions: SessionFactory, client: SupplierClient, open_keys: Callable[[], KeyRing]) -> None:
        self._sessions = sessions
        self._client = client
        self._open_keys = open_keys
        self._keys_opened: KeyRing | None = None
        self._flights: dict[UUID, asyncio.Task[None]] = {}
        self._rests: dict[UUID, _Rest] = {}

    @property
    def _keys(self) -> KeyRing:
        if self._keys_opened is None:
            self._keys_opened = self._open_keys()
        return self._keys_opened

    async def turn(self) -> int:
        """Apply what was told, and set off a flight for each supplier with something due; returns what was applied."""
        applied = await self._apply_events()
        await self._set_off()
        return applied

    async def landed(self) -> None:
        """Wait until what flies now has come down."""
        await asyncio.gather(*self._flights.values(), return_exceptions=True)

    async def close(self) -> None:
        """Break off what flies: it is asked for later."""
        for flight in self._flights.values():
            flight.cancel()
        await self.landed()

    async def _apply_events(self) -> int:
        async with self._sessions() as session:
            waiting = await orders.waiting_events(session, limit=BATCH)
        applied = 0
        for event in waiting:
            try:
                async with self._sessions.begin() as session:
                    applied += await apply_event(session, self._keys, event, now=clock.now())
            except Exception as error:  # noqa: BLE001 - one that fails comes again, the others go on
                order = to_public("ord", event.order_id)
                logger().error("supplier_event_not_applied", order=order, **error_facts(error))
        return applied

    async def _set_off(self) -> None:
        self._flights = {one: flight for one, flight in self._flights.items() if not flight.done()}
        now = asyncio.get_running_loop().time()
        but = self._flights.keys() | {one for one, rest in self._rests.items() if rest.until > now}
        async with self._sessions() as session:
            due = await orders.due_orders(session, now=clock.now(), limit=BATCH, but=but)
        by_supplier: dict[UUID, list[SupplierOrder]] = {}
        for order in due:
            by_supplier.setdefault(order.supplier_id, []).append(order)
        for supplier_id, own in by_supplier.items():
            self._flights[supplier_id] = asyncio.create_task(self._fly(supplier_id, own[:AT_ONCE]))

    async def _fly(self, supplier_id: UUID, due: Sequence[SupplierOrder]) -> None:
        """Tend some orders of one supplier, one after the other, until it does not answer."""
        try:
            for order in due:
                if await self._tend(order) in _SILENT:
                    self._let_rest(supplier_id)
                    return
            self._rests.pop(supplier_id, None)
        except Exception as error:  # noqa: BLE001 - the next flight tries again
            logger().error("supplier_not_served", supplier=to_public("sup", supplier_id), **error_facts(error))
            self._let_rest(supplier_id)

    def _let_rest(self, supplier_id: UUID) -> None:
        rest = self._rests.setdefault(supplier_id, _Rest())
        rest.failures += 1
        rest.until = asyncio.get_running_loop().time() + min(2.0 ** (rest.failures - 1), _LONGEST_REST)

    async def _tend(self, seen: SupplierOrder) -> OrderFault | None:
        """Send an order, or ask for it, and keep what came of it; None also when another worker has it."""
        now, order = clock.now(), None
        claim = _claim(seen, now)
        async with self._sessions.begin() as session:
            supplier = await get_supplier(session, seen.supplier_id)
            if seen.state == OrderState.WAITING:
                try:
                    order = await self._content_of(session, seen)
                except DecryptionFailed:
                    await orders.change_order(session, seen, parked_at=now, fault=OrderFault.NOT_APPLIED)
                    logger().error("order_parked", order=to_public("ord", seen.id), fault=OrderFault.NOT_APPLIED)
                    return None
            if not await orders.change_order(session, seen, **claim):
                return None
        to = Connection(supplier.base_url or "", secrets_of(self._keys, supplier, now=now))
        mine = seen.model_copy(update=claim)
        if order is None:
            heard = await self._client.ask(to, seen.id, at=now)
        else:
            heard = await self._client.place(to, seen.id, order, at=now)
        await self._keep(mine, heard)
        return heard.fault

    async def _content_of(self, session: AsyncSession, order: SupplierOrder) -> dict[str, Any]:
        """Write what a supplier needs to know; nothing of the customer but where it goes, or whom it serves."""
        everybody = Scope.of_job()
        redemption = await redemptions.get_redemption(session, everybody, redemption_id=order.redemption_id)
        content: dict[str, Any] = {
            "product_code": order.product_code,
            "quantity": order.quantity,
            "fulfilment": redemption.fulfilment,
            "placed_at": redemption.created_at.isoformat(),
        }
        customer = await get_as_stored(session, everybody, customer_id=order.customer_id)
        if customer.data_key is not None:
            key = self._keys.open_data_key(WrappedKey(customer.data_key), customer.id)
            content |= open_delivery(key, redemption)
        person = await show_beneficiary(session, everybody, self._keys, redemption=redemption)
        if person is not None:
            number = {} if person.certificate_no is None else {"certificate_no": person.certificate_no.value}
            content["beneficiary"] = {"name": person.name.value, "phone": person.phone.value, **number}
        return content

    async def _keep(self, order: SupplierOrder, heard: Heard) -> None:
        """Write what came of a call; an order that somebody else brought forward meanwhile stays as it is."""
        now = clock.now()
        async with self._sessions.begin() as session:
            if heard.report is not None and heard.report.told is not Told.NOT_KNOWN:
                await apply_report(session, self._keys, order, Word(heard.report, SUPPLIERS_JOB, now))
                return
            fault = heard.fault or OrderFault.NOT_KNOWN
            values: dict[str, Any] = {"fault": fault}
            if fault is OrderFault.NOT_KNOWN and order.state == OrderState.SENT:
                values |= {} if is_on_its_way(order.sent_at, now=now) else {"state": OrderState.WAITING}
            await orders.change_order(session, order, **values)


def _claim(order: SupplierOrder, now: datetime) -> dict[str, Any]:
    """Return what marks an order as this worker's try: a waiting one is sent by it, the others are asked for."""
    tries = order.tries + 1
    spread = random.uniform(-1, 1)  # noqa: S311 - spreads tries, keeps no secret
    if order.state == OrderState.ACCEPTED:
        again = next_query(tries, now=now)
    else:
        again = next_try(tries, now=now, spread=spread)
    later: dict[str, Any] = {"parked_at": now} if again is None else {"next_try_at": again}
    sent: dict[str, Any] = {"state": OrderState.SENT, "sent_at": now} if order.state == OrderState.WAITING else {}
    return {"tries": tries, **later, **sent}
