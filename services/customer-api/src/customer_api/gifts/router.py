"""What I was given by the bank's people."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from guibin.core.ids import GiftHandoverId
from guibin.core.money import Cny
from guibin.gifts.models import GiftHandoverState, Occasion
from guibin.gifts.repository import Handed
from guibin.gifts.service import handovers_of
from guibin.web import (
    CustomerCall,
    DataClass,
    OutModel,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    customer,
    declare,
    page_query,
)

router = PortRouter(prefix="/v1/me/gifts", tags=["gifts"])


class GiftOut(OutModel):
    """A gift that I received: its receipt."""

    id: GiftHandoverId
    gift_name: str
    units: int
    value: Cny = Field(description="Of all units, in CNY")
    occasion: Occasion
    received_at: datetime

    @classmethod
    def of(cls, handed: Handed, language: str) -> Self:
        """Describe a gift."""
        row, gift = handed.row, handed.gift
        return cls(
            id=row.id,
            gift_name=gift.name_en if language == "en" else gift.name_zh,
            units=row.units,
            value=row.value_fen,
            occasion=Occasion(row.occasion),
            received_at=row.ended_at or row.created_at,
        )


@router.get("", operation_id="listMyGifts")
@declare(caller=customer("profile:read:self"), rate=RateClass.READ, data=DataClass.C2)
async def list_my_gifts(call: CustomerCall, page: Annotated[PageRequest, page_query()]) -> Page[GiftOut]:
    """List the gifts that I received, newest first. What is unknown to me I tell my bank."""
    rows = await handovers_of(
        call.session,
        call.scope,
        customer_id=call.actor.id,
        states=(GiftHandoverState.HANDED_OVER,),
        before=page.after_moment,
        limit=page.fetch,
    )
    return page.answer(
        rows,
        position=lambda handed: (handed.row.created_at, handed.row.id),
        shape=lambda handed: GiftOut.of(handed, call.language),
    )
