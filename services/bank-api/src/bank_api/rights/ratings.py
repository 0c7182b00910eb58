"""What customers think of a right."""

from datetime import datetime
from typing import Annotated

from guibin.core.errors import NotFound
from guibin.core.ids import CustomerId, RedemptionId, RightId
from guibin.rights import service
from guibin.rights.repository import catalogue
from guibin.rights.service import Rating
from guibin.security.actors import Domain, Verb
from guibin.web import (
    DataClass,
    OutModel,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    declare,
    page_query,
    staff,
)

router = PortRouter(prefix="/v1", tags=["rights"])


class CustomerRatingOut(OutModel):
    """A customer's rating of a redemption."""

    redemption_id: RedemptionId
    customer_id: CustomerId
    stars: int
    words: str | None
    rated_at: datetime

    @classmethod
    def of(cls, rating: Rating) -> "CustomerRatingOut":
        """Describe a rating."""
        return cls.model_validate({name: getattr(rating, name) for name in cls.model_fields})


@router.get("/rights/{right_id}/ratings", operation_id="listRatings")
@declare(caller=staff(Verb.READ, Domain.POINTS), rate=RateClass.READ, data=DataClass.C2, refusals=(NotFound,))
async def list_ratings(
    call: StaffCall, right_id: RightId, page: Annotated[PageRequest, page_query()]
) -> Page[CustomerRatingOut]:
    """List what my customers think of a right, newest first, with their words."""
    right = await catalogue.get_right(call.session, right_id=right_id)
    found = await service.list_ratings(
        call.session, call.scope, call.keys, right_id=right.item.id, before=page.after_moment, limit=page.fetch
    )
    return page.answer(
        found, position=lambda rating: (rating.rated_at, rating.redemption_id), shape=CustomerRatingOut.of
    )
