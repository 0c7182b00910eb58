"""What managers can, may and carry, and what customers ask for, on the bank port."""

from typing import Annotated
from uuid import UUID

from fastapi import Path
from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from guibin.core import clock
from guibin.core.errors import NotFound, PreconditionRequired, ReasonRequired, VersionConflict
from guibin.core.ids import CustomerId, ManagerId
from guibin.core.text import Code
from guibin.customers.repository import get_customer
from guibin.managers import repository
from guibin.managers.capacity import repository as capacities
from guibin.managers.capacity import service as capacity
from guibin.managers.capacity.errors import CapacityInvalid
from guibin.managers.eligibility import repository as eligibility
from guibin.managers.eligibility import service
from guibin.managers.models import Grade
from guibin.security.actors import Domain, Verb
from guibin.tiers.errors import PeriodConflict, PeriodInvalid
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

from .profile_schemas import (
    CapacitiesOut,
    CapacityOverrideIn,
    CapacityOverridesOut,
    ConflictWithdrawalIn,
    GradeCapacityIn,
    GradeCapacityOut,
    LicenceIn,
    LicencesOut,
    ManagerConflictIn,
    ManagerConflictsOut,
    ManagerProfileIn,
    ServiceNeedsIn,
    ServiceNeedsOut,
)
from .router import shown
from .schemas import ManagerOut

router = PortRouter(prefix="/v1", tags=["managers"])

READ = staff(Verb.READ, Domain.MANAGERS)
DEFINE = staff(Verb.SUBMIT, Domain.MANAGERS)
ASSIGN = staff(Verb.WRITE, Domain.MANAGERS)
SERVE = staff(Verb.WRITE, Domain.CUSTOMERS)

EDITED = (PreconditionRequired, VersionConflict)


@router.get("/managers/{manager_id}", operation_id="getManager")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_manager(call: StaffCall, manager_id: ManagerId, response: Response) -> ManagerOut:
    """Show a manager with the load carried today; the revision is the ETag."""
    person = await repository.get_person(call.session, manager_id)
    set_etag(response, person.manager.revision)
    return await shown(call, person)


@router.put("/managers/{manager_id}", operation_id="editManager")
@declare(caller=DEFINE, rate=RateClass.WRITE, data=DataClass.C1, refusals=(*EDITED, CapacityInvalid))
async def edit_manager(
    call: StaffCall,
    manager_id: ManagerId,
    body: Annotated[ManagerProfileIn, json_body(ManagerProfileIn)],
    response: Response,
) -> ManagerOut:
    """Replace grade, limits, languages and skills of a manager that was read with the ETag sent as If-Match.

    Who is served already stays; the next assignment looks at it.
    """
    manager = await eligibility.lock_manager(call.session, manager_id)
    await service.require_within(call.session, call.scope, manager)
    call.require_if_match(manager.revision)
    edited = await service.edit_manager(call.session, manager, actor=call.actor, profile=body.profile())
    set_etag(response, edited.revision)
    return await shown(call, await repository.get_person(call.session, manager_id))


@router.get("/managers/{manager_id}/licences", operation_id="listManagerLicences")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_licences(call: StaffCall, manager_id: ManagerId) -> LicencesOut:
    """List the licences of a manager, expired ones included."""
    person = await repository.get_person(call.session, manager_id)
    return LicencesOut.of(person.manager.id, await eligibility.list_licences(call.session, person.manager.id))


@router.put("/managers/{manager_id}/licences/{licence}", operation_id="putManagerLicence")
@declare(caller=DEFINE, rate=RateClass.WRITE, data=DataClass.C1, refusals=(PeriodInvalid,))
async def put_licence(
    call: StaffCall,
    manager_id: ManagerId,
    licence: Annotated[Code, Path(description="Its code", examples=["fund_sales"])],
    body: Annotated[LicenceIn, json_body(LicenceIn)],
) -> LicencesOut:
    """Give a manager a licence for a period; another period in place of the one that there is."""
    await service.put_licence(
        call.session,
        call.scope,
        actor=call.actor,
        manager_id=manager_id,
        licence=licence,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
    )
    return LicencesOut.of(manager_id, await eligibility.list_licences(call.session, manager_id))


@router.get("/manager-capacities", operation_id="getManagerCapacities")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_capacities(call: StaffCall) -> CapacitiesOut:
    """Show what each grade carries and what a customer of each tier weighs."""
    return CapacitiesOut.of(await capacities.list_grades(call.session), await capacities.tier_minutes(call.session))


@router.put("/manager-capacities/{grade}", operation_id="putGradeCapacity")
@declare(caller=DEFINE, rate=RateClass.WRITE, data=DataClass.C1, refusals=(*EDITED, CapacityInvalid))
async def put_grade(
    call: StaffCall, grade: Grade, body: Annotated[GradeCapacityIn, json_body(GradeCapacityIn)], response: Response
) -> GradeCapacityOut:
    """Set the soft and hard maximum of a grade, read with the ETag sent as If-Match; values of managers' own stay."""
    row = await capacities.lock_grade(call.session, grade)
    call.require_if_match(row.revision)
    edited = await capacity.put_grade(
        call.session,
        row,
        actor=call.actor,
        customers=(body.soft_customers, body.hard_customers),
        minutes=(body.soft_minutes, body.hard_minutes),
    )
    set_etag(response, edited.revision)
    return GradeCapacityOut.model_validate(edited)


