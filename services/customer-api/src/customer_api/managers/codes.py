"""The code of a manager that I type, on the customer port."""

from datetime import date
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from guibin.managers.claims.errors import ManagerCodeUnknown, ManagerCodeUnusable
from guibin.managers.claims.service import claim_by_code
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

router = PortRouter(prefix="/v1/me/manager-code", tags=["profile"])

ManagerCode = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Z0-9]{10}$"), Field(examples=["7KQ2M9XWPD"])]


class MyManagerCodeIn(StrictModel):
    """A code as the manager gave it to me."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "7KQ2M9XWPD"}]})

    code: ManagerCode


class MyManagerCodeOut(OutModel):
    """For how long the manager is the first choice when I get one."""

    valid_from: date
    valid_to: date = Field(description="First day on which it does not count")


@router.post("", operation_id="enterMyManagerCode")
@declare(
    caller=customer("profile:read:self"),
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.VOUCHER_CODE,
    data=DataClass.C2,
    refusals=(ManagerCodeUnknown, ManagerCodeUnusable),
)
async def enter_manager_code(
    call: CustomerCall, body: Annotated[MyManagerCodeIn, json_body(MyManagerCodeIn)]
) -> MyManagerCodeOut:
    """Name the manager whose code I type as the one who shall look after me, while nobody does.

    The same code again changes nothing. Too many wrong codes close the entry for a day.
    """
    claim = await claim_by_code(call.session, actor=call.actor, code=body.code)
    return MyManagerCodeOut(valid_from=claim.valid_from, valid_to=claim.valid_to)
