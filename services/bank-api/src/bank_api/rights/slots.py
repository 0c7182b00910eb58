"""Slots of rights that are served by appointment, and what becomes of the appointments."""

from typing import Annotated

from fastapi import Query

from guibin.approvals.errors import StateConflict
from guibin.core.errors import NotFound, ReasonRequired
from guibin.core.ids import RedemptionId, RightId, SlotId
from guibin.points.errors import AccountClosed
from guibin.rights import service
from guibin.rights.errors import AlreadyUsed, NoAppointment, SlotNotBegun
from guibin.rights.models import SlotState
from guibin.rights.repository import catalogue, slots
from guibin.security.actors import Domain, Verb
from guibin.web import (
    BodyLimit,
    DataClass,
    Day,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    check_range,
    declare,
    json_body,
    page_query,
    staff,
)

from .schemas import RedemptionOut
from .slot_schemas import CityCode, SlotClosingIn, SlotOut, SlotsAddedOut, SlotsIn

router = PortRouter(prefix="/v1", tags=["appointments"])

READ = staff(Verb.READ, Domain.RIGHTS)
OPERATE = staff(Verb.SUBMIT, Domain.RIGHTS)
SERVE = staff(Verb.WRITE, Domain.RIGHTS)


@router.get("/rights/{right_id}/slots", operation_id="listSlots")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1, refusals=(NotFound,))
async def list_slots(
    *,
    call: StaffCall,
    right_id: RightId,
    page: Annotated[PageRequest, page_query()],
    city: Annotated[CityCode | None, Query(description="Only in the city of this code")] = None,
    start: Annotated[Day | None, Query(alias="from", description="First day")] = None,
    end: Annotated[Day | None, Query(alias="to", description="Last day")] = None,
    state: Annotated[SlotState | None, Query(description="Only those in this state")] = None,
) -> Page[SlotOut]:
    """List the slots of a right in the order in which they begin, with their places; past ones too."""
    check_range(start, end)
    right = await catalogue.get_right(call.session, right_id=right_id)
    wanted = slots.SlotFilter.of_days(start, end, city_code=city, state=state)
    found = await slots.list_slots(
        call.session, right_id=right.item.id, wanted=wanted, after=page.after_moment, limit=page.fetch
    )
    return page.answer(found, position=lambda slot: (slot.starts_at, slot.id), shape=SlotOut.of)


@router.post("/rights/{right_id}/slots", operation_id="addSlots")
@declare(
    caller=OPERATE,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    body_limit=BodyLimit.BATCH,
    refusals=(NotFound,),
)
async def add_slots(call: StaffCall, right_id: RightId, body: Annotated[SlotsIn, json_body(SlotsIn)]) -> SlotsAddedOut:
    """Add up to 200 slots to a right. One that is open then and there already is passed over, and said to be.

    Customers book them once the right's terms have an `appointment`.
    """
    new = [slot.new() for slot in body.slots]
    return SlotsAddedOut.of(await service.add_slots(call.session, actor=call.actor, right_id=right_id, new=new))


@router.post("/rights/{right_id}/slots/{slot_id}/close", operation_id="closeSlot")
@declare(
    caller=OPERATE,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound, StateConflict, ReasonRequired),
)
async def close_slot(
    call: StaffCall, right_id: RightId, slot_id: SlotId, body: Annotated[SlotClosingIn, json_body(SlotClosingIn)]
) -> SlotOut:
    """Close a slot: nobody books it any more, and whoever holds a place gets points, quota and stock back.

    It is `closing` until all of that is done, moments later, then `closed`. Customers are told by `redemption.failed`.
    """
    slot = await service.close_slot(
        call.session, actor=call.actor, right_id=right_id, slot_id=slot_id, reason=body.reason
    )
    return SlotOut.of(slot)


@router.post("/redemptions/{redemption_id}/confirm-appointment", operation_id="confirmAppointment")
@declare(
    caller=SERVE,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, StateConflict, NoAppointment),
)
async def confirm_appointment(call: StaffCall, redemption_id: RedemptionId) -> RedemptionOut:
    """Note that the branch or the supplier agrees to an appointment; the customer is told. Again changes nothing."""
    view = await service.confirm_appointment(call.session, call.scope, actor=call.actor, redemption_id=redemption_id)
    return RedemptionOut.of(view, call.language)


@router.post("/redemptions/{redemption_id}/no-show", operation_id="noteNoShow")
@declare(
    caller=SERVE,
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, StateConflict, NoAppointment, SlotNotBegun, AlreadyUsed, AccountClosed),
)
async def note_no_show(call: StaffCall, redemption_id: RedemptionId) -> RedemptionOut:
    """Note that nobody came. By the terms of the right points and quota go back, or are kept as if it was served."""
    view = await service.note_no_show(call.session, call.scope, actor=call.actor, redemption_id=redemption_id)
    return RedemptionOut.of(view, call.language)