@router.get("/managers/{manager_id}/capacity-overrides", operation_id="listCapacityOverrides")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_overrides(call: StaffCall, manager_id: ManagerId) -> CapacityOverridesOut:
    """List what was granted to a manager on top of the hard maximum, latest first."""
    person = await repository.get_person(call.session, manager_id)
    rows = await capacities.list_overrides(call.session, manager_id=person.manager.id)
    return CapacityOverridesOut.of(person.manager.id, rows)


@router.post("/managers/{manager_id}/capacity-overrides", status_code=202, operation_id="overrideCapacity")
@declare(
    caller=ASSIGN,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(ReasonRequired, PeriodInvalid, PeriodConflict, CapacityInvalid),
)
async def override_capacity(
    call: StaffCall, manager_id: ManagerId, body: Annotated[CapacityOverrideIn, json_body(CapacityOverrideIn)]
) -> SubmittedOut:
    """Ask another person to let a manager carry more than the hard maximum until a day; it ends by itself."""
    wanted = capacity.Wanted(
        manager_id=manager_id,
        extra_customers=body.extra_customers,
        extra_minutes=body.extra_minutes,
        valid_from=body.valid_from or clock.today(),
        valid_to=body.valid_to,
        reason=body.reason,
    )
    return SubmittedOut.of(await capacity.submit_override(call.session, call.scope, actor=call.actor, wanted=wanted))


@router.get("/customers/{customer_id}/service-needs", operation_id="getServiceNeeds")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def get_needs(call: StaffCall, customer_id: CustomerId, response: Response) -> ServiceNeedsOut:
    """Show what a customer asks of a manager; the revision is the ETag, 0 before anything was said."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    row = await eligibility.find_needs(call.session, customer.id, lock=False)
    set_etag(response, row.revision if row else 0)
    return ServiceNeedsOut.of(customer.id, row)


@router.put("/customers/{customer_id}/service-needs", operation_id="putServiceNeeds")
@declare(caller=SERVE, rate=RateClass.WRITE, data=DataClass.C2, refusals=EDITED)
async def put_needs(
    call: StaffCall,
    customer_id: CustomerId,
    body: Annotated[ServiceNeedsIn, json_body(ServiceNeedsIn)],
    response: Response,
) -> ServiceNeedsOut:
    """Set the language and skills that a customer asks for, and whom the customer would like."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    found = await eligibility.find_needs(call.session, customer.id, lock=True)
    call.require_if_match(found.revision if found else 0)
    row = await service.put_needs(call.session, call.scope, customer, actor=call.actor, found=found, needs=body.needs())
    set_etag(response, row.revision)
    return ServiceNeedsOut.of(customer.id, row)


@router.get("/customers/{customer_id}/manager-conflicts", operation_id="listManagerConflicts")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_conflicts(call: StaffCall, customer_id: CustomerId) -> ManagerConflictsOut:
    """List who was declared not to serve a customer; family and the manager's own account are known without it."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    return await _conflicts(call, customer.id)


@router.post("/customers/{customer_id}/manager-conflicts", operation_id="declareManagerConflict")
@declare(caller=SERVE, idempotency=Idempotency.OPTIONAL, rate=RateClass.WRITE, data=DataClass.C2, refusals=(NotFound,))
async def declare_conflict(
    call: StaffCall, customer_id: CustomerId, body: Annotated[ManagerConflictIn, json_body(ManagerConflictIn)]
) -> ManagerConflictsOut:
    """Declare that a manager must not serve a customer. Who serves the customer now stays until somebody moves it."""
    return await _set_conflict(call, customer_id, body.manager_id, body.reason, stands=True)


@router.post("/customers/{customer_id}/manager-conflicts/{manager_id}/withdraw", operation_id="withdrawManagerConflict")
@declare(caller=ASSIGN, idempotency=Idempotency.OPTIONAL, rate=RateClass.WRITE, data=DataClass.C2)
async def withdraw_conflict(
    call: StaffCall,
    customer_id: CustomerId,
    manager_id: ManagerId,
    body: Annotated[ConflictWithdrawalIn, json_body(ConflictWithdrawalIn)],
) -> ManagerConflictsOut:
    """Say that a declared conflict does not stand any more."""
    return await _set_conflict(call, customer_id, manager_id, body.reason, stands=False)


async def _set_conflict(
    call: StaffCall, customer_id: UUID, manager_id: UUID, reason: str, *, stands: bool
) -> ManagerConflictsOut:
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    await service.set_conflict(
        call.session, call.scope, customer, actor=call.actor, manager_id=manager_id, reason=reason, stands=stands
    )
    return await _conflicts(call, customer.id)


async def _conflicts(call: StaffCall, customer_id: UUID) -> ManagerConflictsOut:
    return ManagerConflictsOut.of(customer_id, await eligibility.list_conflicts(call.session, customer_id))
