"""Managers on the bank port: who they are, whom they serve, who waits for one."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from bank_api.approvals.schemas import SubmittedOut
from guibin.approvals.models import Approval
from guibin.core import clock
from guibin.core.errors import NotFound, VersionConflict
from guibin.core.ids import BranchId, CustomerId, ManagerId
from guibin.customers.repository import get_customer
from guibin.managers import repository, service
from guibin.managers.absences.repository import books_of
from guibin.managers.errors import AssigneeInvalid, DuplicateItem, ManagerExists
from guibin.managers.models import CoverageRole, UnassignedReason
from guibin.managers.service import Move, Order
from guibin.security.actors import Domain, Verb
from guibin.tiers.errors import PeriodConflict, PeriodInvalid
from guibin.web import (
    DataClass,
    Day,
    Idempotency,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    declare,
    json_body,
    page_query,
    staff,
)

from .coverage import coverage_of
from .schemas import (
    AssignmentsIn,
    AssignmentsOut,
    CoverageIn,
    CoverageOut,
    InBookOut,
    ManagerIn,
    ManagerOut,
    UnassignedCountsOut,
    UnassignedOut,
)

router = PortRouter(prefix="/v1", tags=["managers"])

READ = staff(Verb.READ, Domain.MANAGERS)
DEFINE = staff(Verb.SUBMIT, Domain.MANAGERS)
ASSIGN = staff(Verb.WRITE, Domain.MANAGERS)


@router.get("/managers", operation_id="listManagers")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_managers(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    branch_id: Annotated[BranchId | None, Query(description="Only those of this branch")] = None,
) -> Page[ManagerOut]:
    """List managers with their present load, newest first."""
    rows = await repository.list_managers(call.session, limit=page.fetch, before=page.after_moment, branch_id=branch_id)
    ids = [row.manager.id for row in rows]
    seats = await repository.seats(call.session, day=clock.today(), manager_ids=ids, everybody=True)
    by_id = {seat.manager_id: seat for seat in seats}
    return page.answer(
        rows,
        position=lambda row: (row.manager.created_at, row.manager.id),
        shape=lambda row: ManagerOut.of(row, by_id[row.manager.id], call.keys),
    )


@router.post("/managers", status_code=201, operation_id="createManager")
@declare(
    caller=DEFINE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound, ManagerExists),
)
async def create_manager(call: StaffCall, body: Annotated[ManagerIn, json_body(ManagerIn)]) -> ManagerOut:
    """Make a member of staff a manager of the own branch; the next nightly run gives the first customers."""
    manager = await service.add_manager(
        call.session, call.scope, actor=call.actor, staff_id=body.staff_id, grade=body.grade, capacity=body.capacity
    )
    person = await repository.get_person(call.session, manager.id)
    return await shown(call, person)


async def shown(call: StaffCall, person: repository.Person) -> ManagerOut:
    """Describe one manager as things stand today."""
    [seat] = await repository.seats(call.session, day=clock.today(), manager_ids=[person.manager.id], everybody=True)
    return ManagerOut.of(person, seat, call.keys)


@router.get("/managers/{manager_id}/book", operation_id="getManagerBook")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2, accompanied=True)
async def get_book(
    call: StaffCall,
    manager_id: ManagerId,
    page: Annotated[PageRequest, page_query()],
    role: Annotated[CoverageRole, Query(description="In which role")] = CoverageRole.PRIMARY,
    as_of: Annotated[Day | None, Query(description="On which day; today where it is left out")] = None,
) -> Page[InBookOut]:
    """List the customers whom a manager serves on a day, as far as they are in the caller's scope, by customer id.

    The book of a colleague who is away on the day, and for whom the manager stands in, is part of it.
    """
    person = await repository.get_person(call.session, manager_id)
    day = as_of or clock.today()
    rows = await repository.book(
        call.session,
        call.scope,
        manager_ids=await books_of(call.session, person.manager.id, day),
        role=role,
        day=day,
        limit=page.fetch,
        after=page.after_id,
    )
    return page.answer(
        rows, position=lambda row: str(row.customer_id), shape=lambda row: InBookOut.of(row, person.manager.id)
    )


@router.get("/unassigned", operation_id="listUnassigned")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_unassigned(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    reason: Annotated[UnassignedReason | None, Query(description="Only those with this reason")] = None,
) -> Page[UnassignedOut]:
    """List the customers who should have a manager and have none, with the reason, by customer id."""
    rows = await repository.list_unassigned(
        call.session, call.scope, limit=page.fetch, after=page.after_id, reason=reason
    )
    return page.answer(rows, position=lambda row: str(row.customer_id), shape=UnassignedOut.of)


@router.get("/unassigned/counts", operation_id="countUnassigned")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def count_unassigned(call: StaffCall) -> UnassignedCountsOut:
    """Count who waits for a manager, by branch and reason, as far as they are in the caller's scope."""
    return UnassignedCountsOut.of(await repository.count_unassigned(call.session, call.scope))


@router.get("/customers/{customer_id}/coverage", operation_id="getCoverage")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def get_coverage(
    call: StaffCall,
    customer_id: CustomerId,
    as_of: Annotated[Day | None, Query(description="On which day; today where it is left out")] = None,
) -> CoverageOut:
    """Show who serves a customer on a day, in every role, who stands in, who is coming, and who served before."""
    customer = await get_customer(call.session, call.scope, customer_id=customer_id)
    return await coverage_of(call, customer.id, as_of)


@router.put("/customers/{customer_id}/coverage", operation_id="assignManager")
@declare(
    caller=ASSIGN,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(AssigneeInvalid, PeriodInvalid, PeriodConflict, VersionConflict),
)
async def assign_manager(
    call: StaffCall, customer_id: CustomerId, body: Annotated[CoverageIn, json_body(CoverageIn)]
) -> CoverageOut:
    """Let a manager of the customer's branch serve the customer from today on; the present one loses access at once."""
    order = Order(call.actor, call.scope, body.reason, body.valid_from)
    return await coverage_of(
        call, await service.assign_by_hand(call.session, Move(customer_id, body.manager_id), order)
    )


@router.post(
    "/assignments",
    operation_id="assignManagers",
    response_model=AssignmentsOut | SubmittedOut,
    responses={200: {"model": AssignmentsOut}, 202: {"model": SubmittedOut}},
)
@declare(
    caller=ASSIGN,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, AssigneeInvalid, DuplicateItem, PeriodInvalid, PeriodConflict, VersionConflict),
)
async def assign_managers(
    call: StaffCall, body: Annotated[AssignmentsIn, json_body(AssignmentsIn)], response: Response
) -> AssignmentsOut | SubmittedOut:
    """Assign many customers, all or none. More than 20, or of several branches, wait for another person (202)."""
    moves = [Move(item.customer_id, item.manager_id) for item in body.items]
    assignment = service.Assignment(moves, body.reason, body.valid_from)
    done = await service.assign_many(call.session, call.scope, actor=call.actor, assignment=assignment)
    if isinstance(done, Approval):
        response.status_code = 202
        return SubmittedOut.of(done)
    takers = {move.manager_id for move in moves}
    seats = await repository.seats(call.session, day=clock.today(), manager_ids=takers)
    return AssignmentsOut.of(moves, done, seats)
