"""Where a right goes that its supplier tops up or sends, and what becomes of it, as customers write and read it."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from customer_api.sessions.schemas import MobilePhone
from guibin.core.invalid import invalid_input
from guibin.core.text import OneLine
from guibin.rights.service import Delivery
from guibin.suppliers.models import OrderState
from guibin.suppliers.service.showing import OrderView
from guibin.web import OutModel, StrictModel

EXAMPLES: list[Any] = [
    {"recharge_account": "13800138000"},
    {"recipient": "王小明", "phone": "13800138000", "address": "上海市浦东新区世纪大道1号"},
]


class DeliveryIn(StrictModel):
    """The account that is topped up, or recipient, phone and address of a parcel.

    Kept encrypted, passed to the supplier, and deleted some days after the end.
    """

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    recharge_account: Annotated[str, StringConstraints(strict=True, pattern=r"^[\x21-\x7e]{4,64}$")] | None = Field(
        default=None, description="For rights by `top_up`"
    )
    recipient: Annotated[str, OneLine(40)] | None = Field(default=None, description="For rights by `parcel`")
    phone: MobilePhone | None = Field(default=None, description="A mobile number of 11 digits")
    address: Annotated[str, OneLine(200)] | None = Field(default=None, description="For rights by `parcel`")

    @model_validator(mode="after")
    def _one_whole_place(self) -> Self:
        parcel = [self.recipient, self.phone, self.address]
        if any(parcel) != all(parcel) or any(parcel) == (self.recharge_account is not None):
            raise invalid_input(
                "one_of",
                "须提供 recharge_account，或同时提供 recipient、phone 与 address",
                "needs either recharge_account, or recipient, phone and address",
            )
        return self

    def delivery(self) -> Delivery:
        """Return the command's value."""
        return Delivery(self.recharge_account, self.recipient, self.phone, self.address)


class OrderOut(OutModel):
    """What became of what was ordered at the supplier."""

    state: OrderState = Field(description="`sent`: the supplier is being asked what became of it")
    supplier: str
    tracking_no: str | None = Field(description="Of a parcel")
    ordered_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, view: OrderView | None) -> "OrderOut | None":
        """Describe an order; None where there is none."""
        if view is None:
            return None
        row = view.order
        return cls(
            state=OrderState(row.state),
            supplier=view.supplier,
            tracking_no=view.tracking_no,
            ordered_at=row.created_at,
            ended_at=row.ended_at,
        )
