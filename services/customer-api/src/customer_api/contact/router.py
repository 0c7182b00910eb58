"""What may reach me and when, on the customer port: my wishes beside my consents, and the bank's own rules."""

from typing import Annotated

from guibin.contact import repository, service
from guibin.privacy.models import ConsentState, Purpose
from guibin.privacy.service import consents
from guibin.web import CustomerCall, DataClass, PortRouter, RateClass, customer, declare, json_body

from .schemas import MyContactOut, MyContactWishIn

router = PortRouter(prefix="/v1/me", tags=["contact"])

SELF = customer("profile:read:self")


@router.get("/contact-preferences", operation_id="getMyContactPreferences")
@declare(caller=SELF, rate=RateClass.READ, data=DataClass.C2)
async def get_mine(call: CustomerCall) -> MyContactOut:
    """Show what may reach me, when, how often, and why: my consents and wishes, and the bank's contact policy."""
    return await _mine(call)


@router.put("/contact-preferences", operation_id="putMyContactPreferences")
@declare(caller=SELF, rate=RateClass.WRITE, data=DataClass.C2)
async def put_mine(call: CustomerCall, body: Annotated[MyContactWishIn, json_body(MyContactWishIn)]) -> MyContactOut:
    """Say that I want no calls, or at which hours I am not to be disturbed. It counts from the next contact on.

    Offers are allowed and refused by channel in my consents. Messages about log-ins always reach me.
    """
    await service.put_wish(call.session, actor=call.actor, customer_id=call.actor.id, wish=body.wish())
    return await _mine(call)


async def _mine(call: CustomerCall) -> MyContactOut:
    standing = await consents.list_standing(call.session, call.scope, customer_id=call.actor.id)
    granted = {
        one.channel
        for one in standing
        if one.purpose is Purpose.MARKETING and one.word is not None and one.word.state == ConsentState.GRANTED
    }
    policy = await repository.policy_in_force(call.session)
    return MyContactOut.of(await service.wish_of(call.session, call.actor.id), policy.terms, granted)
