"""A customer asks to be contacted: a task of the serving manager, due on the next business day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care import repository
from guibin.care.days import SEARCHED_DAYS, add_business_days
from guibin.care.errors import ContactRequestOpen
from guibin.care.models import CareTask, TaskOrigin, TouchChannel, TouchKind, TouchPurpose
from guibin.care.service.tasks import insert_task
from guibin.care.service.wishes import NextContact
from guibin.core import clock
from guibin.core.ids import to_public
from guibin.customers.repository import get_customer
from guibin.organisation.calendars import special_days
from guibin.security.actors import Actor, Scope
from guibin.security.ciphers import KeyRing

SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class ContactWish:
    """How the customer would like to be contacted, about what, and not before which day."""

    channel: TouchChannel
    note: str | None = None
    not_before: date | None = None


async def request_contact(
    session: AsyncSession, scope: Scope, keys: KeyRing, *, actor: Actor, wish: ContactWish
) -> CareTask:
    """Make a contact due on the first business day after today, or after the day before which it is not wanted.

    Raises:
        ContactRequestOpen: one is open already.
        DueDayInvalid: the wanted day is over, or too far ahead.
    """
    customer = await get_customer(session, scope, customer_id=actor.id)
    await _refuse_second(session, customer.id)
    wanted = await _contact_of(session, wish)
    manager_id = await repository.serving_manager(session, customer_id=customer.id)
    try:
        async with session.begin_nested():
            return await insert_task(
                session,
                keys,
                actor=actor,
                customer_id=customer.id,
                manager_id=manager_id,
                wanted=wanted,
                origin=TaskOrigin.REQUEST,
            )
    except IntegrityError:  # another one was asked for at the same moment
        await _refuse_second(session, customer.id)
        raise


async def _refuse_second(session: AsyncSession, customer_id: UUID) -> None:
    waiting = await repository.open_request(session, customer_id=customer_id)
    if waiting is not None:
        raise ContactRequestOpen(waiting_id=to_public("ctk", waiting.id), due_on=waiting.due_on.isoformat())


async def _contact_of(session: AsyncSession, wish: ContactWish) -> NextContact:
    today = clock.today()
    first = max(today, (wish.not_before or today) - timedelta(days=1))
    days = await special_days(session, first, first + timedelta(days=SEARCHED_DAYS))
    return NextContact(
        kind=TouchKind.MEETING if wish.channel is TouchChannel.IN_PERSON else TouchKind.CALL,
        due_on=add_business_days(first, 1, days),
        purpose=TouchPurpose.SERVICE,
        channel=wish.channel,
        starts_on=wish.not_before,
        note=wish.note,
    )


async def list_requests(session: AsyncSession, scope: Scope, *, actor: Actor) -> Sequence[CareTask]:
    """Return what a customer asked for last, the newest first."""
    return await repository.list_requests(session, scope, customer_id=actor.id, limit=SHOWN)
