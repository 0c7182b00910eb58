"""Units of a right that I hold for some minutes while I confirm."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from guibin.core import clock
from guibin.core.errors import NotFound
from guibin.core.ids import PackageId, RedemptionId, ReservationId, RightId
from guibin.core.text import Code
from guibin.rights import service
from guibin.rights.errors import REFUSED
from guibin.rights.models import ReservationState
from guibin.rights.offer import MOST_GUESTS, MOST_UNITS
from guibin.rights.reservation_errors import AlreadyReserved, NothingToReserve, ReservationOver, TooManyReservations
from guibin.rights.service import RedemptionRequest, ReservationView
from guibin.web import (
    CustomerCall,
    DataClass,
    Idempotency,
    OutModel,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StrictModel,
    customer,
    declare,
    json_body,
    page_query,
)

router = PortRouter(prefix="/v1", tags=["rights"])


class ReservationIn(StrictModel):
    """What I want to hold: I need to be able to redeem it as I say."""

    quantity: Annotated[int, Field(ge=1, le=MOST_UNITS, description="Units; of a right with codes a code for each")]
    companions: Annotated[int, Field(ge=0, le=MOST_GUESTS)] = Field(default=0, description="Guests whom I shall bring")
    class_of_service: Code | None = Field(default=None, description="Where prices differ by class, for example `A`")
    wallet: Code | None = Field(default=None, description="The kind of points that will pay; the right's own otherwise")
    package_id: PackageId | None = Field(default=None, description="Where a package that I have chosen from will pay")

    def request(self, right_id: RightId) -> RedemptionRequest:
        """Return what the customer means to redeem."""
        return RedemptionRequest(
            right_id=right_id,
            quantity=self.quantity,
            companions=self.companions,
            class_of_service=self.class_of_service,
            wallet=self.wallet,
            package_id=self.package_id,
        )


class ReservationOut(OutModel):
    """Units that I hold, or held."""

    id: ReservationId
    right_id: RightId
    right_name: str
    quantity: int
    state: ReservationState = Field(description="Only what is `held` can be taken by a redemption, or released")
    created_at: datetime
    lapses_at: datetime = Field(description="From then on its units are free for everybody again")
    redemption_id: RedemptionId | None = Field(description="What has taken it")

    @classmethod
    def of(cls, view: ReservationView, language: str) -> "ReservationOut":
        """Describe a reservation."""
        row = view.row
        return cls(
            id=row.id,
            right_id=row.right_id,
            right_name=view.right.name_en if language == "en" else view.right.name_zh,
            quantity=row.quantity,
            state=view.state_at(clock.now()),
            created_at=row.created_at,
            lapses_at=row.lapses_at,
            redemption_id=row.redemption_id,
        )


@router.post("/rights/{right_id}/reservations", status_code=201, operation_id="createReservation")
@declare(
    caller=customer("points:redeem"),
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.REDEEM,
    data=DataClass.C2,
    refusals=(NotFound, *REFUSED.values(), NothingToReserve, AlreadyReserved, TooManyReservations),
)
async def create_reservation(
    call: CustomerCall, right_id: RightId, body: Annotated[ReservationIn, json_body(ReservationIn)]
) -> ReservationOut:
    """Hold units of a right for some minutes while I confirm; nothing is charged.

    `POST /v1/redemptions` takes them when it names the reservation. One of a right at once, and not many in all.
    """
    view = await service.reserve(
        call.session,
        call.scope,
        customer_id=call.actor.id,
        request=body.request(right_id),
        minutes=call.port.settings.reservation_minutes,
    )
    return ReservationOut.of(view, call.language)


@router.get("/me/reservations", operation_id="listMyReservations")
@declare(caller=customer("redemptions:read"), rate=RateClass.READ, data=DataClass.C2)
async def list_reservations(call: CustomerCall, page: Annotated[PageRequest, page_query()]) -> Page[ReservationOut]:
    """List my reservations, newest first."""
    views = await service.list_reservations(
        call.session, call.scope, customer_id=call.actor.id, before=page.after_moment, limit=page.fetch
    )
    return page.answer(
        views,
        position=lambda view: (view.row.created_at, view.row.id),
        shape=lambda view: ReservationOut.of(view, call.language),
    )


@router.get("/me/reservations/{reservation_id}", operation_id="getMyReservation")
@declare(caller=customer("redemptions:read"), rate=RateClass.READ, data=DataClass.C2)
async def get_reservation(call: CustomerCall, reservation_id: ReservationId) -> ReservationOut:
    """Show one reservation of mine."""
    view = await service.get_reservation(
        call.session, call.scope, customer_id=call.actor.id, reservation_id=reservation_id
    )
    return ReservationOut.of(view, call.language)


@router.delete("/me/reservations/{reservation_id}", status_code=204, operation_id="releaseMyReservation")
@declare(
    caller=customer("points:redeem"),
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, ReservationOver),
)
async def release_reservation(call: CustomerCall, reservation_id: ReservationId) -> None:
    """Give back what I hold, before its time is over."""
    await service.release(call.session, call.scope, customer_id=call.actor.id, reservation_id=reservation_id)
