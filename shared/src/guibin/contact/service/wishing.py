"""What a customer wishes: no calls, and a quiet time of the day's own."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.contact import repository
from guibin.contact.models import ContactPreference
from guibin.contact.rules import Quiet
from guibin.core import clock
from guibin.core.ids import to_public
from guibin.security.actors import Actor


@dataclass(frozen=True, slots=True)
class Wish:
    """A customer's word; where there was none yet, nothing is wished."""

    no_calls: bool = False
    quiet: Quiet | None = None


async def wish_of(session: AsyncSession, customer_id: UUID) -> Wish:
    """Return the newest word of a customer, or of who was merged into it, as the gate reads it."""
    row = await repository.find_preference(session, await repository.family_of(session, customer_id))
    if row is None:
        return Wish()
    quiet = None
    if row.quiet_from is not None and row.quiet_to is not None:
        quiet = Quiet(start=row.quiet_from, end=row.quiet_to)
    return Wish(row.no_calls, quiet)


async def put_wish(session: AsyncSession, *, actor: Actor, customer_id: UUID, wish: Wish) -> None:
    """Keep a customer's word: the newest counts, from the next decision on."""
    row = ContactPreference(
        customer_id=customer_id,
        no_calls=wish.no_calls,
        quiet_from=None if wish.quiet is None else wish.quiet.start,
        quiet_to=None if wish.quiet is None else wish.quiet.end,
        updated_at=clock.now(),
        updated_by=actor.id,
    )
    await repository.put_preference(session, row)
    await audit.record(
        session,
        actor=actor,
        action="contact_preference.put",
        object_type="customer",
        object_id=to_public("cus", customer_id),
        owner_id=customer_id,
        facts={"no_calls": wish.no_calls, "quiet": wish.quiet is not None},
    )
