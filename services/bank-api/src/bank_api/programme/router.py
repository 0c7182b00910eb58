"""What pays for points and rights, and what is stopped at once."""

from typing import Annotated

from fastapi import Query

from bank_api.approvals.schemas import SubmittedOut
from guibin.core.errors import NotFound, ReasonRequired
from guibin.points.repository import get_wallet
from guibin.programme import repository, service
from guibin.programme.errors import BudgetBelowSpent
from guibin.rights.repository.catalogue import get_right
from guibin.security.actors import Domain, Verb
from guibin.web import (
    DataClass,
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

from .schemas import FIRST_YEAR, LAST_YEAR, BudgetIn, BudgetOut, KillSwitchesOut, KillSwitchIn, KillSwitchOut

router = PortRouter(prefix="/v1", tags=["programme"])

READ = staff(Verb.READ, Domain.RIGHTS)
OPERATE = staff(Verb.SUBMIT, Domain.RIGHTS)


@router.get("/budgets", operation_id="listBudgets")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_budgets(
    call: StaffCall,
    page: Annotated[PageRequest, page_query()],
    year: Annotated[int | None, Query(ge=FIRST_YEAR, le=LAST_YEAR, description="Only of this year")] = None,
) -> Page[BudgetOut]:
    """List what branches may spend, and what they have spent, the oldest budget first."""
    rows = await repository.list_budgets(call.session, year=year, after=page.after_moment, limit=page.fetch)
    return page.answer(rows, position=lambda row: (row[0].created_at, row[0].id), shape=BudgetOut.of)


@router.post("/budgets", status_code=202, operation_id="submitBudget")
@declare(
    caller=OPERATE,
    idempotency=Idempotency.OPTIONAL,
    rate=RateClass.WRITE,
    data=DataClass.C1,
    refusals=(NotFound, BudgetBelowSpent),
)
async def submit_budget(call: StaffCall, body: Annotated[BudgetIn, json_body(BudgetIn)]) -> SubmittedOut:
    """Submit a budget, or other bounds of the one there is; another person agrees.

    What draws on it stops exactly at its bounds, with `budget_exhausted`. It never becomes smaller than what was spent.
    """
    return SubmittedOut.of(await service.submit_budget(call.session, actor=call.actor, wanted=body.limits()))


@router.get("/kill-switches", operation_id="listKillSwitches")
@declare(caller=READ, rate=RateClass.READ, data=DataClass.C1)
async def list_switches(call: StaffCall) -> KillSwitchesOut:
    """List what is stopped, or ever was."""
    rows = await repository.list_switches(call.session)
    return KillSwitchesOut(items=[KillSwitchOut.of(row) for row in rows])


@router.put("/kill-switches", operation_id="putKillSwitch")
@declare(caller=OPERATE, rate=RateClass.WRITE, data=DataClass.C1, refusals=(NotFound, ReasonRequired))
async def put_switch(call: StaffCall, body: Annotated[KillSwitchIn, json_body(KillSwitchIn)]) -> KillSwitchOut:
    """Stop earning or spending of everything, of one kind of points or of one right, or let it go on; at once.

    Both ports follow with their next call. One customer is stopped by a restriction
    (`PUT /v1/customers/{id}/restrictions`).
    """
    if body.right_id is not None:
        await get_right(call.session, right_id=body.right_id)
    if body.wallet is not None and await get_wallet(call.session, body.wallet) is None:
        raise NotFound
    return KillSwitchOut.of(await service.put_switch(call.session, actor=call.actor, wanted=body.switching()))
