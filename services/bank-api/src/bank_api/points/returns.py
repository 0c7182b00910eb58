"""Events that are undone at their line: what they earned is taken back."""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from guibin.core.errors import NotFound
from guibin.core.ids import CustomerId
from guibin.core.lines import Line
from guibin.core.money import Cny
from guibin.points import service
from guibin.points.errors import AccountClosed, AmountOutOfRange, ReturnReferenceTaken
from guibin.web import (
    DataClass,
    Idempotency,
    OutModel,
    PortRouter,
    RateClass,
    ServiceCall,
    StrictModel,
    declare,
    json_body,
)
from guibin.web import service as service_with

router = PortRouter(prefix="/v1", tags=["points"])

Reference = Annotated[str, StringConstraints(strict=True, pattern=r"^[\x21-\x7e]{1,64}$")]


class EventReturnIn(StrictModel):
    """What was undone: a purchase that was returned, a payment that was reversed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "line": "credit_card",
                    "reference": "R20261126-000004",
                    "returns": "T20261125-000017",
                    "amount": "50.00",
                }
            ]
        }
    )

    line: Line
    reference: Reference = Field(description="The line's own number of the return; told again, it counts once")
    returns: Reference = Field(description="The line's number of the event that is undone")
    amount: Cny | None = Field(default=None, description="CNY of its amount; null: all of it")

    def told(self) -> service.EventReturn:
        """Say what is told."""
        return service.EventReturn(self.line, self.reference, self.returns, self.amount)


class EventReturnOut(OutModel):
    """What was taken back."""

    customer_id: CustomerId
    points: int = Field(description="All that was taken back now, of all kinds")
    replayed: bool = Field(description="Exactly this was told before, and nothing moved now")


@router.post("/points/event-returns", status_code=201, operation_id="returnPointsEvent")
@declare(
    caller=service_with("earn:post"),
    idempotency=Idempotency.REQUIRED,
    rate=RateClass.EARN,
    data=DataClass.C2,
    refusals=(NotFound, AmountOutOfRange, AccountClosed, ReturnReferenceTaken),
)
async def return_event(call: ServiceCall, body: Annotated[EventReturnIn, json_body(EventReturnIn)]) -> EventReturnOut:
    """Tell that an event was undone, or a part of its amount: its points are taken back, as debt where they are spent.

    An event that is undone as a whole counts no more for the goal of a rule; one that had not earned never does.
    """
    done = await service.return_event(call.session, actor_id=call.actor.id, told=body.told())
    return EventReturnOut(customer_id=done.customer_id, points=done.points, replayed=done.replayed)
