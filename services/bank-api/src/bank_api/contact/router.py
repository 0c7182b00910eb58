"""The contact policy's gate on the bank port: asked without a trace, passed, and what became of each contact."""

from typing import Annotated

from guibin.contact import repository, service
from guibin.core.errors import NotFound
from guibin.security.actors import Domain, Verb
from guibin.web import AnyCall, DataClass, Idempotency, PortRouter, RateClass, anyone_of, declare, json_body, staff
from guibin.web import service as service_with

from .schemas import ContactCheckIn, ContactChecksOut, ContactVerdictOut

router = PortRouter(prefix="/v1", tags=["contact"])

READ = staff(Verb.READ, Domain.CARE)
SENDING = anyone_of(staff(Verb.WRITE, Domain.CARE), service_with("contacts:post"))


@router.post("/contact-checks", operation_id="checkContacts")
@declare(
    caller=anyone_of(READ, service_with("contacts:post")),
    idempotency=Idempotency.NONE,
    rate=RateClass.READ,
    data=DataClass.C2,
    refusals=(NotFound,),
)
async def check_contacts(call: AnyCall, body: Annotated[ContactCheckIn, json_body(ContactCheckIn)]) -> ContactChecksOut:
    """Ask whether customers may be reached so, and if not, why and from when; up to 1,000 at once.

    Nothing is kept and no place is taken: whoever then reaches out passes the gate (`POST /v1/contacts`). A customer
    out of scope makes the whole question 404.
    """
    found = await repository.customers_named(call.session, call.scope, body.customer_ids)
    judged = await service.judge_all(call.session, set(found.values()), body.plan(), at=body.at)
    verdicts = [ContactVerdictOut.of(found[one], judged[found[one]]) for one in body.customer_ids]
    first = next(iter(judged.values()))
    return ContactChecksOut(policy_version=first.policy_version, at=first.at, items=verdicts)
