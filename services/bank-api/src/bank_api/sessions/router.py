"""Customers' sessions on the bank port: ending them at the bank's word."""

from typing import Annotated

from guibin.core.ids import CustomerId
from guibin.security.actors import Domain, Verb
from guibin.sessions import service
from guibin.web import DataClass, Idempotency, PortRouter, RateClass, StaffCall, declare, json_body, staff

from .schemas import RevokedOut, RevokeIn

router = PortRouter(prefix="/v1/customers", tags=["customers"])


@router.post("/{customer_id}/sessions/revoke", operation_id="revokeCustomerSessions")
@declare(
    caller=staff(Verb.WRITE, Domain.PRIVACY),
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
)
async def revoke_sessions(
    call: StaffCall, customer_id: CustomerId, body: Annotated[RevokeIn, json_body(RevokeIn)]
) -> RevokedOut:
    """End every session of a customer at once, for example of a lost phone; the customer may log in again."""
    ended = await service.end_all(
        call.session, call.scope, actor=call.actor, customer_id=customer_id, reason=body.reason
    )
    return RevokedOut(sessions=ended)
