"""Customers who have said yes to offers, for tests of the contact policy."""

from collections.abc import Iterable
from uuid import UUID

from guibin.core import clock
from guibin.core.ids import new_id
from guibin.privacy.models import Consent, ConsentChannel, ConsentState, GivenAt, Purpose
from guibin.privacy.rules import MARKETING_CHANNELS
from support.house import House


async def allow_offers(house: House, *customers: UUID, channels: Iterable[ConsentChannel] = MARKETING_CHANNELS) -> None:
    """Keep a signed form of each customer that allows offers by these channels."""
    async with house.sessions() as session:
        session.add_all(_yes(customer, channel) for customer in customers for channel in channels)
        await session.commit()


def _yes(customer: UUID, channel: ConsentChannel) -> Consent:
    return Consent(
        customer_id=customer,
        id=new_id(),
        purpose=Purpose.MARKETING,
        channel=channel,
        state=ConsentState.GRANTED,
        text_version=1,
        given_at=GivenAt.PAPER,
        evidence="FORM-1",
        recorded_at=clock.now(),
        recorded_by=customer,
    )
