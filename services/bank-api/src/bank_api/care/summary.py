"""What the customer from all sides and the brief show of care: the last touches, and what is open or due."""

from collections.abc import Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

from pydantic import Field

from guibin.care.models import Complaint, ComplaintState, Need, NeedState, Promise, PromiseState, Touch
from guibin.care.opportunities.models import Opportunity, OpportunityState
from guibin.care.repository import Record, TaskFilter, list_records, list_tasks
from guibin.care.service import opened
from guibin.customers.origins import with_origins
from guibin.security.actors import Scope
from guibin.web import OutModel, StaffCall

from .opportunity_schemas import OpportunityOut
from .views import CareTaskOut, ComplaintOut, NeedOut, PromiseOut, RecordOut, TouchOut

MOST: Final = 5

Shape = TypeVar("Shape", bound=RecordOut)


class CareSummaryOut(OutModel):
    """The care of a customer in short: at most five of each, the newest first."""

    last_touches: list[TouchOut]
    open_complaints: list[ComplaintOut]
    open_promises: list[PromiseOut]
    open_needs: list[NeedOut]
    open_opportunities: list[OpportunityOut]
    next_task: CareTaskOut | None = Field(description="What is due first")


async def care_of(call: StaffCall, scope: Scope, customer_id: UUID) -> CareSummaryOut | None:
    """Return the care of a customer whom the caller has looked up, by one read of each kind; None without a grant."""
    if scope == Scope.nothing():
        return None
    session, roles = call.session, call.actor.roles
    async with with_origins(session, scope, customer_id=customer_id) as wide:

        async def some(model: type[Record], states: Sequence[str] | None = None) -> Sequence[Record]:
            return await list_records(session, wide, model, customer_id=customer_id, states=states, limit=MOST)

        touches = await some(Touch)
        complaints = await some(Complaint, [one for one in ComplaintState if one is not ComplaintState.CLOSED])
        promises = await some(Promise, [PromiseState.OPEN])
        needs = await some(Need, [NeedState.OPEN, NeedState.PROPOSED])
        opportunities = await some(Opportunity, [OpportunityState.OPEN])
        tasks = await list_tasks(session, wide, TaskFilter(customer_id=customer_id), after=None, limit=1)

    rows: list[Any] = [*touches, *complaints, *promises, *needs, *opportunities, *tasks]
    known = {
        (type(one.row), one.row.id): one for one in await opened(session, call.keys, rows, customer_id=customer_id)
    }

    def seen(shape: type[Shape], found: Sequence[Any]) -> list[Shape]:
        return [shape.of(known[type(row), row.id], roles) for row in found]

    return CareSummaryOut(
        last_touches=seen(TouchOut, touches),
        open_complaints=seen(ComplaintOut, complaints),
        open_promises=seen(PromiseOut, promises),
        open_needs=seen(NeedOut, needs),
        open_opportunities=seen(OpportunityOut, opportunities),
        next_task=next(iter(seen(CareTaskOut, tasks)), None),
    )
