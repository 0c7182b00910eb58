"""Events that a customer is to hear of carry the policy's word, of the moment at which they are handed on (CARE-06)."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.contact.rules import Channel, Plan, Sender
from guibin.contact.service import ContactRequest, judge
from guibin.contact.telling import CHANNELS, TELLER, TOLD_AS
from guibin.core import clock
from guibin.core.database import SessionFactory
from guibin.core.ids import new_id, to_public
from guibin.outbox.consumers import Event
from guibin.outbox.events import EventName, PointsExpiring, PoolNoticed, ProposalMade, TierWillFall
from guibin.outbox.service import Publication, publish_all
from guibin.privacy.models import ConsentChannel, CustomerRestriction
from guibin.security.ciphers import KeyRing
from support.contact import allow_offers
from support.house import House
from support.outbox import add_webhook, consuming, deliveries, published, relay_of
from support.points import sessions_of
from support.receivers import BAD, GOOD, receiving
from support.statements import statements

NIGHT: Final = datetime.fromisoformat(f"{clock.today()}T23:30:00+08:00")
MORNING: Final = NIGHT + timedelta(hours=10)
RIGHT: Final = UUID(int=7)


@pytest.fixture
async def worker(house: House) -> AsyncIterator[SessionFactory]:
    async with sessions_of(house.database.worker_url, pool_size=4) as made:
        yield made


def of(customer: UUID) -> list[Publication]:
    """Return what happens to a customer: service, care, an offer, and what is for staff alone."""
    expiring = PointsExpiring(wallet="reward", points=5, expires_on=date(2026, 12, 31), days_before=30)
    falling = TierWillFall(tier="T3", next_tier="T2", months_below=1, months_until_lost=3, falls_on=date(2027, 2, 1))
    offer = ProposalMade(right_id=RIGHT, quantity=1, lapses_at=NIGHT)
    notice = PoolNoticed(manager_id=RIGHT, returns_on=date(2026, 12, 26))
    return [Publication(one, customer, customer) for one in (expiring, falling, offer, notice)]


async def hand_on(worker: SessionFactory, keys: KeyRing) -> None:
    async with relay_of(worker, keys) as relay:
        await relay.turn()
        await relay.landed()


def said(event: dict[str, Any], channel: str) -> list[str]:
    """Return the reasons why a channel is closed; none where it is open."""
    word = event["contact"]["channels"][channel]
    assert word["allowed"] is ("reasons" not in word)
    return list(word.get("reasons", []))


async def test_a_receiver_reads_by_which_channels_the_customer_may_be_told_and_when_tried_again_reads_it_anew(
    house: House, worker: SessionFactory, tmp_path: Path
) -> None:
    keys, customer = KeyRing.create(tmp_path / "keys.json"), await house.add_customer()
    await allow_offers(house, customer, channels=[ConsentChannel.APP])
    async with receiving() as receiver:
        receiver.answer = BAD
        with consuming(), clock.fixed_at(NIGHT):
            await add_webhook(house.sessions, keys, receiver.url, TOLD_AS.keys() | {EventName.POOL_NOTICED})
            async with worker.begin() as session:
                await publish_all(session, of(customer))
            await hand_on(worker, keys)
        (first,) = receiver.received
        receiver.answer = GOOD
        with consuming(), clock.fixed_at(MORNING):
            await hand_on(worker, keys)
        assert {one.state for one in await deliveries(worker)} == {"delivered"}
    by_type = {one.event["type"]: one.event for one in receiver.received[1:]}
    assert set(by_type) == {"points.expiring", "tier.will_fall", "proposal.made", "pool.noticed"}
    again = by_type[first.event["type"]]
    assert first.event | {"contact": None} == again | {"contact": None}
    assert first.event["contact"]["decided_at"] < again["contact"]["decided_at"]
    assert by_type["pool.noticed"]["contact"] is None
    assert {type_: one["contact"]["purpose"] for type_, one in by_type.items() if one["contact"]} == {
        "points.expiring": "service",
        "tier.will_fall": "care",
        "proposal.made": "selling",
    }
    assert [said(by_type["proposal.made"], channel) for channel in ("app", "sms")] == [[], ["no_consent"]]


async def test_the_word_on_an_event_is_what_the_gate_says_of_each_channel_by_as_many_statements_for_twenty(
    house: House, worker: SessionFactory
) -> None:
    customers = [await house.add_customer() for _ in range(6)]
    await allow_offers(house, *customers[:4])
    async with house.sessions() as session:
        for customer, kind in zip(customers[1:4], ("complaint", "do_not_contact", "aml"), strict=True):
            session.add(
                CustomerRestriction(
                    customer_id=customer,
                    id=new_id(),
                    kind=kind,
                    valid_from=clock.today(),
                    reference="DOC-1",
                    set_by=customer,
                    set_at=clock.now(),
                )
            )
        await session.commit()
    async with worker.begin() as session:
        await publish_all(session, [one for customer in customers for one in of(customer)])
    events = [Event.of(row) for row in await published(worker)]
    async with worker() as session:
        for moment in (NIGHT, MORNING):
            with clock.fixed_at(moment):
                counts = [await asked(session, some) for some in (events[:4], events)]
                assert counts[1] <= counts[0]
                words = await TELLER.words_on(session, events)
                for event in events:
                    if event.type is EventName.POOL_NOTICED:
                        assert event.id not in words
                        continue
                    for channel in CHANNELS:
                        assert words[event.id]["channels"][channel] == await alone(session, event, channel)


async def asked(session: AsyncSession, events: list[Event]) -> int:
    with statements() as sent:
        await TELLER.words_on(session, events)
    return len(sent)


async def alone(session: AsyncSession, event: Event, channel: Channel) -> dict[str, Any]:
    purpose = TOLD_AS[event.type]
    subject = to_public("rgt", RIGHT) if event.type is EventName.PROPOSAL_MADE else None
    assert event.customer_id is not None
    one = await judge(session, ContactRequest(event.customer_id, Plan(channel, purpose, Sender.AUTOMATIC, subject)))
    if one.verdict.allowed:
        return {"allowed": True}
    possible = one.verdict.possible_at
    written = None if possible is None else possible.isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"allowed": False, "reasons": [str(why) for why in one.verdict.reasons], "possible_at": written}
