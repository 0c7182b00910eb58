"""Slots of rights that are served by appointment, and my appointment."""

from typing import Annotated

from fastapi import Query

from guibin.core.errors import NotFound
from guibin.core.ids import RedemptionId, RightId
from guibin.customers.origins import with_origins
from guibin.rights import service
from guibin.rights.errors import NoAppointment, NotChangeable, SlotNotOpen, SlotTaken
from guibin.web import (
    CustomerCall,
    DataClass,
    Day,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    check_range,
    customer,
    declare,
    json_body,
    page_query,
)

from .schemas import RedemptionDetailOut
from .slot_schemas import CityCode, SlotChangeIn, SlotOut

router = PortRouter(prefix="/v1", tags=["appointments"])


@router.get("/rights/{right_id}/slots", operation_id="listRightSlots")
@declare(caller=customer("points:read"), rate=RateClass.READ, data=DataClass.C2, refusals=(NotFound,))
async def list_slots(
    *,
    call: CustomerCall,
    right_id: RightId,
    page: Annotated[PageRequest, page_query()],
    city: Annotated[CityCode | None, Query(description="Only in the city of this code")] = None,
    start: Annotated[Day | None, Query(alias="from", description="First day")] = None,
    end: Annotated[Day | None, Query(alias="to", description="Last day")] = None,
) -> Page[SlotOut]:
    """List the slots of a right that can be booked now, in the order in which they begin; `free` 0: none is left."""
    check_range(start, end)
    found = await service.list_open_slots(
        call.session,
        call.scope,
        customer_id=call.actor.id,
        right_id=right_id,
        wanted=service.SlotFilter.of_days(start, end, city_code=city),
        after=page.after_moment,
        limit=page.fetch,
    )
    return page.answer(found, position=lambda slot: (slot.starts_at, slot.id), shape=SlotOut.of)


@router.post("/redemptions/{redemption_id}/change-slot", operation_id="changeMySlot")
@declare(
    caller=customer("points:redeem"),
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, NoAppointment, NotChangeable, SlotNotOpen, SlotTaken),
)
async def change_slot(
    call: CustomerCall, redemption_id: RedemptionId, body: Annotated[SlotChangeIn, json_body(SlotChangeIn)]
) -> RedemptionDetailOut:
    """Take another slot of the same right in place of mine, while its right allows it. The place confirms it anew."""
    async with with_origins(call.session, call.scope, customer_id=call.actor.id) as scope:
        view = await service.change_slot(call.session, scope, redemption_id=redemption_id, slot_id=body.slot_id)
        person = await service.show_beneficiary(call.session, scope, call.keys, redemption=view.redemption)
        replacing = await service.look_at_replacing(call.session, scope, redemption=view.redemption)
    return RedemptionDetailOut.in_full(view, person, call.language, replacing=replacing)
