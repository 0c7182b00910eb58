"""The policy's word on events that customers are to hear of, for those who send the message: by channel, at once."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.contact import repository
from guibin.contact.rules import Channel, ContactPurpose, Facts, Plan, Sender, Verdict
from guibin.contact.service.judging import Gate, open_gate
from guibin.core import clock
from guibin.outbox.consumers import Event
from guibin.outbox.events import EventName
from guibin.outbox.telling import Teller, Words
from guibin.security.row_scope import all_rows

TOLD_AS: Final[Mapping[EventName, ContactPurpose]] = {
    **dict.fromkeys(
        (
            EventName.POINTS_EXPIRING,
            EventName.POINTS_TRANSFER_RECEIVED,
            EventName.REDEMPTION_CONFIRMED,
            EventName.REDEMPTION_FULFILLED,
            EventName.REDEMPTION_CANCELLED,
            EventName.REDEMPTION_REFUNDED,
            EventName.REDEMPTION_FAILED,
            EventName.REDEMPTION_PAYMENT_DUE,
            EventName.REDEMPTION_UNPAID,
            EventName.REDEMPTION_REPAYABLE,
            EventName.APPOINTMENT_CONFIRMED,
            EventName.APPOINTMENT_REMINDER,
            EventName.APPOINTMENT_MISSED,
            EventName.FAVOURITE_BACK_IN_STOCK,
            EventName.GIFT_HANDED_OVER,
            EventName.COMPLAINT_OPENED,
            EventName.COMPLAINT_CLOSED,
            EventName.HANDOVER_READY,
        ),
        ContactPurpose.SERVICE,
    ),
    EventName.TIER_CHANGED: ContactPurpose.CARE,
    EventName.TIER_WILL_FALL: ContactPurpose.CARE,
    EventName.PROPOSAL_MADE: ContactPurpose.SELLING,
}
"""What a customer is told with each event; of the others only systems and staff hear.

Word of what the customer has, ordered or asked is service. That a tier is another one or will fall is not: nobody is
woken for it, and nobody whose complaint is open reads it first. A right that a manager proposes is an offer.
"""

CHANNELS: Final = (Channel.SMS, Channel.WECHAT, Channel.WECOM, Channel.APP)
"""By which machines send messages."""

_RIGHT: Final = "right_id"


class GateTeller(Teller):
    """Asks the gate, without taking a place: a verdict of one moment, of which the sender asks again at the sending."""

    async def words_on(self, session: AsyncSession, events: Sequence[Event]) -> Words:
        """Return the verdicts on each event by channel, in as few statements for twenty as for one."""
        asked = [event for event in events if event.customer_id is not None and event.type in TOLD_AS]
        if not asked:
            return {}
        gate = await open_gate(session, _plan(asked[0], CHANNELS[0]))
        facts = await _facts_of(session, gate, asked)
        return {event.id: _word(gate, event, facts[event.id]) for event in asked}


def _plan(event: Event, channel: Channel) -> Plan:
    purpose = TOLD_AS[event.type]
    subject = event.data.get(_RIGHT) if purpose is ContactPurpose.SELLING else None
    return Plan(channel, purpose, Sender.AUTOMATIC, subject)


_AS_SERVICE: Final = Plan(CHANNELS[0], ContactPurpose.SERVICE, Sender.AUTOMATIC)


def _question(event: Event, channel: Channel) -> Plan:
    """Return the plan whose facts answer for an event: but for offers they are the same by whichever way."""
    plan = _plan(event, channel)
    return plan if plan.purpose is ContactPurpose.SELLING else _AS_SERVICE


async def _facts_of(
    session: AsyncSession, gate: Gate, events: Sequence[Event]
) -> Mapping[UUID, Mapping[Channel, Facts]]:
    """Read the facts, by one statement for all service and care, and one for each channel of what is offered."""
    questions: dict[Plan, list[tuple[Event, Channel]]] = defaultdict(list)
    for event in events:
        for channel in CHANNELS:
            questions[_question(event, channel)].append((event, channel))
    found: dict[UUID, dict[Channel, Facts]] = defaultdict(dict)
    async with all_rows(session):
        for plan, asked in questions.items():
            whose = {event.customer_id for event, _ in asked if event.customer_id is not None}
            facts = await repository.facts_of(session, whose, plan, at=gate.at, now=clock.now())
            for event, channel in asked:
                standing = None if event.customer_id is None else facts.get(event.customer_id)
                found[event.id][channel] = standing or Facts(gone=True)
    return found


def _word(gate: Gate, event: Event, facts: Mapping[Channel, Facts]) -> dict[str, Any]:
    plans = {channel: _plan(event, channel) for channel in CHANNELS}
    return {
        "purpose": TOLD_AS[event.type].value,
        "decided_at": _written(gate.at),
        "policy_version": gate.policy.version,
        "channels": {
            channel.value: dict(_said(replace(gate, plan=plan).judge(facts[channel]).verdict))
            for channel, plan in plans.items()
        },
    }


def _said(verdict: Verdict) -> Iterator[tuple[str, Any]]:
    """Yield `allowed`; of what is not, the reasons and from when on it is, null where somebody's word is needed."""
    yield "allowed", verdict.allowed
    if not verdict.allowed:
        yield "reasons", [reason.value for reason in verdict.reasons]
        yield "possible_at", None if verdict.possible_at is None else _written(verdict.possible_at)


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


TELLER: Final = GateTeller()
