"""Call-backs of suppliers: no token, but a signature over the bytes of the body."""

from typing import Annotated, Any, Literal

from fastapi import Header
from pydantic import ConfigDict, Field, StringConstraints

from guibin.core.errors import NotFound
from guibin.core.ids import SupplierId, SupplierOrderId
from guibin.core.text import OneLine
from guibin.suppliers.errors import CallbackMismatch, SignatureInvalid
from guibin.suppliers.service.callbacks import Callback, receive
from guibin.web import (
    DataClass,
    OutModel,
    PortRouter,
    RateClass,
    SignedBody,
    StrictModel,
    VisitorCall,
    declare,
    public,
    signed_body,
)

router = PortRouter(prefix="/v1/callbacks/suppliers", tags=["callbacks"])

MOST_CODES = 100
EXAMPLE: dict[str, Any] = {
    "id": "evt-20261126-000001",
    "type": "order.done",
    "order_no": "ord_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4",
    "reference": "YX20261126000001",
    "codes": ["YX-7K3M-9QPX"],
}


class CallbackIn(StrictModel):
    """What became of an order."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: Annotated[str, StringConstraints(strict=True, pattern=r"^[\x21-\x7e]{1,64}$")] = Field(
        description="Of the event, the supplier's own: the same event has the same however often it is sent"
    )
    type: Annotated[str, OneLine(40)] = Field(
        description="order.accepted, order.done or order.refused; others are acknowledged and ignored"
    )
    order_no: SupplierOrderId = Field(description="Our number, under which it was ordered")
    quantity: int | None = Field(default=None, ge=1, le=100, description="Compared with the order where it is given")
    product_code: Annotated[str, OneLine(64)] | None = Field(default=None, description="Compared as well")
    reference: Annotated[str, OneLine(120)] | None = Field(default=None, description="The supplier's own number")
    reason: Annotated[str, OneLine(120)] | None = Field(default=None, description="Why it is refused")
    tracking_no: Annotated[str, OneLine(64)] | None = Field(default=None, description="Of a parcel")
    codes: list[Annotated[str, StringConstraints(strict=True, pattern=r"^[!-~]{4,64}$")]] = Field(
        default_factory=list, max_length=MOST_CODES, description="Of a right by `order` that is done: one for each unit"
    )

    def callback(self) -> Callback:
        """Return the command's value."""
        return Callback(
            event_id=self.id,
            type=self.type,
            order_id=self.order_no,
            quantity=self.quantity,
            product_code=self.product_code,
            reference=self.reference,
            reason=self.reason,
            tracking_no=self.tracking_no,
            codes=tuple(self.codes),
        )


class ReceivedOut(OutModel):
    """The call-back is kept: it need not come again."""

    received: Literal[True] = True


@router.post("/{supplier_id}", operation_id="receiveSupplierCallback")
@declare(
    caller=public(),
    rate=RateClass.CALLBACK,
    data=DataClass.PUBLIC,
    refusals=(SignatureInvalid, NotFound, CallbackMismatch),
)
async def receive_callback(
    call: VisitorCall,
    supplier_id: SupplierId,
    body: Annotated[SignedBody, signed_body(CallbackIn)],
    guibin_signature: Annotated[
        str | None,
        Header(description="`t=<Unix seconds>,k<n>=<HMAC-SHA256 in hex of t, a full stop and the body's bytes>`"),
    ] = None,
) -> ReceivedOut:
    """Take what a supplier tells of an order. Nothing is looked at before the signature holds, within 300 seconds.

    The same event again gets the same answer and changes nothing. The order goes forward within seconds.
    """
    await receive(
        call.session,
        call.keys,
        supplier_id=supplier_id,
        signature=guibin_signature,
        raw=body.raw,
        read=lambda: body.read(CallbackIn).callback(),
    )
    return ReceivedOut()
