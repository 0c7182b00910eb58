"""What the contact policy says to touches: those that happened are kept with its word, those to come are held to it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.care.errors import NextContactNotPossible
from guibin.care.models import Direction, Touch, TouchChannel, TouchKind, TouchPurpose
from guibin.care.service.wishes import NextContact
from guibin.contact.rules import Channel, ContactPurpose, Plan, Sender
from guibin.contact.service import ContactRequest, judge, note_made
from guibin.core import clock
from guibin.core.ids import to_public
from guibin.security.actors import Actor
from guibin.security.row_scope import all_rows

_CHANNELS: Final[Mapping[TouchChannel, Channel]] = {
    TouchChannel.PHONE: Channel.PHONE,
    TouchChannel.VIDEO: Channel.PHONE,
    TouchChannel.IN_PERSON: Channel.IN_PERSON,
    TouchChannel.SMS: Channel.SMS,
    TouchChannel.WECHAT: Channel.WECHAT,
    TouchChannel.WECOM: Channel.WECOM,
    TouchChannel.APP: Channel.APP,
}
"""Letters and e-mails have no cap and no quiet hours: the policy does not judge them."""

_USUAL: Final[Mapping[TouchKind, TouchChannel]] = {
    TouchKind.CALL: TouchChannel.PHONE,
    TouchKind.MESSAGE: TouchChannel.WECOM,
    TouchKind.VISIT: TouchChannel.IN_PERSON,
    TouchKind.MEETING: TouchChannel.IN_PERSON,
    TouchKind.REVIEW: TouchChannel.IN_PERSON,
}
_MORNING: Final = timedelta(hours=10)


def purpose_of(purpose: TouchPurpose) -> ContactPurpose:
    """Return what a touch is for in the words of the contact policy."""
    if purpose is TouchPurpose.SALES:
        return ContactPurpose.SELLING
    return ContactPurpose.CARE if purpose is TouchPurpose.CARE else ContactPurpose.SERVICE


async def verdict_on(session: AsyncSession, actor: Actor, touch: Touch) -> dict[str, Any] | None:
    """Count a touch by which the bank turned to the customer, and return the policy's word on it; None: not judged.

    A touch that corrects another was counted with that one.
    """
    channel = _CHANNELS.get(TouchChannel(touch.channel))
    if channel is None or touch.direction != Direction.OUT or touch.corrects_id is not None:
        return None
    subject = touch.product_code or (to_public("rgt", touch.right_id) if touch.right_id else None)
    plan = Plan(channel, purpose_of(TouchPurpose(touch.purpose)), Sender.MANAGER, subject)
    async with all_rows(session):
        kept = await note_made(
            session,
            ContactRequest(touch.customer_id, plan, touch.at),
            actor=actor,
            reference=to_public("tch", touch.id),
        )
    return {"allowed": not kept.reasons, "reasons": list(kept.reasons), "policy_version": kept.policy_version}


async def require_possible(session: AsyncSession, customer_id: UUID, wanted: NextContact) -> None:
    """Hold a contact that is planned to the policy as it is now: on its day there is an hour at which it may be made.

    Raises:
        NextContactNotPossible: there is none, with the first day on which there is one, if time alone brings it.
    """
    channel = _CHANNELS.get(wanted.channel or _USUAL[wanted.kind])
    if channel is None:
        return
    plan = Plan(channel, purpose_of(wanted.purpose), Sender.MANAGER)
    at = clock.start_of_day(wanted.due_on) + _MORNING
    verdict = (await judge(session, ContactRequest(customer_id, plan, at))).verdict
    possible_on = None if verdict.possible_at is None else clock.business_day(verdict.possible_at)
    if verdict.allowed or possible_on == wanted.due_on:
        return
    raise NextContactNotPossible(
        reasons=[str(reason) for reason in verdict.reasons], possible_on=possible_on and possible_on.isoformat()
    )
