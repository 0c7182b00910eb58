"""Ways to earn: which rules would bring the customer who calls points, and how many."""

from typing import Annotated, Self

from fastapi import Query
from pydantic import Field

from guibin.core.money import Cny, between
from guibin.holdings.models import EventType
from guibin.points.earning.service.ways import Way, ways_to_earn
from guibin.web import CustomerCall, DataClass, OutModel, PortRouter, RateClass, customer, declare

router = PortRouter(prefix="/v1/me/earning", tags=["points"])

DEFAULT_FEN = 1_000_00


class WayOut(OutModel):
    """Something by which I would earn now."""

    event_type: EventType
    name: str = Field(description="Of the rule, in the caller's language", examples=["刷卡消费"])
    wallet: str
    unit: str
    points: int

    @classmethod
    def of(cls, way: Way, language: str) -> Self:
        """Describe a way in `zh` or `en`."""
        english = language == "en"
        return cls(
            event_type=way.event_type,
            name=way.name_en if english else way.name_zh,
            wallet=way.wallet.code,
            unit=way.wallet.unit_en if english else way.wallet.unit_zh,
            points=way.points,
        )


class WaysOut(OutModel):
    """What one event of an amount would bring, the most first."""

    amount: Cny
    ways: list[WayOut]


@router.get("", operation_id="listMyWaysToEarn")
@declare(caller=customer("points:read"), rate=RateClass.READ, data=DataClass.C2)
async def list_ways_to_earn(
    call: CustomerCall,
    event_type: Annotated[EventType | None, Query(description="Only this kind of event")] = None,
    amount: Annotated[
        Annotated[Cny, between(0)] | None, Query(description="Of the event, in CNY; 1000.00 without it")
    ] = None,
) -> WaysOut:
    """Show by which events I would earn how many points now, as the rules in force offer it before caps and budgets."""
    fen = DEFAULT_FEN if amount is None else amount
    ways = await ways_to_earn(call.session, customer_id=call.actor.id, amount_fen=fen, event_type=event_type)
    return WaysOut(amount=fen, ways=[WayOut.of(way, call.language) for way in ways])
