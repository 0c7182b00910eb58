"""Commands of administrators on people: one by one and at once. What gives permissions stands in `granting`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import to_public
from guibin.organisation import repository
from guibin.organisation.errors import StaffExists
from guibin.organisation.models import RevokedToken, Staff
from guibin.organisation.service import make_staff
from guibin.security.actors import Actor
from guibin.security.ciphers import KeyRing

LONGEST_TOKEN_LIFE: Final = timedelta(hours=24)
"""After it no token lives that was issued before: a revocation need not be kept longer."""


@dataclass(frozen=True)
class NewPerson:
    """Somebody to add without any role. `person_ref` and `customer_ref` are keyed hashes of the certificate."""

    no: str
    branch_code: str
    name: str
    issuer: str
    subject: str | None = None
    phone: str | None = None
    person_ref: bytes | None = None
    customer_ref: bytes | None = None


async def add_person(session: AsyncSession, keys: KeyRing, new: NewPerson, *, actor: Actor) -> Staff:
    """Add a member of staff, known by issuer and subject (the public id where none is given), who may do nothing yet.

    Raises:
        NotFound: there is no such branch.
        StaffExists: the number or the subject is taken.
    """
    branch = await repository.branch_by_code(session, new.branch_code)
    if branch is None:
        raise NotFound
    staff = make_staff(
        keys,
        no=new.no,
        branch_id=branch.id,
        name=new.name,
        phone=new.phone,
        issuer=new.issuer,
        subject=new.subject,
        person_ref=new.person_ref,
        customer_ref=new.customer_ref,
    )
    if not await repository.insert_staff(session, staff):
        raise StaffExists
    await _record(session, actor, staff, "staff.add", reason=None)
    return staff


async def disable(session: AsyncSession, staff_id: UUID, *, actor: Actor, reason: str) -> Staff:
    """Close an account at once: the next request of any of its tokens is refused. Again changes nothing.

    Raises:
        NotFound: there is no such member of staff.
    """
    staff = await repository.lock_staff(session, staff_id)
    if staff is None:
        raise NotFound
    if staff.active:
        staff.active = False
        staff.not_before = clock.now()
        session.add(staff)
        await _record(session, actor, staff, "staff.disable", reason=reason)
    return staff


async def revoke(
    session: AsyncSession, staff_id: UUID, *, actor: Actor, reason: str, token_id: str | None = None
) -> Staff:
    """Stop believing a token or a session of somebody (its `jti` or `sid`), or all that was issued until now.

    Raises:
        NotFound: there is no such member of staff.
    """
    staff = await repository.lock_staff(session, staff_id)
    if staff is None:
        raise NotFound
    if token_id is None:
        staff.not_before = clock.now()
        session.add(staff)
    else:
        await repository.insert_revocation(session, _revocation(staff, token_id, actor, clock.now()))
    await _record(session, actor, staff, "staff.revoke", reason=reason)
    return staff


def _revocation(staff: Staff, token_id: str, actor: Actor, now: datetime) -> RevokedToken:
    return RevokedToken(
        issuer=staff.issuer,
        token_id=token_id,
        expires_at=now + LONGEST_TOKEN_LIFE,
        revoked_at=now,
        revoked_by=actor.id,
    )


async def _record(session: AsyncSession, actor: Actor, staff: Staff, action: str, *, reason: str | None) -> None:
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type="staff",
        object_id=to_public("stf", staff.id),
        reason=reason,
        facts={"no": staff.no},
    )
