"""Where a right goes that its supplier tops up or sends, and what becomes of it, as customers write and read it."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from customer_api.sessions.schemas import MobilePhone
from guibin.core.text import OneLine
from guibin.rights.service import Delivery
from guibin.web import StrictModel

EXAMPLES: list[dict[str, Any]] = [
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
            raise PydanticCustomError("one_of", "needs either recharge_account, or recipient, phone and address")
        return self

    def delivery(self) -> Delivery:
        """Return the command's value."""
        return Delivery(self.recharge_account, self.recipient, self.phone, self.address)
