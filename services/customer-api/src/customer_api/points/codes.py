"""Codes of campaigns that the customer who calls types."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field

from guibin.points.campaign_codes.errors import CodeEntered, CodeUnknown
from guibin.points.campaign_codes.models import CodeEntry, CodeState
from guibin.points.campaign_codes.repository import list_entries
from guibin.points.campaign_codes.service import enter_code
from guibin.points.earning.terms import CampaignCode
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

router = PortRouter(prefix="/v1/me/points/codes", tags=["points"])

MOST_SHOWN = 100


class EnteredCodeIn(StrictModel):
    """A code as the campaign shows it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "SPRING2027"}]})

    code: CampaignCode


class EnteredCodeOut(OutModel):
    """A code that I typed, and what it brought."""

    code: str = Field(examples=["SPRING2027"])
    state: CodeState = Field(description="`accepted`: what it brings is decided within a minute")
    points: int = Field(description="Over all kinds of points")
    entered_at: datetime

    @classmethod
    def of(cls, row: CodeEntry) -> Self:
        """Describe a row."""
        return cls.model_validate(row.model_dump())


class EnteredCodesOut(OutModel):
    """The codes that I typed, newest first, 100 at most."""

    items: list[EnteredCodeOut]


@router.post("", status_code=202, operation_id="enterMyCode")
@declare(
    caller=customer("points:redeem"),
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.VOUCHER_CODE,
    data=DataClass.C2,
    refusals=(CodeUnknown, CodeEntered),
)
async def enter_my_code(call: CustomerCall, body: Annotated[EnteredCodeIn, json_body(EnteredCodeIn)]) -> EnteredCodeOut:
    """Enter a code of a campaign. It is taken down at once; what it brings stands in the list within a minute.

    Each code counts once for each customer. Too many wrong codes close the entry for a day.
    """
    return EnteredCodeOut.of(await enter_code(call.session, customer_id=call.actor.id, code=body.code))


@router.get("", operation_id="listMyCodes")
@declare(caller=customer("points:read"), rate=RateClass.READ, data=DataClass.C2)
async def list_my_codes(call: CustomerCall) -> EnteredCodesOut:
    """List the codes that I typed and what each brought."""
    rows = await list_entries(call.session, customer_id=call.actor.id, limit=MOST_SHOWN)
    return EnteredCodesOut(items=[EnteredCodeOut.of(row) for row in rows])
