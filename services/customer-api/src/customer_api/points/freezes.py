"""Why an account of the customer who calls is frozen."""

from datetime import datetime
from typing import Self

from guibin.points.velocity.models import VelocityHit
from guibin.points.velocity.repository import list_freezes
from guibin.web import CustomerCall, DataClass, OutModel, PortRouter, RateClass, customer, declare

router = PortRouter(prefix="/v1/me/points/freezes", tags=["points"])


class FreezeOut(OutModel):
    """An account that earns and does not spend for now, and why."""

    wallet: str
    reason: str
    since: datetime

    @classmethod
    def of(cls, row: VelocityHit, language: str) -> Self:
        """Describe what froze it, in `zh` or `en`."""
        reason = row.reason_en if language == "en" else row.reason_zh
        return cls(wallet=row.wallet, reason=reason, since=row.noticed_at)


class FreezesOut(OutModel):
    """My accounts that a rule froze."""

    items: list[FreezeOut]


@router.get("", operation_id="listMyPointsFreezes")
@declare(caller=customer("points:read"), rate=RateClass.READ, data=DataClass.C2)
async def list_my_freezes(call: CustomerCall) -> FreezesOut:
    """Show which of my accounts a rule froze, and the reason. Those that staff froze say so in their state alone."""
    rows = await list_freezes(call.session, customer_id=call.actor.id)
    return FreezesOut(items=[FreezeOut.of(row, call.language) for row in rows])
