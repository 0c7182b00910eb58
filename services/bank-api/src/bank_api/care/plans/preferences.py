"""How a customer keeps birthdays, on the bank port."""

from typing import Annotated

from pydantic import Field

from guibin.care.triggers import service
from guibin.care.triggers.models import BirthdayCalendar, CarePreference
from guibin.core.ids import CustomerId
from guibin.customers.repository import get_customer
from guibin.security.actors import Domain, Verb
from guibin.web import DataClass, OutModel, PortRouter, RateClass, StaffCall, StrictModel, declare, json_body, staff

router = PortRouter(prefix="/v1", tags=["care"])


class CarePreferenceIn(StrictModel):
    """By which calendar a customer keeps the birthday."""

    birthday: BirthdayCalendar = Field(examples=["lunar"])


class CarePreferenceOut(OutModel):
    """By which calendar a customer keeps the birthday."""

    customer_id: CustomerId
    birthday: BirthdayCalendar


@router.get("/customers/{customer_id}/care-preference", operation_id="getCarePreference")
@declare(caller=staff(Verb.READ, Domain.CARE), rate=RateClass.READ, data=DataClass.C2)
async def get_care_preference(call: StaffCall, customer_id: CustomerId) -> CarePreferenceOut:
    """Show by which calendar a customer keeps the birthday: the solar one where nobody has said otherwise."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    row = await call.session.get(CarePreference, customer.id)
    return CarePreferenceOut(
        customer_id=customer.id, birthday=BirthdayCalendar(row.birthday) if row else BirthdayCalendar.SOLAR
    )


@router.put("/customers/{customer_id}/care-preference", operation_id="putCarePreference")
@declare(caller=staff(Verb.WRITE, Domain.CARE), rate=RateClass.WRITE, data=DataClass.C2)
async def put_care_preference(
    call: StaffCall, customer_id: CustomerId, body: Annotated[CarePreferenceIn, json_body(CarePreferenceIn)]
) -> CarePreferenceOut:
    """Write down by which calendar a customer keeps the birthday; the next night goes by it."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    row = await service.keep_birthday(call.session, actor=call.actor, customer_id=customer.id, birthday=body.birthday)
    return CarePreferenceOut(customer_id=row.customer_id, birthday=BirthdayCalendar(row.birthday))
