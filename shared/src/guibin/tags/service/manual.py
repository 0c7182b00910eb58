"""Tags set by hand: who, when and why is kept, and no run takes them away."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals.errors import StateConflict
from guibin.audit import service as audit
from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import to_public
from guibin.customers.repository import get_customer
from guibin.security.actors import Actor, Scope
from guibin.tags import repository
from guibin.tags.errors import TagKindConflict
from guibin.tags.models import CustomerTag, Tag, TagKind, TagSource, TagState


async def set_tag(
    session: AsyncSession, scope: Scope, *, actor: Actor, customer_id: UUID, code: str, reason: str
) -> repository.Held:
    """Give a customer a manual tag from today on; a customer who has it keeps it as it was given.

    Raises:
        NotFound: no such tag, or no such customer in scope.
        TagKindConflict: rule tags are not set by hand.
        StateConflict: the tag is retired.
    """
    customer = await get_customer(session, scope, customer_id=customer_id)
    tag = await _manual_tag(session, code)
    if tag.state != TagState.PUBLISHED:
        raise StateConflict(**{"from": tag.state, "to": TagState.PUBLISHED})
    found = await repository.find_memberships(session, scope, customer_id=customer.id, code=code)
    if found:
        return repository.Held(tag, found[0])
    membership = CustomerTag(
        customer_id=customer.id,
        tag_code=code,
        source=TagSource.MANUAL,
        since=clock.today(),
        set_by=actor.id,
        reason=reason,
    )
    await repository.put_manual(session, membership)
    await _record(session, scope, actor, "tag.set", customer.id, code, reason)
    return repository.Held(tag, membership)


async def unset_tag(
    session: AsyncSession, scope: Scope, *, actor: Actor, customer_id: UUID, code: str, reason: str
) -> None:
    """Take a manual tag from a customer; today is the first day without it.

    Raises:
        NotFound: no such tag, no such customer in scope, or the customer does not have it.
        TagKindConflict: rule tags are not taken by hand.
    """
    customer = await get_customer(session, scope, customer_id=customer_id)
    await _manual_tag(session, code)
    if not await repository.end_memberships(session, code=code, day=clock.today(), customer_id=customer.id):
        raise NotFound
    await _record(session, scope, actor, "tag.unset", customer.id, code, reason)


async def _manual_tag(session: AsyncSession, code: str) -> Tag:
    tag = await repository.get_tag(session, code=code)
    if tag.kind != TagKind.MANUAL:
        raise TagKindConflict(kind=tag.kind)
    return tag


async def _record(
    session: AsyncSession, scope: Scope, actor: Actor, action: str, customer_id: UUID, code: str, reason: str
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
        facts={"tag": code},
    )
