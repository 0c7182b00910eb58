"""What I wish of my manager, on the customer port."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from guibin.managers.stability import repository, wishes
from guibin.managers.stability.errors import NoManager
from guibin.managers.stability.models import ManagerWish, Wish, WishReason, WishState
from guibin.web import (
    CustomerCall,
    DataClass,
    OutModel,
    PortRouter,
    RateClass,
    StrictModel,
    customer,
    declare,
    json_body,
)

router = PortRouter(prefix="/v1/me/manager-preference", tags=["profile"])

SELF = customer("profile:read:self")


class MyManagerWishIn(StrictModel):
    """Whether I want to keep my manager or to have another, and why."""

    wish: Wish = Field(examples=["keep"])
    reason_code: WishReason = Field(examples=["trust"])


class MyManagerWishOut(OutModel):
    """What I wished of my manager, and what became of it."""

    wish: Wish
    reason_code: WishReason
    state: WishState = Field(description="A wish to keep holds from the moment on, until it is declined")
    uttered_at: datetime
    answered_at: datetime | None

    @classmethod
    def of(cls, row: ManagerWish) -> Self:
        """Describe a wish."""
        return cls(
            wish=Wish(row.wish),
            reason_code=WishReason(row.reason),
            state=WishState(row.state),
            uttered_at=row.uttered_at,
            answered_at=row.answered_at,
        )


@router.get("", operation_id="getMyManagerPreference")
@declare(caller=SELF, rate=RateClass.READ, data=DataClass.C2)
async def get_wish(call: CustomerCall) -> MyManagerWishOut | None:
    """Show what I wished of my manager last; null: nothing."""
    row = await repository.latest_wish(call.session, customer_id=call.actor.id)
    return None if row is None else MyManagerWishOut.of(row)


@router.put("", operation_id="putMyManagerPreference")
@declare(caller=SELF, rate=RateClass.WRITE, data=DataClass.C2, refusals=(NoManager,))
async def put_wish(
    call: CustomerCall, body: Annotated[MyManagerWishIn, json_body(MyManagerWishIn)]
) -> MyManagerWishOut:
    """Say that I want to keep my manager, or to have another; it takes the place of what I said before."""
    row = await wishes.utter(call.session, call.scope, actor=call.actor, wish=body.wish, reason=body.reason_code)
    return MyManagerWishOut.of(row)
