"""What I think of what I redeemed."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from guibin.core.errors import NotFound
from guibin.core.ids import RedemptionId
from guibin.core.text import Note
from guibin.customers.origins import with_origins
from guibin.rights import service
from guibin.rights.errors import NotRateable, RatingClosed
from guibin.rights.service import Rating
from guibin.web import (
    CustomerCall,
    DataClass,
    Idempotency,
    OutModel,
    PortRouter,
    RateClass,
    StrictModel,
    customer,
    declare,
    json_body,
)

router = PortRouter(prefix="/v1", tags=["rights"])


class RatingIn(StrictModel):
    """One to five stars, and words if I like."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"stars": 5, "words": "服务周到，环境安静"}]})

    stars: Annotated[int, Field(ge=1, le=5)]
    words: Annotated[str, Note(500)] | None = Field(default=None, description="Read by the bank's people only")


class RatingOut(OutModel):
    """My rating of a redemption."""

    redemption_id: RedemptionId
    stars: int
    words: str | None
    rated_at: datetime
    changed_at: datetime
    changeable_until: datetime

    @classmethod
    def of(cls, rating: Rating) -> "RatingOut":
        """Describe a rating."""
        return cls.model_validate({name: getattr(rating, name) for name in cls.model_fields})


@router.post("/redemptions/{redemption_id}/rating", operation_id="rateMyRedemption")
@declare(
    caller=customer("points:redeem"),
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, NotRateable, RatingClosed),
)
async def rate_redemption(
    call: CustomerCall, redemption_id: RedemptionId, body: Annotated[RatingIn, json_body(RatingIn)]
) -> RatingOut:
    """Rate what I have had. For seven days I may rate it anew; everybody sees the stars of a right, nobody my words."""
    async with with_origins(call.session, call.scope, customer_id=call.actor.id) as scope:
        rating = await service.rate(
            call.session, scope, call.keys, redemption_id=redemption_id, stars=body.stars, words=body.words
        )
    return RatingOut.of(rating)
