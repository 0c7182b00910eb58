"""My new manager: told once both managers have signed, confirmed by me."""

from datetime import date, datetime

from pydantic import Field

from guibin.core.errors import NotFound
from guibin.core.ids import HandoverId
from guibin.handovers.models import Handover
from guibin.handovers.repository import told_of
from guibin.handovers.service import confirm_handover, joint_until
from guibin.web import (
    CustomerCall,
    DataClass,
    Idempotency,
    OutModel,
    PortRouter,
    RateClass,
    customer,
    declare,
)

router = PortRouter(prefix="/v1/me/handover", tags=["profile"])

SELF = customer("profile:read:self")


class MyHandoverOut(OutModel):
    """That I have another manager; who it is stands in `GET /v1/me/manager`."""

    id: HandoverId
    since: date = Field(description="From when on the new manager serves me")
    joint_until: date = Field(description="Until when the former one answers my questions too; `since`: not at all")
    confirmed_at: datetime | None = Field(description="When I confirmed it")

    @classmethod
    async def of(cls, call: CustomerCall, row: Handover) -> "MyHandoverOut":
        """Describe a handover as things stand."""
        until = await joint_until(call.session, row)
        return cls(id=row.id, since=row.on_day, joint_until=until, confirmed_at=row.confirmed_at)


@router.get("", operation_id="getMyHandover")
@declare(caller=SELF, rate=RateClass.READ, data=DataClass.C2, refusals=(NotFound,))
async def get_my_handover(call: CustomerCall) -> MyHandoverOut:
    """Show the last change of my manager of which I was told."""
    row = await told_of(call.session, customer_id=call.actor.id)
    if row is None:
        raise NotFound
    return await MyHandoverOut.of(call, row)


@router.post("/confirm", operation_id="confirmMyHandover")
@declare(caller=SELF, idempotency=Idempotency.OPTIONAL, rate=RateClass.WRITE, data=DataClass.C2, refusals=(NotFound,))
async def confirm(call: CustomerCall) -> MyHandoverOut:
    """Confirm that I know my new manager; again changes nothing."""
    row = await confirm_handover(call.session, actor=call.actor, customer_id=call.actor.id)
    return await MyHandoverOut.of(call, row)
