"""Links between persons and companies: set and ended by day, never deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.audit.service import record
from guibin.core import clock
from guibin.core.errors import NotFound, ValidationFailed
from guibin.core.ids import new_id, to_public
from guibin.core.reasons import require_reason
from guibin.customers.models import PartyType
from guibin.customers.repository import get_customer, lock_customers
from guibin.relations import link_repository as repository
from guibin.relations import rules
from guibin.relations.errors import LinkEnded, LinkExists, LinkNotPossible
from guibin.relations.models import CustomerLink, LinkKind
from guibin.relations.parties import Party, parties_of
from guibin.security.actors import Actor, Scope


@dataclass(frozen=True, slots=True)
class NewLink:
    """That the customer is something of another, from a day (today where none is given) to a day."""

    kind: LinkKind
    other_id: UUID
    valid_from: date | None
    valid_to: date | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link as one of its sides sees it; `party` is the other side."""

    link: CustomerLink
    is_holder: bool
    party: Party


async def links_of(session: AsyncSession, scope: Scope, *, customer_id: UUID, day: date) -> list[LinkView]:
    """Return how a customer in scope stands to others on a day."""
    rows = await repository.list_links(session, scope, customer_id=customer_id, day=day)
    return await _views(session, scope, customer_id, rows)


async def add_link(session: AsyncSession, scope: Scope, *, actor: Actor, customer_id: UUID, new: NewLink) -> LinkView:
    """Say that one customer is something of another.

    Raises:
        NotFound: one of them is unknown or out of scope.
        LinkNotPossible: the parties cannot stand so to each other.
        LinkExists: the same stands on one of these days already.
        ReasonRequired: there is no reason, or it says nothing.
        ValidationFailed: the link ends before it begins.
    """
    reason = require_reason(new.reason)
    customer = await get_customer(session, scope, customer_id=customer_id)
    other = await get_customer(session, scope, customer_id=new.other_id)
    first = new.valid_from or clock.today()
    if new.valid_to is not None and new.valid_to < first:
        raise ValidationFailed.of(["body", "valid_to"], "range", "结束不能早于开始", "must not end before it begins")
    if customer.id == other.id or not rules.can_be_linked(
        new.kind, PartyType(customer.party_type), PartyType(other.party_type)
    ):
        raise LinkNotPossible
    await lock_customers(session, (customer.id, other.id))
    known = await repository.same_links(session, customer_id=customer.id, other_id=other.id, kind=new.kind)
    if any(rules.overlap((one.valid_from, one.valid_to), (first, new.valid_to)) for one in known):
        raise LinkExists
    link = CustomerLink(
        customer_id=customer.id,
        id=new_id(),
        other_id=other.id,
        kind=new.kind,
        valid_from=first,
        valid_to=new.valid_to,
        reason=reason,
        set_by=actor.id,
        set_at=clock.now(),
    )
    session.add(link)
    await session.flush()
    await _told(session, actor, "link.add", link, reason)
    return LinkView(link, is_holder=True, party=Party(other, in_scope=True))


async def end_link(
    session: AsyncSession,
    scope: Scope,
    *,
    actor: Actor,
    customer_id: UUID,
    link_id: UUID,
    day: date | None,
    reason: str | None,
) -> LinkView:
    """End a link of a customer: `day`, today where none is given, is the first day without it.

    Raises:
        NotFound: no such link of a customer in scope.
        LinkEnded: it ended before.
        ReasonRequired: there is no reason, or it says nothing.
        ValidationFailed: the day lies before the link's first.
    """
    said = require_reason(reason)
    customer = await get_customer(session, scope, customer_id=customer_id)
    link = await repository.find_link(session, scope, customer_id=customer.id, link_id=link_id)
    if link is None:
        raise NotFound
    await lock_customers(session, (link.customer_id, link.other_id))
    await session.refresh(link)
    last = day or clock.today()
    if link.valid_to is not None and link.valid_to <= last:
        raise LinkEnded
    if last < link.valid_from:
        raise ValidationFailed.of(["body", "valid_to"], "range", "结束不能早于开始", "must not end before it begins")
    link.valid_to, link.ended_by = last, actor.id
    await session.flush()
    await _told(session, actor, "link.end", link, said)
    return (await _views(session, scope, customer.id, [link]))[0]


async def _views(
    session: AsyncSession, scope: Scope, customer_id: UUID, rows: Sequence[CustomerLink]
) -> list[LinkView]:
    if not rows:
        return []
    others = {row.id: row.other_id if row.customer_id == customer_id else row.customer_id for row in rows}
    parties = await parties_of(session, scope, ids=others.values())
    return [LinkView(row, row.customer_id == customer_id, parties[others[row.id]]) for row in rows]


async def _told(session: AsyncSession, actor: Actor, action: str, link: CustomerLink, reason: str) -> None:
    await record(
        session,
        actor=actor,
        action=action,
        object_type="link",
        object_id=to_public("lnk", link.id),
        owner_id=link.customer_id,
        reason=reason,
        facts={
            "kind": link.kind,
            "other": to_public("cus", link.other_id),
            "valid_from": link.valid_from.isoformat(),
            "valid_to": None if link.valid_to is None else link.valid_to.isoformat(),
        },
    )
