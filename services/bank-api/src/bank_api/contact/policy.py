"""The contact policy on the bank port: versions that two people put in force, and offers beyond the caps."""

from typing import Annotated

from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from guibin.approvals.terms.repository import list_newest
from guibin.contact import repository, service
from guibin.contact.models import ContactPolicy
from guibin.contact.service import CONTACT_TERMS
from guibin.core.errors import NotFound, NothingToChange, PreconditionRequired, ReasonRequired, VersionConflict
from guibin.core.ids import CustomerId
from guibin.customers.repository import get_customer
from guibin.security.actors import Domain, Verb
from guibin.web import (
    DataClass,
    Idempotency,
    PortRouter,
    RateClass,
    StaffCall,
    declare,
    json_body,
    set_etag,
    staff,
)

from .policy_schemas import (
    ContactAllowanceIn,
    ContactPoliciesOut,
    ContactPolicyIn,
    ContactPolicyOut,
    ContactPreferenceIn,
    ContactPreferenceOut,
)

router = PortRouter(prefix="/v1", tags=["contact"])

READ = staff(Verb.READ, Domain.CARE)
WRITE = staff(Verb.WRITE, Domain.CARE)
MOST_VERSIONS = 100


@router.get("/contact-policy", operation_id="getContactPolicy")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_policy(call: StaffCall, response: Response) -> ContactPolicyOut:
    """Show the policy in force; the version is the ETag, 0 before any."""
    policy = await repository.policy_in_force(call.session)
    set_etag(response, policy.version)
    return ContactPolicyOut.of(policy.version, policy.terms)


@router.get("/contact-policy/versions", operation_id="listContactPolicyVersions")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_versions(call: StaffCall) -> ContactPoliciesOut:
    """List the versions, the newest first; each decision of the gate names the one that it was made by."""
    return ContactPoliciesOut.of(await list_newest(call.session, ContactPolicy, limit=MOST_VERSIONS))


@router.put("/contact-policy", status_code=202, operation_id="changeContactPolicy")
@declare(
    caller=staff(Verb.SUBMIT, Domain.CARE),
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NothingToChange, PreconditionRequired, VersionConflict),
)
async def change_policy(call: StaffCall, body: Annotated[ContactPolicyIn, json_body(ContactPolicyIn)]) -> SubmittedOut:
    """Submit another policy in place of the version sent as If-Match; it is in force once another person agrees."""
    policy = await repository.policy_in_force(call.session)
    call.require_if_match(policy.version)
    wanted = body.terms()
    approval = await CONTACT_TERMS.submit(call.session, actor=call.actor, terms=wanted, version=policy.version)
    return SubmittedOut.of(approval)


@router.post("/customers/{customer_id}/contact-allowances", status_code=202, operation_id="submitContactAllowance")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, ReasonRequired),
)
async def submit_allowance(
    call: StaffCall, customer_id: CustomerId, body: Annotated[ContactAllowanceIn, json_body(ContactAllowanceIn)]
) -> SubmittedOut:
    """Ask a second person for offers to a customer beyond the caps, for some days from the approval on.

    It lifts the cap of the channel and the one over all channels; nothing else of the policy gives way.
    """
    approval = await service.submit_allowance(
        call.session, call.scope, actor=call.actor, wanted=body.allowing(customer_id)
    )
    return SubmittedOut.of(approval)


@router.get("/customers/{customer_id}/contact-preference", operation_id="getCustomerContactPreference")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def get_preference(call: StaffCall, customer_id: CustomerId) -> ContactPreferenceOut:
    """Show what a customer wishes beside the consents: no calls, and quiet hours of the customer's own."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    return ContactPreferenceOut.of(customer.id, await service.wish_of(call.session, customer.id))


@router.put("/customers/{customer_id}/contact-preference", operation_id="putCustomerContactPreference")
@declare(caller=WRITE, rate=RateClass.WRITE, data=DataClass.C2)
async def put_preference(
    call: StaffCall, customer_id: CustomerId, body: Annotated[ContactPreferenceIn, json_body(ContactPreferenceIn)]
) -> ContactPreferenceOut:
    """Write down what a customer says, at the counter or on the telephone; the newest word counts, whoever wrote it."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    wish = body.wish()
    await service.put_wish(call.session, actor=call.actor, customer_id=customer.id, wish=wish)
    return ContactPreferenceOut.of(customer.id, wish)
