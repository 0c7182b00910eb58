"""What was said and imposed goes along when two customers become one; an open request waits first."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin import wiring
from guibin.core import clock
from guibin.core.ids import new_id
from guibin.customers.merging import first_objection, merge
from guibin.privacy import defaults
from guibin.privacy.models import (
    Consent,
    ConsentChannel,
    ConsentState,
    CustomerRestriction,
    DataRequest,
    GivenAt,
    Purpose,
    RequestKind,
    RequestState,
)
from guibin.privacy.repository import has_consent, is_blocked
from guibin.privacy.rules import Act
from guibin.security.actors import NIGHTLY_JOB
from support.points import add_customers

TODAY = clock.today()


def word(customer_id: UUID, state: ConsentState, *, days_ago: int) -> Consent:
    return Consent(
        customer_id=customer_id,
        id=new_id(),
        purpose=Purpose.PROFILING,
        channel=ConsentChannel.ANY,
        state=state,
        text_version=1,
        given_at=GivenAt.CUSTOMER_PORT,
        recorded_at=clock.now() - timedelta(days=days_ago),
        recorded_by=customer_id,
    )


def restriction(customer_id: UUID, **columns: Any) -> CustomerRestriction:
    given: dict[str, Any] = {
        "kind": "judicial_freeze",
        "valid_from": TODAY,
        "reference": "COURT-1",
        "set_by": customer_id,
    }
    return CustomerRestriction(customer_id=customer_id, id=new_id(), set_at=clock.now(), **(given | columns))


async def test_the_newer_word_counts_and_a_freeze_is_not_shaken_off(session: AsyncSession) -> None:
    wiring.connect()
    await defaults.seed(session)
    loser, survivor = await add_customers(session, 2)
    session.add_all(
        [
            word(survivor, ConsentState.GRANTED, days_ago=2),
            word(loser, ConsentState.REVOKED, days_ago=1),
            restriction(loser),
            restriction(loser, kind="aml", valid_from=TODAY - timedelta(days=9), valid_to=TODAY - timedelta(days=1)),
        ]
    )
    await session.flush()
    assert await has_consent(session, survivor, Purpose.PROFILING)
    await merge(session, actor=NIGHTLY_JOB, losing_id=loser, surviving_id=survivor, day=TODAY, reason="test")
    assert not await has_consent(session, survivor, Purpose.PROFILING)
    assert await is_blocked(session, survivor, Act.REDEEM, day=TODAY)
    assert not await is_blocked(session, survivor, Act.EARN, day=TODAY)
    assert not await is_blocked(session, loser, Act.REDEEM, day=TODAY)


async def test_an_open_request_of_the_losing_customer_stands_against_a_merge(session: AsyncSession) -> None:
    wiring.connect()
    await defaults.seed(session)
    loser, survivor = await add_customers(session, 2)
    asked = DataRequest(
        customer_id=loser,
        id=new_id(),
        kind=RequestKind.CORRECT,
        state=RequestState.RECEIVED,
        created_at=clock.now(),
        due_on=TODAY,
    )
    session.add(asked)
    await session.flush()
    assert await first_objection(session, losing_id=loser, surviving_id=survivor) == "open_data_request"
    asked.state = RequestState.REFUSED
    await session.flush()
    assert await first_objection(session, losing_id=loser, surviving_id=survivor) is None
