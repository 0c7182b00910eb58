"""Care tasks on the bank port."""

from datetime import UTC, datetime, time
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from guibin.care import service
from guibin.care.errors import CareRecordOver, DueDayInvalid, NextContactNotPossible, TaskNotServed, TaskTakerInvalid
from guibin.care.models import TaskState
from guibin.care.repository import TaskFilter
from guibin.core.errors import NotFound, PreconditionRequired, ReasonRequired, ValidationFailed, VersionConflict
from guibin.core.ids import CareTaskId, CustomerId, ManagerId
from guibin.security.actors import Domain, Verb
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

from .answers import answer_record
from .schemas import CareTaskIn, TaskCompleteIn, TaskReassignIn, TaskSkipIn
from .views import CareTaskOut

router = PortRouter(prefix="/v1/care-tasks", tags=["care"])

READ = staff(Verb.READ, Domain.CARE)
WRITE = staff(Verb.WRITE, Domain.CARE)
EDITED = (NotFound, PreconditionRequired, VersionConflict, CareRecordOver)


@router.get("", operation_id="listCareTasks")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2)
async def list_tasks(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    customer_id: Annotated[CustomerId | None, Query(description="Only those of this customer")] = None,
    manager_id: Annotated[ManagerId | None, Query(description="Only those of this manager")] = None,
    state: Annotated[TaskState, Query(description="Those that have ended are asked for by customer")] = TaskState.OPEN,
    due_by: Annotated[Day | None, Query(description="Only those due on this day or before it")] = None,
) -> Page[CareTaskOut]:
    """List the contacts that are due with customers in my scope, by the day on which they are due."""
    if state is not TaskState.OPEN and customer_id is None:
        raise ValidationFailed.of(
            ["query", "state"], "customer_needed", "除待办（open）外须提供客户", "needs a customer unless it is open"
        )
    managers = None if manager_id is None else (manager_id,)
    after = page.after_moment
    rows = await service.list_tasks(
        call.session,
        call.scope,
        call.keys,
        TaskFilter(state, customer_id, managers, due_by),
        after=after and (after[0].date(), after[1]),
        limit=page.fetch,
    )
    return page.answer(
        rows,
        position=lambda seen: (datetime.combine(seen.row.due_on, time.min, UTC), seen.row.id),
        shape=lambda seen: CareTaskOut.of(seen, call.actor.roles),
    )


@router.post("", status_code=201, operation_id="addCareTask")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(NotFound, DueDayInvalid, NextContactNotPossible),
)
async def add_task(
    call: StaffCall, body: Annotated[CareTaskIn, json_body(CareTaskIn)], response: Response
) -> CareTaskOut:
    """Make a contact with a customer due; it is the serving manager's."""
    seen = await service.add_task(
        call.session, call.scope, call.keys, actor=call.actor, customer_id=body.customer_id, wanted=body.contact()
    )
    return answer_record(call, response, CareTaskOut, seen)


@router.get("/{task_id}", operation_id="getCareTask")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C2, refusals=(NotFound,))
async def get_task(call: StaffCall, task_id: CareTaskId, response: Response) -> CareTaskOut:
    """Show one task; its revision is the ETag."""
    seen = await service.read_task(call.session, call.scope, call.keys, task_id=task_id)
    return answer_record(call, response, CareTaskOut, seen)


@router.post("/{task_id}/complete", operation_id="completeCareTask")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(*EDITED, TaskNotServed),
)
async def complete_task(
    call: StaffCall,
    task_id: CareTaskId,
    body: Annotated[TaskCompleteIn, json_body(TaskCompleteIn)],
    response: Response,
) -> CareTaskOut:
    """Complete a task by a touch that was written down before; a new one names the task as it is written down."""
    seen = await service.complete_task(
        call.session,
        call.scope,
        call.keys,
        actor=call.actor,
        task_id=task_id,
        touch_id=body.touch_id,
        precondition=call.require_if_match,
    )
    return answer_record(call, response, CareTaskOut, seen)


@router.post("/{task_id}/skip", operation_id="skipCareTask")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(*EDITED, ReasonRequired),
)
async def skip_task(
    call: StaffCall, task_id: CareTaskId, body: Annotated[TaskSkipIn, json_body(TaskSkipIn)], response: Response
) -> CareTaskOut:
    """Let a task be, with the reason; it counts as not kept."""
    seen = await service.skip_task(
        call.session,
        call.scope,
        call.keys,
        actor=call.actor,
        task_id=task_id,
        reason=body.reason,
        precondition=call.require_if_match,
    )
    return answer_record(call, response, CareTaskOut, seen)


@router.post("/{task_id}/reassign", operation_id="reassignCareTask")
@declare(
    caller=WRITE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C2,
    refusals=(*EDITED, TaskTakerInvalid),
)
async def reassign_task(
    call: StaffCall,
    task_id: CareTaskId,
    body: Annotated[TaskReassignIn, json_body(TaskReassignIn)],
    response: Response,
) -> CareTaskOut:
    """Give a task to another manager of the customer's branch; when the customer changes hands it follows again."""
    seen = await service.reassign_task(
        call.session,
        call.scope,
        call.keys,
        actor=call.actor,
        task_id=task_id,
        manager_id=body.manager_id,
        precondition=call.require_if_match,
    )
    return answer_record(call, response, CareTaskOut, seen)
