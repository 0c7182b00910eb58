"""Offers beyond the caps: asked for by who serves the customer, allowed by a second person, for a few days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import service as approvals
from guibin.approvals.handlers import ApprovalContext, ApprovalHandler, Label
from guibin.approvals.models import Approval
from guibin.audit import service as audit
from guibin.contact.models import ContactAllowance
from guibin.contact.rules import Channel
from guibin.core import clock
from guibin.core.ids import CustomerId, new_id, to_public
from guibin.core.reasons import require_reason
from guibin.customers.repository import get_customer
from guibin.security.actors import Actor, Domain, Scope, Verb


@dataclass(frozen=True, slots=True)
class Allowing:
    """What is asked for: so many offers more by a channel, for so many days from the approval on."""

    customer_id: UUID
    channel: Channel
    extra: int
    days: int
    reason: str


class _Payload(BaseModel):
    model_config = ConfigDict(frozen=True)

    customer_id: CustomerId
    channel: Channel
    extra: int
    days: int


async def submit_allowance(session: AsyncSession, scope: Scope, *, actor: Actor, wanted: Allowing) -> Approval:
    """Ask a second person for offers beyond the caps.

    Raises:
        NotFound: the customer is out of scope.
        ReasonRequired: the reason says nothing.
    """
    customer = await get_customer(session, scope, customer_id=wanted.customer_id)
    require_reason(wanted.reason)
    payload = _Payload(customer_id=customer.id, channel=wanted.channel, extra=wanted.extra, days=wanted.days)
    return await approvals.submit(
        session,
        actor=actor,
        kind=CONTACT_ALLOWING.kind,
        domain=CONTACT_ALLOWING.domain,
        subject=to_public("cus", customer.id),
        payload=payload.model_dump(mode="json"),
        preview={
            "channel": wanted.channel,
            "extra": wanted.extra,
            "days": wanted.days,
            "reason": wanted.reason,
        },
        owner_id=customer.id,
        branch_id=customer.branch_id,
    )


class ContactAllowing(ApprovalHandler):
    """Allows offers beyond the caps; consent, restrictions and quiet hours stay what they are."""

    kind = "contact.allow"
    domain = Domain.CARE
    title = Label("超出触达频次", "Offers beyond the caps")
    labels = MappingProxyType(
        {
            "channel": Label("渠道", "Channel"),
            "extra": Label("增加次数", "Offers more"),
            "days": Label("有效天数", "Days"),
            "reason": Label("原因", "Reason"),
        }
    )
    maker_verb = Verb.WRITE

    async def execute(self, session: AsyncSession, payload: Mapping[str, object], *, context: ApprovalContext) -> None:
        """Let it count from now on.

        Raises:
            NotFound: the maker does not serve the customer any more.
        """
        agreed = _Payload.model_validate(payload)
        customer = await get_customer(session, context.maker_scope, customer_id=agreed.customer_id)
        now = clock.now()
        row = ContactAllowance(
            customer_id=customer.id,
            id=new_id(),
            channel=agreed.channel.counted_as,
            extra=agreed.extra,
            begins_at=now,
            ends_at=now + timedelta(days=agreed.days),
            approval_id=context.approval_id,
        )
        session.add(row)
        await audit.record(
            session,
            actor=context.approver,
            action="contact.allow",
            object_type="customer",
            object_id=to_public("cus", customer.id),
            owner_id=customer.id,
            on_behalf_id=context.maker_id,
            facts={"channel": row.channel, "extra": row.extra, "days": agreed.days},
        )


CONTACT_ALLOWING: Final = ContactAllowing()
