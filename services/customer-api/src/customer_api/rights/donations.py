"""The receipts of my donations."""

from datetime import datetime

from pydantic import Field

from guibin.core.ids import RedemptionId
from guibin.core.money import Cny
from guibin.customers.origins import with_origins
from guibin.customers.personal import identity_of
from guibin.customers.repository import get_customer
from guibin.rights import service
from guibin.web import CustomerCall, DataClass, OutModel, PortRouter, RateClass, customer, declare

router = PortRouter(prefix="/v1", tags=["rights"])


class DonationReceiptOut(OutModel):
    """What I gave, to whom and for what."""

    redemption_id: RedemptionId = Field(description="The number of the receipt")
    organisation: str = Field(examples=["上海市儿童健康基金会"])
    project: str = Field(examples=["乡村小学热午餐"])
    donor: str | None = Field(description="My name, if I agreed to be named; null: anonymous")
    units: int
    points: int = Field(description="Points that I gave and that were not given back")
    value: Cny = Field(description="What the bank gives the organisation for them")
    donated_at: datetime


@router.get("/redemptions/{redemption_id}/donation-receipt", operation_id="getDonationReceipt")
@declare(caller=customer("redemptions:read"), rate=RateClass.HISTORY, data=DataClass.C2)
async def get_receipt(call: CustomerCall, redemption_id: RedemptionId) -> DonationReceiptOut:
    """Show the receipt of a donation of mine."""
    async with with_origins(call.session, call.scope, customer_id=call.actor.id) as scope:
        receipt = await service.show_receipt(call.session, scope, redemption_id=redemption_id)
    me = await get_customer(call.session, call.scope, customer_id=call.actor.id)
    name, row, gift = identity_of(call.keys, me).name, receipt.redemption, receipt.donation
    english = call.language == "en"
    return DonationReceiptOut(
        redemption_id=row.id,
        organisation=gift.organisation_en if english else gift.organisation_zh,
        project=gift.project_en if english else gift.project_zh,
        donor=name.value if gift.named and name else None,
        units=row.quantity - row.quantity_refunded,
        points=row.points_charged - row.points_refunded,
        value=receipt.value_fen,
        donated_at=gift.donated_at,
    )
