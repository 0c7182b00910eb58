"""An audience is judged as its customers are one by one, and no two who ask at once take the last place."""

import random
from datetime import datetime, time, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.contact.models import ContactAllowance, ContactDecision, ContactPreference, ContactState
from guibin.contact.rules import Channel, ContactPurpose, Plan, Sender
from guibin.contact.service import ContactRequest, judge, judge_all
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.privacy.models import ConsentChannel, CustomerRestriction
from support.contact import allow_offers
from support.house import House

DRAW: Final = random.Random(20261126)
NOON: Final = datetime.fromisoformat(f"{clock.today()}T12:00:00+08:00")
KINDS: Final = ("complaint", "do_not_contact", "aml", "senior")


async def test_an_audience_gets_the_answers_of_its_customers(house: House) -> None:
    customers = [await house.add_customer(status=DRAW.choice(["active", "active", "deceased"])) for _ in range(40)]
    for channel in ConsentChannel:
        if channel is not ConsentChannel.ANY:
            await allow_offers(house, *DRAW.sample(customers, 30), channels=[channel])
    async with house.sessions() as session:
        for customer in customers:
            furnish(session, house, customer)
        await session.commit()
        seen: set[tuple[str, ...]] = set()
        for plan in (
            Plan(Channel.SMS, ContactPurpose.SELLING, Sender.CAMPAIGN, "PF101"),
            Plan(Channel.WECOM, ContactPurpose.SELLING, Sender.CAMPAIGN),
            Plan(Channel.PHONE, ContactPurpose.CARE, Sender.MANAGER),
            Plan(Channel.SMS, ContactPurpose.SERVICE, Sender.AUTOMATIC),
        ):
            together = await judge_all(session, customers, plan, at=NOON)
            alone = {one: await judge(session, ContactRequest(one, plan, NOON)) for one in customers}
            assert together == alone
            seen |= {one.verdict.reasons for one in together.values()}
        assert len(seen) > 10, "the customers differ"


def furnish(session: AsyncSession, house: House, customer: UUID) -> None:
    now, staff = clock.now(), house.staff["manager"].id
    if DRAW.random() < 0.3:
        kind = DRAW.choice(KINDS)
        session.add(
            CustomerRestriction(
                customer_id=customer,
                id=new_id(),
                kind=kind,
                valid_from=clock.today() - timedelta(days=1),
                reference="DOC-1",
                set_by=staff,
                set_at=now,
            )
        )
    if DRAW.random() < 0.3:
        quiet = DRAW.choice([(time(11), time(14)), (time(22), time(8)), (None, None)])
        session.add(
            ContactPreference(
                customer_id=customer,
                no_calls=DRAW.random() < 0.5,
                quiet_from=quiet[0],
                quiet_to=quiet[1],
                updated_at=now,
                updated_by=staff,
            )
        )
    if DRAW.random() < 0.2:
        session.add(
            ContactAllowance(
                customer_id=customer,
                id=new_id(),
                channel=Channel.SMS,
                extra=1,
                begins_at=NOON - timedelta(days=1),
                ends_at=NOON + timedelta(days=1),
                approval_id=new_id(),
            )
        )
    session.add_all(_offer(customer, staff) for _ in range(DRAW.randint(0, 5)))


def _offer(customer: UUID, staff: UUID) -> ContactDecision:
    state = DRAW.choice([ContactState.SENT, ContactState.HELD, ContactState.RELEASED])
    at = NOON - timedelta(days=DRAW.choice([0, 0, 0, 40]))
    return ContactDecision(
        customer_id=customer,
        id=new_id(),
        channel=DRAW.choice([Channel.SMS, Channel.WECHAT, Channel.WECOM, Channel.PHONE]),
        purpose=ContactPurpose.SELLING,
        sender=Sender.CAMPAIGN,
        subject=DRAW.choice(["PF101", None]),
        state=state,
        reasons=[],
        policy_version=1,
        at=at,
        decided_at=at,
        decided_by=staff,
        held_until=clock.now() + timedelta(minutes=DRAW.choice([-5, 5])),
    )
