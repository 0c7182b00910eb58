"""Tags set by hand: who, when and why is kept, and no run takes them away."""

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import to_public
from guibin.customers.changes.repository import note_change
from guibin.customers.repository import get_customer
from guibin.outbox.events import TagEntered, TagLeft, TagReason
from guibin.outbox.service import publish
from guibin.privacy.models import Purpose
from guibin.privacy.repository import has_consent
from guibin.security.actors import Actor, Scope
from guibin.tags import repository
from guibin.tags.errors import TagConsentMissing, TagKindConflict
from guibin.tags.models import CustomerTag, Sensitivity, Tag, TagKind, TagSource, TagState


class Via(StrEnum):
    """Which way a tag was given or taken by hand; kept in the trail."""

    CUSTOMER = "customer"
    LIST = "list"


async def set_tag(
    session: AsyncSession,
    scope: Scope,
    *,
    actor: Actor,
    customer_id: UUID,
    code: str,
    reason: str,
    sensitive_in: Scope = repository.NOBODY,
    via: Via = Via.CUSTOMER,
) -> repository.Held:
    """Give a customer a manual tag from today on; a customer who has it keeps it as it was given, confirmed today.

    `sensitive_in` are the customers whose sensitive tags the actor may see.

    Raises:
        NotFound: no such tag, or no such customer in scope.
        TagKindConflict: rule tags are not set by hand.
        StateConflict: the tag is suspended or retired.
        TagConsentMissing: the tag is sensitive, and the customer did not consent.
    """
    customer = await get_customer(session, scope, customer_id=customer_id)
    tag = await _manual_tag(session, code, customer_id=customer.id, sensitive_in=sensitive_in)
    if tag.state != TagState.PUBLISHED:
        raise StateConflict(**{"from": tag.state, "to": TagState.PUBLISHED})
    if found := await repository.find_memberships(session, scope, customer_id=customer.id, code=code):
        return await _confirm(session, tag, found[0])
    if tag.sensitivity == Sensitivity.SENSITIVE and not await has_consent(session, customer.id, Purpose.SENSITIVE):
        raise TagConsentMissing
    membership = CustomerTag(
        customer_id=customer.id,
        tag_code=code,
        source=TagSource.MANUAL,
        since=clock.today(),
        set_by=actor.id,
        reason=reason,
        confirmed_on=clock.today(),
        expires_on=expiry_of(tag, clock.today()),
    )
    if not await repository.put_manual(session, membership):  # somebody else has given it meanwhile
        (lasting,) = await repository.find_memberships(session, scope, customer_id=customer.id, code=code)
        return await _confirm(session, tag, lasting)
    await note_change(session, [customer.id])
    await _tell(session, tag, TagEntered, customer.id)
    await _record(session, scope, actor, "tag.set", customer.id, code, reason, via)
    return repository.Held(tag, membership)


def expiry_of(tag: Tag, confirmed_on: date) -> date | None:
    """Return the first day without a value that is not confirmed again; None for a tag whose values last."""
    return None if tag.value_days is None else confirmed_on + timedelta(days=tag.value_days)


async def _confirm(session: AsyncSession, tag: Tag, membership: CustomerTag) -> repository.Held:
    membership.confirmed_on = clock.today()
    membership.expires_on = expiry_of(tag, clock.today())
    session.add(membership)
    await session.flush()
    return repository.Held(tag, membership)


async def unset_tag(
    session: AsyncSession,
    scope: Scope,
    *,
    actor: Actor,
    customer_id: UUID,
    code: str,
    reason: str,
    sensitive_in: Scope = repository.NOBODY,
    via: Via = Via.CUSTOMER,
) -> None:
    """Take a manual tag from a customer; today is the first day without it.

    Raises:
        NotFound: no such tag, no such customer in scope, or the customer does not have it.
        TagKindConflict: rule tags are not taken by hand.
    """
    customer = await get_customer(session, scope, customer_id=customer_id)
    tag = await _manual_tag(session, code, customer_id=customer.id, sensitive_in=sensitive_in)
    if not await repository.end_manual(session, code=code, day=clock.today(), customer_id=customer.id):
        raise NotFound
    await note_change(session, [customer.id])
    await _tell(session, tag, TagLeft, customer.id)
    await _record(session, scope, actor, "tag.unset", customer.id, code, reason, via)


async def _tell(session: AsyncSession, tag: Tag, event: type[TagEntered | TagLeft], customer_id: UUID) -> None:
    if tag.publishes_events:
        data = event(tag=tag.code, value=None, version=None, reason=TagReason.MANUAL)
        await publish(session, data, subject_id=customer_id, customer_id=customer_id)


async def _manual_tag(session: AsyncSession, code: str, *, customer_id: UUID, sensitive_in: Scope) -> Tag:
    tag = await repository.get_tag(session, code=code)
    if tag.sensitivity == Sensitivity.SENSITIVE:
        await get_customer(session, sensitive_in, customer_id=customer_id)
    if tag.kind != TagKind.MANUAL:
        raise TagKindConflict(kind=tag.kind)
    return tag


async def record_seen(session: AsyncSession, scope: Scope, held: Sequence[repository.Held], *, actor: Actor) -> None:
    """Leave a row in the trail when somebody was shown sensitive tags of a customer."""
    sensitive = sorted({one.tag.code for one in held if one.tag.sensitivity == Sensitivity.SENSITIVE})
    if sensitive:
        await _record(session, scope, actor, "tag.sensitive_seen", held[0].membership.customer_id, ",".join(sensitive))


async def _record(
    session: AsyncSession,
    scope: Scope,
    actor: Actor,
    action: str,
    customer_id: UUID,
    code: str,
    reason: str | None = None,
    via: Via | None = None,
) -> None:
    await audit.record(
        session,
        actor=actor,
        action=action,
        object_type="customer",
        object_id=to_public("cus", customer_id),
        owner_id=customer_id,
        reason=reason,
        scope=scope,
        facts={"tag": code} | ({"via": via.value} if via else {}),
    )
