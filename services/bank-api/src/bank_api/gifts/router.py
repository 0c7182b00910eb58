"""Gifts on the bank port: what may be given, what branches have, and what customers were given."""

from typing import Annotated

from fastapi import Query

from bank_api.approvals.schemas import SubmittedOut
from guibin.core.errors import NotFound, ReasonRequired
from guibin.core.ids import BranchId, CustomerId, GiftId
from guibin.gifts import repository, service
from guibin.gifts.errors import (
    GiftCapReached,
    GiftCountTooLow,
    GiftNotOffered,
    GiftNotPossible,
    GiftOutOfStock,
    GiftValueFixed,
)
from guibin.gifts.models import GiftHandoverState
from guibin.gifts.service import Giving
from guibin.points.errors import LimitExceeded
from guibin.security.actors import Domain, Verb
from guibin.web import (
    DataClass,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    declare,
    json_body,
    page_query,
    staff,
)

from .schemas import (
    GiftHandoverIn,
    GiftHandoverOut,
    GiftIn,
    GiftMovementIn,
    GiftMovementOut,
    GiftOut,
    GiftStockFigures,
    GiftStockOut,
)

router = PortRouter(prefix="/v1", tags=["gifts"])

READ = staff(Verb.READ, Domain.GIFTS)
FEN = 100


@router.get("/gifts", operation_id="listGifts")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_gifts(call: StaffCall, page: Annotated[PageRequest, page_query()]) -> Page[GiftOut]:
    """List what may be given, by code."""
    rows = await repository.list_gifts(call.session, after=page.after_code, limit=page.fetch)
    return page.answer(rows, position=lambda row: row.code, shape=GiftOut.of)


@router.post("/gifts", status_code=202, operation_id="submitGift")
@declare(
    caller=staff(Verb.SUBMIT, Domain.RIGHTS),
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(GiftValueFixed,),
)
async def submit_gift(call: StaffCall, body: Annotated[GiftIn, json_body(GiftIn)]) -> SubmittedOut:
    """Submit a gift, other names of one, or that it is not given any more; another person agrees.

    A gift keeps its value: what customers were given counts with it.
    """
    return SubmittedOut.of(await service.submit_gift(call.session, actor=call.actor, wanted=body.terms()))


@router.get("/gifts/stock", operation_id="listGiftStock")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_stock(call: StaffCall, page: Annotated[PageRequest, page_query()]) -> Page[GiftStockOut]:
    """List what the branches in my scope have of each gift; who serves customers sees the own branch's."""
    within = await service.branches_in(call.session, call.scope)
    gift, _, branch = (page.after_code or "").partition("/")
    after = (gift, branch) if page.after_code else None
    rows = await repository.list_stock(call.session, branches=within, after=after, limit=page.fetch)
    return page.answer(rows, position=lambda row: f"{row[1].code}/{row[2]}", shape=GiftStockOut.of)


@router.get("/gifts/{gift_id}/movements", operation_id="listGiftMovements")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1, refusals=(NotFound,))
async def list_movements(
    call: StaffCall,
    gift_id: GiftId,
    page: Annotated[PageRequest, page_query()],
    branch_id: Annotated[BranchId | None, Query(description="Only of this branch")] = None,
) -> Page[GiftMovementOut]:
    """List what came and went of a gift at the branches in my scope, newest first."""
    gift = await repository.get_gift(call.session, gift_id)
    within = await service.branches_in(call.session, call.scope)
    if branch_id is not None:
        within = [branch_id] if within is None or branch_id in within else []
    rows = await repository.list_movements(
        call.session, gift_id=gift.id, branches=within, before=page.after_moment, limit=page.fetch
    )
    return page.answer(rows, position=lambda row: (row.at, row.id), shape=GiftMovementOut.model_validate)


@router.post("/gifts/{gift_id}/movements", status_code=201, operation_id="moveGiftStock")
@declare(
    caller=staff(Verb.WRITE, Domain.GIFTS),
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound, ReasonRequired, GiftNotOffered, GiftOutOfStock, GiftCountTooLow),
)
async def move_stock(
    call: StaffCall, gift_id: GiftId, body: Annotated[GiftMovementIn, json_body(GiftMovementIn)]
) -> GiftStockFigures:
    """Write down that units of a gift came to a branch, are lost or broken, or were counted.

    A count sets the books to what lies on the shelf: what nobody knew of is entered, what is missing is written off.
    """
    stock = await service.move_stock(call.session, call.scope, actor=call.actor, wanted=body.movement(gift_id))
    return GiftStockFigures.model_validate(stock)


@router.post("/customers/{customer_id}/gifts", status_code=202, operation_id="giveGift")
@declare(
    caller=staff(Verb.SUBMIT, Domain.GIFTS),
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, LimitExceeded, GiftNotOffered, GiftNotPossible, GiftCapReached, GiftOutOfStock),
)
async def give_gift(
    call: StaffCall, customer_id: CustomerId, body: Annotated[GiftHandoverIn, json_body(GiftHandoverIn)]
) -> SubmittedOut:
    """Ask for a gift for a customer from the stock of my branch; a second person signs before it is handed over.

    It is set aside at once, on the shelf and of what a customer is given in a year (`GUIBIN_GIFT_YEARLY_CNY`); a no, a
    withdrawal or three business days without a signature put it back.
    """
    wanted = Giving(
        customer_id, body.gift_id, body.units, body.occasion, cap_fen=call.port.settings.gift_yearly_cny * FEN
    )
    return SubmittedOut.of(
        await service.submit_handover(call.session, call.scope, actor=call.actor, grants=call.grants, wanted=wanted)
    )


@router.get("/customers/{customer_id}/gifts", operation_id="listCustomerGifts")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_handovers(
    call: StaffCall, customer_id: CustomerId, page: Annotated[PageRequest, page_query()]
) -> Page[GiftHandoverOut]:
    """List what a customer was given, what waits for a signature and what came to nothing, newest first."""
    rows = await service.handovers_of(
        call.session,
        call.scope,
        customer_id=customer_id,
        states=tuple(GiftHandoverState),
        before=page.after_moment,
        limit=page.fetch,
    )
    return page.answer(
        rows,
        position=lambda handed: (handed.row.created_at, handed.row.id),
        shape=lambda handed: GiftHandoverOut.of(handed, call.language),
    )
