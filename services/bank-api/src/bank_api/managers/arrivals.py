"""Arrivals on the bank port: a customer gets a manager at once, and the rules by which that goes."""

from typing import Annotated

from starlette.responses import Response

from guibin.core.errors import NotFound, PreconditionRequired, VersionConflict
from guibin.core.ids import BranchId, CustomerId
from guibin.managers.arrivals import repository, service
from guibin.managers.arrivals.errors import RuleInvalid
from guibin.managers.errors import AlreadyServed
from guibin.organisation.models import Branch
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

from .arrival_schemas import ArrivalIn, ArrivalOut, AssignmentRuleIn, AssignmentRuleOut, AssignmentRulesOut

router = PortRouter(prefix="/v1", tags=["managers"])

READ = staff(Verb.READ, Domain.MANAGERS)
DEFINE = staff(Verb.SUBMIT, Domain.MANAGERS)
ASSIGN = staff(Verb.WRITE, Domain.MANAGERS)


@router.get("/assignment-rules", operation_id="listAssignmentRules")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_rules(call: StaffCall) -> AssignmentRulesOut:
    """List the rules by which arrivals are given to managers; a branch without one follows the nearest above it."""
    rows = await repository.list_rules(call.session)
    return AssignmentRulesOut(items=[AssignmentRuleOut.of(rule, branch) for rule, branch in rows])


@router.get("/assignment-rules/{branch_id}", operation_id="getAssignmentRule")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def get_rule(call: StaffCall, branch_id: BranchId, response: Response) -> AssignmentRuleOut:
    """Show the rule of a node itself; its revision is the ETag."""
    branch, rule = await call.session.get(Branch, branch_id), await repository.find_rule(call.session, branch_id)
    if branch is None or rule is None:
        raise NotFound
    set_etag(response, rule.revision)
    return AssignmentRuleOut.of(rule, branch)


@router.put("/assignment-rules/{branch_id}", operation_id="putAssignmentRule")
@declare(
    caller=DEFINE,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(PreconditionRequired, VersionConflict, RuleInvalid),
)
async def put_rule(
    call: StaffCall,
    branch_id: BranchId,
    body: Annotated[AssignmentRuleIn, json_body(AssignmentRuleIn)],
    response: Response,
) -> AssignmentRuleOut:
    """Set the rule of a node; If-Match is its ETag, `"0"` where it has none yet. Whose turn it is stays."""
    branch = await call.session.get(Branch, branch_id, with_for_update=True)
    if branch is None:
        raise NotFound
    found = await repository.find_rule(call.session, branch_id, lock=True)
    call.require_if_match(found.revision if found else 0)
    rule = await service.put_rule(
        call.session, call.scope, actor=call.actor, branch=branch, found=found, wanted=body.wanted()
    )
    set_etag(response, rule.revision)
    return AssignmentRuleOut.of(rule, branch)


@router.post("/customers/{customer_id}/assignment", operation_id="assignArrival")
@declare(
    caller=ASSIGN,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(AlreadyServed,),
)
async def assign_arrival(
    call: StaffCall, customer_id: CustomerId, body: Annotated[ArrivalIn, json_body(ArrivalIn)]
) -> ArrivalOut:
    """Give a customer who has nobody a manager at once by the branch's rule, and say why this one.

    Where nobody can, the customer waits with the reason, and the answer says what stands against each manager.
    """
    arrival = await service.arrive(
        call.session, call.scope, actor=call.actor, customer_id=customer_id, dry_run=body.dry_run
    )
    return ArrivalOut.of(arrival)
