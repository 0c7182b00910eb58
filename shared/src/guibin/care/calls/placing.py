"""Placing calls: the worker posts each to the bank's telephony, signed, under a number that makes it one call.

The telephone number leaves sealed for the telephony alone and is opened here, after the order has committed. A call
under the same number is the same call, so one whose answer was lost is sent again, as long as its place is held.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.calls import repository
from guibin.care.calls.models import CallState
from guibin.care.calls.repository import Due
from guibin.contact.models import ContactState
from guibin.contact.repository import end_held
from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.ids import to_public
from guibin.outbox.rules import body_of, signature_of
from guibin.outbox.sending import WebhookSender
from guibin.security.ciphers import KeyRing, WrappedKey
from guibin.security.sealed_text import seal_text

AT_ONCE: Final = 20
SEALED_FOR: Final = "guibin telephony callee"
_GOOD: Final = range(200, 300)
_NEVER: Final = frozenset({400, 404, 409, 410, 422})
"""Answers after which the same call is not taken either."""
_PAUSE: Final = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, repr=False)
class Telephony:
    """Where calls are posted, and the secret that signs them and seals the number."""

    url: str
    secret: str


class CallDesk:
    """Places what is ordered; a turn places each call that is due."""

    def __init__(
        self, sessions: SessionFactory, sender: WebhookSender, telephony: Telephony, open_keys: Callable[[], KeyRing]
    ) -> None:
        self._sessions = sessions
        self._sender = sender
        self._telephony = telephony
        self._open_keys = open_keys

    async def turn(self) -> int:
        """Place what is due; returns how many calls the telephony took."""
        async with self._sessions() as session:
            due = await repository.due_calls(session, now=clock.now(), limit=AT_ONCE)
        return sum([await self._place(one) for one in due])

    async def _place(self, due: Due) -> bool:
        now = clock.now()
        if due.contact.state != ContactState.HELD or due.contact.held_until is None or due.contact.held_until <= now:
            await self._give_up(due, now)
            return False
        status = await self._post(due, now)
        if status in _NEVER:
            await self._give_up(due, now)
            return False
        async with self._sessions.begin() as session:
            if status not in _GOOD:
                tries = due.call.tries + 1
                again = now + _PAUSE * 2 ** min(tries, 6)
                await repository.change(session, due.call, CallState.ORDERED, tries=tries, next_try_at=again)
                return False
            await _end_place(session, due, ContactState.SENT, now)
            return await repository.change(session, due.call, CallState.ORDERED, state=CallState.PLACED, placed_at=now)

    async def _post(self, due: Due, now: datetime) -> int | None:
        number = to_public("cll", due.call.id)
        body = body_of({"call_no": number, "agent": due.staff_no, "callee": self._callee(due, number)})
        signature = signature_of(body, {1: self._telephony.secret.encode()}, at=now)
        headers = {"User-Agent": "guibin-calls", "Guibin-Signature": signature}
        return (await self._sender.call("POST", f"{self._telephony.url}/calls", body, headers)).status

    def _callee(self, due: Due, number: str) -> str:
        customer = due.customer
        if customer.data_key is None or customer.phone_enc is None:
            raise LookupError("the customer was erased after the call was ordered")
        key = self._open_keys().open_data_key(WrappedKey(customer.data_key), customer.id)
        phone = key.decrypt(customer.phone_enc, "customer", "phone_enc", customer.id)
        return seal_text(phone, self._telephony.secret, purpose=SEALED_FOR, bound_to=number)

    async def _give_up(self, due: Due, now: datetime) -> None:
        async with self._sessions.begin() as session:
            await _end_place(session, due, ContactState.RELEASED, now)
            await repository.change(session, due.call, CallState.ORDERED, state=CallState.FAILED, ended_at=now)


async def _end_place(session: AsyncSession, due: Due, state: ContactState, at: datetime) -> None:
    await end_held(session, customer_id=due.call.customer_id, decision_id=due.contact.id, state=state, at=at)
