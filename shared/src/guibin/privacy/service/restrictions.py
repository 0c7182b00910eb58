"""Which restrictions stand against a customer: set and ended by day, never deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit.service import record
from guibin.core import clock
from guibin.core.errors import ValidationFailed
from guibin.core.ids import new_id, to_public
from guibin.customers.repository import get_customer
from guibin.privacy.errors import RestrictionUnknown
from guibin.privacy.followers import follow_all
from guibin.privacy.models import CustomerRestriction
from guibin.privacy.repository import erasures
from guibin.privacy.repository import restrictions as repository
from guibin.security.actors import Actor, Scope


@dataclass(frozen=True, slots=True)
class Wanted:
    """A restriction that should stand; without a first day it stands from today on."""

    kind: str
    valid_from: date | None
    valid_to: date | None
    reference: str

    def is_met_by(self, row: CustomerRestriction, today: date) -> bool:
        """Tell whether a restriction that stands is this one; one that is yet to begin does not stand today."""
        same_start = row.valid_from <= today if self.valid_from is None else row.valid_from == self.valid_from
        return same_start and (self.kind, self.valid_to, self.reference) == (row.kind, row.valid_to, row.reference)


async def put_restrictions(
    session: AsyncSession, scope: Scope, *, actor: Actor, customer_id: UUID, wanted: Sequence[Wanted]
) -> None:
    """Let exactly these restrictions stand: others end today, those that stand already stay as they are.

    One that keeps the customer from logging in ends the logins that there are.

    Raises:
        NotFound: no such customer in scope.
        RestrictionUnknown: there is no such kind.
        ValidationFailed: a restriction ends before it begins.
    """
    customer = await get_customer(session, scope, customer_id=customer_id)
    locked = await erasures.lock_customer(session, customer_id=customer.id)
    kinds = {kind.code: kind for kind in await repository.list_kinds(session)}
    if any(one.kind not in kinds for one in wanted):
        raise RestrictionUnknown(kinds=list(kinds))
    today = clock.today()
    if any(one.valid_to is not None and one.valid_to < (one.valid_from or today) for one in wanted):
        raise ValidationFailed.of(["body", "items"], "range", "结束不能早于开始", "must not end before it begins")
    standing = [row for row, _ in await repository.list_open(session, scope, customer_id=customer.id, day=today)]
    ended = [row for row in standing if not any(one.is_met_by(row, today) for one in wanted)]
    begun = [one for one in wanted if not any(one.is_met_by(row, today) for row in standing)]
    if ended:
        ids = [row.id for row in ended]
        await repository.end_restrictions(session, customer_id=customer.id, ids=ids, day=today, ended_by=actor.id)
    for one in begun:
        session.add(_row(customer.id, one, actor, today))
    if any(kinds[one.kind].blocks_login and (one.valid_from or today) <= today for one in begun):
        locked.not_before = clock.now()  # who is logged in is so no longer
    if begun:
        await session.flush()
        await follow_all(session, [customer.id])
    if ended or begun:
        await record(
            session,
            actor=actor,
            action="restrictions.put",
            object_type="customer",
            object_id=to_public("cus", customer.id),
            owner_id=customer.id,
            scope=scope,
            facts={"ended": [row.kind for row in ended], "begun": [one.kind for one in begun]},
        )


def _row(customer_id: UUID, one: Wanted, actor: Actor, today: date) -> CustomerRestriction:
    return CustomerRestriction(
        customer_id=customer_id,
        id=new_id(),
        kind=one.kind,
        valid_from=one.valid_from or today,
        valid_to=one.valid_to,
        reference=one.reference,
        set_by=actor.id,
        set_at=clock.now(),
    )
